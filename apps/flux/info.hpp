#pragma once

#include <ostream>

namespace flux::app {

struct InfoOptions {
  bool json = false;
};

/// `flux info`: every device with its memory, queues and limits, and what Flux would choose on it and why.
/// A machine without Vulkan is no failure: the Host device is always there. Returns the exit code.
int runInfo(const InfoOptions& options, std::ostream& out);

}  // namespace flux::app
