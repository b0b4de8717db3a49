#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chaos/message.h"
#include "chaos/network.h"
#include "chaos/process.h"

namespace sojourn::chaos {

struct ClusterOptions {
  std::size_t members = 3;
  // Whether one more holds nothing and only votes.
  bool witness = false;
  std::uint32_t copies = 2;
  std::uint32_t segments = 4096;
  std::chrono::milliseconds lease{1000};
  // The chaos_member program.
  std::string program = {};
  // Where the members' logs go.
  std::string directory = {};
};

// The member processes of a run. Members are numbered; a number has the same name and address in
// all its lives. Used on the context's thread only.
class Cluster {
 public:
  // Nothing if the process ended before it answered.
  using AnswerHandler = absl::AnyInvocable<void(std::optional<Answer>)>;

  // Without a network, members talk over loopback. It must outlive the cluster, and the context
  // must have stopped for good before the cluster is destroyed.
  Cluster(asio::io_context& context, ClusterOptions options, Network* network);

  std::size_t size() const { return members_.size(); }
  // The last of all.
  bool is_witness(std::size_t member) const { return options_.witness && member + 1 == size(); }
  const std::string& name(std::size_t member) const { return members_[member].name; }
  std::optional<std::size_t> find(const std::string& name) const;

  absl::Status start(std::size_t member);
  void kill(std::size_t member);
  void stop(std::size_t member);
  void resume(std::size_t member);
  // SIGTERM: it hands over what it holds, and exits.
  void terminate(std::size_t member);

  bool running(std::size_t member) const { return members_[member].process != nullptr; }
  // Whether a balancer would send it requests: it has been ready, and has not said that it leaves.
  bool takes_requests(std::size_t member) const;
  bool drained(std::size_t member) const { return members_[member].drained.has_value(); }
  std::vector<std::size_t> all_running() const;
  std::vector<std::size_t> all_that_take_requests() const;

  // Gives the question its number. The member must run.
  void ask(std::size_t member, Question question, AnswerHandler handler);
  // Bulk sessions; filled() tells when they are there.
  void fill(std::size_t member, Fill fill);
  const std::optional<Filled>& filled(std::size_t member) const { return members_[member].filled; }

  const Report& report(std::size_t member) const { return members_[member].report; }
  // Whether all members that run agree on one view of all of them, and are ready and safe. A report
  // that is older than a second counts for nothing.
  bool converged() const;
  // A line a member, for a run that waits in vain.
  std::string describe() const;

  // What members did that they must not: a crash, a drain that handed not all over.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  struct Member {
    std::string name = {};
    std::string address = {};
    // Null while it does not run.
    Process* process = nullptr;
    bool killed = false;
    bool was_ready = false;
    Report report = {};
    Clock::time_point reported = {};
    std::optional<Drained> drained = {};
    std::optional<Filled> filled = {};
    std::map<std::uint64_t, AnswerHandler> waiting = {};
  };

  void take_line(std::size_t member, std::string_view line);
  void take_answer(Member& member, Answer answer);
  void take_exit(std::size_t member, int status);
  std::vector<std::string> arguments(std::size_t member) const;

  asio::io_context& context_;
  const ClusterOptions options_;
  Network* const network_;
  std::vector<Member> members_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::uint64_t last_number_ = 0;
  std::vector<std::string> complaints_;
};

}  // namespace sojourn::chaos
