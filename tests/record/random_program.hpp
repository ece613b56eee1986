#pragma once

/// A program that asks a pool for everything that there is, in any order, from several threads, on a device that fails
/// now and then: something to record.

#include <flux/decorators.hpp>
#include <flux/host.hpp>
#include <flux/pool.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace flux::test {

/// Where each block is at the end.
using Places = std::map<BlockHandle, std::array<std::uint64_t, 4>>;

inline Places placesIn(const Frame& frame) {
  Places places;
  const SnapshotView& view = frame.view();
  for (std::uint32_t i = 1; i < view.recordCount; ++i) {
    const BlockHandle handle{i, view.hot[i].generation};
    const BlockLookup found = frame.find(handle);
    if (found.status != FindStatus::Resident) continue;
    places[handle] = {static_cast<std::uint32_t>(found.place.chunk), found.place.offset, found.place.bytes,
                      found.version};
  }
  return places;
}

struct ProgramSettings {
  std::uint32_t seed = 1;
  int operations = 2000;
  bool threads = true;  ///< Frames, producers and drops on threads of their own.
  bool faults = true;
  bool loses = false;  ///< The device, in the middle.
};

class RandomProgram {
 public:
  RandomProgram(const ProgramSettings& settings, HostDevice& host, FaultyDevice& faulty, Pool& pool)
      : settings_(settings), random_(settings.seed), host_(host), faulty_(faulty), pool_(pool) {}

  /// What there is in the end.
  Places run() {
    if (settings_.threads) {
      for (std::uint32_t i = 0; i < 2; ++i) threads_.emplace_back([this, i] { frames(settings_.seed + 1 + i); });
      threads_.emplace_back([this] { produce(settings_.seed + 9); });
    }
    for (int i = 0; i < settings_.operations; ++i) {
      operation();
      if (settings_.loses && i == settings_.operations / 2) host_.lose();
    }
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    open_.clear();
    staged_.clear();
    objects_.clear();
    for (int i = 0; i < 20; ++i) {
      step();
      (void)host_.wait(kCopyQueue, host_.submittedValue(kCopyQueue), std::chrono::seconds{10});
    }
    (void)pool_.step();
    pool_.publish();
    const Frame frame = pool_.beginFrame();
    return placesIn(frame);
  }

 private:
  static constexpr std::size_t kMostBlocks = 300;

  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  ByteCount size() { return 4 * (1 + below(below(12) == 0 ? 20000 : 300)); }

  /// Of bytes that stay; a callback that fails now and then.
  Source source(ByteCount bytes, bool mayCall = true) {
    switch (below(4)) {
      case 0:
        return Source::owned(std::shared_ptr<const std::byte[]>(new std::byte[bytes]()), bytes);
      case 1:
        if (mayCall && below(2) == 0) return Source::callback(fill, this).lasting();
        if (mayCall) return Source::callback(fill, this);
        break;
      case 2:
        if (Result<StagedBytes> staged = pool_.stage(bytes)) return Source::staged(std::move(*staged));
        break;
      default:
        break;
    }
    bytes_.resize(std::max<std::size_t>(bytes_.size(), 4 * 20004));
    return Source::bytes({bytes_.data(), static_cast<std::size_t>(bytes)});
  }
  static bool fill(void* program, const FillRequest&) {
    auto& self = *static_cast<RandomProgram*>(program);
    return !self.settings_.faults || self.below(40) != 0;
  }

  PartDesc part(bool mayKeep) {
    PartDesc desc;
    desc.kind = static_cast<PartKind>(below(kPartKindCount));
    desc.bytes = size();
    desc.kept = mayKeep && below(6) == 0;
    desc.source = source(desc.bytes, !desc.kept);
    return desc;
  }

  BlockHandle block() {
    return blocks_.empty() ? BlockHandle{} : blocks_[below(static_cast<std::uint32_t>(blocks_.size()))];
  }
  PartId partId() { return PartId{below(4)}; }
  Tag tag() {
    constexpr std::array kNames{"terrain", "objects", ""};
    return pool_.makeTag(kNames[below(3)]).value_or(kUntagged);
  }

  void operation() {
    const std::uint32_t choice = below(100);
    if (settings_.faults && below(60) == 0) {
      constexpr std::array kCodes{ErrorCode::OutOfDeviceMemory, ErrorCode::DriverError, ErrorCode::TooManyChunks};
      faulty_.failCall(1 + below(4), kCodes[below(3)], 1 + below(3));
    }
    if (choice < 14) {
      add();
    } else if (choice < 20) {
      addParts();
    } else if (choice < 26) {
      SharedPartDesc desc;
      desc.affinity = below(3);
      desc.tag = tag();
      desc.part = part(false);
      desc.part.bytes = 4 * (1 + below(40));
      desc.part.source = source(desc.part.bytes);
      desc.name = "shared";
      if (const Result<SharedPart> added = pool_.addShared(desc)) shared_.push_back(*added);
    } else if (choice < 40) {
      update(choice < 34);
    } else if (choice < 44) {
      const std::array ids{partId()};
      (void)pool_.removeParts(block(), ids);
      if (!shared_.empty() && below(2) == 0) {
        const SharedPart gone = shared_[below(static_cast<std::uint32_t>(shared_.size()))];
        (void)pool_.removeParts(gone.block, {&gone.part, 1});
      }
    } else if (choice < 50) {
      removeOne();
    } else if (choice < 56) {
      rest();
    } else if (choice < 60) {
      readBack();
    } else if (choice < 64) {
      frame();
    } else if (choice < 66) {
      (void)pool_.collect();
    } else {
      step();
    }
  }

