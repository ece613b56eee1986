#pragma once

/// Whether objects hold what they must, where they are used.

#include "replay/pattern.hpp"
#include "report.hpp"

#include <flux/frame.hpp>

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace flux::app {

/// What is known of one object's bytes.
struct VerifiedObject {
  std::uint32_t contents = 0;  ///< That were read in full; 0: none.
  ChunkIndex chunk{};          ///< Where it was then.
  ByteOffset offset = 0;
  ByteOffset next = 0;  ///< Where the next reading begins.
};

/// Chooses what the device reads at each draw, and compares the hashes with those of the pattern.
///
/// An object is read in full at the first draw of new contents or in a new place, and from then on kWindowBytes a draw,
/// round and round: reading everything at each draw would be hundreds of gigabytes a trace. Small objects are read in
/// full at every draw.
///
/// **Thread contract.** One thread.
class ReplayVerifier {
 public:
  static constexpr ByteCount kWindowBytes = 4 * kKiB;
  static constexpr std::size_t kMaxNamed = 8;

  /// Takes a draw of an object into the frame that is being made. `name` is used for what is wrong.
  void draw(VerifiedObject& object, std::string_view name, const PatternId& id, const Place& place);

  /// What the device has to read for the frame that is being made.
  [[nodiscard]] std::span<const Place> reads() const noexcept { return reads_; }

  /// The frame that was being made is on its way.
  void submitted(std::uint64_t frame);

  /// The oldest frame on its way has finished with these hashes.
  void finished(std::span<const std::uint64_t> hashes);

  /// Something else that is wrong with a draw.
  void report(InvalidDraw draw);

  [[nodiscard]] std::uint64_t invalidDraws() const noexcept { return invalidDraws_; }
  [[nodiscard]] const std::vector<InvalidDraw>& firstInvalid() const noexcept { return firstInvalid_; }
  [[nodiscard]] std::uint64_t verifiedDraws() const noexcept { return verifiedDraws_; }
  [[nodiscard]] ByteCount verifiedBytes() const noexcept { return verifiedBytes_; }

 private:
  struct Expected {
    std::uint64_t hash = 0;
    std::uint32_t contents = 0;
    ByteOffset offset = 0;
    ByteCount bytes = 0;
    std::string name;
  };
  struct Frame {
    std::uint64_t number = 0;
    std::vector<Expected> draws;
  };

  std::vector<Place> reads_;
  Frame open_;
  std::deque<Frame> pending_;
  std::vector<std::byte> scratch_;
  std::vector<InvalidDraw> firstInvalid_;
  std::uint64_t invalidDraws_ = 0;
  std::uint64_t verifiedDraws_ = 0;
  ByteCount verifiedBytes_ = 0;
};

}  // namespace flux::app
