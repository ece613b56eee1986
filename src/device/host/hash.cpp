#include <flux/host.hpp>

#include <bit>
#include <cstring>

namespace flux {
namespace {

constexpr std::size_t kHashWordBytes = 4;

std::uint32_t loadLittleEndian(const std::byte* bytes) noexcept {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, kHashWordBytes);
  if constexpr (std::endian::native == std::endian::big) {
    word = word >> 24U | (word >> 8U & 0xFF00U) | (word << 8U & 0xFF0000U) | word << 24U;
  }
  return word;
}

/// The two sums that make up the hash.
struct Sums {
  std::uint32_t low = 0;
  std::uint32_t high = 0;

  void add(std::uint32_t word, std::uint32_t index) noexcept {
    std::uint32_t h = word ^ (index * 0x9E3779B9U + 0x7F4A7C15U);
    h ^= h >> 16U;
    h *= 0x7FEB352DU;
    h ^= h >> 15U;
    h *= 0x846CA68BU;
    h ^= h >> 16U;
    low += h;
    std::uint32_t g = h * 0x297A2D39U;
    g ^= g >> 15U;
    high += g;
  }
};

}  // namespace

std::uint64_t hashBytes(std::span<const std::byte> bytes) noexcept {
  Sums sums;
  const std::size_t words = bytes.size() / kHashWordBytes;
  for (std::size_t i = 0; i < words; ++i) {
    sums.add(loadLittleEndian(bytes.data() + i * kHashWordBytes), static_cast<std::uint32_t>(i));
  }
  if (const std::size_t rest = bytes.size() % kHashWordBytes; rest != 0) {
    std::byte padded[kHashWordBytes]{};
    std::memcpy(padded, bytes.data() + words * kHashWordBytes, rest);
    sums.add(loadLittleEndian(padded), static_cast<std::uint32_t>(words));
  }
  return std::uint64_t{sums.high} << 32U | sums.low;
}

}  // namespace flux
