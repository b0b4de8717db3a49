#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "simulation/history.h"
#include "simulation/linearizability.h"

namespace sojourn::simulation {

// The search of check_linearizable(), for any model. A Model is made from a history and a
// tolerance; its State begins with State{}, and has a fingerprint() and a describe();
// after(state, call) gives what the state may be after that call of the history took effect.
template <typename Model>
class Search {
 public:
  using State = typename Model::State;

  Search(History history, const CheckOptions& options)
      : history_(std::move(history)),
        options_(options),
        model_(history_, options.tolerance),
        done_(history_.size(), '\0') {
    left_ = static_cast<std::size_t>(
        std::count_if(history_.begin(), history_.end(),
                      [](const Call& call) { return !call.outcome_unknown(); }));
    fewest_left_ = left_ + 1;
  }

  Verdict run() {
    if (order_from(State{})) return {};
    if (steps_ >= options_.steps_max) {
      return {Verdict::Kind::kUndecided, "gave up after " + std::to_string(steps_) + " steps"};
    }
    return {Verdict::Kind::kViolation, explanation()};
  }

 private:
  // Whether the calls that are left can follow `state`.
  bool order_from(const State& state) {
    if (left_ < fewest_left_) {
      fewest_left_ = left_;
      furthest_done_ = done_;
      furthest_state_ = state;
    }
    if (left_ == 0) return true;
    for (const std::size_t call : candidates()) {
      const bool counts = !history_[call].outcome_unknown();
      done_[call] = 1;
      left_ -= counts;
      for (const State& next : model_.after(state, call)) {
        if (++steps_ >= options_.steps_max) return false;
        if (first_visit(next) && order_from(next)) return true;
      }
      left_ += counts;
      done_[call] = 0;
    }
    return false;
  }

  // The calls that may come next: those called before any other that is left had returned. Those
  // that are known to have had an effect first, as they most likely lead to an order.
  std::vector<std::size_t> candidates() const {
    std::vector<std::size_t> known;
    std::vector<std::size_t> unknown;
    Time first_return = Time::max();
    for (std::size_t call = 0; call < history_.size(); ++call) {
      if (done_[call]) continue;
      if (history_[call].called > first_return) break;  // ordered by call: so are all that follow
      if (history_[call].outcome_unknown()) {
        if (!replication::is_read(history_[call].operation.verb)) unknown.push_back(call);
        continue;
      }
      first_return = std::min(first_return, history_[call].returned);
      known.push_back(call);
    }
    std::stable_sort(known.begin(), known.end(), [&](std::size_t a, std::size_t b) {
      return history_[a].returned < history_[b].returned;
    });
    known.insert(known.end(), unknown.begin(), unknown.end());
    return known;
  }

  // Two independent hashes stand for the calls done and the state reached.
  bool first_visit(const State& state) {
    const std::string text = done_ + state.fingerprint();
    return visited_.insert({stable_hash(text, 1), stable_hash(text, 2)}).second;
  }

  std::string explanation() const {
    std::string text = "these calls fit no order (+ ordered before it got stuck):\n";
    for (std::size_t call = 0; call < history_.size(); ++call) {
      text += furthest_done_[call] ? "  + " : "    ";
      text += describe(history_[call]) + "\n";
    }
    return text + "  then it was: " + describe(furthest_state_) + "\n";
  }

  const History history_;
  const CheckOptions options_;
  const Model model_;
  // For each call whether it has its place in the order, and how many with a known outcome have
  // not.
  std::string done_;
  std::size_t left_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> visited_;
  std::uint64_t steps_ = 0;
  // For the explanation: how far it went.
  std::size_t fewest_left_ = 0;
  std::string furthest_done_;
  State furthest_state_;
};

// The calls that say something, in the order in which they were called.
inline History relevant(const History& history) {
  History calls;
  std::copy_if(history.begin(), history.end(), std::back_inserter(calls),
               [](const Call& call) { return !call.refused(); });
  std::stable_sort(calls.begin(), calls.end(),
                   [](const Call& a, const Call& b) { return a.called < b.called; });
  return calls;
}

// Whether the calls fit an order under that model.
template <typename Model>
Verdict search_order(const History& history, const CheckOptions& options) {
  return Search<Model>(relevant(history), options).run();
}

}  // namespace sojourn::simulation
