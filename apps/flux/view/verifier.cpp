#include "view/verifier.hpp"

#include <flux/host.hpp>

#include <utility>

namespace flux::app {
namespace {

constexpr std::uint64_t kRememberFrames = 64;
constexpr std::array<const char*, kObjectParts> kPartNames{"vertex", "index", "constants"};

}  // namespace

std::uint64_t Verifier::hashOf(ObjectId object, PartId part, ContentVersion version) {
  scratch_.resize(world_.partBytes(object, part));
  world_.fillPart(object, part, version, 0, scratch_);
  return hashBytes(scratch_);
}

const Verifier::Expected& Verifier::expectedOf(ObjectId object, ContentVersion version, std::uint64_t frame) {
  Expected& expected = expected_[object];
  expected.lastFrame = frame;
  if (expected.version == version) return expected;
  auto& [vertex, index, constants] = expected.hashes;
  if (expected.version == 0) index = hashOf(object, kIndexPart, version);
  if (expected.version == 0 || World::vertexVersion(expected.version) != World::vertexVersion(version)) {
    vertex = hashOf(object, kVertexPart, version);
  }
  constants = hashOf(object, kConstantsPart, version);
  expected.version = version;
  return expected;
}

void Verifier::report(const VerifiedDraw& draw, std::uint64_t frame, const char* what) {
  ++invalidDraws_;
  if (firstInvalid_.size() >= kMaxNamed) return;
  firstInvalid_.push_back({frame, world_.nameOf(draw.object), what, draw.version});
}

void Verifier::reportCounts(std::uint64_t frame) {
  ++invalidDraws_;
  if (firstInvalid_.size() < kMaxNamed) firstInvalid_.push_back({frame, "all objects", "number of draws", 0});
}

void Verifier::expectMarked(std::uint64_t frame, std::span<const MarkedDraw> draws) {
  for (const MarkedDraw& draw : draws) marked_[frame].emplace(draw.object, draw.mark);
}

void Verifier::check(const FinishedFrame& frame) {
  const std::unordered_map<ObjectId, PartId> marks = std::move(marked_[frame.frame]);
  marked_.erase(marked_.begin(), marked_.upper_bound(frame.frame));
  for (const VerifiedDraw& draw : frame.draws) {
    std::array<std::uint64_t, kObjectParts> expected = expectedOf(draw.object, draw.version, frame.frame).hashes;
    std::array<const char*, kObjectParts> names = kPartNames;
    if (const auto mark = marks.find(draw.object); mark != marks.end()) {
      expected.back() = hashOf(draw.object, mark->second, draw.version);
      names.back() = "mark";
      ++verifiedAddedParts_;
    }
    verifiedParts_ += kObjectParts;
    const char* wrong = nullptr;
    for (std::size_t part = 0; part < kObjectParts && wrong == nullptr; ++part) {
      if (draw.hashes[part] != expected[part]) wrong = names[part];
    }
    if (wrong == nullptr && frame.frame > kMaxLagFrames && world_.isEdited(draw.object) &&
        edits_.acceptedBy(draw.object, frame.frame - kMaxLagFrames) > draw.version) {
      wrong = "version";
    }
    if (wrong != nullptr) {
      report(draw, frame.frame, wrong);
    } else if (draw.object != world_.fallback()) {
      verified_.insert(draw.object);
    }
  }
  if (frame.frame % kRememberFrames == 0) forgetOld(frame.frame);
}

void Verifier::forgetOld(std::uint64_t frame) {
  std::erase_if(expected_, [&](const auto& entry) { return entry.second.lastFrame + kRememberFrames < frame; });
}

}  // namespace flux::app
