#include "pool/pool_impl.hpp"

#include <utility>

namespace flux {

// The dropped handles are taken before the drain and carried out after it: so what was pushed before a handle was
// dropped runs before its thing goes.
void Pool::Impl::drainInstructions(StepReport& report) {
  const ProfileScope profile(desc_.profiler, ProfileZone::Instructions);
  SharedThing* dropped = takeDropped();
  const auto runOne = [&](const Instruction& instruction) {
    if (const Result<void> done = carryOut(instruction); !done) errors_.push_back(done.error());
  };
  if (journal_ != nullptr && journal_->instructs()) [[unlikely]] {
    for (Instruction next; journal_->next(next); ++report.instructions) runOne(next);
  } else {
    report.instructions = instructions_.drain(runOne);
  }
  counters_.instructions += report.instructions;
  while (dropped != nullptr) carryOutDrop(*std::exchange(dropped, dropped->next));
}

Result<void> Pool::Impl::carryOut(const Instruction& instruction) {
  return tell([&] { return callOf(instruction); }, [&] { return run(instruction); });
}

Result<void> Pool::Impl::run(const Instruction& instruction) {
  const BlockHandle block = instruction.block;
  const std::source_location where = instruction.where;
  switch (instruction.kind) {
    case Instruction::Kind::Add: {
      const InstructionContents& contents = *instruction.contents;
      const Result<void> added = addAs(block,
                                       {.name = contents.name.data(),
                                        .parts = contents.parts,
                                        .lifetime = contents.lifetime,
                                        .fallback = contents.fallback,
                                        .userData = contents.userData,
                                        .tag = contents.tag,
                                        .movable = contents.movable},
                                       where, &contents);
      if (added) return added;
      // The producer may have given the handle on: it must never name another block.
      handles_.recycle(block);
      Error refused = added.error();
      refused.handle = block;
      return Unexpected(refused);
    }
    case Instruction::Kind::Update: {
      const Result<ContentVersion> updated = update(block, instruction.contents->updates, where);
      return updated ? Result<void>{} : Unexpected(updated.error());
    }
    case Instruction::Kind::UpdateInPlace:
      return updateInPlace(block, instruction.contents->updates, where);
    case Instruction::Kind::AddParts: {
      NewPartIds& added = *instruction.contents->newIds;
      const Result<ContentVersion> done = addParts(block, instruction.contents->parts, added.ids, where, true);
      if (!done) added.ids.clear();
      added.told.store(true, std::memory_order_release);
      return done ? Result<void>{} : Unexpected(done.error());
    }
    case Instruction::Kind::RemoveParts:
      return removeParts(block, instruction.contents->removed, where);
    case Instruction::Kind::Remove:
      return remove(block, where);
    case Instruction::Kind::Retain:
      return retain(block, where);
    case Instruction::Kind::Release:
      return release(block, where);
    case Instruction::Kind::Pin:
      return pin(block, where);
    case Instruction::Kind::Unpin:
      return unpin(block, where);
    case Instruction::Kind::Request:
      return request(block, instruction.priority, where);
    case Instruction::Kind::ReadBack:
      readBackFor(instruction.contents->range, std::move(*instruction.contents->promise), where);
      return {};
  }
  return {};
}

void Pool::Impl::carryOutDrop(SharedThing& thing) {
  if (thing.desc.block) {
    if (const Result<void> released = release(thing.desc.block, thing.desc.where); !released) {
      errors_.push_back(released.error());
    }
    dropped_->forget(&thing);
    return;
  }
  // No snapshot names it: the frames that are open now are the last ones that can use it.
  retiredObjects_.retire(&thing, 1, seen(RecordKind::NewestFrame, gate_.progress().newestFrame), 0);
}

void Pool::Impl::serveMisses(StepReport& report) {
  takeMisses();
  for (const auto& [index, priority] : misses_) {
    if (index >= blocks_.size()) continue;
    Block& block = blocks_[index];
    if (block.relocation != nullptr) relocations_.prioritise(*block.relocation, priority);
    if (block.absent) want(block, index, priority, false);
  }
  report.misses = static_cast<std::uint32_t>(misses_.size());
  counters_.misses += report.misses;
}

}  // namespace flux
