/// Shared things: handles that come and go on several threads, against the geometry thread that takes what was dropped,
/// and the pool's end. Each thing is destroyed once, and nothing is left.

#include "explorer/explorer.hpp"

#include "frame/drop_list.hpp"

#include <flux/shared.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace flux::explorer {
namespace {

class Drop : public Scenario {
 public:
  /// `closes`: the pool ends while handles are still about.
  explicit Drop(bool closes) : closes_(closes) {
    for (std::size_t i = 0; i < kThings; ++i) {
      ThingDesc desc;
      desc.object.context = &destroyed_[i];
      handles_[i] = Shared<NativeHandle>(i, list_->create(desc));
    }
  }

  void start() override {
    addFiber("geometry", [this] {
      takeDropped();
      if (closes_) {
        closeList();
      } else {
        takeDropped();
      }
    });
    addFiber("first", [this] {
      const Shared<NativeHandle> copy = handles_[0];
      handles_[0].reset();
    });
    addFiber("second", [this, copy = handles_[0]]() mutable {
      copy.reset();
      handles_[1].reset();
    });
  }

  void finish() override {
    for (Shared<NativeHandle>& handle : handles_) handle.reset();
    if (!closes_) {
      takeDropped();
      closeList();
    }
    for (const std::uint32_t times : destroyed_) check(times == 1, "a shared thing is not destroyed once");
    check(watch_.expired(), "a shared thing is left");
  }

 private:
  static constexpr std::size_t kThings = 2;

  static void destroy(const SharedThing& thing) { ++*static_cast<std::uint32_t*>(thing.desc.object.context); }

  void takeDropped() {
    for (SharedThing* thing = list_->take(); thing != nullptr;) {
      destroy(*thing);
      list_->forget(std::exchange(thing, thing->next));
    }
  }

  void closeList() {
    list_->close([](const SharedThing& thing) { destroy(thing); });
    list_.reset();
  }

  bool closes_;
  std::shared_ptr<DropList> list_ = std::make_shared<DropList>();
  std::weak_ptr<DropList> watch_ = list_;
  std::array<std::uint32_t, kThings> destroyed_{};
  std::array<Shared<NativeHandle>, kThings> handles_;
};

MakeScenario scenario(bool closes) {
  return [=] { return std::make_unique<Drop>(closes); };
}

/// What the list makes once for all lists must not be made by the first run alone: runs would number their objects
/// differently.
void warmUp() {
  const auto list = std::make_shared<DropList>();
  list->close([](const SharedThing&) {});
}

}  // namespace
}  // namespace flux::explorer

int main(int argc, char** argv) {
  using namespace flux::explorer;
  warmUp();
  return explorerMain(argc, argv, {{"taken", scenario(false)}, {"closed", scenario(true)}});
}
