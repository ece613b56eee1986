#include "inspect/page.hpp"

#include "inspect/page_data.hpp"

#include <flux/version.hpp>

#include <random>
#include <string_view>

namespace flux::app {
namespace {

using Json = nlohmann::json;

constexpr unsigned char kPage[] = {
#include "page.html.inc"
};
constexpr unsigned char kStyle[] = {
#include "page.css.inc"
};
constexpr unsigned char kPlotStyle[] = {
#include "dygraph.min.css.inc"
};
constexpr unsigned char kPlotScript[] = {
#include "dygraph.min.js.inc"
};
constexpr unsigned char kPlotLicence[] = {
#include "dygraphs.licence.inc"
};
constexpr unsigned char kData[] = {
#include "data.js.inc"
};
constexpr unsigned char kColours[] = {
#include "colours.js.inc"
};
constexpr unsigned char kMap[] = {
#include "map.js.inc"
};
constexpr unsigned char kTables[] = {
#include "tables.js.inc"
};
constexpr unsigned char kHoles[] = {
#include "holes.js.inc"
};
constexpr unsigned char kCharts[] = {
#include "charts.js.inc"
};
constexpr unsigned char kTimeline[] = {
#include "timeline.js.inc"
};
constexpr unsigned char kRun[] = {
#include "run.js.inc"
};
constexpr unsigned char kMain[] = {
#include "main.js.inc"
};

template <std::size_t N>
std::string_view fileText(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

/// For a script element: nothing in it can end that.
std::string inScript(const Json& json) {
  std::string text = textOf(json);
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at)) {
    text.replace(at, 1, "\\u003c");
  }
  return text;
}

/// Unknown to who has written the dump: what a name could bring along is not run.
std::string nonce() {
  std::random_device random;
  std::string text;
  for (int i = 0; i < 32; ++i) text += "0123456789abcdef"[random() % 16];
  return text;
}

std::string pageWith(PageData&& data) {
  data.facts["columns"] = data.columns.table();
  const std::string once = nonce();
  std::string page;
  const auto element = [&](std::string_view open, std::string_view text, std::string_view close) {
    ((((page += open) += " nonce=\"") += once) += "\">") += text;
    (page += close) += '\n';
  };
  // What is put in is never looked at again, so no name can be taken for a mark.
  std::string_view rest = fileText(kPage);
  for (std::size_t at = rest.find('@'); at != std::string_view::npos; at = rest.find('@')) {
    page += rest.substr(0, at);
    const std::size_t end = rest.find('@', at + 1);
    const std::string_view mark = rest.substr(at + 1, end - at - 1);
    rest.remove_prefix(end + 1);
    if (mark == "nonce") {
      page += once;
    } else if (mark == "version") {
      page += FLUX_VERSION_STRING;
    } else if (mark == "styles") {
      element("<style", fileText(kPlotStyle), "</style>");
      element("<style", fileText(kStyle), "</style>");
    } else if (mark == "licence") {
      element("<script type=\"text/plain\" id=\"licence-text\"", fileText(kPlotLicence), "</script>");
    } else if (mark == "data") {
      element("<script type=\"application/json\" id=\"facts\"", inScript(data.facts), "</script>");
      element("<script type=\"text/plain\" id=\"columns\"", data.columns.packed(), "</script>");
    } else if (mark == "scripts") {
      for (const std::string_view script :
           {fileText(kPlotScript), fileText(kData), fileText(kColours), fileText(kMap), fileText(kTables),
            fileText(kHoles), fileText(kCharts), fileText(kTimeline), fileText(kRun), fileText(kMain)}) {
        element("<script", script, "</script>");
      }
    }
  }
  page += rest;
  return page;
}

}  // namespace

std::string pageOf(const DumpFile& dump, const DumpFile* before, const DumpDiff* diff) {
  return pageWith(dataOf(dump, before, diff));
}

std::string pageOf(const RunSeries& series, const RunMaps& maps) {
  return pageWith(dataOf(series, maps));
}

}  // namespace flux::app
