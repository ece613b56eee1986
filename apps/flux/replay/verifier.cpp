#include "replay/verifier.hpp"

#include <flux/assert.hpp>
#include <flux/host.hpp>

#include <algorithm>
#include <utility>

namespace flux::app {

void ReplayVerifier::draw(VerifiedObject& object, std::string_view name, const PatternId& id, const Place& place) {
  const bool known = object.contents == id.contents && object.chunk == place.chunk && object.offset == place.offset;
  const ByteOffset begin = known && place.bytes > kWindowBytes ? object.next : 0;
  const ByteCount bytes = known ? std::min(kWindowBytes, place.bytes - begin) : place.bytes;
  object = {id.contents, place.chunk, place.offset, begin + bytes < place.bytes ? begin + bytes : 0};

  scratch_.resize(bytes);
  fillPattern(id, begin, scratch_);
  open_.draws.push_back({hashBytes(scratch_), id.contents, begin, bytes, std::string(name)});
  Place& read = reads_.emplace_back(place);
  read.offset += begin;
  read.bytes = bytes;
  if (read.address != 0) read.address += begin;
}

void ReplayVerifier::submitted(std::uint64_t frame) {
  open_.number = frame;
  pending_.push_back(std::exchange(open_, {}));
  reads_.clear();
}

void ReplayVerifier::finished(std::span<const std::uint64_t> hashes) {
  FLUX_ASSERT(!pending_.empty() && hashes.size() == pending_.front().draws.size(), "each read of a frame has a hash");
  const Frame& frame = pending_.front();
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const Expected& expected = frame.draws[i];
    ++verifiedDraws_;
    verifiedBytes_ += expected.bytes;
    if (hashes[i] == expected.hash) continue;
    report({frame.number, expected.name,
            "bytes " + std::to_string(expected.offset) + " to " + std::to_string(expected.offset + expected.bytes - 1),
            expected.contents});
  }
  pending_.pop_front();
}

void ReplayVerifier::report(InvalidDraw draw) {
  ++invalidDraws_;
  if (firstInvalid_.size() < kMaxNamed) firstInvalid_.push_back(std::move(draw));
}

}  // namespace flux::app
