#include "frame/drop_list.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace flux {
namespace {

struct Fixture {
  std::shared_ptr<DropList> list = std::make_shared<DropList>();

  Fixture() = default;
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  /// As a pool does; things and list hold each other until then.
  ~Fixture() {
    if (list) close();
  }

  Shared<NativeHandle> share(NativeHandle object) {
    ThingDesc desc;
    desc.object.object = object;
    desc.object.name = "thing";
    return {object, list->create(desc)};
  }
  std::vector<NativeHandle> takeAndForget() {
    std::vector<NativeHandle> taken;
    for (SharedThing* thing = list->take(); thing != nullptr;) {
      taken.push_back(thing->desc.object.object);
      list->forget(std::exchange(thing, thing->next));
    }
    return taken;
  }
  std::vector<NativeHandle> close() {
    std::vector<NativeHandle> left;
    list->close([&](const SharedThing& thing) { left.push_back(thing.desc.object.object); });
    list.reset();  // once only
    return left;
  }
};

TEST(DropList, OnlyTheLastDropCounts) {
  Fixture f;
  Shared<NativeHandle> a = f.share(7);
  Shared<NativeHandle> b = a;
  Shared<NativeHandle> c = std::move(a);
  EXPECT_FALSE(a);  // NOLINT(bugprone-use-after-move): the moved-from state is what is tested
  EXPECT_EQ(*b, 7U);
  b.reset();
  b.reset();
  EXPECT_TRUE(f.takeAndForget().empty());
  c = Shared<NativeHandle>();
  EXPECT_EQ(f.takeAndForget(), std::vector<NativeHandle>{7});
  EXPECT_TRUE(f.takeAndForget().empty());
}

TEST(DropList, AssigningOntoItselfKeepsIt) {
  Fixture f;
  Shared<NativeHandle> a = f.share(7);
  const Shared<NativeHandle>& same = a;
  a = same;
  EXPECT_TRUE(a);
  EXPECT_TRUE(f.takeAndForget().empty());
}

TEST(DropList, OldestDropsComeFirst) {
  Fixture f;
  for (const NativeHandle object : {3U, 1U, 2U}) f.share(object).reset();
  EXPECT_EQ(f.takeAndForget(), (std::vector<NativeHandle>{3, 1, 2}));
}

TEST(DropList, ClosingVisitsWhatIsLeftAndLaterDropsOnlyDelete) {
  Fixture f;
  Shared<NativeHandle> kept = f.share(1);
  f.share(2).reset();  // dropped, not taken
  f.share(3).reset();
  f.takeAndForget();
  f.share(4).reset();
  f.share(5).reset();
  SharedThing* taken = f.list->take();  // 4 and 5: taken, and not forgotten
  EXPECT_EQ(taken->desc.object.object, 4U);
  f.share(6).reset();
  EXPECT_EQ(f.close().size(), 4U) << "1, which has a handle, and 4, 5, 6";
  kept.reset();  // the list's end; a leak here is AddressSanitizer's to find
}

TEST(DropList, LongNamesAreCut) {
  Fixture f;
  ThingDesc desc;
  const std::string name(100, 'x');
  desc.object.name = name;
  Shared<NativeHandle> thing(0, f.list->create(desc));
  std::string seen;
  f.list->close([&](const SharedThing& t) { seen = t.desc.object.name; });
  f.list.reset();
  EXPECT_EQ(seen, std::string(47, 'x'));
}

TEST(DropList, EveryThingIsTakenOnceWhoeverDropsIt) {
  constexpr std::uint32_t kThings = 4000;
  Fixture f;
  std::vector<Shared<NativeHandle>> handles;
  for (std::uint32_t i = 0; i < kThings; ++i) handles.push_back(f.share(i));
  std::vector<int> taken(kThings);
  const auto takeSome = [&] {
    for (const NativeHandle object : f.takeAndForget()) ++taken[object];
  };
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([copies = handles]() mutable {
        for (Shared<NativeHandle>& handle : copies) handle.reset();
      });
    }
    handles.clear();
    for (int i = 0; i < 200; ++i) takeSome();
  }
  takeSome();
  EXPECT_EQ(taken, std::vector<int>(kThings, 1));
  EXPECT_TRUE(f.close().empty());
}

TEST(DropList, DropsDuringTheCloseAreNeitherLostNorDoubled) {
  for (int round = 0; round < 200; ++round) {
    Fixture f;
    std::vector<Shared<NativeHandle>> handles;
    for (std::uint32_t i = 0; i < 20; ++i) handles.push_back(f.share(i));
    std::jthread dropper([&handles] { handles.clear(); });
    EXPECT_EQ(f.close().size(), 20U);
  }
}

}  // namespace
}  // namespace flux
