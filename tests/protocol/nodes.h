#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "node/node.h"
#include "support/catch.h"

namespace sojourn::protocol {

using namespace std::chrono_literals;
using replication::Operation;
using replication::Result;
using replication::Verb;

struct NodesOptions {
  std::vector<std::string> names = {"a", "b"};
  // Who of them is not there from the start.
  std::set<std::string> later = {};
  std::uint32_t copies = 2;
  std::set<std::string> witnesses = {};
  std::size_t memory_bytes = std::size_t{1} << 30;
  // Of who has another bound than that.
  std::map<std::string, std::size_t> memory_of = {};
  bool end_oldest_logins = false;
  std::uint32_t sessions_per_subject = 0;
  bool ends_oldest = false;
};

// Production nodes in virtual time, whose messages are delivered one by one, when told to, as
// bytes. Segments are few, so that sessions share them.
class Nodes {
 public:
  struct Sent {
    std::string from = {};
    node::Outgoing outgoing = {};

    const std::string& to() const { return outgoing.to; }
    template <typename T>
    const T* as() const {
      return std::get_if<T>(&outgoing.envelope.message);
    }
  };

  static constexpr std::uint32_t kSegments = 8;

  // All have one view and are ready.
  explicit Nodes(NodesOptions options = {});

  Time now() const { return now_; }
  node::Node& operator[](const std::string& name) { return *nodes_.at(name); }

  // A new process of that name.
  void start(const std::string& name);
  // Nothing of it is left. `noticed`: the others find its address refusing.
  void crash(const std::string& name, bool noticed = true);
  bool runs(const std::string& name) const { return nodes_.contains(name); }
  // While a member is asleep it does nothing, and nothing reaches it.
  std::set<std::string> asleep;

  // What is lost on its way. Nothing, if empty.
  std::function<bool(const Sent&)> lost;
  // Cuts both directions between two members. Beside `lost`.
  void cut(const std::string& a, const std::string& b) { cuts_.insert({a, b}); }
  void heal() { cuts_.clear(); }

  std::deque<Sent> under_way;

  template <typename T>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(under_way.begin(), under_way.end(),
                      [](const Sent& sent) { return sent.as<T>() != nullptr; }));
  }
  // Takes the messages of that kind out of the network.
  template <typename T>
  std::vector<Sent> take() {
    std::vector<Sent> taken;
    std::deque<Sent> others;
    for (Sent& sent : under_way) {
      if (sent.as<T>()) {
        taken.push_back(std::move(sent));
      } else {
        others.push_back(std::move(sent));
      }
    }
    under_way = std::move(others);
    return taken;
  }
  void deliver(const Sent& sent);
  void deliver(const std::vector<Sent>& messages) {
    for (const Sent& sent : messages) deliver(sent);
  }
  // Until nothing is under way and nobody has anything to do at this instant.
  void run();
  // The same for so long.
  void pass(Duration duration);
  // Until it is so; whether it came to that.
  bool pass_until(const std::function<bool()>& is_so, Duration limit = 30s);
  // Until every member that runs is ready, in one view of exactly those, and all copies are there.
  bool become_whole(Duration limit = 30s);

  // Runs one thing on a member, and takes what it has to say.
  template <typename Do>
  void on(const std::string& name, Do something) {
    something(*nodes_.at(name));
    collect(name);
  }

  // Calls.

  std::uint64_t call(const std::string& at, Operation operation, Duration timeout = 1s);
  // Calls, and passes time until it has ended.
  Result ask(const std::string& at, Operation operation, Duration timeout = 1s);
  bool ended(const std::string& at, std::uint64_t number) const {
    return finished_.contains({at, number});
  }
  const Result& outcome(const std::string& at, std::uint64_t number) const;

  // Questions, likewise.

  std::uint64_t question(const std::string& at, replication::Question question,
                         Duration timeout = 1s);
  replication::Findings ask(const std::string& at, replication::Question question,
                            Duration timeout = 1s);
  bool answered(const std::string& at, std::uint64_t number) const {
    return answered_.contains({at, number});
  }
  const replication::Findings& findings(const std::string& at, std::uint64_t number) const;

  // Sessions.

  // An active one, made by its primary.
  std::string session_at(const std::string& primary, Lifetime lifetime = {});
  // What a member holds, whoever may see it.
  session::RecordRef held(const std::string& at, const std::string& id) {
    return nodes_.at(at)->plane().table().peek(id);
  }
  // Whether the member would answer a read at once.
  // By a clock that is behind by up to `lag`.
  std::optional<Result> read(const std::string& at, const std::string& id, Duration lag = {});
  // The writers of a session, the primary first, under the view of that member.
  std::vector<std::string> writers(const std::string& at, const std::string& id);

  // What members offered to their subscribers, of sessions and of views. Subscribers are there when
  // Node::listen() was called.
  std::map<std::string, std::vector<replication::Plane::Offered>> events;
  std::map<std::string, std::vector<node::ViewChange>> view_changes;

  // What members noted.
  std::vector<std::string> notices;

 private:
  void collect(const std::string& name);
  bool tick_due();
  bool arrives(const Sent& sent) const;

  const NodesOptions options_;
  SeededRandom random_{1};
  std::uint64_t incarnations_ = 0;
  Time now_ = Time(1h);
  std::map<std::string, std::unique_ptr<node::Node>> nodes_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::map<std::pair<std::string, std::uint64_t>, Result> finished_;
  std::map<std::pair<std::string, std::uint64_t>, replication::Findings> answered_;
};

inline Operation get(const std::string& id) { return {.verb = Verb::kGet, .id = id}; }
inline Operation revoke(const std::string& id) { return {.verb = Verb::kRevoke, .id = id}; }
inline Operation paint(const std::string& id, std::string color) {
  return {.verb = Verb::kPatch, .id = id, .steps = {{"color", std::move(color)}}};
}

}  // namespace sojourn::protocol
