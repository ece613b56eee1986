#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace flux {

/// Appends JSON (RFC 8259) to a string: two spaces a level, keys in the order given; what there are many of, one a
/// line. The library has no JSON dependency; this is all that a dump needs.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& beginObject() { return open('{'); }
  JsonWriter& endObject() { return close('}'); }
  JsonWriter& beginArray() { return open('['); }
  JsonWriter& endArray() { return close(']'); }

  /// An object that lies in one line, with all that is in it, without spaces.
  JsonWriter& beginLine() {
    beginObject();
    if (lineDepth_ == 0) lineDepth_ = depth_;
    return *this;
  }
  JsonWriter& endLine() { return endObject(); }

  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view{text}); }
  // Exactly these types, so that nothing turns into another kind of value on its way.
  template <std::same_as<bool> T>
  JsonWriter& value(T flag) {
    return literal(flag ? "true" : "false");
  }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T number) { return integer(number); }
  /// With as many digits as tell it from its neighbours. REQUIRES: a finite number; JSON has no other.
  template <std::same_as<double> T>
  JsonWriter& value(T number) {
    return shortest(number);
  }

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& integer(std::uint64_t number);
  JsonWriter& shortest(double number);
  JsonWriter& literal(std::string_view text);
  void element();
  void newLine();
  void quoted(std::string_view text);

  std::string& out_;
  int depth_ = 0;
  int lineDepth_ = 0;  ///< Of the object that lies in one line; 0: none does.
  bool first_ = true;
  bool afterKey_ = false;
};

}  // namespace flux
