#pragma once

#include <absl/functional/any_invocable.h>
#include <sojourn/discovery.h>
#include <sojourn/session.h>
#include <sojourn/tracing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// One member of the list.
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

// What becomes of a cluster of which so many members are lost at once that the others are not
// enough to decide (more than half of the last view, or half with its oldest member).
enum class Recovery {
  // When the missing names have come back, empty, the cluster goes on by itself with what the
  // survivors hold, if it is certain that nothing newer was decided without them: each of the
  // missing was seen to die while it was still bound by its promise not to go on without them (a
  // kill, not a silence). Otherwise it waits for Store::async_recover().
  kAutomatic,
  // Always waits for Store::async_recover().
  kManual,
};

// Where a new session is placed.
enum class PlacementPolicy {
  // On the member that creates it: the id is drawn until this member is its owner, so a browser
  // that comes back to the same member never costs a hop. A witness falls back to kHashed.
  kLocal,
  // On whichever member a random id hashes to.
  kHashed,
};

// What becomes of what comes when there is no room for it.
enum class WhenFull {
  // It is refused: kResourceExhausted.
  kRefuseNew,
  // The oldest ends to make room.
  kEndOldest,
};

// How many sessions one subject may have at one time. Exact, however many logins come at once and
// through whichever members: each waits until the member that decides about the subject admits it,
// two round trips more. Logins in progress do not count.
struct SubjectLimit {
  // 0: no limit, and no cost.
  std::uint32_t maximum = 0;
  // A login whose subject has as many sessions as it may is refused, or ends the oldest of them.
  WhenFull when_full = WhenFull::kRefuseNew;
};

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// One line of the store's log: no line break, no secret, no whole session id.
struct LogRecord {
  LogLevel level = LogLevel::kInfo;
  std::string_view message = {};
};

// Called from the store's threads, one call at a time; must not block and must not throw.
using LogSink = absl::AnyInvocable<void(const LogRecord&)>;

// One line of the audit log: what an administrator changed, or tried to. No line break, no secret,
// no whole session id.
struct AuditRecord {
  // Who: the name in the certificate, and the address.
  std::string_view caller = {};
  // What, as in "revoke all sessions of subject 'ana'".
  std::string_view change = {};
  // What came of it, in words.
  std::string_view outcome = {};
  bool ok = false;
};

// Called from the store's threads, one call at a time; must not block and must not throw.
using AuditSink = absl::AnyInvocable<void(const AuditRecord&)>;

// How a store is opened. Plain values; a mistake is answered by Store::open with kInvalidArgument
// and a message that names the option.
//
// Options that decide what the store does:
struct StoreOptions {
  // The cluster's name: members of another name are refused. Same form as a member's name.
  std::string cluster = "sojourn";
  // This member's name. A name is one process at a time.
  std::string name = {};
  // The members that are known from the start, this one included unless `dns` is set. Each member
  // says its own capacity and zone to the others, so what this list says of others is only where
  // they are. One member alone is fine: its sessions then have one copy.
  std::vector<MemberOptions> members = {};
  // Finds members by DNS, beside those in `members`.
  std::optional<DnsOptions> dns = {};
  // Where the others reach this member, host:port; its capacity; its zone. For a member that is not
  // in `members`: what stands there comes first.
  std::string address = {};
  std::uint32_t capacity = 1;
  std::string zone = {};
  // Where this member listens for the others, host:port with a numeric host. Empty: its own
  // address.
  std::string listen = {};
  // How many members must hear each other before the very first view is decided, so that members
  // that start together end in one cluster. Later members are admitted to it. 0: as many as
  // `members` has; with `dns` it must be given. More than half of `members`; with `dns`, of all
  // that may ever start together: otherwise two groups that do not hear each other could begin two
  // clusters.
  std::uint32_t bootstrap_expect = 0;
  Recovery recovery = Recovery::kAutomatic;

  // Mutual TLS. Without it, `insecure` must be set, and plain text beyond loopback must be asked
  // for by the second flag as well.
  std::optional<TlsOptions> tls = {};
  bool insecure = false;
  bool insecure_beyond_loopback = false;

  // Who may administer this member and its cluster over the network (docs/sojournctl.md): whoever
  // shows a certificate of the same authority that carries one of these DNS names exactly. Empty:
  // nobody. In plain text, whoever calls from this machine, and nobody else.
  std::vector<std::string> administrators = {};
  // Where it is written down what they change. Null: the log, at kInfo, in lines that begin with
  // "audit: ".
  std::shared_ptr<AuditSink> audit = {};

  // How many members hold each session: 1 to 5, the same on all members. With fewer members, as
  // many as there are.
  std::uint32_t copies = 2;
  // A power of two from 1 to 65536, the same on all members. More segments spread more evenly over
  // many members; fewer cost less bookkeeping.
  std::uint32_t segments = 4096;
  PlacementPolicy placement = PlacementPolicy::kLocal;

