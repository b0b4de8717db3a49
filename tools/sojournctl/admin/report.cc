#include "sojournctl/admin/report.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

using Json = nlohmann::ordered_json;

std::uint64_t metric(const v1::Snapshot& snapshot, const char* name) {
  const auto found = snapshot.metrics().find(name);
  return found == snapshot.metrics().end() ? 0 : found->second;
}

std::string view_words(const v1::Snapshot& snapshot) {
  if (snapshot.epoch() == 0) return "none yet";
  std::string words =
      absl::StrFormat("epoch %d, %d members, %d segments, %d copies", snapshot.epoch(),
                      snapshot.members_size(), snapshot.segments(), snapshot.copies());
  if (snapshot.generation() > 0) {
    words += absl::StrFormat(", generation %d", snapshot.generation());
  }
  return words;
}

std::string segments_words(const v1::Snapshot& snapshot) {
  std::string words;
  const auto add = [&](std::uint32_t count, const char* what) {
    if (count == 0) return;
    words += (words.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(snapshot.segments_moving(), "moving");
  add(snapshot.segments_short(), "with too few copies");
  add(snapshot.segments_lost(), "lost");
  return words.empty() ? "all have their copies" : words;
}

std::string standing(const v1::MemberStatus& member) {
  if (!member.connected()) return "not heard";
  return member.leaving() ? "leaving" : "connected";
}

template <typename Names>
Json names_json(const Names& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(printable(name));
  return list;
}

template <typename Names>
bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string status_text(const v1::Snapshot& snapshot) {
  const v1::Health& health = snapshot.health();
  const std::string ready = health.left() ? "it has left the cluster" : printable(health.reason());
  return table({
      {"member", printable(snapshot.name()) + " of cluster " + printable(snapshot.cluster()) +
                     ", sojourn " + printable(snapshot.version())},
      {"ready", health.ready() ? "yes" : "no: " + ready},
      {"safe to stop",
       health.left() || health.safe() ? "yes" : "no: " + printable(health.safe_reason())},
      {"view", view_words(snapshot)},
      {"segments", segments_words(snapshot)},
      {"sessions",
       absl::StrFormat("%d active, %d logins in progress, held here",
                       metric(snapshot, "sessions_active"), metric(snapshot, "sessions_login"))},
      {"memory", absl::StrFormat("%d of %d MiB", metric(snapshot, "bytes") >> 20,
                                 metric(snapshot, "bytes_max") >> 20)},
  });
}

Json status_json(const v1::Snapshot& snapshot) {
  const v1::Health& health = snapshot.health();
  Json json = {
      {"member", printable(snapshot.name())},
      {"cluster", printable(snapshot.cluster())},
      {"version", printable(snapshot.version())},
      {"live", health.live()},
      {"ready", health.ready()},
      {"reason", printable(health.reason())},
      {"safe", health.safe()},
      {"safe_reason", printable(health.safe_reason())},
      {"leaving", health.leaving()},
      {"left", health.left()},
      {"epoch", snapshot.epoch()},
      {"generation", snapshot.generation()},
      {"segments", snapshot.segments()},
      {"copies", snapshot.copies()},
      {"segments_moving", snapshot.segments_moving()},
      {"segments_short", snapshot.segments_short()},
      {"segments_lost", snapshot.segments_lost()},
  };
  // In the order of their names, whatever order they came in.
  nlohmann::json metrics = nlohmann::json::object();
  for (const auto& [name, value] : snapshot.metrics()) metrics[name] = value;
  json["metrics"] = metrics;
  json["members"] = members_json(snapshot);
  return json;
}

std::string members_text(const v1::Snapshot& snapshot) {
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "ADDRESS", "STANDING", "PRIMARY", "HOLDS", "RECEIVES", "CAPACITY", "ZONE", "SINCE"}};
  for (const v1::MemberStatus& member : snapshot.members()) {
    rows.push_back({printable(member.name()), printable(member.address()), standing(member),
                    std::to_string(member.segments_primary()),
                    std::to_string(member.segments_held()),
                    std::to_string(member.segments_learning()), std::to_string(member.capacity()),
                    member.zone().empty() ? "-" : printable(member.zone()),
                    "epoch " + std::to_string(member.joined())});
  }
  return table(rows);
}

