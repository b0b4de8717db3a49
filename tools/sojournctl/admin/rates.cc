#include "sojournctl/admin/rates.h"

#include <absl/strings/str_format.h>

#include <algorithm>

#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

std::uint64_t metric(const v1::Snapshot& snapshot, const char* name) {
  const auto found = snapshot.metrics().find(name);
  return found == snapshot.metrics().end() ? 0 : found->second;
}

std::string percent(const std::optional<double>& part) {
  return part ? absl::StrFormat("%.1f %%", *part * 100) : "-";
}

const char* state_of(const v1::Health& health) {
  if (health.left()) return "left";
  if (health.leaving()) return "leaving";
  return health.ready() ? "ready" : "not-ready";
}

std::string memory_of(const v1::Snapshot& snapshot) {
  const std::uint64_t most = std::max<std::uint64_t>(metric(snapshot, "bytes_max"), 1);
  return std::to_string(100 * metric(snapshot, "bytes") / most);
}

// "[#######...]": the part of the segments that stand still.
std::string bar(const v1::Snapshot& snapshot) {
  constexpr std::size_t kWidth = 30;
  const std::size_t all = std::max(snapshot.segments(), 1u);
  const std::size_t still = all - std::min<std::size_t>(snapshot.segments_moving(), all);
  const std::size_t full = kWidth * still / all;
  return "[" + std::string(full, '#') + std::string(kWidth - full, '.') + "]";
}

std::string heading(const v1::Snapshot& snapshot) {
  return absl::StrFormat("cluster %s, epoch %d, members: %d\n", printable(snapshot.cluster()),
                         snapshot.epoch(), snapshot.members_size()) +
         absl::StrFormat("segments %s %d: %d moving, %d with too few copies, %d lost\n\n",
                         bar(snapshot), snapshot.segments(), snapshot.segments_moving(),
                         snapshot.segments_short(), snapshot.segments_lost());
}

std::string member_line(const Watched& member) {
  if (!member.trouble.empty()) {
    return absl::StrFormat("member=%s state=silent trouble=\"%s\"", printable(member.name),
                           printable(member.trouble));
  }
  const v1::Snapshot& snapshot = member.snapshot;
  return absl::StrFormat(
      "member=%s state=%s primary=%d receives=%d sessions=%d reads=%.1f/s sticky=%s writes=%.1f/s "
      "failed=%.1f/s memory=%s%%",
      printable(member.name), state_of(snapshot.health()), metric(snapshot, "segments_primary"),
      metric(snapshot, "segments_learning"), metric(snapshot, "sessions_active"),
      member.rates.reads,
      member.rates.sticky_hits ? absl::StrFormat("%.1f%%", *member.rates.sticky_hits * 100) : "-",
      member.rates.writes, member.rates.failed, memory_of(snapshot));
}

}  // namespace

Rates Rates::between(const v1::Snapshot& before, const v1::Snapshot& after,
                     std::chrono::duration<double> elapsed) {
  // A process that was started again counts from zero.
  const auto grown = [&](const char* name) -> double {
    const std::uint64_t now = metric(after, name);
    const std::uint64_t then = metric(before, name);
    return static_cast<double>(now >= then ? now - then : now);
  };
  const double local = grown("reads_local_hit") + grown("reads_local_miss");
  const double remote = grown("reads_remote_hit") + grown("reads_remote_miss");
  const double seconds = std::max(elapsed.count(), 0.001);
  Rates rates;
  rates.reads = (local + remote) / seconds;
  rates.writes = (grown("writes_local") + grown("writes_remote")) / seconds;
  rates.failed = (grown("reads_failed") + grown("writes_failed")) / seconds;
  if (local + remote > 0) rates.sticky_hits = local / (local + remote);
  return rates;
}

const v1::Snapshot* newest_view(const std::vector<Watched>& members) {
  const v1::Snapshot* newest = nullptr;
  for (const Watched& member : members) {
    if (!member.trouble.empty()) continue;
    if (!newest || member.snapshot.epoch() > newest->epoch()) newest = &member.snapshot;
  }
  return newest;
}

std::string watch_picture(const std::vector<Watched>& members) {
  // Reads, writes and failures are those of a second. All of it fits 80 columns.
  std::vector<std::vector<std::string>> rows = {{"MEMBER", "STATE", "PRIMARY", "RECEIVES",
                                                 "SESSIONS", "READS", "STICKY", "WRITES", "FAILED",
                                                 "MEMORY"}};
  std::string silent;
  for (const Watched& member : members) {
    if (!member.trouble.empty()) {
      rows.push_back({printable(member.name), "silent"});
      silent += printable(member.name) + ": " + printable(member.trouble) + "\n";
      continue;
    }
    const v1::Snapshot& snapshot = member.snapshot;
    rows.push_back({printable(member.name), state_of(snapshot.health()),
                    std::to_string(metric(snapshot, "segments_primary")),
                    std::to_string(metric(snapshot, "segments_learning")),
                    std::to_string(metric(snapshot, "sessions_active")),
                    absl::StrFormat("%.1f", member.rates.reads), percent(member.rates.sticky_hits),
                    absl::StrFormat("%.1f", member.rates.writes),
                    absl::StrFormat("%.1f", member.rates.failed), memory_of(snapshot) + " %"});
  }
  const v1::Snapshot* const view = newest_view(members);
  return (view ? heading(*view) : "no member answers\n\n") + table(rows) +
         (silent.empty() ? "" : "\n" + silent);
}

std::string watch_lines(const std::vector<Watched>& members, const std::string& at) {
  std::string text;
  if (const v1::Snapshot* const view = newest_view(members)) {
    text += absl::StrFormat(
        "%s cluster=%s epoch=%d members=%d segments=%d moving=%d short=%d lost=%d\n", at,
        printable(view->cluster()), view->epoch(), view->members_size(), view->segments(),
        view->segments_moving(), view->segments_short(), view->segments_lost());
  }
  for (const Watched& member : members) text += at + " " + member_line(member) + "\n";
  return text;
}

nlohmann::ordered_json watch_json(const std::vector<Watched>& members, const std::string& at) {
  nlohmann::ordered_json told = {{"at", at}};
  if (const v1::Snapshot* const view = newest_view(members)) {
    told["epoch"] = view->epoch();
    told["segments_moving"] = view->segments_moving();
    told["segments_short"] = view->segments_short();
    told["segments_lost"] = view->segments_lost();
  }
  told["members"] = nlohmann::ordered_json::array();
  for (const Watched& member : members) {
    nlohmann::ordered_json row = {{"name", printable(member.name)}};
    if (!member.trouble.empty()) {
      row["trouble"] = printable(member.trouble);
    } else {
      row["ready"] = member.snapshot.health().ready();
      row["segments_primary"] = metric(member.snapshot, "segments_primary");
      row["segments_learning"] = metric(member.snapshot, "segments_learning");
      row["sessions_active"] = metric(member.snapshot, "sessions_active");
      row["reads_per_second"] = member.rates.reads;
      row["writes_per_second"] = member.rates.writes;
      row["failed_per_second"] = member.rates.failed;
      row["sticky_hits"] = member.rates.sticky_hits
                               ? nlohmann::ordered_json(*member.rates.sticky_hits)
                               : nlohmann::ordered_json();
    }
    told["members"].push_back(std::move(row));
  }
  return told;
}

}  // namespace sojournctl
