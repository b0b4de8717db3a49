#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"

namespace gatehouse {
namespace {

using std::chrono::milliseconds;

// member NAME HOST:PORT [capacity N] [zone ZONE]
sojourn::MemberOptions read_member(Words& words) {
  sojourn::MemberOptions member;
  member.name = words.text("a member's name");
  member.address = words.text("the address where other members reach it");
  while (words.has_more()) {
    if (words.take({"capacity"})) {
      member.capacity = static_cast<std::uint32_t>(words.number("a capacity", 0, 1000));
    } else if (words.take({"zone"})) {
      member.zone = words.text("a zone");
    } else {
      break;
    }
  }
  return member;
}

// tls { certificate FILE, key FILE, ca FILE }
sojourn::TlsOptions read_tls(Words& words, Problems& problems) {
  sojourn::TlsOptions tls;
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"certificate"}))
      tls.certificate_file = inner.text("a file");
    else if (inner.take({"key"}))
      tls.key_file = inner.text("a file");
    else if (inner.take({"ca"}))
      tls.ca_file = inner.text("a file");
    else if (inner.take({"reload_interval"}))
      tls.reload_interval = inner.duration("a duration");
    else
      inner.unknown("tls");
    inner.finish();
  }
  if (tls.certificate_file.empty() || tls.key_file.empty() || tls.ca_file.empty()) {
    words.problem("tls needs certificate, key and ca");
  }
  return tls;
}

// dns NAME [PORT]. The name's answers are looked for all the time; the port is that of all members.
void read_dns(Words& words, sojourn::StoreOptions& store) {
  sojourn::DnsOptions& dns = store.dns ? *store.dns : store.dns.emplace();
  if (!dns.name.empty()) words.problem("there is a name to ask for already: '" + dns.name + "'");
  dns.name = words.text("a name to ask DNS for");
  if (words.has_more()) dns.port = static_cast<std::uint16_t>(words.number("a port", 1, 65535));
}

// dns_servers HOST:PORT...
void read_dns_servers(Words& words, sojourn::StoreOptions& store) {
  sojourn::DnsOptions& dns = store.dns ? *store.dns : store.dns.emplace();
  for (const std::string& server : words.texts("a DNS server's address")) {
    dns.servers += (dns.servers.empty() ? "" : ",") + server;
  }
}

sojourn::Recovery read_recovery(Words& words) {
  return words.one_of("automatic", "manual") == "manual" ? sojourn::Recovery::kManual
                                                         : sojourn::Recovery::kAutomatic;
}

// timeouts READ WRITE
void read_timeouts(Words& words, Config& config) {
  constexpr auto kMin = std::chrono::milliseconds(10);
  config.read.timeout = words.milliseconds("how long a read may take", kMin);
  config.write.timeout = words.milliseconds("how long a write may take", kMin);
}

sojourn::PlacementPolicy read_placement(Words& words) {
  return words.one_of("local", "hashed") == "hashed" ? sojourn::PlacementPolicy::kHashed
                                                     : sojourn::PlacementPolicy::kLocal;
}

// remembered IDLE ABSOLUTE, or off
void read_remembered(Words& words, Config& config) {
  config.remembers = !words.take({"off"});
  if (!config.remembers) return;
  config.store.remembered_lifetime.idle = words.duration("off, or how long without use");
  config.store.remembered_lifetime.absolute = words.duration("how long at most");
  if (config.store.remembered_lifetime.idle > config.store.remembered_lifetime.absolute) {
    words.problem("how long without use must not be longer than how long at most");
  }
}

sojourn::WhenFull read_when_full(Words& words) {
  return words.one_of("refuse", "end_oldest") == "end_oldest" ? sojourn::WhenFull::kEndOldest
                                                              : sojourn::WhenFull::kRefuseNew;
}

// sessions_per_user N refuse|end_oldest, or off
void read_sessions_per_user(Words& words, sojourn::SubjectLimit& limit) {
  limit = {};
  if (words.take({"off"})) return;
  limit.maximum =
      static_cast<std::uint32_t>(words.number("off, or a number of sessions", 1, 1'000'000));
  limit.when_full = read_when_full(words);
}

// route on|off, route alias MEMBER ALIAS
void read_route(Words& words, Config& config) {
  if (!words.take({"alias"})) {
    config.attach_route = words.on_off();
    return;
  }
  std::string member = words.text("a member's name");
  std::string alias = words.text("its alias");
  if (!config.route_alias.emplace(member, std::move(alias)).second) {
    words.problem("'" + member + "' has an alias already");
  }
}

// The options of the store that directives of other names set.
constexpr std::pair<std::string_view, std::string_view> kOptions[] = {
    {"node", "name"},
    {"dns_servers", "dns: servers"},
    {"dns_interval", "dns: interval"},
    {"heartbeat", "heartbeat_interval"},
    {"memory", "memory_bytes"},
    {"peer_queue", "peer_queue_bytes"},
    {"calls_in_flight", "calls_in_flight_max"},
    {"idle", "session_lifetime"},
    {"absolute", "session_lifetime"},
    {"login", "login_lifetime"},
    {"remembered", "remembered_lifetime"},
    {"sessions_per_user", "sessions_per_subject"},
};

