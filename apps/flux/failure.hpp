#pragma once

#include <stdexcept>
#include <string>

namespace flux::app {

/// Ends the command with one line on stderr and an exit code: 2 for bad use, 1 for everything else.
class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message, int exitCode = 1) : std::runtime_error(message), exitCode_(exitCode) {}
  [[nodiscard]] int exitCode() const noexcept { return exitCode_; }

 private:
  int exitCode_;
};

/// A mistake in the command line.
inline Failure badUse(const std::string& message) {
  return Failure(message, 2);
}

}  // namespace flux::app