  // Defaults for sessions made without a lifetime of their own.
  Lifetime session_lifetime = {};
  // Of logins in progress. As long as `idle` is not shorter than `absolute`, a login that nobody
  // works on ends no earlier than another, and work on it does not prolong it.
  Lifetime login_lifetime = {std::chrono::minutes(30), std::chrono::minutes(30)};
  // Of sessions whose user asked to be remembered: each of the two is the longer one of this and
  // session_lifetime.
  Lifetime remembered_lifetime = {std::chrono::hours(24 * 7), std::chrono::hours(24 * 30)};

  // The same on all members.
  SubjectLimit sessions_per_subject = {};

  // Options that decide what it may cost:

  // Bytes that sessions may take on this member, the allocator's overhead counted. 0: half of what
  // the cgroup or the machine has. What there is no room for, here or on a backup, is refused with
  // kResourceExhausted, what strangers can make first: logins in progress, single-use values and
  // counters may fill seven eighths, new active sessions and revoked tokens fifteen sixteenths, and
  // the rest is for active sessions that grow. Active sessions never end for it.
  std::size_t memory_bytes = 0;
  // A login in progress that there is no room for, a new one or one that grows, is refused; or ends
  // the oldest other logins in progress of the member that owns it, as much of them as it needs.
  // Those that are being authenticated at this moment, or changed, are left alone, and if no others
  // are found it is refused all the same. Ends nothing but logins in progress.
  WhenFull logins_when_full = WhenFull::kRefuseNew;
  // Bytes that may wait to be sent to one other member; beyond, calls fail at once with
  // kUnavailable. Reads and everything else leave each other an eighth of it.
  std::size_t peer_queue_bytes = std::size_t{8} << 20;
  // Calls of this member that may be unfinished at one time; beyond, kResourceExhausted.
  std::size_t calls_in_flight_max = 65536;
  // For how long a thread that has heard from another member goes on looking for more before it
  // sleeps: at most 1 ms. What comes meanwhile needs nobody to be woken, which is most of what a
  // lone read of another member's session takes; but that thread's processor has nothing left for
  // others so long. 0: it sleeps at once.
  std::chrono::microseconds busy_poll = std::chrono::microseconds(0);
  // How often members say that they are there. Five times that is silence, and makes a member
  // suspect. Shorter notices failures earlier, and takes a slow member for a dead one more easily.
  std::chrono::milliseconds heartbeat_interval = std::chrono::milliseconds(200);
  // For how long the others promise a member not to go on without it; the same on all members. When
  // a member fails, its sessions answer again about so much later. At least four heartbeats.
  std::chrono::milliseconds lease = std::chrono::milliseconds(1000);

  // Where log lines go. Null: one line each to standard error, kInfo and above.
  std::shared_ptr<LogSink> log = {};
  // Where spans go: see sojourn/tracing.h. Null: there are none, which costs a comparison a call.
  std::shared_ptr<Tracer> tracer = {};
};

// Options of one read.
struct ReadOptions {
  // Longer than a lease and a heartbeat or two, if the call shall outlast the death of the owner.
  std::chrono::milliseconds timeout = std::chrono::milliseconds(250);
  // Whether the read counts as use and so moves the idle expiry.
  bool touch = true;
};

// Options of one write.
struct WriteOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
};

// Options of authenticating.
struct AuthenticateOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
  // "Remember me": StoreOptions::remembered_lifetime counts as well.
  bool remembered = false;
  // Replaces the store's lifetimes for this session, those of "remember me" too.
  std::optional<Lifetime> lifetime = {};
  // The session keeps the id of the login. DANGEROUS: whoever knew the id before the login, because
  // they planted the cookie in the victim's browser or read it off an unprotected page, has the
  // victim's session after it (session fixation: CWE-384, and what CVE-2025-12390 of Keycloak came
  // to). OWASP asks for a new id at every change of privilege. Only for applications that must name
  // a session by one id before and after its login, and that keep that id from everybody else.
  bool keep_id = false;
};

// Options of giving a session a new id.
struct RotateOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
  // For how long the old id may still be read: an alias of the session, so that requests that the
  // browser had sent before it knew the new id do not find their user logged out. Whole seconds, at
  // most 60. During that time a stolen old id can be read as well; 0 when that is what the new id
  // is for.
  std::chrono::seconds overlap = std::chrono::seconds(0);
};

// Options of Store::async_list and async_list_labelled.
struct ListOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
  // Sessions of one page, up to 1000. There may be fewer on a page that is not the last.
  std::uint32_t limit = 100;
  // SessionPage::next of the page before.
  std::optional<SessionId> after = {};
};

// Options of Store::async_revoke_all and async_revoke_labelled.
struct RevokeOptions {
  std::chrono::milliseconds timeout = std::chrono::milliseconds(1000);
  // The session that shall live: "sign out everywhere else".
  std::optional<SessionId> except = {};
};

// Options of leaving.
struct DrainOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

}  // namespace sojourn
