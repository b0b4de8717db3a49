#include "gatehouse/portal/sessions.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/log.h"

namespace gatehouse {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

bool is_gone(const absl::Status& answer) {
  return absl::IsNotFound(answer) || absl::IsDataLoss(answer);
}

// One request's search through its cookies. Runs on the exchange's executor.
class Sessions::Search : public std::enable_shared_from_this<Search> {
 public:
  Search(Sessions& sessions, ExchangePtr exchange, sojourn::Phase preferred, bool touch, Done done)
      : sessions_(sessions),
        exchange_(std::move(exchange)),
        preferred_(preferred),
        done_(std::move(done)),
        deadline_(Clock::now() + sessions.search_time_) {
    options_.touch = touch;
  }

  void start() {
    const auto headers = exchange_->request().headers_named("Cookie");
    auto read = sessions_.cookies_.find(headers);
    candidates_ = std::move(read.candidates);
    sessions_.counters_.cookies_rejected += read.rejected;
    for (const auto& candidate : candidates_) found_.ids.push_back(candidate.id);
    next();
  }

 private:
  // Loops as long as answers are at hand, so that many cookies need no deep stack.
  void next() {
    while (at_ < candidates_.size()) {
      const auto& id = candidates_[at_].id;
      if (auto answer = sessions_.store_.get_local(id, options_)) {
        if (take(*std::move(answer))) return finish();
        continue;
      }
      // Each cookie gets its share of the time: one that cannot be looked up must not keep the
      // right one from its turn.
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
      const auto turns = static_cast<std::int64_t>(candidates_.size() - at_);
      options_.timeout = std::max(left / turns, std::chrono::milliseconds(1));
      sessions_.store_.async_get(
          id, options_,
          asio::bind_executor(exchange_->executor(),
                              [self = shared_from_this()](absl::StatusOr<sojourn::Session> answer) {
                                if (self->take(std::move(answer))) return self->finish();
                                self->next();
                              }));
      return;
    }
    finish();
  }

  // Notes the answer for the current cookie; true if the search is over.
  bool take(absl::StatusOr<sojourn::Session> answer) {
    const auto& candidate = candidates_[at_++];
    if (!answer.ok()) {
      if (is_gone(answer.status())) {
        ++sessions_.counters_.cookies_not_found;
        if (absl::IsDataLoss(answer.status())) {
          found_.was_lost = true;
          sessions_.note_loss(answer.status());
        }
      } else {
        trouble_ = answer.status();
      }
      return false;
    }
    const bool is_preferred = answer->phase() == preferred_;
    if (is_preferred || !found_.session.ok()) {
      found_.session = std::move(answer);
      found_.cookie = candidate;
    }
    return is_preferred;
  }

  void finish() {
    const bool is_preferred = found_.session.ok() && found_.session->phase() == preferred_;
    // The cookie that could not be looked up may be the one.
    if (!is_preferred && !trouble_.ok()) found_.session = trouble_;
    const sojourn::CookieCandidate* cookie = found_.cookie ? &*found_.cookie : nullptr;
    if (cookie == nullptr && !candidates_.empty()) cookie = &candidates_.front();
    sessions_.count(found_, cookie);
    std::move(done_)(std::move(found_));
  }

  Sessions& sessions_;
  const ExchangePtr exchange_;
  const sojourn::Phase preferred_;
  sojourn::ReadOptions options_;
  Done done_;
  const Clock::time_point deadline_;
  std::vector<sojourn::CookieCandidate> candidates_;
  std::size_t at_ = 0;
  FoundSession found_;
  absl::Status trouble_;
};

void Sessions::find(const ExchangePtr& exchange, sojourn::Phase preferred, bool touch, Done done) {
  std::make_shared<Search>(*this, exchange, preferred, touch, std::move(done))->start();
}

void Sessions::count(const FoundSession& found, const sojourn::CookieCandidate* cookie) {
  if (cookie == nullptr) return;
  const auto view = store_.view();
  if (cookie->route.empty())
    ++counters_.sticky_none;
  else if (cookie->route == store_.name())
    ++counters_.sticky_hit;
  else if (view != nullptr && view->find(cookie->route) != nullptr)
    ++counters_.sticky_miss;
  else
    ++counters_.sticky_unknown;

  if (found.session.ok() && !cookie->route.empty() &&
      cookie->route != store_.owner_of(cookie->id)) {
    ++counters_.routes_stale;
  }
}

// Once is enough: after a loss many come with cookies of lost sessions.
void Sessions::note_loss(const absl::Status& answer) {
  if (counters_.sessions_lost++ != 0) return;
  log_line(sojourn::LogLevel::kError,
           "sessions were lost, and their users must sign in again; /status counts the others: " +
               std::string(answer.message()));
}

void Sessions::set_cookie(Response& response, const sojourn::SessionId& id) const {
  response.add("Set-Cookie", cookies_.set_cookie(id, store_.owner_of(id)));
}

void Sessions::refresh_cookie(Response& response, const FoundSession& found) const {
  if (!found.session.ok() || !found.cookie) return;
  const auto id = found.session->id();
  if (found.ids.size() > 1 || cookies_.reissue(*found.cookie, store_.owner_of(id))) {
    set_cookie(response, id);
  }
}

void Sessions::clear_cookie(Response& response) const {
  response.add("Set-Cookie", cookies_.clear_cookie());
}

std::string Sessions::value(const sojourn::SessionId& id) const {
  return cookies_.value(id, store_.owner_of(id));
}

std::optional<sojourn::SessionId> Sessions::read_value(std::string_view value) const {
  auto candidate = cookies_.read(value);
  return candidate.ok() ? std::optional(candidate->id) : std::nullopt;
}

}  // namespace gatehouse
