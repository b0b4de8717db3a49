#include "sojournctl/admin/comparison.h"

#include <absl/strings/str_format.h>

#include <optional>
#include <utility>

#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

using Version = std::pair<std::uint64_t, std::uint64_t>;

// Those who hold all of the segment, with what they have.
std::vector<std::pair<std::string, const v1::Digest*>> holders(const Comparison::Members& members,
                                                               std::uint32_t segment) {
  std::vector<std::pair<std::string, const v1::Digest*>> holders;
  for (const auto& [name, holdings] : members) {
    const auto found = holdings.find(segment);
    if (found != holdings.end() && found->second.holds())
      holders.emplace_back(name, &found->second);
  }
  return holders;
}

std::string words_of(const std::optional<Version>& version) {
  return version ? absl::StrFormat("version %d.%d", version->first, version->second) : "nothing";
}

}  // namespace

std::set<std::uint32_t> Comparison::differing(const Members& members, std::uint32_t segments) {
  std::set<std::uint32_t> differing;
  for (std::uint32_t segment = 0; segment < segments; ++segment) {
    const auto holding = holders(members, segment);
    bool has_primary = false;
    for (const auto& [name, digest] : holding) {
      has_primary = has_primary || digest->primary();
      if (digest->digest() != holding.front().second->digest()) differing.insert(segment);
    }
    if (!has_primary) differing.insert(segment);
  }
  return differing;
}

std::vector<std::string> Comparison::differences(const Members& members, std::uint32_t segment) {
  const auto holding = holders(members, segment);
  if (holding.empty()) return {"nobody holds it"};
  std::map<std::uint64_t, std::map<std::string, Version>> versions;
  for (const auto& [name, digest] : holding) {
    for (const v1::Digest::Entry& entry : digest->entries()) {
      versions[entry.id_hash()][name] = {entry.epoch(), entry.sequence()};
    }
  }
  std::vector<std::string> lines;
  for (const auto& [id_hash, by_member] : versions) {
    std::set<Version> different;
    for (const auto& [name, version] : by_member) different.insert(version);
    if (different.size() == 1 && by_member.size() == holding.size()) continue;
    std::string line = absl::StrFormat("id with hash %016x:", id_hash);
    for (const auto& [name, digest] : holding) {
      const auto found = by_member.find(name);
      line += " " + printable(name) + " has " +
              words_of(found == by_member.end() ? std::nullopt : std::optional(found->second)) +
              ";";
    }
    line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace sojournctl
