#pragma once

#include <absl/functional/any_invocable.h>
#include <sojourn/session.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// One member of the fixed list.
struct MemberOptions {
  // Stable over restarts, for example the pod's name: [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?.
  std::string name = {};
  // Where the other members reach it: host:port, a numeric address or a name to be resolved.
  std::string address = {};
  // Its share of the sessions relative to the others; 0 holds nothing (a witness).
  std::uint32_t capacity = 1;
  // Copies are spread over different zones when there are enough of them. Empty: no zone.
  std::string zone = {};
};

// Mutual TLS between members, from PEM files. Files are watched: replace certificate and key
// together, by rename, and new connections use them without a restart. A member's certificate must
// be issued by `ca_file` and carry the DNS name `<member>.<cluster>` in its subject alternative
// names, so that no other certificate of the same authority can join.
struct TlsOptions {
  std::string certificate_file = {};
  std::string key_file = {};
  std::string ca_file = {};
  // How often the files are looked at.
  std::chrono::seconds reload_interval = std::chrono::seconds(10);
};

// Where a new session is placed.
enum class PlacementPolicy {
  // On the member that creates it: the id is drawn until this member is its owner, so a browser
  // that
  // comes back to the same member never costs a hop. A witness falls back to kHashed.
  kLocal,
  // On whichever member a random id hashes to.
  kHashed,
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One line of the store's log: no line break, no secret, no whole session id.
struct LogRecord {
  LogLevel level = LogLevel::kInfo;
  std::string_view message = {};
};

// Called from the store's threads, one call at a time; must not block and must not throw.
using LogSink = absl::AnyInvocable<void(const LogRecord&)>;

// How a store is opened. Plain values; a mistake is answered by Store::open with kInvalidArgument
// and a message that names the option.
//
// Options that decide what the store does:
struct StoreOptions {
  // The cluster's name: members of another name are refused. Same form as a member's name.
  std::string cluster = "sojourn";
  // This member's name; must be in `members`.
  std::string name = {};
  // All members, this one included, the same list in any order on each. One member alone is fine:
  // its sessions then have one copy.
  std::vector<MemberOptions> members = {};
  // Where this member listens for the others, host:port with a numeric host. Empty: its own address
  // in `members`.
  std::string listen = {};

  // Mutual TLS. Without it, `insecure` must be set, and plain text beyond loopback must be asked
  // for by the second flag as well.
  std::optional<TlsOptions> tls = {};
  bool insecure = false;
  bool insecure_beyond_loopback = false;

  // How many members hold each session: 1 to 5, the same on all members. With fewer members, as
  // many as there are.
  std::uint32_t copies = 2;
  // A power of two from 1 to 65536, the same on all members. More segments spread more evenly over
  // many members; fewer cost less bookkeeping.
  std::uint32_t segments = 4096;
  PlacementPolicy placement = PlacementPolicy::kLocal;

  // Defaults for sessions made without a lifetime of their own.
  Lifetime session_lifetime = {};
  Lifetime login_lifetime = {std::chrono::minutes(30), std::chrono::minutes(30)};

  // Options that decide what it may cost:

  // Bytes that sessions may take on this member, the allocator's overhead counted. 0: half of what
  // the cgroup or the machine has. At the bound new sessions are refused with kResourceExhausted;
  // live ones stay.
  std::size_t memory_bytes = 0;
  // Bytes that may wait to be sent to one other member; beyond, calls fail at once with
  // kUnavailable.
  std::size_t peer_queue_bytes = std::size_t{8} << 20;
  // Calls of this member that may be unfinished at one time; beyond, kResourceExhausted.
  std::size_t calls_in_flight_max = 65536;
  // Silence after which a member's connection counts as lost.
  std::chrono::milliseconds heartbeat_interval = std::chrono::milliseconds(200);

  // Where log lines go. Null: one line each to standard error, kInfo and above.
  std::shared_ptr<LogSink> log = {};
};

// Options of one read.
struct ReadOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(250);
  // Whether the read counts as use and so moves the idle expiry.
  bool touch = true;
};

// Options of one write.
struct WriteOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
};

}  // namespace sojourn