Json members_json(const v1::Snapshot& snapshot) {
  Json list = Json::array();
  for (const v1::MemberStatus& member : snapshot.members()) {
    list.push_back({
        {"name", printable(member.name())},
        {"address", printable(member.address())},
        {"incarnation", absl::StrFormat("%016x", member.incarnation())},
        {"capacity", member.capacity()},
        {"zone", printable(member.zone())},
        {"joined", member.joined()},
        {"leaving", member.leaving()},
        {"connected", member.connected()},
        {"segments_primary", member.segments_primary()},
        {"segments_held", member.segments_held()},
        {"segments_learning", member.segments_learning()},
    });
  }
  return list;
}

std::string why_owner(const v1::OwnerReply& reply) {
  if (reply.owner().empty()) return "no member has a capacity, so nobody holds sessions";
  const std::string owner = printable(reply.owner());
  if (reply.ideal_size() > 0 && reply.ideal(0) == reply.owner()) {
    return owner + " is preferred for this segment, and holds all of it";
  }
  if (contains(reply.leaving(), reply.owner())) {
    return owner + " is leaving, and nobody who stays holds all of the segment yet";
  }
  const std::string preferred = reply.ideal_size() > 0 ? printable(reply.ideal(0)) : "nobody";
  if (reply.ideal_size() > 0 && !contains(reply.base(), reply.ideal(0))) {
    return preferred +
           " is preferred, and does not hold all of the segment yet; of those who do, " + owner +
           " comes first";
  }
  return owner + " comes first of those who hold all of the segment";
}

std::string owner_text(const v1::OwnerReply& reply) {
  return table({
             {"owner", reply.owner().empty() ? "nobody" : printable(reply.owner())},
             {"why", why_owner(reply)},
             {"segment", absl::StrFormat("%d of %d, under epoch %d", reply.segment(),
                                         reply.segments(), reply.epoch())},
             {"preferred", listed(reply.ideal())},
             {"hold all of it", listed(reply.base())},
             {"acknowledge writes", listed(reply.writers())},
         }) +
         (reply.lost() ? "All copies of this segment were lost, and nobody has acknowledged it.\n"
                       : "");
}

Json owner_json(const v1::OwnerReply& reply) {
  return {
      {"owner", printable(reply.owner())},
      {"why", why_owner(reply)},
      {"segment", reply.segment()},
      {"segments", reply.segments()},
      {"epoch", reply.epoch()},
      {"ideal", names_json(reply.ideal())},
      {"base", names_json(reply.base())},
      {"writers", names_json(reply.writers())},
      {"leaving", names_json(reply.leaving())},
      {"lost", reply.lost()},
  };
}

std::string sessions_text(const v1::SessionsReply& page) {
  const bool with_ids = std::any_of(page.sessions().begin(), page.sessions().end(),
                                    [](const auto& session) { return !session.id().empty(); });
  std::vector<std::vector<std::string>> rows = {
      {with_ids ? "ID" : "HANDLE", "OWNER", "KIND", "AGE", "UNUSED FOR", "ENDS IN", "LABELS"}};
  for (const v1::SessionSummary& session : page.sessions()) {
    std::string labels;
    for (const v1::Label& label : session.labels()) {
      labels +=
          (labels.empty() ? "" : " ") + printable(label.name()) + "=" + printable(label.value());
    }
    rows.push_back({printable(with_ids ? session.id() : session.handle()),
                    printable(session.owner()),
                    session.login()        ? "login"
                    : session.remembered() ? "remembered"
                                           : "active",
                    duration_words(session.age_ms()), duration_words(session.unseen_ms()),
                    duration_words(session.left_ms()), labels.empty() ? "-" : labels});
  }
  return table(rows);
}

Json session_json(const v1::SessionSummary& session) {
  Json json = {{"handle", printable(session.handle())}};
  if (!session.id().empty()) json["id"] = printable(session.id());
  json["subject"] = printable(session.subject());
  json["phase"] = session.login() ? "login" : "active";
  json["owner"] = printable(session.owner());
  json["remembered"] = session.remembered();
  Json labels = Json::array();
  for (const v1::Label& label : session.labels()) {
    labels.push_back({{"name", printable(label.name())}, {"value", printable(label.value())}});
  }
  json["labels"] = labels;
  json["age_ms"] = session.age_ms();
  json["unseen_ms"] = session.unseen_ms();
  json["left_ms"] = session.left_ms();
  json["attributes"] = session.attributes();
  return json;
}

}  // namespace sojournctl
