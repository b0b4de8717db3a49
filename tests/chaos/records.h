#pragma once

#include <absl/status/statusor.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "chaos/message.h"

namespace sojourn::chaos {

// One call: what a member was asked, and what it answered if it did. A call without an answer may
// have had its effect, may have it later, or never.
struct RecordedCall {
  std::string client = {};
  Microseconds called{};
  Question question = {};
  std::optional<Answer> answer = {};
};

// One session through all the ids that it has had, as far as they were told.
struct Lineage {
  std::vector<RecordedCall> calls = {};
  // The newest last.
  std::vector<std::string> ids = {};
  // As of the newest answer; for choosing what to ask next.
  std::optional<Seen> newest = {};
  // Somebody was told that it ended.
  bool over = false;
};

// Everything that was asked and answered in a run.
class Records {
 public:
  std::size_t begin_lineage();
  std::size_t size() const { return lineages_.size(); }
  const Lineage& lineage(std::size_t number) const { return lineages_[number]; }
  const std::deque<Lineage>& lineages() const { return lineages_; }
  std::uint64_t calls() const { return calls_; }

  // Returns the call's number in its lineage, for end().
  std::size_t begin(std::size_t lineage, std::string client, Question question);
  void end(std::size_t lineage, std::size_t call, Answer answer);

  // For `chaos --check`.
  absl::Status save(const std::string& file) const;
  static absl::StatusOr<Records> load(const std::string& file);

 private:
  static void learn(Lineage& lineage, const RecordedCall& call);

  std::deque<Lineage> lineages_;
  std::uint64_t calls_ = 0;
};

}  // namespace sojourn::chaos
