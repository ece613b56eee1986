#include "record/replayed_parts.hpp"

#include "base/fixed_name.hpp"
#include "base/packed_handle.hpp"
#include "pool/instructions.hpp"
#include "record/codec.hpp"
#include "record/numbers.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

namespace flux {
namespace {

constexpr ByteCount kMostBytes = 64 * kGiB;

/// Rows of new parts, and of updates.
struct PartRow {
  PartKind kind;
  ByteCount bytes;
  std::uint64_t source;
  ByteCount given;
};
struct UpdateRow {
  PartId part;
  ByteOffset offset;
  ByteCount bytes;
  std::uint64_t source;
  ByteCount given;
};
constexpr std::size_t kPartColumns = 4;
constexpr std::size_t kUpdateColumns = 5;

PartRow partRow(const RecordedEvent& call, std::size_t row) {
  const std::uint64_t* const at = call.list.data() + row * kPartColumns;
  return {static_cast<PartKind>(at[0]), at[1], at[2], at[3]};
}
UpdateRow updateRow(const RecordedEvent& call, std::size_t row) {
  const std::uint64_t* const at = call.list.data() + row * kUpdateColumns;
  return {partOf(at[0]), at[1], at[2], at[3], at[4]};
}

bool sourceMakesSense(std::uint64_t source, ByteCount given) {
  return source < 2 * kSourceKinds && given <= kMostBytes;
}

}  // namespace

ReadRange readRangeOf(const RecordedEvent& event) {
  const auto& numbers = event.numbers;
  return {.block = unpackedHandle(numbers[0]),
          .part = partOf(numbers[1]),
          .offset = numbers[2],
          .bytes = numbers[3],
          .after = {QueueId{static_cast<std::uint32_t>(numbers[4])}, numbers[5]}};
}

std::string_view ReplayedParts::nonsense(const RecordedEvent& call) {
  const auto& numbers = call.numbers;
  constexpr auto kLastLifetime = static_cast<std::uint64_t>(Lifetime::LongLived);
  switch (call.kind) {
    case RecordKind::Add:
    case RecordKind::Defragment:
      if (numbers[1] > kLastLifetime) return "lifetime";
      break;
    case RecordKind::AddShared:
      if (numbers[2] > kLastLifetime) return "lifetime";
      if (call.list.size() != kPartColumns) return "parts";
      break;
    case RecordKind::Reserve:
      if (numbers[2] > kLastLifetime) return "lifetime";
      break;
    case RecordKind::Request:
      if (numbers[1] > static_cast<std::uint64_t>(Priority::High)) return "priority";
      break;
    case RecordKind::ReadBack:
      if (numbers[4] >= kMaxQueues) return "queue";
      break;
    case RecordKind::MarkWritten:
      if (numbers[2] >= kMaxQueues) return "queue";
      break;
    default:
      break;
  }
  const std::size_t columns = columnCount(call.kind);
  const std::size_t rows = columns != 0 ? call.list.size() / columns : 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (columns == kPartColumns) {
      const PartRow row = partRow(call, i);
      if (call.list[i * columns] >= kPartKindCount || !sourceMakesSense(row.source, row.given)) return "part";
    }
    if (columns == kUpdateColumns) {
      const UpdateRow row = updateRow(call, i);
      if (!sourceMakesSense(row.source, row.given)) return "update";
    }
  }
  return {};
}

// ---- Sources -----------------------------------------------------------------------------------------------

bool ReplayedParts::fillPart(void* context, const FillRequest& request) {
  const auto& fill = static_cast<const ReplayedParts*>(context)->settings_.fill;
  if (fill) fill(request.tag, request.offset, request.destination);
  return true;
}

std::shared_ptr<std::byte[]> ReplayedParts::makeBytes(ByteCount bytes, std::uint64_t thing, ByteOffset offset) {
  // A damaged recording may want any number; zeros take memory only once they are written to.
  const auto size = static_cast<std::size_t>(std::max<ByteCount>(bytes, 1));
  const auto zeros = [&] {
    return std::shared_ptr<std::byte[]>(static_cast<std::byte*>(std::calloc(size, 1)),
                                        [](std::byte* memory) { std::free(memory); });
  };
  if (settings_.fill) {
    std::shared_ptr<std::byte[]> made = zeros();
    if (made == nullptr) return made;
    settings_.fill(thing, offset, {made.get(), static_cast<std::size_t>(bytes)});
    return made;
  }
  if (nothingBytes_ < size) {
    std::shared_ptr<std::byte[]> made = zeros();
    if (made == nullptr) return made;
    nothing_ = std::move(made);
    nothingBytes_ = size;
  }
  return nothing_;
}

