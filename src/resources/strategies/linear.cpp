#include <map>
#include <utility>

#include "resources/strategies/strategy_base.hpp"

namespace flux {
namespace {

constexpr std::uint64_t kIdleSteps = 120;

/// Pages that are filled front to back, and begun again when everything in them has been taken back. What is larger
/// than a page gets one of its own, for once.
class Linear final : public StrategyBase {
 public:
  using StrategyBase::StrategyBase;

  void trim() override {
    for (const auto& [page, since] : empty_) release(page);
    empty_.clear();
    if (current_ && pages_[*current_].allocations == 0) release(*std::exchange(current_, std::nullopt));
  }

 private:
  struct Page {
    ByteCount bytes = 0;
    ByteCount filled = 0;
    std::uint32_t allocations = 0;
  };

  Result<Place> place(ByteCount bytes, ByteCount alignment, std::source_location where) override {
    if (bytes > options().firstBytes) {
      const Result<ChunkIndex> own = makePage(bytes, where);
      return own ? take(*own, 0, bytes) : Unexpected(own.error());
    }
    if (current_) {
      const ByteOffset offset = roundUp(pages_[*current_].filled, alignment);
      if (offset + bytes <= pages_[*current_].bytes) return take(*current_, offset, bytes);
    }
    if (empty_.empty()) {
      const Result<ChunkIndex> made = makePage(options().firstBytes, where);
      if (!made) return Unexpected(made.error());
      empty_.emplace_back(*made, stepNumber());
    }
    current_ = empty_.back().first;
    empty_.pop_back();
    return take(*current_, 0, bytes);
  }

  Result<Place> take(ChunkIndex page, ByteOffset offset, ByteCount bytes) {
    pages_[page].filled = offset + bytes;
    ++pages_[page].allocations;
    return Place{page, offset, bytes, {}};
  }

  Result<ChunkIndex> makePage(ByteCount bytes, std::source_location where) {
    Result<ChunkIndex> made = makeBuffer(bytes, where);
    if (made) pages_[*made] = {.bytes = bytes};
    return made;
  }

  void reclaim(const Place& place) override {
    Page& page = pages_[place.buffer];
    if (--page.allocations != 0) return;
    if (page.bytes > options().firstBytes) return release(place.buffer);
    page.filled = 0;
    if (current_ != place.buffer) empty_.emplace_back(place.buffer, stepNumber());
  }

  void endStep() override {
    if (empty_.empty() || empty_.front().second + kIdleSteps > stepNumber()) return;
    release(empty_.front().first);
    empty_.erase(empty_.begin());
  }

  void release(ChunkIndex page) {
    pages_.erase(page);
    releaseBuffer(page);
  }

  std::map<ChunkIndex, Page> pages_;
  std::optional<ChunkIndex> current_;
  std::vector<std::pair<ChunkIndex, std::uint64_t>> empty_;  // and since which step
};

}  // namespace

std::unique_ptr<Strategy> makeLinear(std::string_view name, Device& device, const StrategyOptions& options) {
  return std::make_unique<Linear>(name, device, options);
}

}  // namespace flux
