#pragma once

#include "base/sync.hpp"
#include "frame/instruction_queue.hpp"
#include "transfer/read_state.hpp"

#include <flux/block.hpp>
#include <flux/frame.hpp>
#include <flux/readback.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <vector>

namespace flux {

/// Where the geometry thread leaves the ids of new parts for who has asked for them.
///
/// **Invariant.** They are written before `told`, and never again: so whoever sees it may read them.
struct NewPartIds {
  std::vector<PartId> ids;  ///< As many as parts were asked for, then none if they were refused.
  sync::Atomic<bool> told{false};
};

/// What its producer knows of a part of a new block, for a pool that evicts.
struct SentPart {
  bool counts = false;                      ///< Its bytes count as the queue's as long as they are owned.
  std::shared_ptr<const std::byte[]> copy;  ///< For the store, if the pool was nearly full.
};

/// What an instruction brings along. Its sources stay valid: bytes are owned.
struct InstructionContents {
  std::array<char, 48> name{};
  std::vector<PartDesc> parts;         ///< Of a new block, or new ones of a block.
  std::vector<SentPart> sent;          ///< By part of a new block; empty: nothing is known.
  std::vector<PartUpdate> updates;     ///< Of an update, in place or not.
  std::vector<PartId> removed;         ///< Of RemoveParts.
  std::shared_ptr<NewPartIds> newIds;  ///< Of AddParts.
  ReadRange range;                     ///< Of ReadBack, as what follows.
  std::optional<ReadPromise> promise;  ///< Broken, if the pool ends first.
  Lifetime lifetime = Lifetime::Streaming;
  BlockHandle fallback;
  std::uint64_t userData = 0;
  Tag tag = kUntagged;
  bool movable = true;
};

/// One call of a `Producer`, on its way to the geometry thread.
struct Instruction {
  enum class Kind : std::uint8_t {
    Add,
    Update,
    UpdateInPlace,
    AddParts,
    RemoveParts,
    Remove,
    Retain,
    Release,
    Pin,
    Unpin,
    Request,
    ReadBack
  };

  Kind kind = Kind::Add;
  Priority priority = Priority::Normal;
  BlockHandle block;
  std::source_location where{};
  std::unique_ptr<InstructionContents> contents;  ///< Of Add, Update, UpdateInPlace, AddParts, RemoveParts, ReadBack.
};

using Instructions = InstructionQueue<Instruction>;

}  // namespace flux
