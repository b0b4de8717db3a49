#include "chaos/load.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/steady_timer.hpp>
#include <memory>
#include <utility>

namespace sojourn::chaos {
namespace {

constexpr std::size_t kRequestsAfterEnd = 5;

}  // namespace

Load::Load(asio::io_context& context, LoadOptions options, Records& records, Requests& requests,
           Random& random)
    : context_(context),
      options_(options),
      records_(records),
      requests_(requests),
      random_(random) {}

void Load::start() {
  for (std::size_t client = 0; client < options_.clients; ++client) think(client);
}

void Load::think(std::size_t client) {
  const auto timer = std::make_shared<asio::steady_timer>(context_);
  const auto most = static_cast<std::uint64_t>(options_.think_max.count());
  timer->expires_after(std::chrono::milliseconds(random_.below(most + 1)));
  timer->async_wait([this, client, timer](std::error_code) { step(client); });
}

void Load::step(std::size_t client) {
  if (stopped_) return;
  Open* open = draw_session();
  if (open == nullptr) return create(client);
  --open->requests_left;
  requests_.make({.lineage = open->lineage,
                  .client = absl::StrFormat("client-%d", client),
                  .question = draw_question(records_.lineage(open->lineage))},
                 [this, client](const Outcome&) { think(client); });
}

// Logs in, or begins to.
void Load::create(std::size_t client) {
  const std::size_t lineage = records_.begin_lineage();
  Question question = {.verb = Verb::kCreate, .timeout = kWriteTimeout};
  question.steps = {{.name = "a", .value = absl::StrFormat("%d", ++values_)}};
  if (random_.one_in(2)) question.subject = absl::StrFormat("user-%d", random_.below(100));
  requests_.make(
      {.lineage = lineage,
       .client = absl::StrFormat("client-%d", client),
       .question = std::move(question)},
      [this, client, lineage](const Outcome& outcome) {
        if (outcome.ok()) {
          const std::uint64_t most = options_.requests_per_session_max;
          open_.push_back({.lineage = lineage, .requests_left = 1 + random_.below(most)});
        }
        think(client);
      });
}

// One that the clients work on, or null if another should be made.
Load::Open* Load::draw_session() {
  for (Open& open : open_) {
    // A session that ended is asked for a little longer: it must stay away.
    if (!records_.lineage(open.lineage).over) continue;
    open.requests_left = std::min<std::size_t>(open.requests_left, kRequestsAfterEnd);
  }
  std::erase_if(open_, [](const Open& open) { return open.requests_left == 0; });
  if (open_.size() < options_.sessions_at_once) return nullptr;
  return &open_[random_.below(open_.size())];
}

Question Load::draw_question(const Lineage& lineage) {
  Question question = {.id = lineage.ids.back(), .timeout = kWriteTimeout};
  const std::uint64_t draw = random_.below(100);
  if (draw < 8) question.id = lineage.ids[random_.below(lineage.ids.size())];  // a stale cookie
  if (draw < 58) {
    question.verb = Verb::kGet;
    question.timeout = kReadTimeout;
  } else if (draw < 78) {
    question.verb = Verb::kPatch;
    question.steps = {draw_change()};
  } else if (draw < 88) {
    question.verb = Verb::kAuthenticate;
    question.subject = absl::StrFormat("user-%d", random_.below(100));
    question.steps = {draw_change()};
  } else if (draw < 96) {
    question.verb = Verb::kRotate;
  } else {
    question.verb = Verb::kRevoke;
  }
  return question;
}

Patch::Step Load::draw_change() {
  const std::string name(1, static_cast<char>('a' + random_.below(3)));
  if (random_.one_in(8)) return {.name = name};
  return {.name = name, .value = absl::StrFormat("%d", ++values_)};
}

}  // namespace sojourn::chaos
