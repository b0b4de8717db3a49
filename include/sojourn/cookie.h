#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/export.h>
#include <sojourn/session_id.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// The SameSite attribute (RFC 6265bis 4.1.2.7).
enum class SameSite { kLax, kStrict, kNone };

// A key that signs ids in cookies. `id` is one character of [A-Za-z0-9_-], unique among the keys;
// `secret` has at least 32 bytes.
struct CookieKey {
  char id = '0';
  std::string secret = {};
};

// How session cookies are written and read.
struct CookieOptions {
  // The cookie's name, constant per deployment: a token of 1 to 64 characters. `__Host-` binds it
  // to one host, `__Secure-` to https.
  std::string name = "__Host-sid";
  // Only for one cookie shared by sibling hosts; needs a name that does not start with __Host-.
  std::string domain = {};
  std::string path = "/";
  SameSite same_site = SameSite::kLax;
  // Off only for tests over plain http beyond localhost: refuses the name prefixes.
  bool secure = true;
  // Max-Age; none by default, so that the cookie ends with the browser (OWASP).
  std::optional<std::chrono::seconds> max_age = {};
  // The first key signs, all verify, so that keys can be rotated. Empty: ids are not signed.
  std::vector<CookieKey> keys = {};
  // Off: the route is left out on writing. On reading it is stripped all the same.
  bool attach_route = true;
  // Opaque routes for member names that must not leak: member name to route, both in the form of a
  // member name, each route once. Members that are not listed use their name, unless it is the
  // route of another; a listed member's name is not read as a route.
  std::map<std::string, std::string> route_alias = {};
};

// What one cookie of a request said.
struct CookieCandidate {
  SessionId id;
  // The member that the route named, after aliases; empty when there was none. A hint from outside:
  // it may name nobody.
  std::string route = {};
  // Signed with a key other than the first: it ends when that key is removed.
  bool older_key = false;
};

// Why a cookie of the name is no candidate: CookieCodec::find().
enum class CookieFault : std::uint8_t {
  kMalformed,   // not what this codec could have written
  kUnknownKey,  // signed, if at all, with a key that the codec does not have
  kForged,      // the signature is wrong
  kSurplus,     // there were eight candidates before it
};
inline constexpr std::array<std::string_view, 4> kCookieFaultNames = {"malformed", "unknown_key",
                                                                      "forged", "surplus"};

// Writes and reads session cookies: `<id>.<route>`, or with keys `<key id><id><mac>.<route>`, where
// mac is 22 base64url characters of HMAC-SHA256 over the cookie's name and the id, cut to 128 bits.
// There is exactly one dot. Immutable after it was made: safe from any thread.
class SOJOURN_EXPORT CookieCodec {
 public:
  // kInvalidArgument, naming the option, for contradictions: `__Host-` with a domain or another
  // path, a prefix without secure, SameSite=None without secure, a bad name, domain, path, key or
  // alias. Prefixes count in upper and lower case.
  static absl::StatusOr<CookieCodec> make(CookieOptions options);

  CookieCodec(CookieCodec&&) noexcept;
  CookieCodec& operator=(CookieCodec&&) noexcept;
  ~CookieCodec();

  // As given to make(), but the keys' secrets are empty: they are wiped as soon as they are taken
  // in.
  const CookieOptions& options() const;

  // The value for an id whose owner is the member `owner`; an empty or unsuitable owner leaves the
  // route out. At most 128 bytes.
  std::string value(const SessionId& id, std::string_view owner) const;

  // A whole Set-Cookie header value for it, with every attribute spelled out.
  std::string set_cookie(const SessionId& id, std::string_view owner) const;

  // The Set-Cookie header value that removes the cookie: the same name and attributes, no value,
  // and an end in the past.
  std::string clear_cookie() const;

  // What one cookie value means. kUnauthenticated with one fixed message whatever is wrong with it,
  // so that nothing can be learned by trying. Nothing is repaired: what is quoted, percent-encoded
  // or padded with blanks, has a second dot or nothing on one side of it, or a route beyond
  // [a-z0-9-]{1,32}, is not valid; each value has one spelling. With keys an unsigned id is not
  // valid either.
  absl::StatusOr<CookieCandidate> read(std::string_view value) const;

  // What all Cookie header lines of a request hold under this codec's name, compared whole and with
  // regard to case: at most eight candidates, in order; a browser may send several of one name in
  // any order (RFC 6265bis 5.8.3), so try them in turn. Each string is one header's value, without
  // "Cookie:".
  struct Found {
    std::vector<CookieCandidate> candidates = {};
    // Cookies of the name that were no candidates, for counting: malformed, forged or beyond eight.
    std::uint32_t rejected = 0;
    // The same by CookieFault; for Store::note_rejected(), never for whoever sent them.
    std::array<std::uint32_t, kCookieFaultNames.size()> faults = {};
  };
  Found find(std::span<const std::string_view> cookie_headers) const;

  // True when a new Set-Cookie is due on the next response that may carry one: `candidate` was
  // signed with an older key, or routes are attached and it was read with a route that is not
  // `owner`, or without one. An owner that cannot be written (empty, unsuitable) is no reason:
  // nothing would change.
  bool reissue(const CookieCandidate& candidate, std::string_view owner) const;

 private:
  struct State;
  explicit CookieCodec(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sojourn
