#include "gatehouse/config/words.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace gatehouse {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// Takes the digits at the start of `text` off it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint64_t milliseconds;
  };
  // "ms" before "m", which it begins with.
  static constexpr Unit kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::uint64_t kMax = 400ULL * 86'400'000;
  std::uint64_t milliseconds = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto count = take_number(text);
    const auto* const unit = std::ranges::find_if(
        kUnits, [&text](const Unit& each) { return text.starts_with(each.name); });
    if (!count || *count > kMax || unit == std::end(kUnits)) return std::nullopt;
    text.remove_prefix(unit->name.size());
    milliseconds += *count * unit->milliseconds;
    if (milliseconds > kMax) return std::nullopt;
  }
  return std::chrono::milliseconds(milliseconds);
}

std::optional<std::size_t> parse_size(std::string_view text) {
  const auto count = take_number(text);
  if (!count) return std::nullopt;
  unsigned shift = 0;
  if (text == "KiB")
    shift = 10;
  else if (text == "MiB")
    shift = 20;
  else if (text == "GiB")
    shift = 30;
  else if (!text.empty() && text != "B")
    return std::nullopt;
  if (*count > (std::uint64_t{1} << 40) >> shift) return std::nullopt;
  return static_cast<std::size_t>(*count << shift);
}

bool Words::take(std::initializer_list<std::string_view> expected) {
  if (directive_.words.size() - at_ < expected.size()) return false;
  std::size_t at = at_;
  for (const std::string_view word : expected) {
    if (directive_.words[at++].text != word) return false;
  }
  at_ = at;
  return true;
}

std::string Words::text(std::string_view what) {
  if (has_more()) return directive_.words[at_++].text;
  problem("expected " + std::string(what));
  return {};
}

std::vector<std::string> Words::texts(std::string_view what) {
  std::vector<std::string> result = {text(what)};
  while (has_more()) result.push_back(text(what));
  return result;
}

std::uint64_t Words::number(std::string_view what, std::uint64_t min, std::uint64_t max) {
  if (!has_more()) {
    problem("expected " + std::string(what));
    return min;
  }
  const std::string word = text(what);
  std::string_view rest = word;
  const auto value = take_number(rest);
  if (value && rest.empty() && *value >= min && *value <= max) return *value;
  problem(quoted(word) + " is not a number from " + std::to_string(min) + " to " +
          std::to_string(max));
  return min;
}

std::chrono::seconds Words::duration(std::string_view what) {
  using std::chrono::seconds;
  if (!has_more()) {
    problem("expected " + std::string(what) + ", such as 30m");
    return seconds(1);
  }
  const std::string word = text(what);
  const auto value = parse_duration(word);
  if (value && *value >= seconds(1) && *value % seconds(1) == std::chrono::milliseconds(0)) {
    return std::chrono::duration_cast<seconds>(*value);
  }
  problem(quoted(word) + " is not a duration such as 90s, 30m or 12h, of at most 400 days");
  return seconds(1);
}

std::chrono::milliseconds Words::milliseconds(std::string_view what,
                                              std::chrono::milliseconds min) {
  if (!has_more()) {
    problem("expected " + std::string(what) + ", such as 10s");
    return min;
  }
  const std::string word = text(what);
  const auto value = parse_duration(word);
  if (value && *value >= min) return *value;
  problem(quoted(word) + " is not a duration such as 250ms, 10s or 1m, from " +
          std::to_string(min.count()) + "ms to 400 days");
  return min;
}

std::size_t Words::size(std::string_view what) {
  if (!has_more()) {
    problem("expected " + std::string(what) + ", such as 512MiB");
    return 0;
  }
  const std::string word = text(what);
  const auto value = parse_size(word);
  if (value && *value > 0) return *value;
  problem(quoted(word) + " is not a size such as 65536, 512MiB or 2GiB, of at most 1024GiB");
  return 0;
}

std::string_view Words::one_of(std::string_view first, std::string_view second) {
  if (!has_more()) {
    problem("expected " + std::string(first) + " or " + std::string(second));
    return first;
  }
  const std::string word = text("one of two");
  if (word == second) return second;
  if (word != first) {
    problem(quoted(word) + " is neither " + std::string(first) + " nor " + std::string(second));
  }
  return first;
}

bool Words::on_off() { return !has_more() || one_of("on", "off") == "on"; }

void Words::unknown(std::string_view where) {
  is_unknown_ = true;
  std::string words;
  for (std::size_t i = at_; i < directive_.words.size() && i < at_ + 3; ++i) {
    // The first words name a directive; what follows may be a secret.
    const std::string& word = directive_.words[i].text;
    const bool is_name = std::ranges::all_of(
        word, [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '-'; });
    if (!is_name || word.size() > 20) break;
    words += (words.empty() ? "" : " ") + word;
  }
  if (words.empty() && has_more()) words = directive_.words[at_].text.substr(0, 20);
  problem("unknown directive " + quoted(words) + " in " + std::string(where));
}

void Words::misshapen(std::string_view message) {
  problem(message);
  at_ = directive_.words.size();
}

const std::vector<Directive>& Words::block() {
  block_expected_ = true;
  if (!directive_.has_block) problem("expected a block in braces");
  return directive_.block;
}

void Words::finish() {
  if (is_unknown_) return;
  if (has_more()) problem("unexpected word " + quoted(directive_.words[at_].text));
  if (directive_.has_block && !block_expected_) problem("no block is expected here");
}

}  // namespace gatehouse
