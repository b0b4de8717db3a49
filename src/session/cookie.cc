#include "sojourn/cookie.h"

#include <array>
#include <cstddef>
#include <functional>
#include <utility>
#include <variant>

#include "base/crypto.h"
#include "session/cookie_header.h"
#include "session/cookie_options.h"

namespace sojourn {
namespace {

using session::CookieHeader;
using session::CookiePair;

constexpr std::size_t kValueBytesMax = 128;
constexpr std::size_t kCandidatesMax = 8;

// Half of the digest, the least that RFC 2104 (section 5) recommends to keep.
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kMacSize = base64url_size(kMacBytes);

static_assert(1 + SessionId::kSizeMax + kMacSize + 1 + session::kRouteSizeMax <= kValueBytesMax);

using Mac = std::array<char, kMacSize>;

struct Key {
  char id;
  HmacSha256 hmac;
};

// An id as a cookie carried it, and whether the key that signed it is still the first.
struct SignedId {
  SessionId id;
  bool older_key = false;
};

// What was read, or what is wrong with it.
template <typename Value>
using OrFault = std::variant<Value, CookieFault>;

const char* name_of(SameSite same_site) {
  switch (same_site) {
    case SameSite::kLax:
      break;
    case SameSite::kStrict:
      return "Strict";
    case SameSite::kNone:
      return "None";
  }
  return "Lax";
}

// Everything after the value that says where the cookie belongs; the same for writing and removing
// it, because a browser removes only the cookie of the same name, domain and path.
std::string scope_of(const CookieOptions& options) {
  std::string scope = "; Path=" + options.path;
  if (!options.domain.empty()) scope += "; Domain=" + options.domain;
  if (options.secure) scope += "; Secure";
  scope += "; HttpOnly; SameSite=";
  scope += name_of(options.same_site);
  return scope;
}

// The keys, ready to compute. The secrets in `options` are overwritten, whether it succeeds or not.
absl::StatusOr<std::vector<Key>> take_keys(CookieOptions& options) {
  std::vector<Key> keys;
  absl::Status status;
  for (CookieKey& key : options.keys) {
    absl::StatusOr<HmacSha256> hmac = HmacSha256::make(key.secret);
    wipe(key.secret);
    if (hmac.ok()) {
      keys.push_back({key.id, *std::move(hmac)});
    } else {
      status = hmac.status();
    }
  }
  if (!status.ok()) return status;
  return keys;
}

}  // namespace

struct CookieCodec::State {
  CookieOptions options;
  std::vector<Key> keys;
  // What every signature begins with: the name and a zero byte, which no name holds.
  std::string signed_prefix;
  std::string scope;
  std::map<std::string, std::string, std::less<>> routes;   // by member
  std::map<std::string, std::string, std::less<>> members;  // by route

