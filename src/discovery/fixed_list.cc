#include "discovery/fixed_list.h"

#include <algorithm>
#include <utility>

namespace sojourn::discovery {
namespace {

class FixedList final : public Discovery {
 public:
  explicit FixedList(std::vector<Found> found) : found_(std::move(found)) {
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  }

  void start(Events events) override { events.on_found(found_); }
  void stop() override {}

 private:
  std::vector<Found> found_;
};

}  // namespace

std::unique_ptr<Discovery> make_fixed_list(std::vector<Found> found) {
  return std::make_unique<FixedList>(std::move(found));
}

}  // namespace sojourn::discovery
