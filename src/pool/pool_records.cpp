// The mirrors of the records in device memory: each publish takes one that nobody reads any more, brings it level with
// the master, and gives it to the snapshot. They retire as everything that a snapshot names.

#include "pool/pool_impl.hpp"

#include <algorithm>

namespace flux {

/// Nothing, if it has to be tried again: `report` says why.
std::optional<std::uint32_t> Pool::Impl::mirrorRecords(PublishReport& report) {
  // The values of copies that were refused would be wrong if another batch went before.
  if (relocations_.refused() || !mirrors_->listEdits()) return std::nullopt;
  const std::optional<std::uint32_t> mirror = mirrors_->choose();
  if (!mirror) return std::nullopt;
  if (const ByteCount bytes = mirrors_->neededBytes(*mirror); bytes != 0) {
    if (const Result<void> grown = growMirror(*mirror, bytes); !grown) {
      report.error = grown.error();
      return std::nullopt;
    }
  }
  const RecordMirrors::Written written = mirrors_->write(*mirror);
  if (written.copies != 0) {
    relocations_.submittedBeside(written.copies);
    visibleCopies_ = std::max(visibleCopies_, written.copies);
  }
  counters_.mirroredRecords += written.records;
  report.mirroredRecords = written.records;
  report.error = written.error;
  return written.level ? mirror : std::nullopt;
}

Result<void> Pool::Impl::growMirror(std::uint32_t mirror, ByteCount bytes) {
  constexpr auto kStorage = static_cast<std::size_t>(PartKind::Storage);
  const std::uint32_t alignment =
      std::max<std::uint32_t>(device_.caps().partAlignmentBytes[kStorage], sizeof(DeviceRecord));
  const Result<Placement> place = acquirePlace(Lifetime::LongLived, bytes, alignment);
  if (!place) {
    missingBytes_ += wantsRoom(place.error()) ? bytes : 0;
    return Unexpected(refused(place.error(), {Lifetime::LongLived, bytes, alignment}, "mirror of the records", {},
                              place.error().where));
  }
  evacuation_.hold(place->chunk);
  if (const std::optional<Placement> old = mirrors_->move(mirror, *place)) retireMirrorPlace(*old);
  return {};
}

/// Makes records for blocks up to this index.
Result<void> Pool::Impl::growRecords(std::uint32_t index, std::source_location where) {
  const std::uint32_t count = index + 1;
  if (count <= ring_.count()) return {};
  if (mirrors_ != nullptr) {
    while (const std::optional<std::uint32_t> mirror = mirrors_->tooSmallFor(count)) {
      if (const Result<void> grown = growMirror(*mirror, mirrors_->neededBytes(*mirror, count)); !grown) return grown;
    }
    // Those that could grow may all be in use. Where memory is short the block waits for one of them.
    ByteCount missing = 0;
    for (std::uint32_t i = 0, large = 0; i < mirrors_->most() && large < 2; ++i) {
      const ByteCount bytes = mirrors_->neededBytes(i, count);
      large += bytes == 0 ? 1 : 0;
      missing = large < 2 ? std::max(missing, bytes) : 0;
    }
    if (missing != 0 && roomBytes() < 2 * missing) {
      const Error error = makeError(ErrorCode::OutOfBudget, "mirror of the records", where, {missing, 0, roomBytes()});
      return Unexpected(refused(error, {Lifetime::LongLived, missing, 1}, "mirror of the records", {}, where));
    }
  }
  if (!ring_.grow(count)) return Unexpected(makeError(ErrorCode::TooManyBlocks, "blocks", where, {index}));
  if (blocks_.size() < count) blocks_.resize(count);
  return {};
}

void Pool::Impl::retireMirror(std::uint32_t mirror, SnapshotNumber last) {
  retirement_.retire(RetiredMirror{mirror}, mirrors_->snapshotOf(mirror), last, relocations_.lastUse());
}

/// No frame can name it, but the copy queue may still write to it.
void Pool::Impl::retireMirrorPlace(const Placement& place) {
  retirement_.retire(RetiredRange{place, Lifetime::LongLived}, 1, 0, relocations_.lastUse(), place.bytes);
}

void Pool::Impl::reclaimMirror(std::uint32_t mirror) {
  if (const std::optional<Placement> before = mirrors_->setFree(mirror)) retireMirrorPlace(*before);
  if (lost_) giveUpMirror(mirror);
}

void Pool::Impl::giveUpMirror(std::uint32_t mirror) {
  if (const std::optional<Placement> place = mirrors_->giveUp(mirror)) retireMirrorPlace(*place);
}

void Pool::Impl::loseMirrors() {
  for (std::uint32_t i = 0; i < mirrors_->most(); ++i) {
    if (mirrors_->isFree(i)) giveUpMirror(i);
  }
  if (const std::optional<std::uint32_t> published = mirrors_->retract()) retireMirror(*published, ring_.published());
}

}  // namespace flux
