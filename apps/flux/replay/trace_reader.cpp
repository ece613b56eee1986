#include "replay/trace_reader.hpp"

#include "failure.hpp"
#include "replay/import_trace.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace flux::app {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10U;
constexpr std::size_t kMostImportedBytes = std::size_t{1} << 30U;
constexpr std::size_t kMaxLineBytes = 4096;
constexpr std::string_view kTraceMagic = "# gtrace 1";
constexpr std::size_t kQuotedBytes = 40;

gzFile asFile(void* file) {
  return static_cast<gzFile>(file);
}

/// What a line says, made fit for a message of one line.
std::string quoted(std::string_view text) {
  std::string shown(text.substr(0, kQuotedBytes));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + shown + (text.size() > kQuotedBytes ? "…'" : "'");
}

/// The fields of a line, one after the other.
class Fields {
 public:
  explicit Fields(std::string_view rest) : rest_(rest) {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  [[nodiscard]] std::string_view take() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }

 private:
  std::string_view rest_;
};

template <class Number>
std::optional<Number> numberIn(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::optional<PartKind> partKind(std::string_view name) {
  if (name == "vertex") return PartKind::Vertex;
  if (name == "index") return PartKind::Index;
  if (name == "uniform") return PartKind::Uniform;
  if (name == "storage") return PartKind::Storage;
  if (name == "texture") return PartKind::Texel;
  if (name == "other") return PartKind::Storage;
  return std::nullopt;
}

}  // namespace

void TraceReader::CloseFile::operator()(void* file) const noexcept {
  (void)gzclose_r(asFile(file));
}

TraceReader::TraceReader(const std::filesystem::path& file) : name_(file.string()), buffer_(kBufferBytes) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw Failure("cannot read '" + name_ + "': it is a folder");
  file_.reset(gzopen(name_.c_str(), "rb"));
  if (file_ == nullptr) throw Failure("cannot read '" + name_ + "'");
  (void)gzbuffer(asFile(file_.get()), kBufferBytes);
  replaceByImport();
  readHeader();
}

/// If the file is no trace but can be made one, that takes its place.
void TraceReader::replaceByImport() {
  fill();
  const char first = end_ != 0 ? buffer_.front() : '\0';
  const bool maybe = first == '{' || first == '/' || first == '\n' || (first >= '0' && first <= '9');
  if (!maybe) return;
  while (!atEnd_) {
    if (end_ >= kMostImportedBytes) fail("too large to be imported (apitrace dump --grep makes it smaller)");
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    fill();
  }
  const std::optional<std::string> trace = importTrace({buffer_.data(), end_}, name_);
  if (!trace) return;
  buffer_.assign(trace->begin(), trace->end());
  end_ = buffer_.size();
}

void TraceReader::fail(const std::string& what) const {
  throw Failure(name_ + ":" + std::to_string(std::max<std::uint64_t>(line_, 1)) + ": " + what);
}

void TraceReader::fill() {
  std::move(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_), buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  const int got = gzread(asFile(file_.get()), buffer_.data() + end_, static_cast<unsigned>(buffer_.size() - end_));
  int status = Z_OK;
  const char* reason = gzerror(asFile(file_.get()), &status);
  // A file that ends too early is told of together with its last bytes.
  if (status == Z_BUF_ERROR) fail("the gzip file is truncated");
  if (got < 0) fail(std::string("cannot read on: ") + reason);
  end_ += static_cast<std::size_t>(got);
  atEnd_ = got == 0;
}

bool TraceReader::nextLine(std::string_view& line) {
  for (std::size_t searched = 0;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const std::size_t length = std::min(rest.find('\n', searched), rest.size());
    if (length > kMaxLineBytes) {
      ++line_;
      fail("the line is too long");
    }
    if (length < rest.size() || (atEnd_ && length > 0)) {
      ++line_;
      line = rest.substr(0, length);
      begin_ += std::min(length + 1, rest.size());
      if (line.ends_with('\r')) line.remove_suffix(1);
      return true;
    }
    if (atEnd_) return false;
    searched = rest.size();
    fill();
  }
}

