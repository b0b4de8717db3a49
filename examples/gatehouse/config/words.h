#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/directive.h"

namespace gatehouse {

// Reads the words of one directive from left to right, and tells what is wrong with them. After a
// problem reading goes on with a harmless value: the configuration is refused as a whole anyway.
//
//   Words words(directive, problems);
//   if (words.take({"cookie", "domain"})) {
//     portal.domain = words.text("a domain");
//   } else {
//     words.unknown("an authentication portal");
//   }
//   words.finish();
class Words {
 public:
  // Both must outlive it.
  Words(const Directive& directive, Problems& problems)
      : directive_(directive), problems_(problems) {}

  // Skips these words if they come next, and says whether they did.
  bool take(std::initializer_list<std::string_view> expected);

  bool has_more() const { return at_ < directive_.words.size(); }

  // The next word. `what` says what is expected, for the message if there is none: "a domain".
  std::string text(std::string_view what);
  // All words that are left, at least one.
  std::vector<std::string> texts(std::string_view what);
  std::uint64_t number(std::string_view what, std::uint64_t min, std::uint64_t max);
  // "90s", "30m", "12h", "1d", or several in a row: "1h30m". Whole seconds, at least one.
  std::chrono::seconds duration(std::string_view what);
  // The same, and "250ms"; at least `min`.
  std::chrono::milliseconds milliseconds(std::string_view what, std::chrono::milliseconds min);
  // "65536", "512KiB", "64MiB", "2GiB".
  std::size_t size(std::string_view what);
  // The next word, which must be one of the two; the first if it is not.
  std::string_view one_of(std::string_view first, std::string_view second);
  // "on" or "off"; nothing means on.
  bool on_off();

  // Tells that this directive does not exist in `where`: "the sojourn block".
  void unknown(std::string_view where);
  void problem(std::string_view message) { problems_.add(directive_.place, message); }
  // The same for a directive of the wrong form: its other words are not looked at any more.
  void misshapen(std::string_view message);

  // The lines of the block that this directive must open.
  const std::vector<Directive>& block();

  // Tells of words or of a block that nothing asked for.
  void finish();

 private:
  const Directive& directive_;
  Problems& problems_;
  std::size_t at_ = 0;
  bool block_expected_ = false;
  bool is_unknown_ = false;
};

// "90s", "1h30m", "250ms", "0s". Up to 400 days; nothing for everything else.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// "512MiB": what Words::size takes; nothing for everything else.
std::optional<std::size_t> parse_size(std::string_view text);

}  // namespace gatehouse
