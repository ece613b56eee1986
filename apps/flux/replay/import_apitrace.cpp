// A line of `apitrace dump` is a call: its number, perhaps its thread, name, arguments with names, and what it
// returned:
//     38 @0 glBufferData(target = GL_ARRAY_BUFFER, size = 22992, data = blob(22992), usage = GL_STATIC_DRAW)

#include "replay/import_trace.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace flux::app {
namespace {

struct Call {
  std::uint64_t thread = 0;
  std::string_view name;
  std::string_view arguments;

  /// An argument's text; empty: there is none of that name.
  [[nodiscard]] std::string_view text(std::string_view argument) const {
    for (std::size_t at = arguments.find(argument); at != std::string_view::npos;
         at = arguments.find(argument, at + 1)) {
      const std::string_view rest = arguments.substr(at + argument.size());
      const bool whole = at == 0 || arguments[at - 1] == ' ';
      if (!whole || !rest.starts_with(" = ")) continue;
      const std::string_view value = rest.substr(3);
      const std::size_t end = value.starts_with('{') ? value.find('}') + 1 : value.find_first_of(",)");
      return value.substr(0, end);
    }
    return {};
  }
  [[nodiscard]] std::uint64_t number(std::string_view argument) const { return numbers(argument).first; }
  /// `&5`, `{5, 6}` or `5`.
  [[nodiscard]] std::vector<std::uint64_t> list(std::string_view argument) const { return numbers(argument).second; }

 private:
  [[nodiscard]] std::pair<std::uint64_t, std::vector<std::uint64_t>> numbers(std::string_view argument) const {
    std::vector<std::uint64_t> all;
    const std::string_view value = text(argument);
    for (const char* at = value.data(); at != value.data() + value.size();) {
      std::uint64_t number = 0;
      const auto [end, error] = std::from_chars(at, value.data() + value.size(), number);
      if (error == std::errc{}) all.push_back(number);
      at = error == std::errc{} ? end : at + 1;
    }
    return {all.empty() ? 0 : all.front(), all};
  }
};

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// False: the line is no call. Many are not: texts of shaders have line breaks.
bool parse(std::string_view line, Call& call) {
  const auto number = [&] {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc{}) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (!line.starts_with(' ')) return false;
    line.remove_prefix(1);
    call.thread = value;
    return true;
  };
  if (!number()) return false;
  call.thread = 0;
  if (line.starts_with('@')) {
    line.remove_prefix(1);
    if (!number()) return false;
  }
  const std::size_t open = line.find('(');
  if (open == std::string_view::npos || open == 0 || isDigit(line[0])) return false;
  call.name = line.substr(0, open);
  call.arguments = line.substr(open + 1);
  const auto inName = [](char c) { return isDigit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); };
  return std::ranges::all_of(call.name, inName);
}

std::string_view kindOf(std::string_view target) {
  if (target.starts_with("GL_ARRAY_BUFFER")) return "vertex";
  if (target.starts_with("GL_ELEMENT_ARRAY_BUFFER")) return "index";
  if (target.starts_with("GL_UNIFORM_BUFFER")) return "uniform";
  return target.starts_with("GL_SHADER_STORAGE_BUFFER") ? "storage" : "other";
}

/// What OpenGL knows of buffers: one name space for all contexts, bindings for each thread's, and those of vertex
/// arrays.
class ApitraceImport {
 public:
  void take(const Call& call) {
    const std::string_view name = call.name;
    if (name.starts_with("glBindVertexArray")) {
      array_[call.thread] = call.number("array");
    } else if (name.starts_with("glBindBufferBase") || name.starts_with("glBindBufferRange")) {
      bind(call, call.text("target"));
      indexed_[{call.thread, std::string(call.text("target")), call.number("index")}] = call.number("buffer");
    } else if (name == "glBindBuffer" || name == "glBindBufferARB") {
      bind(call, call.text("target"));
    } else if (name == "glBufferData" || name == "glBufferDataARB" || name == "glBufferStorage") {
      define(bound(call), kindOf(call.text("target")), call);
    } else if (name.starts_with("glNamedBufferData") || name.starts_with("glNamedBufferStorage")) {
      define(call.number("buffer"), "other", call);
    } else if (name == "glBufferSubData" || name == "glBufferSubDataARB") {
      update(bound(call), call);
    } else if (name.starts_with("glNamedBufferSubData")) {
      update(call.number("buffer"), call);
    } else if (name == "glDeleteBuffers" || name == "glDeleteBuffersARB") {
      for (const std::uint64_t buffer : call.list("buffers")) remove(buffer);
    } else if (name.starts_with("gl") && name.find("Pointer") != std::string_view::npos) {
      attributes_[{call.thread, array_[call.thread]}][std::string(name) + std::to_string(call.number("index"))] =
          bindings_[{call.thread, 0, "GL_ARRAY_BUFFER"}];
    } else if (name.starts_with("glDraw") || name.starts_with("glMultiDraw")) {
      draw(call.thread);
    } else if (name.find("SwapBuffers") != std::string_view::npos) {
      out_ += "F\n";
      ++frames_;
      drawn_.clear();
    }
  }

