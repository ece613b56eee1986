#include <flux/producer.hpp>

#include "base/fixed_name.hpp"
#include "base/heap_copy.hpp"
#include "pool/pool_impl.hpp"

#include <algorithm>
#include <utility>

namespace flux {
namespace {

/// Handles that a producer reserves at once.
constexpr std::size_t kReserveRun = 64;

}  // namespace

struct Producer::Impl {
  explicit Impl(Pool::Impl& owner)
      : pool(owner), token(owner.instructions().makeProducer()), filling(owner.staging()) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { pool.handles().giveBack(reserved); }

  Result<void> push(Instruction instruction, std::string_view name) {
    if (pool.instructions().push(token, instruction)) return {};
    return Unexpected(full(name, instruction.block, instruction.where));
  }

  Result<void> push(Instruction::Kind kind, BlockHandle block, std::source_location where,
                    Priority priority = Priority::Normal) {
    return push({.kind = kind, .priority = priority, .block = block, .where = where, .contents = nullptr}, "block");
  }

  Result<void> push(Instruction::Kind kind, BlockHandle block, std::unique_ptr<InstructionContents> contents,
                    std::source_location where) {
    return push({.kind = kind, .block = block, .where = where, .contents = std::move(contents)}, "block");
  }

  /// Of either kind.
  Result<void> pushUpdates(Instruction::Kind kind, BlockHandle block, std::span<const PartUpdate> parts,
                           std::source_location where) {
    auto contents = std::make_unique<InstructionContents>();
    contents->updates.assign(parts.begin(), parts.end());
    if (!ownAll(contents->updates)) return Unexpected(full("block", block, where));
    return push(kind, block, std::move(contents), where);
  }

  [[nodiscard]] Error full(std::string_view name, BlockHandle block, std::source_location where) const {
    Error error = makeError(ErrorCode::QueueFull, name, where,
                            {pool.instructions().waiting(), pool.instructions().waitingBytes()});
    error.handle = block;
    return error;
  }

  /// The same source, with bytes of its own if they lie in memory of the caller: in staging, or on the heap while it
  /// has no room. False: the queue holds too many bytes.
  [[nodiscard]] bool own(Source& source) {
    if (!source.isGivenNow() || source.data().empty()) return true;
    const std::span<const std::byte> data = source.data();
    if (data.size() <= pool.staging().pageBytes()) {
      if (Result<StagedBytes> staged = pool.staging().reserveOnAnyThread(data.size(), filling)) {
        std::ranges::copy(data, staged->bytes().begin());
        source = Source::staged(std::move(*staged));
        return true;
      }
    }
    if (!pool.instructions().acquire(data.size())) return false;
    auto* copy = new std::byte[data.size()];
    std::copy(data.begin(), data.end(), copy);
    const auto release = [queue = &pool.instructions(), size = data.size()](const std::byte* bytes) {
      delete[] bytes;
      queue->release(size);
    };
    source = Source::owned(std::shared_ptr<const std::byte[]>(copy, release), data.size());
    return true;
  }

  /// Of new parts, or of updates.
  template <class Parts>
  [[nodiscard]] bool ownAll(Parts& parts) {
    return std::ranges::all_of(parts, [this](auto& part) { return own(part.source); });
  }

  /// Owns the bytes of a new block, and, when the pool is nearly full, makes the copies that its store would have to
  /// make in a step. What is sent beside bytes that the queue or staging bound is bounded with them. False: the queue
  /// holds too many bytes.
  [[nodiscard]] bool ownNew(InstructionContents& contents, std::span<const PartDesc> given) {
    if (!pool.evicts()) return ownAll(contents.parts);
    contents.sent.resize(given.size());
    const bool copies = pool.nearlyFull() && contents.lifetime == Lifetime::Streaming;
    for (std::size_t i = 0; i < given.size(); ++i) {
      const Source& source = given[i].source;
      if (!own(contents.parts[i].source)) return false;
      if (source.isLater() || given[i].kept || source.data().empty()) continue;
      contents.sent[i].counts = contents.parts[i].source.isLater();
      if (copies) contents.sent[i].copy = heapCopy(source.data());
    }
    return true;
  }

