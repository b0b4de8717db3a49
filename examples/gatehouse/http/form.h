#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

// The fields of a form or of a query: "a=1&b=x%20y". A plain value.
class Form {
 public:
  // Takes application/x-www-form-urlencoded text. Fields with broken percent-encoding are left out,
  // and so is everything beyond 64 fields.
  static Form parse(std::string_view text);

  // The value of the first field of that name; nothing if there is none. Lives as long as the form,
  // so a form that is about to end has none to give.
  std::optional<std::string_view> find(std::string_view name) const&;
  std::optional<std::string_view> find(std::string_view name) const&& = delete;
  // The same, with empty text for a field that is missing.
  std::string_view get(std::string_view name) const& { return find(name).value_or(""); }
  std::string_view get(std::string_view name) const&& = delete;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// `text` as one component of a URL: everything but letters, digits and -._~ as %XX.
std::string percent_encode(std::string_view text);

}  // namespace gatehouse