  void add() {
    if (blocks_.size() > kMostBlocks) return removeOne();
    std::vector<PartDesc> parts;
    for (std::uint32_t i = 1 + below(4); i > 0; --i) parts.push_back(part(true));
    BlockDesc desc;
    const std::string name = "block \"" + std::to_string(below(500)) + "\"\n";
    desc.name = name;
    desc.parts = parts;
    desc.movable = below(10) != 0;
    desc.lifetime = below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming;
    desc.fallback = below(8) == 0 ? block() : BlockHandle{};
    desc.tag = tag();
    if (const Result<BlockHandle> added = pool_.add(desc)) blocks_.push_back(*added);
  }

  void addParts() {
    std::vector<PartDesc> parts;
    for (std::uint32_t i = 1 + below(2); i > 0; --i) parts.push_back(part(true));
    std::vector<PartId> ids(parts.size());
    (void)pool_.addParts(block(), parts, ids);
  }

  void update(bool inPlace) {
    PartUpdate update;
    update.part = partId();
    update.offset = below(3) == 0 ? 4 * below(20) : 0;
    update.bytes = 4 * (1 + below(100));
    update.source = source(update.bytes);
    if (inPlace) {
      (void)pool_.updateInPlace(block(), {&update, 1});
    } else {
      (void)pool_.update(block(), {&update, 1});
    }
  }

  void removeOne() {
    if (blocks_.empty()) return;
    const std::size_t at = below(static_cast<std::uint32_t>(blocks_.size()));
    const BlockHandle gone = std::exchange(blocks_[at], blocks_.back());
    blocks_.pop_back();
    if (below(2) == 0) {
      (void)pool_.remove(gone);
    } else {
      objects_.push_back(pool_.share(gone));
      if (below(2) == 0) objects_.erase(objects_.begin());
    }
  }

  void rest() {
    const BlockHandle any = block();
    (void)pool_.stats();  // who looks must not count
    (void)pool_.dump();
    switch (below(13)) {
      case 9:
        (void)pool_.setBudget({below(4) == 0 ? 0 : (1 + below(8)) * 256 * kKiB, below(3) == 0 ? 300 * kKiB : 0});
        break;
      case 10:
        (void)pool_.demote(any);
        break;
      case 0:
        if (pool_.pin(any)) pinned_.push_back(any);
        break;
      case 1:
        if (pinned_.empty()) break;
        (void)pool_.unpin(pinned_.back());
        pinned_.pop_back();
        break;
      case 2:
        (void)pool_.retain(any);
        break;
      case 3:
        (void)pool_.release(any);
        break;
      case 4:
        (void)pool_.request(any, static_cast<Priority>(1 + below(3)));
        break;
      case 5:
        (void)pool_.reserve(below(3) * 100 * kKiB, below(2) == 0 ? Lifetime::Streaming : Lifetime::LongLived);
        break;
      case 6:
        (void)pool_.defragment({below(4) == 0 ? Lifetime::LongLived : Lifetime::Streaming, below(3), 0});
        (void)pool_.defragment({Lifetime::LongLived, 0, below(2) * 100 * kKiB});
        break;
      case 7:
        (void)pool_.markWritten(any, partId(), {});
        (void)pool_.refreshShadow(any, partId());
        break;
      case 8: {
        ObjectDesc object;
        object.destroy = [](void*, NativeHandle, bool) {};
        (void)pool_.share(object);
        break;
      }
      case 11:
        fillStaging();
        break;
      default:
        (void)host_.submit({}, {});  // copies of the application's own
        break;
    }
  }

