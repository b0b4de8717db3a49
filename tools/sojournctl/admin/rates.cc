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

// The one who knows the newest view.
const v1::Snapshot* newest(const std::vector<Watched>& members) {
  const v1::Snapshot* newest = nullptr;
  for (const Watched& member : members) {
    if (!member.trouble.empty()) continue;
    if (!newest || member.snapshot.epoch() > newest->epoch()) newest = &member.snapshot;
  }
  return newest;
}

std::string segments_line(const v1::Snapshot& snapshot) {
  return absl::StrFormat(
      "cluster %s, epoch %d: %d members, %d segments: %d moving, %d with too few copies, %d lost\n",
      printable(snapshot.cluster()), snapshot.epoch(), snapshot.members_size(), snapshot.segments(),
      snapshot.segments_moving(), snapshot.segments_short(), snapshot.segments_lost());
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

std::string watch_text(const std::vector<Watched>& members) {
  std::vector<std::vector<std::string>> rows = {{"MEMBER", "STATE", "PRIMARY", "RECEIVES",
                                                 "SESSIONS", "READS/S", "STICKY", "WRITES/S",
                                                 "FAILED/S", "MEMORY"}};
  for (const Watched& member : members) {
    if (!member.trouble.empty()) {
      rows.push_back({printable(member.name), printable(member.trouble)});
      continue;
    }
    const v1::Snapshot& snapshot = member.snapshot;
    const v1::Health& health = snapshot.health();
    const std::uint64_t most = std::max<std::uint64_t>(metric(snapshot, "bytes_max"), 1);
    rows.push_back({printable(member.name),
                    health.left()      ? "left"
                    : health.leaving() ? "leaving"
                    : health.ready()   ? "ready"
                                       : "not ready",
                    std::to_string(metric(snapshot, "segments_primary")),
                    std::to_string(metric(snapshot, "segments_learning")),
                    std::to_string(metric(snapshot, "sessions_active")),
                    absl::StrFormat("%.1f", member.rates.reads), percent(member.rates.sticky_hits),
                    absl::StrFormat("%.1f", member.rates.writes),
                    absl::StrFormat("%.1f", member.rates.failed),
                    absl::StrFormat("%d %%", 100 * metric(snapshot, "bytes") / most)});
  }
  const v1::Snapshot* const view = newest(members);
  return (view ? segments_line(*view) : "no member answers\n") + table(rows);
}

nlohmann::ordered_json watch_json(const std::vector<Watched>& members) {
  nlohmann::ordered_json told = nlohmann::ordered_json::object();
  if (const v1::Snapshot* const view = newest(members)) {
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
