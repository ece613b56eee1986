#include "pool/journal.hpp"

#include "pool/instructions.hpp"

namespace flux {
namespace {

constexpr std::uint64_t numberOf(PartId part) {
  return static_cast<std::uint32_t>(part);
}

RecordKind kindOf(Instruction::Kind kind) {
  switch (kind) {
    case Instruction::Kind::Add:
      return RecordKind::Add;
    case Instruction::Kind::Update:
      return RecordKind::Update;
    case Instruction::Kind::UpdateInPlace:
      return RecordKind::UpdateInPlace;
    case Instruction::Kind::AddParts:
      return RecordKind::AddParts;
    case Instruction::Kind::RemoveParts:
      return RecordKind::RemoveParts;
    case Instruction::Kind::Remove:
      return RecordKind::Remove;
    case Instruction::Kind::Retain:
      return RecordKind::Retain;
    case Instruction::Kind::Release:
      return RecordKind::Release;
    case Instruction::Kind::Pin:
      return RecordKind::Pin;
    case Instruction::Kind::Unpin:
      return RecordKind::Unpin;
    case Instruction::Kind::Request:
      return RecordKind::Request;
    case Instruction::Kind::ReadBack:
      return RecordKind::ReadBack;
  }
  return RecordKind::Retain;
}

}  // namespace

Call callOf(BlockHandle handle, const BlockDesc& desc) {
  return {.kind = RecordKind::Add,
          .block = handle,
          .numbers = {static_cast<std::uint64_t>(desc.lifetime), packed(desc.fallback),
                      static_cast<std::uint64_t>(desc.tag), desc.movable ? 1U : 0U},
          .text = desc.name,
          .parts = desc.parts};
}

Call callOf(const SharedPartDesc& desc) {
  return {.kind = RecordKind::AddShared,
          .numbers = {desc.affinity, static_cast<std::uint64_t>(desc.lifetime), static_cast<std::uint64_t>(desc.tag)},
          .text = desc.name,
          .parts = {&desc.part, 1}};
}

Call callOf(BlockHandle block, Priority priority) {
  return {.kind = RecordKind::Request, .block = block, .numbers = {static_cast<std::uint64_t>(priority)}};
}

Call callOf(const ReadRange& range) {
  return {.kind = RecordKind::ReadBack,
          .block = range.block,
          .numbers = {numberOf(range.part), range.offset, range.bytes, static_cast<std::uint64_t>(range.after.queue),
                      range.after.value}};
}

Call callOf(BlockHandle block, PartId part, QueueValue written) {
  return {.kind = RecordKind::MarkWritten,
          .block = block,
          .numbers = {numberOf(part), static_cast<std::uint64_t>(written.queue), written.value}};
}

Call callOf(const DefragGoal& goal) {
  return {.kind = RecordKind::Defragment,
          .numbers = {static_cast<std::uint64_t>(goal.lifetime), goal.freeChunks, goal.holeBytes}};
}

Call callOf(const StepQuota& quota, std::chrono::steady_clock::time_point now) {
  const auto sinceEpoch = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch());
  return {.kind = RecordKind::Step,
          .numbers = {static_cast<std::uint64_t>(sinceEpoch.count()), quota.uploadBytes, quota.pieces, quota.moveBytes,
                      quota.movePieces, quota.quiet ? 1U : 0U, quota.evictBytes}};
}

Call callOf(const Instruction& instruction) {
  Call call{.kind = kindOf(instruction.kind), .block = instruction.block};
  if (instruction.kind == Instruction::Kind::Request) call = callOf(instruction.block, instruction.priority);
  if (instruction.contents != nullptr) {
    const InstructionContents& contents = *instruction.contents;
    if (instruction.kind == Instruction::Kind::ReadBack) call = callOf(contents.range);
    if (instruction.kind == Instruction::Kind::Add) {
      call.numbers = {static_cast<std::uint64_t>(contents.lifetime), packed(contents.fallback),
                      static_cast<std::uint64_t>(contents.tag), contents.movable ? 1U : 0U};
      call.text = contents.name.data();
    }
    call.parts = contents.parts;
    call.updates = contents.updates;
    call.ids = contents.removed;
  }
  call.byProducer = true;
  return call;
}

}  // namespace flux
