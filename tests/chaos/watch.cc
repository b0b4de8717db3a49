#include "chaos/watch.h"

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <utility>

#include "chaos/load.h"

namespace sojourn::chaos {
namespace {

constexpr std::chrono::milliseconds kInterval{100};
// Longer than any fault: the watch wants to know when a session is back, not whether its user is
// still there.
constexpr std::chrono::seconds kPatience{60};

}  // namespace

Watch::Watch(asio::io_context& context, Records& records, Requests& requests)
    : context_(context), records_(records), requests_(requests) {}

void Watch::make_sessions(std::size_t owner, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    ++making_;
    const std::size_t lineage = records_.begin_lineage();
    requests_.make(
        {.lineage = lineage,
         .client = "watch",
         .question = {.verb = Verb::kCreate, .subject = "watched", .timeout = kWriteTimeout},
         .members = {owner}},
        [this, lineage, writes = i % 2 == 1](const Outcome& outcome) {
          --making_;
          if (!outcome.ok()) return;
          round_->sessions.push_back(
              {.lineage = lineage, .id = outcome.answer->session->id, .writes = writes});
        });
  }
}

void Watch::start(std::vector<std::size_t> members) {
  round_->members = std::move(members);
  for (std::size_t session = 0; session < round_->sessions.size(); ++session) ask(round_, session);
}

void Watch::ask(const std::shared_ptr<Round>& round, std::size_t index) {
  Session& session = round->sessions[index];
  Question question = {.verb = Verb::kGet, .id = session.id, .timeout = kReadTimeout};
  if (session.writes) {
    question.verb = Verb::kPatch;
    question.steps = {{.name = "w", .value = std::to_string(++values_)}};
    question.timeout = kWriteTimeout;
  }
  session.asked = Clock::now();
  session.waiting = true;
  requests_.make({.lineage = session.lineage,
                  .client = "watch",
                  .question = std::move(question),
                  .patience = kPatience,
                  .members = round->members},
                 [this, round, index](const Outcome& outcome) {
                   Session& asked = round->sessions[index];
                   asked.waiting = false;
                   asked.longest = std::max(asked.longest, outcome.took);
                   if (round->stopped) return;
                   const auto timer = std::make_shared<asio::steady_timer>(context_);
                   timer->expires_after(kInterval);
                   timer->async_wait([this, round, index, timer](std::error_code) {
                     if (!round->stopped) ask(round, index);
                   });
                 });
}

void Watch::stop(PhaseFigures& figures) {
  round_->stopped = true;
  for (Session& session : round_->sessions) {
    if (session.waiting) {
      const auto waited = std::chrono::duration_cast<Microseconds>(Clock::now() - session.asked);
      session.longest = std::max(session.longest, waited);
    }
    (session.writes ? figures.unwritable : figures.unreadable).add(session.longest);
  }
  round_ = std::make_shared<Round>();
}

}  // namespace sojourn::chaos
