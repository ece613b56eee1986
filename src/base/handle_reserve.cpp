#include "base/handle_reserve.hpp"

namespace flux {

std::size_t HandleReserve::take(std::span<BlockHandle> out) {
  const std::lock_guard lock(mutex_);
  std::size_t taken = 0;
  for (; taken < out.size(); ++taken) {
    if (!unused_.empty()) {
      out[taken] = unused_.back();
      unused_.pop_back();
    } else if (used_ < capacity_) {
      out[taken] = {++used_, 1};
    } else {
      break;
    }
  }
  return taken;
}

void HandleReserve::giveBack(std::span<const BlockHandle> handles) {
  const std::lock_guard lock(mutex_);
  unused_.insert(unused_.end(), handles.begin(), handles.end());
}

void HandleReserve::recycle(BlockHandle gone) {
  const BlockHandle next{gone.index, gone.generation + 2};
  if (next.generation > gone.generation) giveBack({&next, 1});
}

}  // namespace flux
