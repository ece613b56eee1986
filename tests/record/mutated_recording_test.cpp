// A recording in which anything may stand, as from a broken disk or from somebody who means harm: a replay of it ends,
// and says why.

#include "record/recorded_program.hpp"
#include "record/recording_tools.hpp"

#include <flux/host.hpp>
#include <flux/recording.hpp>

#include <array>
#include <cstdlib>
#include <random>

namespace flux {
namespace {

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::vector<RecordedEvent> mutate(std::vector<RecordedEvent> events) {
    for (std::size_t i = 1 + below(4); i > 0; --i) {
      // What comes first decides most.
      RecordedEvent& event = events[below(below(4) == 0 ? 30 : events.size())];
      switch (below(8)) {
        case 0:
          event = events[below(events.size())];
          break;
        case 1:
          events.insert(events.begin() + static_cast<std::ptrdiff_t>(below(events.size())), RecordedEvent(event));
          break;
        case 2:
          events.erase(events.begin() + static_cast<std::ptrdiff_t>(below(events.size())));
          break;
        case 3:
          event.byProducer = !event.byProducer;
          break;
        case 4:
          if (!event.list.empty()) event.list[below(event.list.size())] = number();
          break;
        case 5:
          event.text = std::string(below(300), 'x');
          break;
        default:
          event.numbers[below(std::max<std::size_t>(numberCount(event.kind), 1))] = number();
          break;
      }
    }
    return events;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::uint64_t number() {
    switch (below(4)) {
      case 0:
        return below(8);
      case 1:
        return below(70'000);
      case 2:
        return std::uint64_t{1} << below(64);
      default:
        return ~std::uint64_t{0} - below(3);
    }
  }
  std::mt19937 random_;
};

TEST(MutatedRecording, EndsAndSaysWhy) {
  const bool soak = std::getenv("FLUX_SOAK") != nullptr;
  int refused = 0;
  int differed = 0;
  for (std::uint32_t seed = 1; seed <= (soak ? 20U : 2U); ++seed) {
    const std::vector<RecordedEvent> events = test::recordedProgram(seed, 250);
    for (std::uint32_t i = 0; i < (soak ? 2000U : 150U); ++i) {
      SCOPED_TRACE(testing::Message() << "program " << seed << ", mutation " << i);
      const std::string bytes = test::written(Mutator(i).mutate(events));
      const auto host = HostDevice::create({.completion = HostDeviceDesc::Completion::Manual, .heapBytes = 64 * kMiB});
      const auto player = RecordingPlayer::create(std::move(test::readerOf(bytes).value()), *host);
      if (!player) {
        EXPECT_FALSE(describe(player.error()).empty());
        ++refused;
        continue;
      }
      Result<bool> more = true;
      while ((more = (*player)->advance()) && *more) {
      }
      if (!more) {
        EXPECT_FALSE(describe(more.error()).empty());
        ++refused;
      } else if (const auto& difference = (*player)->difference()) {
        EXPECT_NE(difference->expected, difference->found);
        ++differed;
      }
    }
  }
  EXPECT_GT(refused, 10);
  EXPECT_GT(differed, 50);
}

}  // namespace
}  // namespace flux