  Mac mac_of(std::string_view id, const Key& key) const;
  OrFault<SignedId> read_id(std::string_view text) const;
  std::string_view route_of(std::string_view member) const;
  std::string_view member_of(std::string_view route) const;
  OrFault<CookieCandidate> read(std::string_view value) const;
};

Mac CookieCodec::State::mac_of(std::string_view id, const Key& key) const {
  std::array<char, session::kCookieNameSizeMax + 1 + SessionId::kSizeMax> message;
  const std::size_t prefix_size = signed_prefix.copy(message.data(), message.size());
  const std::size_t id_size = id.copy(message.data() + prefix_size, message.size() - prefix_size);

  const HmacSha256::Digest digest = key.hmac.compute({message.data(), prefix_size + id_size});
  Mac mac;
  base64url_encode({digest.data(), kMacBytes}, mac.data());
  return mac;
}

// The part before the dot. Who has no valid signature learns nothing else, not even whether the id
// could be one.
OrFault<SignedId> CookieCodec::State::read_id(std::string_view text) const {
  std::string_view mac;
  const Key* key = nullptr;
  if (!keys.empty()) {
    if (text.size() <= 1 + kMacSize) return CookieFault::kMalformed;
    for (const Key& candidate : keys) {
      if (candidate.id == text.front()) key = &candidate;
    }
    if (key == nullptr) return CookieFault::kUnknownKey;
    mac = text.substr(text.size() - kMacSize);
    text = text.substr(1, text.size() - 1 - kMacSize);
  }

  const absl::StatusOr<SessionId> id = SessionId::parse(text);
  if (!id.ok()) return CookieFault::kMalformed;
  if (key != nullptr) {
    const Mac expected = mac_of(id->text(), *key);
    // Characters are compared, not bytes, so that each signature has one spelling.
    if (!equal_in_constant_time({expected.data(), expected.size()}, mac)) {
      return CookieFault::kForged;
    }
  }
  return SignedId{.id = *id, .older_key = key != nullptr && key != &keys.front()};
}

// A member's name stands for the member itself only while no alias is involved on either side;
// otherwise two members could share a route, or one have two.
std::string_view CookieCodec::State::route_of(std::string_view member) const {
  if (const auto alias = routes.find(member); alias != routes.end()) return alias->second;
  if (members.find(member) != members.end() || !session::is_route(member)) return {};
  return member;
}

std::string_view CookieCodec::State::member_of(std::string_view route) const {
  if (const auto member = members.find(route); member != members.end()) return member->second;
  if (routes.find(route) != routes.end()) return {};
  return route;
}

OrFault<CookieCandidate> CookieCodec::State::read(std::string_view value) const {
  if (value.size() > kValueBytesMax) return CookieFault::kMalformed;

  const std::size_t dot = value.find('.');
  std::string_view route;
  if (dot != std::string_view::npos) {
    route = value.substr(dot + 1);
    if (!session::is_route(route)) return CookieFault::kMalformed;
  }
  const OrFault<SignedId> read = read_id(value.substr(0, dot));
  if (const auto* const fault = std::get_if<CookieFault>(&read)) return *fault;
  const auto& id = std::get<SignedId>(read);
  return CookieCandidate{
      .id = id.id, .route = std::string(member_of(route)), .older_key = id.older_key};
}

absl::StatusOr<CookieCodec> CookieCodec::make(CookieOptions options) {
  if (absl::Status status = session::check(options); !status.ok()) {
    for (CookieKey& key : options.keys) wipe(key.secret);
    return status;
  }
  absl::StatusOr<std::vector<Key>> keys = take_keys(options);
  if (!keys.ok()) return keys.status();

  auto state = std::make_unique<State>();
  state->keys = *std::move(keys);
  state->signed_prefix = options.name + '\0';
  state->scope = scope_of(options);
  for (const auto& [member, route] : options.route_alias) {
    state->routes.emplace(member, route);
    state->members.emplace(route, member);
  }
  state->options = std::move(options);
  return CookieCodec(std::move(state));
}

CookieCodec::CookieCodec(std::unique_ptr<State> state) : state_(std::move(state)) {}
CookieCodec::CookieCodec(CookieCodec&&) noexcept = default;
CookieCodec& CookieCodec::operator=(CookieCodec&&) noexcept = default;
CookieCodec::~CookieCodec() = default;

const CookieOptions& CookieCodec::options() const { return state_->options; }

std::string CookieCodec::value(const SessionId& id, std::string_view owner) const {
  std::string value;
  value.reserve(kValueBytesMax);
  if (state_->keys.empty()) {
    value += id.text();
  } else {
    const Key& key = state_->keys.front();
    value += key.id;
    value += id.text();
    const Mac mac = state_->mac_of(id.text(), key);
    value.append(mac.data(), mac.size());
  }
  if (!state_->options.attach_route) return value;
  if (const std::string_view route = state_->route_of(owner); !route.empty()) {
    value += '.';
    value += route;
  }
  return value;
}

std::string CookieCodec::set_cookie(const SessionId& id, std::string_view owner) const {
  std::string header = state_->options.name + '=' + value(id, owner) + state_->scope;
  if (const auto& max_age = state_->options.max_age) {
    header += "; Max-Age=" + std::to_string(max_age->count());
  }
  return header;
}

std::string CookieCodec::clear_cookie() const {
  return state_->options.name + '=' + state_->scope +
         "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
}

absl::StatusOr<CookieCandidate> CookieCodec::read(std::string_view value) const {
  OrFault<CookieCandidate> read = state_->read(value);
  if (auto* const candidate = std::get_if<CookieCandidate>(&read)) return std::move(*candidate);
  return absl::UnauthenticatedError("no valid session cookie");
}

CookieCodec::Found CookieCodec::find(std::span<const std::string_view> cookie_headers) const {
  Found found;
  for (const std::string_view line : cookie_headers) {
    CookieHeader header(line);
    while (const std::optional<CookiePair> pair = header.next()) {
      if (pair->name != state_->options.name) continue;
      OrFault<CookieCandidate> read = CookieFault::kSurplus;
      if (found.candidates.size() < kCandidatesMax) read = state_->read(pair->value);
      if (auto* const candidate = std::get_if<CookieCandidate>(&read)) {
        found.candidates.push_back(std::move(*candidate));
      } else {
        ++found.rejected;
        ++found.faults[static_cast<std::size_t>(std::get<CookieFault>(read))];
      }
    }
  }
  return found;
}

bool CookieCodec::reissue(const CookieCandidate& candidate, std::string_view owner) const {
  if (candidate.older_key) return true;
  const bool can_name_owner = state_->options.attach_route && !state_->route_of(owner).empty();
  return can_name_owner && candidate.route != owner;
}

}  // namespace sojourn