  std::string trace() const {
    return "# gtrace 1 source=apitrace scene=buffers frames=" + std::to_string(frames_) + "\n" + out_;
  }

 private:
  using Binding = std::tuple<std::uint64_t, std::uint64_t, std::string>;  // thread, vertex array, target

  struct Buffer {
    std::uint64_t id = 0;
    std::uint64_t bytes = 0;
  };

  /// Indices are bound to the vertex array.
  Binding bindingOf(const Call& call, std::string_view target) {
    const std::uint64_t array = target.starts_with("GL_ELEMENT_ARRAY_BUFFER") ? array_[call.thread] : 0;
    return {call.thread, array, std::string(target)};
  }
  void bind(const Call& call, std::string_view target) { bindings_[bindingOf(call, target)] = call.number("buffer"); }
  std::uint64_t bound(const Call& call) { return bindings_[bindingOf(call, call.text("target"))]; }

  void event(char what, std::uint64_t id, const std::string& rest = {}) {
    ((out_ += what) += " " + std::to_string(id) + rest) += '\n';
  }
  void update(const Buffer& buffer, std::uint64_t offset, std::uint64_t bytes) {
    event('U', buffer.id, " " + std::to_string(offset) + " " + std::to_string(bytes));
  }

  /// The store of a buffer: new, of another size, or of the same with other contents.
  void define(std::uint64_t name, std::string_view kind, const Call& call) {
    const std::uint64_t bytes = call.number("size");
    if (name == 0) return;
    if (bytes == 0) return remove(name);
    const auto found = buffers_.find(name);
    if (found == buffers_.end()) {
      buffers_[name] = {++lastId_, bytes};
      event('A', lastId_, " " + std::string(kind) + " " + std::to_string(bytes));
      return;
    }
    Buffer& buffer = found->second;
    const bool other = std::exchange(buffer.bytes, bytes) != bytes;
    if (other) event('R', buffer.id, " " + std::to_string(bytes));
    if (!other || call.text("data") != "NULL") update(buffer, 0, bytes);
  }

  void update(std::uint64_t name, const Call& call) {
    const auto found = buffers_.find(name);
    const std::uint64_t offset = call.number("offset");
    const std::uint64_t bytes = call.number("size");
    if (found == buffers_.end() || bytes == 0) return;
    // OpenGL refuses what ends beyond the buffer.
    if (offset > found->second.bytes || bytes > found->second.bytes - offset) return;
    update(found->second, offset, bytes);
  }

  void remove(std::uint64_t name) {
    const auto found = buffers_.find(name);
    if (found == buffers_.end()) return;
    event('X', found->second.id);
    buffers_.erase(found);
  }

  void draw(std::uint64_t thread) {
    use(bindings_[{thread, array_[thread], "GL_ELEMENT_ARRAY_BUFFER"}]);
    for (const auto& [attribute, buffer] : attributes_[{thread, array_[thread]}]) use(buffer);
    for (const auto& [where, buffer] : indexed_) {
      if (std::get<0>(where) == thread) use(buffer);
    }
  }
  void use(std::uint64_t name) {
    const auto found = buffers_.find(name);
    if (found != buffers_.end() && drawn_.insert(found->second.id).second) event('D', found->second.id);
  }

  std::string out_;
  std::uint64_t frames_ = 0;
  std::uint64_t lastId_ = 0;
  std::map<std::uint64_t, Buffer> buffers_;  ///< With a store.
  std::map<Binding, std::uint64_t> bindings_;
  std::map<std::tuple<std::uint64_t, std::string, std::uint64_t>, std::uint64_t> indexed_;  ///< By target and index.
  std::map<std::uint64_t, std::uint64_t> array_;  ///< The vertex array of each thread.
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::map<std::string, std::uint64_t>> attributes_;
  std::set<std::uint64_t> drawn_;  ///< In this frame.
};

/// The first line that is neither empty nor a comment.
std::string_view firstLine(std::string_view text) {
  for (;;) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() == text.size() || (!line.empty() && !line.starts_with("//"))) return line;
    text.remove_prefix(line.size() + 1);
  }
}

}  // namespace

std::string importApitraceDump(std::string_view text) {
  ApitraceImport import;
  Call call;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (parse(line, call)) import.take(call);
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return import.trace();
}

std::optional<std::string> importTrace(std::string_view text, const std::string& name) {
  if (text.starts_with('{')) return importVmaDump(text, name);
  Call call;
  if (parse(firstLine(text), call)) return importApitraceDump(text);
  return std::nullopt;
}

}  // namespace flux::app
