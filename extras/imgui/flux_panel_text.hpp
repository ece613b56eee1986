#pragma once

/// What the panel writes: numbers with their units, and the words for what a pool can be in.

#include "flux_panel_feed.hpp"

#include <string>

namespace flux {

/// "39.1 MiB"; with at most four digits.
[[nodiscard]] std::string bytesText(ByteCount bytes);
/// "1,234,567".
[[nodiscard]] std::string countText(std::uint64_t count);
/// "12 us", "3.4 ms", "2.1 s".
[[nodiscard]] std::string durationText(std::chrono::nanoseconds duration);

[[nodiscard]] const char* wordFor(BlockState state) noexcept;
[[nodiscard]] const char* wordFor(Lifetime lifetime) noexcept;

/// What a block waits for, in words; "nothing".
[[nodiscard]] std::string waitText(const PanelData& data, const PanelBlock& block);
/// One line for one of its events.
[[nodiscard]] std::string eventText(const PanelEvent& event);
/// The owner's name, or what stands for none.
[[nodiscard]] const char* tagName(const PanelData& data, Tag tag);

}  // namespace flux