  /// As another thread does: who finds no room wants some of the next step, which the device may refuse.
  void fillStaging() {
    Result<StagedBytes> staged = producer_.stage(4 * (1 + below(12'000)));
    if (staged) {
      staged_.push_back(std::move(*staged));
    } else {
      if (settings_.faults) faulty_.failCall(DeviceCall::OpenStaging, 1, ErrorCode::OutOfDeviceMemory);
      staged_.clear();
    }
    if (staged_.size() > 16) staged_.pop_front();
  }

  void readBack() {
    ReadRange range;
    range.block = block();
    range.part = partId();
    range.bytes = 1 + below(200);
    if (Result<Readback> read = pool_.readBack(range)) reads_.push_back(std::move(*read));
    if (reads_.size() > 6) reads_.erase(reads_.begin() + below(6));
  }

  void step() {
    StepQuota quota;
    if (below(4) == 0) quota = {1000 + below(50000), 1 + below(50), below(2) == 0};
    if (settings_.threads) {
      (void)pool_.step(quota);
    } else {
      now_ += std::chrono::milliseconds{below(200)};
      (void)pool_.step(quota, now_);
      for (std::uint32_t more = below(2) * below(4); more > 0; --more) (void)pool_.step(quota, now_);
    }
    if (below(3) != 0) pool_.publish();
  }

  /// Of the geometry thread, which may have frames as well.
  void frame() {
    if (open_.size() < 3) open_.push_back(pool_.beginFrame("own frame"));
    if (below(2) == 0) draw(open_[below(static_cast<std::uint32_t>(open_.size()))], random_);
    if (below(3) == 0) open_.erase(open_.begin());
  }

  template <class Random>
  void draw(Frame& frame, Random& random) {
    const SnapshotView& view = frame.view();
    std::vector<HostRead> reads;
    for (std::uint32_t i = 0; i < 10; ++i) {
      const auto index = static_cast<std::uint32_t>(random() % view.recordCount);
      const BlockHandle handle{index, view.hot[index].generation | 1U};
      frame.use(handle);
      const BlockLookup found = frame.find(handle);
      if (found.drawable()) {
        reads.push_back({found.place.chunk, found.place.offset, found.place.bytes, nullptr});
      } else {
        frame.miss(handle, static_cast<Priority>(1 + random() % 3));
      }
    }
    const QueueId queue{1};
    frame.submitted(queue, host_.submitReads(queue, reads, frame.waits()));
  }

  void frames(std::uint32_t seed) {
    std::mt19937 random(seed);
    while (!stop_) {
      Frame frame = pool_.beginFrame("thread");
      if (random() % 4 != 0) draw(frame, random);
      if (random() % 8 == 0) std::this_thread::yield();
    }
  }

  void produce(std::uint32_t seed) {
    std::mt19937 random(seed);
    Producer producer = pool_.makeProducer();
    std::vector<BlockHandle> own;
    std::deque<Readback> reads;
    const std::vector<std::byte> bytes(4 * 4000);
    while (!stop_) {
      const std::size_t wanted = 4 * (1 + random() % (random() % 10 == 0 ? 4000 : 200));
      const std::span<const std::byte> given(bytes.data(), wanted);
      const BlockHandle any = own.empty() ? BlockHandle{} : own[random() % own.size()];
      const PartDesc part{PartKind::Vertex, wanted, Source::bytes(given)};
      const PartUpdate update{PartId{0}, Source::bytes(given.first(4)), 0, 4};
      const PartId id{static_cast<std::uint32_t>(random() % 3)};
      switch (random() % 12) {
        case 0:
          (void)producer.update(any, {&update, 1});
          break;
        case 1:
          (void)producer.updateInPlace(any, {&update, 1});
          break;
        case 2:
          (void)producer.addParts(any, {&part, 1});
          break;
        case 3:
          (void)producer.removeParts(any, {&id, 1});
          break;
        case 4:
          (void)producer.retain(any);
          (void)producer.pin(any);
          (void)producer.unpin(any);
          (void)producer.release(any);
          break;
        case 5:
          (void)producer.request(any, Priority::High);
          break;
        case 6:
          if (Result<Readback> read = producer.readBack({.block = any, .part = id, .bytes = 4})) {
            reads.push_back(std::move(*read));
          }
          if (reads.size() > 4) reads.pop_front();
          break;
        case 7:
        case 8:
          if (own.size() > 40) {
            (void)producer.remove(own.front());
            own.erase(own.begin());
          }
          break;
        default: {
          BlockDesc desc;
          desc.name = "produced";
          desc.parts = {&part, 1};
          if (const Result<BlockHandle> added = producer.add(desc)) own.push_back(*added);
          break;
        }
      }
      (void)producer.waitForRoom(std::chrono::milliseconds{1});
      if (random() % 4 == 0) std::this_thread::yield();
    }
  }

  const ProgramSettings settings_;
  std::mt19937 random_;
  HostDevice& host_;
  FaultyDevice& faulty_;
  Pool& pool_;
  std::vector<std::byte> bytes_;
  std::vector<BlockHandle> blocks_;
  std::vector<SharedPart> shared_;
  std::vector<BlockHandle> pinned_;
  std::vector<Shared<BlockHandle>> objects_;
  std::vector<Readback> reads_;
  Producer producer_ = pool_.makeProducer();
  std::deque<StagedBytes> staged_;
  std::vector<Frame> open_;
  std::chrono::steady_clock::time_point now_{std::chrono::seconds{1}};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace flux::test