  Pool::Impl& pool;
  Instructions::Producer token;
  std::vector<BlockHandle> reserved;  ///< The next one is the last.
  StagingPages::Filling filling;
};

Producer::Producer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Producer::Producer(Producer&& other) noexcept = default;
Producer& Producer::operator=(Producer&& other) noexcept = default;
Producer::~Producer() = default;

bool AddedParts::done() const noexcept {
  return ids_->told.load(std::memory_order_acquire);
}

std::span<const PartId> AddedParts::ids() const noexcept {
  return done() ? std::span<const PartId>(ids_->ids) : std::span<const PartId>{};
}

Result<BlockHandle> Producer::add(const BlockDesc& desc, std::source_location where) {
  if (impl_->reserved.empty()) {
    impl_->reserved.resize(kReserveRun);
    impl_->reserved.resize(impl_->pool.handles().take(impl_->reserved));
    std::reverse(impl_->reserved.begin(), impl_->reserved.end());
    if (impl_->reserved.empty()) return Unexpected(makeError(ErrorCode::TooManyBlocks, desc.name, where));
  }
  const BlockHandle block = impl_->reserved.back();
  auto contents = std::make_unique<InstructionContents>();
  copyName(contents->name, desc.name);
  contents->parts.assign(desc.parts.begin(), desc.parts.end());
  contents->lifetime = desc.lifetime;
  contents->fallback = desc.fallback;
  contents->userData = desc.userData;
  contents->tag = desc.tag;
  contents->movable = desc.movable;
  if (!impl_->ownNew(*contents, desc.parts)) return Unexpected(impl_->full(desc.name, {}, where));
  const Result<void> pushed = impl_->push(
      {.kind = Instruction::Kind::Add, .block = block, .where = where, .contents = std::move(contents)}, desc.name);
  if (!pushed) return Unexpected(pushed.error());
  impl_->reserved.pop_back();
  return block;
}

Result<void> Producer::update(BlockHandle block, std::span<const PartUpdate> parts, std::source_location where) {
  return impl_->pushUpdates(Instruction::Kind::Update, block, parts, where);
}

Result<void> Producer::updateInPlace(BlockHandle block, std::span<const PartUpdate> parts, std::source_location where) {
  return impl_->pushUpdates(Instruction::Kind::UpdateInPlace, block, parts, where);
}

Result<AddedParts> Producer::addParts(BlockHandle block, std::span<const PartDesc> parts, std::source_location where) {
  auto contents = std::make_unique<InstructionContents>();
  contents->parts.assign(parts.begin(), parts.end());
  if (!impl_->ownAll(contents->parts)) return Unexpected(impl_->full("block", block, where));
  auto ids = std::make_shared<NewPartIds>();
  ids->ids.resize(parts.size());
  contents->newIds = ids;
  const Result<void> pushed = impl_->push(Instruction::Kind::AddParts, block, std::move(contents), where);
  if (!pushed) return Unexpected(pushed.error());
  return AddedParts(std::move(ids));
}

Result<void> Producer::removeParts(BlockHandle block, std::span<const PartId> parts, std::source_location where) {
  auto contents = std::make_unique<InstructionContents>();
  contents->removed.assign(parts.begin(), parts.end());
  return impl_->push(Instruction::Kind::RemoveParts, block, std::move(contents), where);
}

Result<void> Producer::remove(BlockHandle block, std::source_location where) {
  return impl_->push(Instruction::Kind::Remove, block, where);
}
Result<void> Producer::retain(BlockHandle block, std::source_location where) {
  return impl_->push(Instruction::Kind::Retain, block, where);
}
Result<void> Producer::release(BlockHandle block, std::source_location where) {
  return impl_->push(Instruction::Kind::Release, block, where);
}
Result<void> Producer::pin(BlockHandle block, std::source_location where) {
  return impl_->push(Instruction::Kind::Pin, block, where);
}
Result<void> Producer::unpin(BlockHandle block, std::source_location where) {
  return impl_->push(Instruction::Kind::Unpin, block, where);
}
Result<void> Producer::request(BlockHandle block, Priority priority, std::source_location where) {
  return impl_->push(Instruction::Kind::Request, block, where, priority);
}

Result<Readback> Producer::readBack(const ReadRange& range, std::source_location where) {
  auto state = std::make_shared<ReadState>();
  auto contents = std::make_unique<InstructionContents>();
  contents->range = range;
  contents->promise.emplace(state);
  const Result<void> pushed = impl_->push(Instruction::Kind::ReadBack, range.block, std::move(contents), where);
  if (!pushed) return Unexpected(pushed.error());
  return Readback(std::move(state));
}

Result<StagedBytes> Producer::stage(ByteCount bytes, std::source_location where) {
  Result<StagedBytes> staged = impl_->pool.staging().reserveOnAnyThread(bytes, impl_->filling);
  if (!staged) staged.error().where = where;
  return staged;
}

Result<void> Producer::stage(std::span<const ByteCount> bytes, std::span<StagedBytes> staged,
                             std::source_location where) {
  Result<void> taken = impl_->pool.staging().reserveOnAnyThread(bytes, staged, impl_->filling);
  if (!taken) taken.error().where = where;
  return taken;
}

bool Producer::waitForStaging(ByteCount bytes, std::chrono::nanoseconds timeout) {
  return impl_->pool.staging().waitForRoom(bytes, timeout);
}

bool Producer::waitForRoom(std::chrono::nanoseconds timeout) {
  return impl_->pool.instructions().waitForRoom(timeout);
}

Producer Pool::makeProducer() {
  return Producer(std::make_unique<Producer::Impl>(*impl_));
}

}  // namespace flux
