#include "discovery/dns.h"

#include <poll.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "discovery/bell.h"
#include "discovery/dns_query.h"
#include "discovery/sightings.h"

namespace sojourn::discovery {
namespace {

constexpr Duration kProblemInterval = std::chrono::seconds(10);

// One thread, which asks, waits, and asks again.
class Dns final : public Discovery {
 public:
  Dns(const DnsOptions& options, std::function<Time()> now)
      : options_(options), now_(std::move(now)) {}

  ~Dns() override { stop(); }

  void start(Events events) override {
    events_ = std::move(events);
    thread_ = std::thread([this] { run(); });
  }

  void stop() override {
    bell_.ring();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    while (!bell_.has_rung()) {
      const absl::StatusOr<std::vector<Found>> answer = ask_dns(options_, bell_);
      if (bell_.has_rung()) return;
      if (!answer.ok()) {
        report_problem(std::string(answer.status().message()));
      } else if (sightings_.answered(now_(), *answer)) {
        events_.on_found(sightings_.found());
      }
      pollfd bell = {.fd = bell_.descriptor(), .events = POLLIN, .revents = 0};
      (void)poll(&bell, 1, static_cast<int>(options_.interval.count()));  // however it wakes
    }
  }

  void report_problem(const std::string& problem) {
    const Time time = now_();
    if (reported_at_ && time - *reported_at_ < kProblemInterval) return;
    reported_at_ = time;
    if (events_.on_problem) events_.on_problem(problem);
  }

  const DnsOptions options_;
  const std::function<Time()> now_;
  Events events_;
  Bell bell_;
  std::thread thread_;
  // Of the thread's:
  Sightings sightings_;
  std::optional<Time> reported_at_;
};

}  // namespace

std::unique_ptr<Discovery> make_dns(const DnsOptions& options, std::function<Time()> now) {
  return std::make_unique<Dns>(options, std::move(now));
}

}  // namespace sojourn::discovery
