#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/cookie.h>
#include <sojourn/store.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/counters.h"
#include "gatehouse/portal/odd_cookies.h"

namespace gatehouse {

// Whether that answer of the store means that the session does not exist any more. Where sessions
// were lost (kDataLoss) it is as good as gone: its user has to sign in again.
bool is_gone(const absl::Status& answer);

// What the cookies of a request led to.
struct FoundSession {
  // kNotFound: there is none. Any other error: the store cannot say now, which must never be taken
  // for "signed out".
  absl::StatusOr<sojourn::Session> session = absl::NotFoundError("no session");
  // The cookie that led to it.
  std::optional<sojourn::CookieCandidate> cookie = {};
  // The ids of all cookies that were well-formed.
  std::vector<sojourn::SessionId> ids = {};
  // The session has just got a new id, which the browser must be told.
  bool is_renewed = false;
  // A cookie may have led to a session that was lost with all members that held it.
  bool was_lost = false;

  bool is_active() const { return session.ok() && session->phase() == sojourn::Phase::kActive; }
  bool is_login() const { return session.ok() && session->phase() == sojourn::Phase::kLogin; }
  // The store could not say whether there is a session.
  bool is_unknown() const { return !session.ok() && !absl::IsNotFound(session.status()); }
};

// How cookies are written and read: alike, but that those of remembered sessions outlive the
// browser.
struct CookieCodecs {
  sojourn::CookieCodec usual;
  sojourn::CookieCodec remembered;

  static absl::StatusOr<CookieCodecs> make(const Config& config, const PortalConfig& portal);
};

// Cookies in, sessions out, and back. Safe from any thread; what it is made of must outlive it.
class Sessions {
 public:
  // A find() may take as long as a read, for all cookies of a request together.
  Sessions(sojourn::Store& store, const CookieCodecs& cookies, Counters& counters,
           const Config& config)
      : store_(store), cookies_(cookies), counters_(counters), config_(config) {}

  using Done = absl::AnyInvocable<void(FoundSession) &&>;

  // Tries the session cookies of the request in turn: the first that leads to a session of that
  // phase counts, otherwise the first that leads to any. Ids that the store does not know lead
  // nowhere; they are never adopted. `done` is called on the exchange's executor, at once if every
  // answer is held by this member.
  void find(const ExchangePtr& exchange, sojourn::Phase preferred, bool touch, Done done);

  // Makes the browser keep this session's cookie.
  void set_cookie(Response& response, const sojourn::Session& session) const;
  // The same if the cookie that led to the session should be replaced: the session has a new id,
  // its owner has moved, the cookie was signed by an old key, or the browser sent several.
  void refresh_cookie(Response& response, const FoundSession& found) const;
  // Makes the browser forget the cookie.
  void clear_cookie(Response& response) const;

  // The cookie's value, for clients without a cookie jar, and what such a value leads to.
  std::string value(const sojourn::SessionId& id) const;
  std::optional<sojourn::SessionId> read_value(std::string_view value) const;

 private:
  class Search;

  void note_loss(const absl::Status& answer);
  void note_odd(const Request& request, std::uint64_t cookies, std::string_view what);
  const sojourn::CookieCodec& codec_for(const sojourn::Session& session) const;

  sojourn::Store& store_;
  const CookieCodecs& cookies_;
  Counters& counters_;
  const Config& config_;
  OddCookies odd_cookies_;
};

}  // namespace gatehouse
