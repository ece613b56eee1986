#pragma once

#include "frame/instruction_queue.hpp"

#include <flux/block.hpp>
#include <flux/frame.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <source_location>
#include <string_view>
#include <vector>

namespace flux {

/// What an instruction brings along. Its sources stay valid: bytes are owned.
struct InstructionContents {
  std::array<char, 48> name{};
  std::vector<PartDesc> parts;      ///< Of a new block.
  std::vector<PartUpdate> updates;  ///< Of an update.
  Lifetime lifetime = Lifetime::Streaming;
  BlockHandle fallback;
  std::uint64_t userData = 0;
};

/// One call of a `Producer`, on its way to the geometry thread.
struct Instruction {
  enum class Kind : std::uint8_t { Add, Update, Remove, Retain, Release, Pin, Unpin, Request };

  Kind kind = Kind::Add;
  Priority priority = Priority::Normal;
  BlockHandle block;
  std::source_location where{};
  std::unique_ptr<InstructionContents> contents;  ///< Of Add and Update.
};

using Instructions = InstructionQueue<Instruction>;

}  // namespace flux
