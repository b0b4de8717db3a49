#include <absl/strings/str_replace.h>
#include <sojourn/store.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "gatehouse/config/config.h"
#include "gatehouse/config/readers.h"

namespace gatehouse {
namespace {

// Where the option stands with whose name the message begins; the block as a whole if nowhere.
Place place_of(const Config& config, std::string_view message) {
  Place place = config.store_places.at("");
  std::size_t longest = 0;
  for (const auto& [option, where] : config.store_places) {
    if (option.size() <= longest || !message.starts_with(option + ":")) continue;
    longest = option.size();
    place = where;
  }
  return place;
}

// The library names its options, of which one is written otherwise here.
void tell(const Config& config, const absl::Status& status, Problems& problems) {
  const std::string message(status.message());
  problems.add(place_of(config, message),
               "sojourn: " + absl::StrReplaceAll(message, {{"insecure_beyond_loopback too",
                                                            "'insecure beyond loopback'"}}));
}

}  // namespace

void check_store_options(const Config& config, Problems& problems) {
  const absl::Status status = sojourn::Store::check(config.store);
  if (absl::IsInvalidArgument(status)) tell(config, status, problems);
}

void check_store_files(const Config& config, Problems& problems) {
  const absl::Status status = sojourn::Store::check(config.store);
  if (!status.ok()) tell(config, status, problems);
}

}  // namespace gatehouse
