#pragma once

#include <iostream>
#include <string_view>

/// Says what went wrong; the program's exit code.
inline int fail(std::string_view why) {
  std::cerr << "consumer: " << why << '\n';
  return 1;
}
