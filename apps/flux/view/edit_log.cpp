#include "view/edit_log.hpp"

#include <algorithm>

namespace flux::app {

void EditLog::accepted(ObjectId object, ContentVersion version, std::uint64_t frame) {
  const std::lock_guard lock(mutex_);
  History& history = histories_[object];
  if (history.entries[history.newest].frame != frame) history.newest = (history.newest + 1) % kFrames;
  history.entries[history.newest] = {frame, version};
}

void EditLog::marked(ObjectId object, PartId part) {
  const std::lock_guard lock(mutex_);
  std::optional<Marks>& marks = histories_[object].marks;
  if (!marks) {
    marks.emplace().fill(part);
    return;
  }
  std::copy_backward(marks->begin(), marks->end() - 1, marks->end());
  marks->front() = part;
}

std::optional<EditLog::Marks> EditLog::marksOf(ObjectId object) const {
  const std::lock_guard lock(mutex_);
  const auto found = histories_.find(object);
  return found != histories_.end() ? found->second.marks : std::nullopt;
}

void EditLog::forget(ObjectId object) {
  const std::lock_guard lock(mutex_);
  histories_.erase(object);
}

ContentVersion EditLog::acceptedBy(ObjectId object, std::uint64_t frame) const {
  const std::lock_guard lock(mutex_);
  const auto found = histories_.find(object);
  if (found == histories_.end()) return 0;
  ContentVersion newest = 0;
  for (const Entry& entry : found->second.entries) {
    if (entry.frame <= frame) newest = std::max(newest, entry.version);
  }
  return newest;
}

}  // namespace flux::app
