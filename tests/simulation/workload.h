#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "simulation/history.h"
#include "simulation/questions.h"
#include "simulation/session_model.h"
#include "simulation/simulation.h"

namespace sojourn::simulation {

struct WorkloadOptions {
  std::size_t clients = 6;
  // Sessions that the clients work on at one time: few, so that they meet.
  std::size_t sessions_at_once = 4;
  std::size_t calls_per_session_max = 60;
  Duration think_max = std::chrono::milliseconds(200);
  std::size_t value_bytes_max = 16;
  // Whether each client stays with one member, as behind a sticky balancer.
  bool sticky = false;
  std::chrono::seconds idle_max = std::chrono::seconds(10);
  std::chrono::seconds absolute_max = std::chrono::seconds(20);

  static WorkloadOptions draw(Random& random);
  std::string describe() const;
};

// Browsers, as the store sees them: clients that log in, read and change sessions through whichever
// member, several at once on the same few sessions, and that write down what they were told.
class Workload {
 public:
  // The references must outlive it.
  Workload(WorkloadOptions options, Simulation& simulation, Random& random);

  void start();
  // Clients end their last call and do nothing more.
  void stop() { stopped_ = true; }
  bool idle() const { return calls_pending_ == 0; }

  // For the end, one call after the other; idle() when it is done. In a healthy cluster each must
  // get a real answer, if need be when there is room for it.
  void read_everything();
  void revoke_everything();

  // Reports a violation for each history that no order explains.
  void check_histories(const Tolerance& tolerance);

  // For the end, when nothing changes: every member lists what there is. To be asked
  // until idle().
  void list_everything();

  // The histories of all sessions, as they were told.
  std::vector<History> histories() const;
  // All sessions of these were to be ended.
  std::set<replication::Key> ended() const;

  // All ids that clients were told.
  std::set<std::string> ids() const;
  std::uint64_t calls() const { return calls_; }
  std::uint64_t sessions() const { return lineages_.size(); }
  std::uint64_t undecided() const { return undecided_; }
  std::string outcomes() const;

 private:
  // One session through all the ids that it has had, as far as they were told.
  struct Lineage {
    History history = {};
    std::vector<std::string> ids = {};
    // As of the newest answer.
    std::optional<SeenSession> newest = {};
    // Calls to make before it is left alone.
    std::size_t calls_left = 0;
    // Whose it is, or becomes; and its labels.
    std::string subject = {};
    std::vector<std::string> labels = {};
  };
  struct Request {
    std::size_t lineage = 0;
    std::size_t member = 0;
    replication::Operation operation = {};
    Duration timeout = {};
  };

  void list_in_turn(std::deque<std::pair<std::size_t, replication::Key>> questions);
  void check_list(const Asked& asked, const std::set<std::string>& before) const;
  std::set<std::string> sessions_with(const replication::Key& key, bool over) const;
  void ask_question(std::size_t member, replication::Question question,
                    std::function<void(const Asked&)> then);
  replication::Question draw_question();
  void add_endings(Lineage& lineage);
  void check_questions();
  void next_step(std::size_t client);
  void step(std::size_t client);
  using Then = std::function<void(absl::StatusCode)>;
  void ask(std::string client, Request request, Then then);
  void learn(Lineage& lineage, const Call& call);
  void ask_in_turn(std::deque<Request> requests);
  void ask_until_answered(Request request, std::function<void()> then, int attempts);
  std::size_t pick_lineage();
  Request draw_request(std::size_t client);
  replication::Operation draw_create(Lineage& lineage);
  replication::Operation draw_operation(const Lineage& lineage);
  Patch::Step draw_change();
  Patch::Step draw_change_in_tab();
  std::string draw_tab();
  bool is_login(const Lineage& lineage) const;
  Lifetime draw_lifetime();
  std::size_t member_for(std::size_t client);
  std::size_t any_member();
  std::size_t up_from(std::size_t member) const;

  const WorkloadOptions options_;
  Simulation& simulation_;
  Random& random_;
  bool stopped_ = false;
  std::deque<Lineage> lineages_;
  std::deque<Asked> asked_;
  // How many views there were when calls returned.
  std::map<Time, std::uint64_t> views_at_;
  // Those that clients work on.
  std::vector<std::size_t> open_;
  std::size_t calls_pending_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t values_ = 0;
  std::uint64_t undecided_ = 0;
  std::map<std::string, std::uint64_t> outcomes_;
};

}  // namespace sojourn::simulation