void TraceReader::readHeader() {
  std::string_view line;
  if (!nextLine(line)) fail("the file is empty");
  const std::string_view after = line.substr(std::min(kTraceMagic.size(), line.size()));
  if (!line.starts_with(kTraceMagic) || (!after.empty() && after.front() != ' ')) {
    fail("not a trace: the first line is " + quoted(line) + " and not '# gtrace 1 …'");
  }
  for (Fields fields(after); !fields.empty();) {
    const std::string_view field = fields.take();
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view key = field.substr(0, equals);
    std::string value(field.substr(std::min(equals + 1, field.size())));
    std::ranges::replace(value, '_', ' ');
    if (key == "source") header_.source = value;
    if (key == "scene") header_.scene = value;
    if (key == "seconds") header_.seconds = std::max(0.0, std::strtod(value.c_str(), nullptr));
    if (key == "reserved") header_.ownReservedBytes = numberIn<ByteCount>(value).value_or(0);
    if (key == "chunks") header_.ownChunks = numberIn<std::uint64_t>(value).value_or(0);
    if (key == "frames") header_.frames = numberIn<std::uint64_t>(value).value_or(0);
  }
}

bool TraceReader::next(TraceEvent& event) {
  std::string_view line;
  while (nextLine(line)) {
    if (line.empty() || line.front() == '#') continue;
    parse(line, event);
    return true;
  }
  return false;
}

void TraceReader::parse(std::string_view line, TraceEvent& event) {
  Fields fields(line);
  const auto number = [&]<class Number>(Number, const char* what) {
    const std::string_view field = fields.take();
    if (field.empty()) fail(std::string("the ") + what + " is missing in " + quoted(line));
    const std::optional<Number> value = numberIn<Number>(field);
    if (!value) fail(std::string("the ") + what + " " + quoted(field) + " is no number that is possible");
    return *value;
  };
  const auto idField = [&] { event.id = number(std::uint32_t{}, "id"); };
  const auto bytesField = [&] {
    event.bytes = number(ByteCount{}, "size");
    if (event.bytes == 0) fail("the size of " + std::to_string(event.id) + " is 0");
  };

  const std::string_view name = fields.take();
  switch (name.size() == 1 ? name.front() : '?') {
    case 'F':
      event.kind = TraceEvent::Kind::FrameEnd;
      break;
    case 'A': {
      event.kind = TraceEvent::Kind::Add;
      idField();
      const std::string_view kind = fields.take();
      bytesField();
      add(kind, event);
      break;
    }
    case 'U': {
      event.kind = TraceEvent::Kind::Update;
      idField();
      event.offset = number(ByteOffset{}, "offset");
      bytesField();
      const Live& object = find(event.id)->second;
      event.slot = object.slot;
      if (event.offset > object.bytes || event.bytes > object.bytes - event.offset) {
        fail("the update of " + std::to_string(event.id) + " ends beyond its " + std::to_string(object.bytes) +
             " bytes");
      }
      break;
    }
    case 'D':
      event.kind = TraceEvent::Kind::Draw;
      idField();
      event.slot = find(event.id)->second.slot;
      break;
    case 'R': {
      event.kind = TraceEvent::Kind::Resize;
      idField();
      bytesField();
      Live& object = find(event.id)->second;
      object.bytes = event.bytes;
      event.slot = object.slot;
      break;
    }
    case 'X':
      event.kind = TraceEvent::Kind::Remove;
      idField();
      remove(event);
      break;
    default:
      fail("unknown event in " + quoted(line));
  }
  if (!fields.empty()) fail("more than the event needs in " + quoted(line));
}

void TraceReader::add(std::string_view kind, TraceEvent& event) {
  const std::optional<PartKind> part = partKind(kind);
  if (!part) fail("unknown kind " + quoted(kind));
  event.part = *part;
  if (!known_.insert(event.id)) {
    const bool alive = objects_.contains(event.id);
    fail("the id " + std::to_string(event.id) + (alive ? " is in use" : " has been used before"));
  }
  // Without free ones, the slots in use are the first ones.
  event.slot = static_cast<std::uint32_t>(objects_.size());
  if (!freeSlots_.empty()) {
    event.slot = freeSlots_.back();
    freeSlots_.pop_back();
  }
  objects_.emplace(event.id, Live{event.slot, event.bytes});
}

void TraceReader::remove(TraceEvent& event) {
  const auto object = find(event.id);
  event.slot = object->second.slot;
  freeSlots_.push_back(event.slot);
  objects_.erase(object);
}

TraceReader::Objects::iterator TraceReader::find(std::uint32_t id) {
  const auto object = objects_.find(id);
  if (object != objects_.end()) return object;
  fail((known_.contains(id) ? "the object was destroyed before: " : "no object has this id: ") + std::to_string(id));
}

}  // namespace flux::app
