#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse {

// HTML that is complete as it is: written in this program, or made by render().
struct Markup {
  std::string html = {};
};

// `text` with & < > " and ' as entities, so that it is only text in element content and in quoted
// attribute values.
std::string escape_html(std::string_view text);

// What a placeholder of a template becomes: text is escaped, Markup is not. The type decides, so
// that nothing is forgotten where a page is written.
class Value {
 public:
  Value(std::string_view text) : html_(escape_html(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(Markup markup) : html_(std::move(markup.html)) {}

  const std::string& html() const { return html_; }

 private:
  std::string html_;
};

// The template with every {{name}} replaced by the value of that name. A name without a value is a
// mistake of this program, which an assertion tells.
Markup render(std::string_view page_template,
              std::initializer_list<std::pair<std::string_view, Value>> values);

}  // namespace gatehouse
