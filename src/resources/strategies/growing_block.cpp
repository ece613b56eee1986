#include <flux/strategies.hpp>

namespace flux {

GrowingBlock::~GrowingBlock() {
  if (allocation_) (void)strategy_.free(*allocation_);  // Refused only if all were freed: it is gone as well.
}

Result<void> GrowingBlock::resize(ByteCount bytes, std::source_location where) {
  const Result<ByteCount> grown = grownCapacity(policy_, capacity_, bytes, limitBytes_, where);
  if (!grown) return Unexpected(grown.error());
  Result<void> done = setCapacity(*grown, where);
  if (done) size_ = bytes;
  return done;
}

Result<void> GrowingBlock::shrinkToFit(std::source_location where) {
  return setCapacity(size_, where);
}

Result<void> GrowingBlock::setCapacity(ByteCount bytes, std::source_location where) {
  if (bytes == capacity_) return {};
  if (bytes == 0) {
    const Result<void> freed = strategy_.free(*allocation_, where);
    if (!freed) return freed;
    allocation_.reset();
  } else {
    const Result<Allocation> set =
        allocation_ ? strategy_.resize(*allocation_, bytes, where) : strategy_.allocate(bytes, alignment_, where);
    if (!set) return Unexpected(set.error());
    allocation_ = set->id;
  }
  capacity_ = bytes;
  return {};
}

}  // namespace flux
