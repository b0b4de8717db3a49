#include "chaos/requests.h"

#include <asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace sojourn::chaos {
namespace {

// After this much more than a call may take, its caller takes the server for dead.
constexpr std::chrono::milliseconds kServerPatience{250};
// Between a call that failed and the next.
constexpr std::chrono::milliseconds kPause{20};

bool is_answer(absl::StatusCode status) {
  return status == absl::StatusCode::kOk || status == absl::StatusCode::kNotFound ||
         status == absl::StatusCode::kAborted || status == absl::StatusCode::kFailedPrecondition ||
         status == absl::StatusCode::kInvalidArgument || status == absl::StatusCode::kDataLoss;
}

Microseconds since(Clock::time_point time) {
  return std::chrono::duration_cast<Microseconds>(Clock::now() - time);
}

}  // namespace

struct Requests::Running {
  explicit Running(asio::io_context& context) : timer(context) {}

  Request request;
  Handler handler;
  std::string phase;
  Clock::time_point began;
  // Counts calls, so that an answer that comes late does not count as that of a later call.
  int calls = 0;
  asio::steady_timer timer;
};

Requests::Requests(asio::io_context& context, Cluster& cluster, Records& records, Figures& figures,
                   Random& random)
    : context_(context), cluster_(cluster), records_(records), figures_(figures), random_(random) {}

void Requests::make(Request request, Handler handler) {
  auto running = std::make_shared<Running>(context_);
  running->request = std::move(request);
  running->handler = std::move(handler);
  running->phase = phase_;
  running->began = Clock::now();
  ++pending_;
  call(running);
}

void Requests::call(const std::shared_ptr<Running>& running) {
  const Request& request = running->request;
  const std::optional<std::size_t> member = draw_member(*running);
  if (!member) return again(running, false);
  const int number = ++running->calls;
  const std::size_t index = records_.begin(
      request.lineage, request.client + "@" + cluster_.name(*member), request.question);
  running->timer.expires_after(request.question.timeout + kServerPatience);
  running->timer.async_wait([this, running, number](std::error_code error) {
    if (error || running->calls != number) return;
    ++figures_.of(phase_).failures["no answer"];
    again(running, true);
  });
  cluster_.ask(*member, request.question,
               [this, running, number, index, member = *member](std::optional<Answer> answer) {
                 // Late answers are evidence too.
                 if (answer) records_.end(running->request.lineage, index, *answer);
                 if (running->calls != number) return;
                 running->timer.cancel();
                 if (answer) return take(running, member, *answer);
                 ++figures_.of(phase_).failures["process ended"];
                 again(running, true);
               });
}

void Requests::take(const std::shared_ptr<Running>& running, std::size_t member,
                    const Answer& answer) {
  if (is_answer(answer.status)) return finish(running, answer);
  count_failure(*running, member, answer);
  again(running, answer.status != absl::StatusCode::kUnavailable &&
                     answer.status != absl::StatusCode::kResourceExhausted);
}

void Requests::give_up(const std::shared_ptr<Running>& running) {
  ++running->calls;
  --pending_;
  running->handler({.took = since(running->began)});
}

void Requests::again(const std::shared_ptr<Running>& running, bool unknown) {
  if (unknown && running->request.question.verb == Verb::kCreate) return give_up(running);
  const int number = ++running->calls;
  if (Clock::now() - running->began + kPause >= running->request.patience) {
    return finish(running, std::nullopt);
  }
  running->timer.expires_after(kPause);
  running->timer.async_wait([this, running, number](std::error_code error) {
    if (!error && running->calls == number) call(running);
  });
}

void Requests::finish(const std::shared_ptr<Running>& running, std::optional<Answer> answer) {
  Outcome outcome = {.took = since(running->began)};
  // The first call answered: what the member measured is what its user waits.
  if (answer && running->calls == 1) outcome.took = answer->ended - answer->began;
  PhaseFigures& figures = figures_.of(running->phase != kCalm ? running->phase : phase_);
  if (!answer) {
    ++figures.unanswered;
  } else {
    (is_read(running->request.question.verb) ? figures.reads : figures.writes).add(outcome.took);
  }
  ++running->calls;
  --pending_;
  outcome.answer = std::move(answer);
  running->handler(outcome);
}

void Requests::count_failure(const Running& running, std::size_t member, const Answer& answer) {
  const std::string status = absl::StatusCodeToString(answer.status);
  PhaseFigures& figures = figures_.of(phase_);
  ++figures.failures[status];
  const bool in_time = (answer.ended - answer.began) * 10 < running.request.question.timeout * 9;
  // Who has handed everything over refuses what comes after, at times before we hear that it has; a
  // balancer asks another then.
  const bool leaves = answer.status == absl::StatusCode::kUnavailable &&
                      (answer.message.find("is leaving the cluster") != std::string::npos ||
                       answer.message.find("has left the cluster") != std::string::npos);
  const bool early = in_time && !leaves && !cluster_.drained(member);
  if (early) ++figures.failed_early;
  first_messages_.try_emplace(phase_ + (early ? ", early, " : ", ") + status,
                              cluster_.name(member) + ": " + answer.message);
}

std::optional<std::size_t> Requests::draw_member(const Running& running) {
  std::vector<std::size_t> members;
  for (const std::size_t member : cluster_.all_that_take_requests()) {
    const std::vector<std::size_t>& allowed = running.request.members;
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), member) != allowed.end()) {
      members.push_back(member);
    }
  }
  if (members.empty()) return std::nullopt;
  return members[random_.below(members.size())];
}

}  // namespace sojourn::chaos