Source ReplayedParts::sourceOf(std::uint64_t number, ByteCount bytes, std::uint64_t thing, ByteOffset offset) {
  const auto size = static_cast<std::size_t>(bytes);
  switch (static_cast<SourceKind>(number % kSourceKinds)) {
    case SourceKind::Bytes:
      buffers_.push_back(makeBytes(bytes, thing, offset));
      // Without memory for them the pool refuses it, and the replay has met its end.
      return Source::bytes({buffers_.back().get(), buffers_.back() != nullptr ? size : 0});
    case SourceKind::Staged: {
      quiet_(true);
      Result<StagedBytes> staged = pool_.stage(bytes);
      quiet_(false);
      if (!staged) return Source::bytes({});  // likewise
      if (settings_.fill) settings_.fill(thing, offset, staged->bytes());
      return Source::staged(std::move(*staged));
    }
    case SourceKind::Owned:
      if (std::shared_ptr<std::byte[]> made = makeBytes(bytes, thing, offset))
        return Source::owned(std::move(made), size);
      return Source::bytes({});
    case SourceKind::LastingCallback:
      return Source::callback(fillPart, this, thing).lasting();
    case SourceKind::Callback:
      break;
  }
  return Source::callback(fillPart, this, thing);
}

std::vector<PartDesc> ReplayedParts::newParts(const RecordedEvent& call, std::uint64_t firstThing) {
  buffers_.clear();
  std::vector<PartDesc> parts(call.list.size() / kPartColumns);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const PartRow row = partRow(call, i);
    parts[i].kind = row.kind;
    parts[i].bytes = row.bytes;
    parts[i].source = sourceOf(row.source, row.given, firstThing + i, 0);
    parts[i].kept = row.source >= kSourceKinds;
  }
  nextThing_ = firstThing + parts.size();
  return parts;
}

std::vector<PartUpdate> ReplayedParts::updates(const RecordedEvent& call) {
  buffers_.clear();
  const BlockHandle block = unpackedHandle(call.numbers[0]);
  std::vector<PartUpdate> all(call.list.size() / kUpdateColumns);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const UpdateRow row = updateRow(call, i);
    const auto known = parts_.find({block, row.part});
    const std::uint64_t thing = known != parts_.end() ? known->second.thing : 0;
    all[i].part = row.part;
    all[i].offset = row.offset;
    all[i].bytes = row.bytes;
    all[i].source = sourceOf(row.source, row.given, thing, row.offset);
    if (known != parts_.end()) coming_.push_back(known->second);
  }
  return all;
}

// ---- Calls -------------------------------------------------------------------------------------------------

void ReplayedParts::note(BlockHandle block, PartId part, ByteCount bytes, std::uint64_t thing) {
  if (!settings_.fill) return;
  const ReplayedPart made{block, part, bytes, thing};
  parts_[{block, part}] = made;
  coming_.push_back(made);
}

void ReplayedParts::perform(const RecordedEvent& call) {
  const BlockHandle block = unpackedHandle(call.numbers[0]);
  const std::uint64_t thing = nextThing_;
  switch (call.kind) {
    case RecordKind::Add: {
      const std::vector<PartDesc> parts = newParts(call, thing);
      BlockDesc desc;
      desc.name = call.text;
      desc.parts = parts;
      desc.lifetime = static_cast<Lifetime>(call.numbers[1]);
      desc.fallback = unpackedHandle(call.numbers[2]);
      desc.tag = static_cast<Tag>(call.numbers[3]);
      desc.movable = call.numbers[4] != 0;
      if (const Result<BlockHandle> added = pool_.add(desc)) {
        for (std::uint32_t i = 0; i < parts.size(); ++i) note(*added, PartId{i}, parts[i].bytes, thing + i);
      }
      break;
    }
    case RecordKind::AddShared: {
      SharedPartDesc desc;
      desc.affinity = call.numbers[1];
      desc.part = newParts(call, thing).front();
      desc.lifetime = static_cast<Lifetime>(call.numbers[2]);
      desc.tag = static_cast<Tag>(call.numbers[3]);
      desc.name = call.text;
      if (const Result<SharedPart> added = pool_.addShared(desc)) {
        note(added->block, added->part, desc.part.bytes, thing);
      }
      break;
    }
    case RecordKind::AddParts: {
      const std::vector<PartDesc> parts = newParts(call, thing);
      std::vector<PartId> ids(parts.size());
      if (pool_.addParts(block, parts, ids)) {
        for (std::size_t i = 0; i < ids.size(); ++i) note(block, ids[i], parts[i].bytes, thing + i);
      }
      break;
    }
    case RecordKind::Update:
      (void)pool_.update(block, updates(call));
      break;
    case RecordKind::UpdateInPlace:
      (void)pool_.updateInPlace(block, updates(call));
      break;
    case RecordKind::RemoveParts: {
      std::vector<PartId> ids;
      ids.reserve(call.list.size());
      for (const std::uint64_t number : call.list) ids.push_back(partOf(number));
      (void)pool_.removeParts(block, ids);
      break;
    }
    default:
      break;
  }
}

