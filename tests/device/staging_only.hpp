#pragma once

#include <flux/passing_device.hpp>

namespace flux::test {

/// The same device, if the host could not reach its chunks: all bytes go through staging, and are copied.
class StagingOnly : public PassingDevice {
 public:
  explicit StagingOnly(Device& inner) : PassingDevice(inner), caps_(inner.caps()) { caps_.directWriteBytes = 0; }
  [[nodiscard]] const DeviceCaps& caps() const noexcept override { return caps_; }

 private:
  DeviceCaps caps_;
};

}  // namespace flux::test