// Notes which options of the store this line sets.
void note_place(const Directive& line, Config& config) {
  if (line.words.empty()) return;
  const std::string& directive = line.words.front().text;
  if (directive == "member" && line.words.size() > 1) {
    config.store_places["members: " + line.words[1].text.substr(0, 64)] = line.place;
    config.store_places["members"] = line.place;
    return;
  }
  const auto* const renamed = std::ranges::find(kOptions, std::string_view(directive),
                                                [](const auto& names) { return names.first; });
  const bool is_renamed = renamed != std::end(kOptions);
  config.store_places[is_renamed ? std::string(renamed->second) : directive] = line.place;
}

void read_line(const Directive& line, Config& config, Problems& problems) {
  Words words(line, problems);
  note_place(line, config);
  sojourn::StoreOptions& store = config.store;
  if (words.take({"cluster"})) {
    store.cluster = words.text("the cluster's name");
  } else if (words.take({"node"})) {
    store.name = words.text("this member's name");
  } else if (words.take({"member"})) {
    store.members.push_back(read_member(words));
  } else if (words.take({"dns"})) {
    read_dns(words, store);
  } else if (words.take({"dns_servers"})) {
    read_dns_servers(words, store);
  } else if (words.take({"dns_interval"})) {
    sojourn::DnsOptions& dns = store.dns ? *store.dns : store.dns.emplace();
    dns.interval = words.milliseconds("a duration", milliseconds(100));
  } else if (words.take({"address"})) {
    store.address = words.text("the address where other members reach this one");
  } else if (words.take({"capacity"})) {
    store.capacity = static_cast<std::uint32_t>(words.number("a capacity", 0, 1000));
  } else if (words.take({"zone"})) {
    store.zone = words.text("a zone");
  } else if (words.take({"bootstrap_expect"})) {
    store.bootstrap_expect =
        static_cast<std::uint32_t>(words.number("a number of members", 1, 1000));
  } else if (words.take({"lease"})) {
    store.lease = words.milliseconds("a duration", milliseconds(100));
  } else if (words.take({"heartbeat"})) {
    store.heartbeat_interval = words.milliseconds("a duration", milliseconds(10));
  } else if (words.take({"recovery"})) {
    store.recovery = read_recovery(words);
  } else if (words.take({"timeouts"})) {
    read_timeouts(words, config);
  } else if (words.take({"listen"})) {
    store.listen = words.text("an address");
  } else if (words.take({"copies"})) {
    store.copies = static_cast<std::uint32_t>(words.number("a number of copies", 1, 5));
  } else if (words.take({"segments"})) {
    store.segments = static_cast<std::uint32_t>(words.number("a number of segments", 1, 65536));
    if ((store.segments & (store.segments - 1)) != 0) words.problem("segments: not a power of two");
  } else if (words.take({"placement"})) {
    store.placement = read_placement(words);
  } else if (words.take({"insecure"})) {
    store.insecure = true;
    store.insecure_beyond_loopback = words.take({"beyond", "loopback"});
  } else if (words.take({"tls"})) {
    store.tls = read_tls(words, problems);
  } else if (words.take({"memory"})) {
    store.memory_bytes = words.size("a size");
  } else if (words.take({"logins_when_full"})) {
    store.logins_when_full = read_when_full(words);
  } else if (words.take({"peer_queue"})) {
    store.peer_queue_bytes = words.size("a size");
  } else if (words.take({"calls_in_flight"})) {
    store.calls_in_flight_max = words.number("a number of calls", 1, 10'000'000);
  } else if (words.take({"idle"})) {
    store.session_lifetime.idle = words.duration("a duration");
  } else if (words.take({"absolute"})) {
    store.session_lifetime.absolute = words.duration("a duration");
  } else if (words.take({"login"})) {
    const auto lifetime = words.duration("a duration");
    store.login_lifetime = {lifetime, lifetime};
  } else if (words.take({"remembered"})) {
    read_remembered(words, config);
  } else if (words.take({"sessions_per_user"})) {
    read_sessions_per_user(words, store.sessions_per_subject);
  } else if (words.take({"administrators"})) {
    store.administrators = words.texts("the DNS name of a certificate");
  } else if (words.take({"route"})) {
    read_route(words, config);
  } else {
    words.unknown("the sojourn block");
  }
  words.finish();
}

// Where "idle" stands; nothing if nowhere.
std::optional<Place> place_of_idle(const std::vector<Directive>& lines) {
  const auto found = std::ranges::find_if(lines, [](const Directive& line) {
    return !line.words.empty() && line.words.front().text == "idle";
  });
  return found != lines.end() ? std::optional(found->place) : std::nullopt;
}

// A session that lives at most so long is not unused for longer. Who says so means something else;
// what is only the default gives way.
void fit_idle(const std::optional<Place>& place, sojourn::Lifetime& lifetime, Problems& problems) {
  if (lifetime.idle <= lifetime.absolute) return;
  if (place) problems.add(*place, "'idle' must not be longer than 'absolute' (12h by default)");
  lifetime.idle = lifetime.absolute;
}

}  // namespace

void read_sojourn(const Directive& directive, Config& config, Problems& problems) {
  Words words(directive, problems);
  words.take({"sojourn"});
  config.store_places[""] = directive.place;
  for (const Directive& line : words.block()) read_line(line, config, problems);
  fit_idle(place_of_idle(words.block()), config.store.session_lifetime, problems);
  // Silence is noticed within the lease, whatever it is.
  if (!config.store_places.contains("heartbeat_interval")) {
    config.store.heartbeat_interval =
        std::min(config.store.heartbeat_interval, config.store.lease / 5);
  }
  words.finish();
}

}  // namespace gatehouse
