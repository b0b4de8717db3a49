#include "gatehouse/portal/sessions.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gatehouse/http/forwarded.h"
#include "gatehouse/log.h"

namespace gatehouse {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

bool is_gone(const absl::Status& answer) {
  return absl::IsNotFound(answer) || absl::IsDataLoss(answer);
}

absl::StatusOr<CookieCodecs> CookieCodecs::make(const Config& config, const PortalConfig& portal) {
  sojourn::CookieOptions options = portal.cookie;
  auto usual = sojourn::CookieCodec::make(options);
  if (!usual.ok()) return usual.status();
  // As long as the session may live; what is left of the cookie after that leads nowhere.
  const auto lifetime =
      std::max(config.store.remembered_lifetime.absolute, config.store.session_lifetime.absolute);
  options.max_age = std::max(lifetime, options.max_age.value_or(lifetime));
  auto remembered = sojourn::CookieCodec::make(std::move(options));
  if (!remembered.ok()) return remembered.status();
  return CookieCodecs{*std::move(usual), *std::move(remembered)};
}

// One request's search through its cookies. Runs on the exchange's executor.
class Sessions::Search : public std::enable_shared_from_this<Search> {
 public:
  Search(Sessions& sessions, ExchangePtr exchange, sojourn::Phase preferred, bool touch, Done done)
      : sessions_(sessions),
        exchange_(std::move(exchange)),
        preferred_(preferred),
        done_(std::move(done)),
        deadline_(Clock::now() + sessions.config_.read.timeout) {
    options_.touch = touch;
  }

  void start() {
    const auto headers = exchange_->request().headers_named("Cookie");
    auto read = sessions_.cookies_.usual.find(headers);
    sessions_.store_.note_rejected(read);
    candidates_ = std::move(read.candidates);
    sessions_.note_odd(exchange_->request(), read.rejected, "its cookie is malformed or forged");
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
        sessions_.note_odd(exchange_->request(), 1,
                           "there is no session " + candidate.id.redacted() + " (any more)");
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
    if (cookie != nullptr) sessions_.store_.note_route(*cookie);
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

// Once is enough: after a loss many come with cookies of lost sessions.
void Sessions::note_loss(const absl::Status& answer) {
  if (counters_.sessions_lost++ != 0) return;
  log_line(sojourn::LogLevel::kError,
           "sessions were lost, and their users must sign in again; /status counts the others: " +
               std::string(answer.message()));
}

void Sessions::note_odd(const Request& request, std::uint64_t cookies, std::string_view what) {
  const auto verdict = odd_cookies_.count(cookies, Clock::now());
  if (verdict.tell) {
    const auto client = client_address(request, config_.trusted_proxies);
    log_line(sojourn::LogLevel::kInfo,
             "session refused: " + std::string(what) + ", client " + client.to_string());
  }
  if (verdict.alarm) {
    log_line(sojourn::LogLevel::kWarning,
             std::to_string(OddCookies::kAlarm) +
                 " cookies within a minute led to no session: somebody may be guessing; /status "
                 "counts them");
  }
}

const sojourn::CookieCodec& Sessions::codec_for(const sojourn::Session& session) const {
  return session.is_remembered() ? cookies_.remembered : cookies_.usual;
}

void Sessions::set_cookie(Response& response, const sojourn::Session& session) const {
  const auto id = session.id();
  response.add("Set-Cookie", codec_for(session).set_cookie(id, store_.owner_of(id)));
}

void Sessions::refresh_cookie(Response& response, const FoundSession& found) const {
  if (!found.session.ok() || !found.cookie) return;
  // An id that was given up must not overwrite the new one, which another answer brings.
  if (found.session->is_alias()) return;
  const std::string owner = store_.owner_of(found.session->id());
  if (found.is_renewed || found.ids.size() > 1 || cookies_.usual.reissue(*found.cookie, owner)) {
    set_cookie(response, *found.session);
  }
}

void Sessions::clear_cookie(Response& response) const {
  response.add("Set-Cookie", cookies_.usual.clear_cookie());
}

std::string Sessions::value(const sojourn::SessionId& id) const {
  return cookies_.usual.value(id, store_.owner_of(id));
}

std::optional<sojourn::SessionId> Sessions::read_value(std::string_view value) const {
  auto candidate = cookies_.usual.read(value);
  return candidate.ok() ? std::optional(candidate->id) : std::nullopt;
}

}  // namespace gatehouse
