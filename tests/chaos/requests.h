#pragma once

#include <absl/functional/any_invocable.h>

#include <asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "chaos/cluster.h"
#include "chaos/figures.h"
#include "chaos/records.h"

namespace sojourn::chaos {

// What one user wants of one session.
struct Request {
  std::size_t lineage = 0;
  std::string client = {};
  Question question = {};
  // How long the user waits.
  Clock::duration patience = std::chrono::seconds(3);
  // The members that may be asked; empty: all that take requests.
  std::vector<std::size_t> members = {};
};

struct Outcome {
  // From the first call to the answer, or until the user gave up.
  Microseconds took{};
  // Nothing: the user gave up.
  std::optional<Answer> answer = {};

  bool ok() const { return answer && answer->status == absl::StatusCode::kOk; }
};

// Makes requests as a web server behind a balancer would: a call that ends without an answer, for
// whatever reason, is made again at another member; but not a create that may have made a session,
// because the next would make another. Every call is recorded and counted. Used on the context's
// thread only.
class Requests {
 public:
  using Handler = std::function<void(const Outcome&)>;

  // The references must outlive it.
  Requests(asio::io_context& context, Cluster& cluster, Records& records, Figures& figures,
           Random& random);

  void make(Request request, Handler handler);
  // Requests that have not ended.
  std::size_t pending() const { return pending_; }

  // Under which name what happens from now on is counted.
  void set_phase(std::string phase) { phase_ = std::move(phase); }
  const std::string& phase() const { return phase_; }

  // The first message with which a call failed, by phase and status.
  const std::map<std::string, std::string>& first_messages() const { return first_messages_; }

 private:
  struct Running;

  void call(const std::shared_ptr<Running>& running);
  void take(const std::shared_ptr<Running>& running, std::size_t member, const Answer& answer);
  // `unknown`: the call may have taken effect, or still may.
  void again(const std::shared_ptr<Running>& running, bool unknown);
  void give_up(const std::shared_ptr<Running>& running);
  void finish(const std::shared_ptr<Running>& running, std::optional<Answer> answer);
  void count_failure(const Running& running, std::size_t member, const Answer& answer);
  std::optional<std::size_t> draw_member(const Running& running);

  asio::io_context& context_;
  Cluster& cluster_;
  Records& records_;
  Figures& figures_;
  Random& random_;
  std::string phase_ = kCalm;
  std::size_t pending_ = 0;
  std::map<std::string, std::string> first_messages_;
};

}  // namespace sojourn::chaos
