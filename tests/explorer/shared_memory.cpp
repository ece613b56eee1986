#include "explorer/shared_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

namespace flux::explorer {
namespace {

std::vector<const SharedMemory*>& living() {
  static std::vector<const SharedMemory*> all;
  return all;
}

std::multimap<std::size_t, std::byte*>& spare() {
  static std::multimap<std::size_t, std::byte*> all;
  return all;
}

std::byte* take(std::size_t bytes) {
  if (const auto found = spare().find(bytes); found != spare().end()) {
    std::byte* data = found->second;
    spare().erase(found);
    return data;
  }
  return static_cast<std::byte*>(std::calloc(std::max<std::size_t>(bytes, 1), 1));
}

}  // namespace

SharedMemory::SharedMemory(std::size_t bytes) : data_(take(bytes)), bytes_(bytes) {
  living().push_back(this);
}

SharedMemory::~SharedMemory() {
  std::erase(living(), this);
  std::memset(data_, 0, committed_);
  spare().emplace(bytes_, data_);
}

void SharedMemory::addRead(Touch& touch, const void* data) {
  for (const SharedMemory* memory : living()) {
    if (memory->data_ == data) touch.add(memory->object_, Access::Read);
  }
}

}  // namespace flux::explorer
