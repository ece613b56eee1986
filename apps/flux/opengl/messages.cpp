#include "opengl/messages.hpp"

namespace flux::app {

void OpenGlMessages::add(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  ++count_;
  if (first_.size() < kKeptTexts) first_.emplace_back(text);
}

std::uint64_t OpenGlMessages::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

std::vector<std::string> OpenGlMessages::first() const {
  const std::scoped_lock lock(mutex_);
  return first_;
}

void OpenGlMessages::clear() {
  const std::scoped_lock lock(mutex_);
  count_ = 0;
  first_.clear();
}

}  // namespace flux::app
