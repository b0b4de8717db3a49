#include "gatehouse/web/html.h"

#include <algorithm>
#include <cassert>

namespace gatehouse {

std::string escape_html(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

Markup render(std::string_view page_template,
              std::initializer_list<std::pair<std::string_view, Value>> values) {
  Markup result;
  std::string_view rest = page_template;
  while (true) {
    const std::size_t start = rest.find("{{");
    result.html.append(rest.substr(0, start));
    if (start == std::string_view::npos) return result;
    const std::size_t end = rest.find("}}", start);
    assert(end != std::string_view::npos);
    const std::string_view name = rest.substr(start + 2, end - start - 2);
    const auto* const value = std::find_if(values.begin(), values.end(),
                                           [name](const auto& each) { return each.first == name; });
    assert(value != values.end());
    if (value != values.end()) result.html.append(value->second.html());
    rest.remove_prefix(end + 2);
  }
}

}  // namespace gatehouse
