#include "inspect/svg.hpp"

#include "printable.hpp"

namespace flux::app {
namespace {

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string svgText(std::size_t x, std::size_t y, const std::string& text, std::string_view attributes) {
  return "<text x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" " + std::string(attributes) + ">" +
         escaped(text) + "</text>\n";
}

std::string svgBox(std::size_t x, std::size_t y, std::size_t width, std::size_t height, std::string_view colour) {
  return "<rect x=\"" + std::to_string(x) + "\" y=\"" + std::to_string(y) + "\" width=\"" + std::to_string(width) +
         "\" height=\"" + std::to_string(height) + "\" fill=\"" + std::string(colour) + "\"/>\n";
}

std::string svgOf(std::size_t width, std::size_t height, const std::string& body) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + std::to_string(width) + "\" height=\"" +
         std::to_string(height) + "\" viewBox=\"0 0 " + std::to_string(width) + " " + std::to_string(height) +
         "\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\" fill=\"#1c2126\">\n" +
         svgBox(0, 0, width, height, "#ffffff") + body + "</svg>\n";
}

}  // namespace flux::app
