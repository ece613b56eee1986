#include "conformance/conformance.hpp"

#include "failure.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string_view>
#include <thread>

namespace flux::test {
namespace {

/// Much longer than any driver needs: a device that does not get there fails its test instead of hanging it.
constexpr std::chrono::seconds kPatience{60};

Tested given;

/// Throws Failure.
void parse(std::span<char* const> arguments) {
  constexpr std::string_view kBackend = "--backend=";
  constexpr std::string_view kDriver = "--driver=";
  for (const std::string_view argument : arguments) {
    if (argument.starts_with(kBackend)) {
      given.backend = &app::requireBackend(argument.substr(kBackend.size()));
    } else if (argument.starts_with(kDriver)) {
      given.driver = argument.substr(kDriver.size());
    } else if (argument == "--without-validation") {
      given.validated = false;
    } else {
      throw app::badUse("unknown option " + std::string(argument));
    }
  }
  if (given.backend == nullptr) throw app::badUse("--backend=NAME [--driver=NAME] [--without-validation]");
}

}  // namespace

const Tested& tested() noexcept {
  return given;
}

ConformanceTest::ConformanceTest()
    : target_(tested().backend->makeTarget({.verify = true, .validate = tested().validated})) {}

ConformanceTest::~ConformanceTest() {
  const app::ReplayTarget::Messages messages = target_->messages();
  EXPECT_EQ(messages.count, 0U) << (messages.first.empty() ? "" : messages.first.front());
}

ChunkInfo ConformanceTest::makeChunk(ChunkIndex index, ByteCount bytes) {
  const Result<ChunkInfo> made = device().createChunk(index, bytes);
  if (!made) {
    ADD_FAILURE() << describe(made.error());
    return {};
  }
  return chunks_[index] = *made;
}

void ConformanceTest::destroyChunk(ChunkIndex index) {
  EXPECT_TRUE(device().poll());  // so that it has seen what the test has waited for
  device().destroyChunk(index);
  chunks_.erase(index);
}

std::span<std::byte> ConformanceTest::openPage(StagingIndex index, ByteCount bytes) {
  const Result<std::span<std::byte>> page = device().openStaging(index, bytes);
  if (!page) {
    ADD_FAILURE() << describe(page.error());
    return {};
  }
  EXPECT_EQ(page->size(), bytes);
  return *page;
}

void ConformanceTest::openPage(StagingIndex index, std::span<const std::byte> bytes) {
  const std::span<std::byte> page = openPage(index, bytes.size());
  if (page.size() < bytes.size()) return;
  std::copy(bytes.begin(), bytes.end(), page.begin());
  EXPECT_TRUE(device().sealStaging(index, bytes.size()));
}

TimelineValue ConformanceTest::submit(std::span<const CopyPiece> batch) {
  const Result<TimelineValue> value = device().submit(batch);
  if (!value) ADD_FAILURE() << describe(value.error());
  return value.value_or(0);
}

void ConformanceTest::waitFor(QueueId queue, TimelineValue value) {
  const Result<void> waited = device().wait(queue, value, kPatience);
  EXPECT_TRUE(waited) << describe(waited.error());
}

void ConformanceTest::pollUntil(QueueId queue, TimelineValue value) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  do {
    ASSERT_TRUE(device().poll());
    std::this_thread::yield();
  } while (device().completed(queue) < value && std::chrono::steady_clock::now() < deadline);
}

Place ConformanceTest::place(ChunkIndex index, ByteOffset offset, ByteCount bytes) const {
  const ChunkInfo& info = chunks_.at(index);
  return {info.buffer, index, offset, bytes, info.address != 0 ? info.address + offset : 0};
}

std::vector<std::uint64_t> ConformanceTest::hashes(std::span<const Place> places, TimelineValue copied) {
  const QueueValue wait{kCopyQueue, copied};
  (void)target_->submit(places, {&wait, 1});
  const std::span<const std::uint64_t> found = target_->finishOldest();
  return {found.begin(), found.end()};
}

testing::AssertionResult ConformanceTest::holds(const Place& place, std::span<const std::byte> expected,
                                                TimelineValue copied) {
  const auto part = [&](std::size_t first, std::size_t bytes) {
    const std::uint64_t address = place.address != 0 ? place.address + first : 0;
    return Place{place.buffer, place.chunk, place.offset + first, bytes, address};
  };
  const auto agrees = [&](std::size_t first, std::size_t bytes) {
    const Place range = part(first, bytes);
    return hashes({&range, 1}, copied).front() == hashBytes(expected.subspan(first, bytes));
  };
  if (agrees(0, expected.size())) return testing::AssertionSuccess();
  std::size_t first = 0;
  for (std::size_t words = (expected.size() + 3) / 4; words > 1;) {
    const std::size_t half = words / 2;
    if (agrees(first, half * 4)) {
      first += half * 4;
      words -= half;
    } else {
      words = half;
    }
  }
  return testing::AssertionFailure() << "the word at byte " << place.offset + first << " is not what was written";
}

}  // namespace flux::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    flux::test::parse({argv + 1, static_cast<std::size_t>(argc) - 1});
    return RUN_ALL_TESTS();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "conformance_test: %s\n", failure.what());
    return 2;
  }
}
