#pragma once

#include <ostream>

namespace flux::app {

struct InfoOptions {
  bool json = false;
};

/// `flux info`: for every back end that is built its devices with their memory, queues and limits, and what Flux would
/// choose there and why. A machine without drivers is no failure: Host is always there. Returns the exit code.
int runInfo(const InfoOptions& options, std::ostream& out);

}  // namespace flux::app
