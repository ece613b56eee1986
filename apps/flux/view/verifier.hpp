#pragma once

/// Compares what the device saw with what it must have seen.

#include "id_set.hpp"
#include "report.hpp"
#include "view/edit_log.hpp"
#include "view/world.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace flux::app {

/// A draw with constants of a part that was added to its live block.
struct MarkedDraw {
  ObjectId object = 0;
  PartId mark{};
};

/// Checks finished frames: every part of every draw must have the hash that the world gives its version, and
/// a version may be older than the newest accepted one by at most kMaxLagFrames.
///
/// **Thread contract.** The frame thread. **Bounds.** Remembers hashes of the objects drawn lately, and a bit an
/// object.
class Verifier {
 public:
  static constexpr std::uint32_t kMaxLagFrames = 30;
  static constexpr std::size_t kMaxNamed = 8;

  Verifier(const World& world, const EditLog& edits) : world_(world), edits_(edits) {}

  /// These draws of the frame, which is checked later, have the constants of marks. Frames come in their order.
  void expectMarked(std::uint64_t frame, std::span<const MarkedDraw> draws);

  void check(const FinishedFrame& frame);

  /// The device has drawn more or fewer objects of the frame than it should.
  void reportCounts(std::uint64_t frame);

  [[nodiscard]] std::uint64_t invalidDraws() const noexcept { return invalidDraws_; }
  [[nodiscard]] const std::vector<InvalidDraw>& firstInvalid() const noexcept { return firstInvalid_; }
  [[nodiscard]] std::uint64_t verifiedParts() const noexcept { return verifiedParts_; }
  /// Of the verified parts: those that had been added to live blocks.
  [[nodiscard]] std::uint64_t verifiedAddedParts() const noexcept { return verifiedAddedParts_; }
  [[nodiscard]] std::uint64_t verifiedBlocks() const noexcept { return verified_.count(); }

 private:
  struct Expected {
    ContentVersion version = 0;
    std::array<std::uint64_t, kObjectParts> hashes{};
    std::uint64_t lastFrame = 0;
  };

  const Expected& expectedOf(ObjectId object, ContentVersion version, std::uint64_t frame);
  [[nodiscard]] std::uint64_t hashOf(ObjectId object, PartId part, ContentVersion version);
  void report(const VerifiedDraw& draw, std::uint64_t frame, const char* what);
  void forgetOld(std::uint64_t frame);

  const World& world_;
  const EditLog& edits_;
  std::unordered_map<ObjectId, Expected> expected_;
  std::vector<std::byte> scratch_;
  IdSet verified_;
  std::vector<InvalidDraw> firstInvalid_;
  std::uint64_t invalidDraws_ = 0;
  std::uint64_t verifiedParts_ = 0;
  std::uint64_t verifiedAddedParts_ = 0;
  std::map<std::uint64_t, std::unordered_map<ObjectId, PartId>> marked_;  ///< By frame: those that are not checked yet.
};

}  // namespace flux::app
