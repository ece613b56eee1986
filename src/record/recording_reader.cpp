#include <flux/recording.hpp>

#include "record/block_file.hpp"
#include "record/codec.hpp"

#include <cerrno>
#include <fstream>
#include <source_location>
#include <utility>

namespace flux {

std::uint64_t RecordedEvent::value(std::string_view name) const noexcept {
  std::string_view names = recordRow(kind).numbers;
  for (const std::uint64_t each : numbers) {
    const std::size_t space = names.find(' ');
    if (names.substr(0, space) == name) return each;
    if (space == std::string_view::npos) break;
    names.remove_prefix(space + 1);
  }
  return 0;
}

struct RecordingReader::Impl {
  std::unique_ptr<std::istream> stream;
  std::string name;
  std::vector<std::byte> block;
  std::span<const std::byte> rest;  ///< Of the block.
  EventDecoder decoder;
  std::uint64_t number = 0;
  std::uint64_t position = 0;
  bool over = false;
  bool ended = false;  ///< By its End.

  [[nodiscard]] Unexpected damaged(std::string_view what) {
    over = true;
    return Unexpected(makeError(ErrorCode::InvalidArgument, name + ": " + std::string(what),
                                std::source_location::current(), {position, number}));
  }
};

Result<RecordingReader> RecordingReader::open(const std::filesystem::path& file) {
  errno = 0;
  auto stream = std::make_unique<std::ifstream>(file, std::ios::binary);
  if (*stream) return open(std::move(stream), file.filename().string());
  Error error = makeError(ErrorCode::FileError, file.filename().string(), std::source_location::current());
  error.nativeCode = errno;
  return Unexpected(error);
}

Result<RecordingReader> RecordingReader::open(std::unique_ptr<std::istream> stream, std::string_view name) {
  std::string head(kRecordingMagic.size() + 1, '\0');
  stream->read(head.data(), static_cast<std::streamsize>(head.size()));
  const auto refused = [&](ErrorCode code, std::string_view what, std::uint64_t number = 0) {
    return Unexpected(
        makeError(code, std::string(name) + ": " + std::string(what), std::source_location::current(), {number}));
  };
  if (stream->gcount() < static_cast<std::streamsize>(head.size()) || !head.starts_with(kRecordingMagic)) {
    return refused(ErrorCode::InvalidArgument, "no recording");
  }
  const auto version = static_cast<std::uint8_t>(head.back());
  if (version != kRecordingVersion) return refused(ErrorCode::Unsupported, "its version", version);
  auto impl = std::make_unique<Impl>();
  impl->stream = std::move(stream);
  impl->name = name;
  return RecordingReader(std::move(impl));
}

RecordingReader::RecordingReader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
RecordingReader::RecordingReader(RecordingReader&&) noexcept = default;
RecordingReader& RecordingReader::operator=(RecordingReader&&) noexcept = default;
RecordingReader::~RecordingReader() = default;

Result<bool> RecordingReader::next(RecordedEvent& event) {
  Impl& all = *impl_;
  while (all.rest.empty()) {
    if (all.over) return false;
    all.position = static_cast<std::uint64_t>(all.stream->tellg());
    switch (readBlock(*all.stream, all.block)) {
      case BlockRead::Block:
        break;
      case BlockRead::End:
      case BlockRead::Cut:
        all.over = true;
        return false;
      case BlockRead::Damaged:
        return all.damaged("damaged block");
    }
    all.rest = all.block;
  }
  if (!all.decoder.next(all.rest, event)) {
    all.rest = {};
    return all.damaged("damaged event");
  }
  event.number = ++all.number;
  if (event.kind == RecordKind::End) {
    all.over = all.ended = true;
    all.rest = {};
  }
  return true;
}

bool RecordingReader::truncated() const noexcept {
  return impl_->over && !impl_->ended;
}

std::uint64_t RecordingReader::position() const noexcept {
  return impl_->position;
}

}  // namespace flux