Instruction ReplayedParts::instructionOf(const RecordedEvent& call) {
  Instruction made;
  made.block = unpackedHandle(call.numbers[0]);
  made.contents = std::make_unique<InstructionContents>();
  InstructionContents& contents = *made.contents;
  const std::uint64_t thing = nextThing_;
  switch (call.kind) {
    case RecordKind::Add:
      made.kind = Instruction::Kind::Add;
      copyName(contents.name, call.text);
      contents.parts = newParts(call, thing);
      contents.lifetime = static_cast<Lifetime>(call.numbers[1]);
      contents.fallback = unpackedHandle(call.numbers[2]);
      contents.tag = static_cast<Tag>(call.numbers[3]);
      contents.movable = call.numbers[4] != 0;
      for (std::uint32_t i = 0; i < contents.parts.size(); ++i) {
        note(made.block, PartId{i}, contents.parts[i].bytes, thing + i);
      }
      break;
    case RecordKind::AddParts: {
      made.kind = Instruction::Kind::AddParts;
      contents.parts = newParts(call, thing);
      contents.newIds = std::make_shared<NewPartIds>();
      contents.newIds->ids.resize(contents.parts.size());
      AddedLater& later = addedLater_.emplace_back();
      later.ids = contents.newIds;
      later.block = made.block;
      for (const PartDesc& part : contents.parts) later.bytes.push_back(part.bytes);
      later.firstThing = thing;
      break;
    }
    case RecordKind::Update:
      made.kind = Instruction::Kind::Update;
      contents.updates = updates(call);
      break;
    case RecordKind::UpdateInPlace:
      made.kind = Instruction::Kind::UpdateInPlace;
      contents.updates = updates(call);
      break;
    case RecordKind::RemoveParts:
      made.kind = Instruction::Kind::RemoveParts;
      for (const std::uint64_t number : call.list) contents.removed.push_back(partOf(number));
      break;
    case RecordKind::Remove:
      made.kind = Instruction::Kind::Remove;
      break;
    case RecordKind::Retain:
      made.kind = Instruction::Kind::Retain;
      break;
    case RecordKind::Release:
      made.kind = Instruction::Kind::Release;
      break;
    case RecordKind::Pin:
      made.kind = Instruction::Kind::Pin;
      break;
    case RecordKind::Unpin:
      made.kind = Instruction::Kind::Unpin;
      break;
    case RecordKind::ReadBack:
      made.kind = Instruction::Kind::ReadBack;
      contents.range = readRangeOf(call);
      reads_.push_back(std::make_shared<ReadState>());
      contents.promise.emplace(reads_.back());
      break;
    default:
      made.kind = Instruction::Kind::Request;
      made.priority = static_cast<Priority>(call.numbers[1]);
      break;
  }
  return made;
}

void ReplayedParts::noteStep() {
  for (const AddedLater& later : addedLater_) {
    for (std::size_t i = 0; i < later.ids->ids.size(); ++i) {
      note(later.block, later.ids->ids[i], later.bytes[i], later.firstThing + i);
    }
  }
  addedLater_.clear();
  std::erase_if(reads_, [](const std::shared_ptr<ReadState>& read) {
    if (!read->isReady()) return false;
    read->giveUp();
    return true;
  });
}

void ReplayedParts::tellArrived() {
  if (coming_.empty()) return;
  quiet_(true);
  {
    const Frame frame = pool_.beginFrame("replay");
    std::vector<ReplayedPart> arrived;
    std::erase_if(coming_, [&](const ReplayedPart& part) {
      const bool here = frame.find(part.block, part.part).status == FindStatus::Resident;
      if (here) arrived.push_back(part);
      if (here || pool_.requestedVersion(part.block) != 0) return here;
      parts_.erase({part.block, part.part});
      return true;
    });
    settings_.arrived(frame, arrived);
  }
  quiet_(false);
}

}  // namespace flux
