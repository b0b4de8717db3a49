#include "sojournctl/admin/words.h"

#include <absl/strings/escaping.h>

#include <algorithm>

namespace sojournctl {

std::string duration_words(std::uint64_t milliseconds) {
  if (milliseconds < 1000) return std::to_string(milliseconds) + " ms";
  struct Unit {
    std::uint64_t seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86400, " d"}, {3600, " h"}, {60, " min"}, {1, " s"}};
  std::uint64_t left = milliseconds / 1000;
  std::string words;
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = left / unit.seconds;
    left %= unit.seconds;
    // The unit below the largest is told too, and then no more.
    const bool is_last = !words.empty();
    if (count > 0) words += (is_last ? " " : "") + std::to_string(count) + unit.name;
    if (is_last) break;
  }
  return words;
}

std::string printable(std::string_view bytes) {
  return absl::Utf8SafeCHexEscape({bytes.data(), bytes.size()});
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - row[i].size() + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace sojournctl
