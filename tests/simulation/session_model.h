#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "simulation/history.h"

namespace sojourn::simulation {

// What a session is to its users, told in the plainest way: one register that is carried out one
// call at a time. The checker compares the store with it.

// What is known of a lineage after some of its calls took effect in some order.
struct ModelState {
  enum class Life : std::uint8_t {
    kUnborn,  // not created yet
    kAlive,
    kDead,  // revoked or expired: for ever
  };
  Life life = Life::kUnborn;
  // The one id under which it is alive; nothing if a call drew it whose answer was lost.
  std::optional<std::string> id = {};
  Phase phase = Phase::kLogin;
  std::string subject = {};
  std::map<std::string, std::string> attributes = {};
  Lifetime lifetime = {};
  // Exactly its version or, if the answer that told it was lost, a version below it.
  Version version = {};
  bool version_exact = true;
  // Its lifetime began in this interval, and its last certain use was not before used_after.
  Time created_after = {};
  Time created_before = Time::max();
  Time used_after = {};
  // In the order of their last changes.
  std::vector<Tab> tabs = {};
  bool remembered = false;
  // If its life was shortened, it ends in this interval.
  Time ends_after = Time::max();
  Time ends_before = Time::max();
  // The id before, if it may still be read; that ends in this interval.
  struct Alias {
    std::string id = {};
    Time ends_after = {};
    Time ends_before = Time::max();

    friend bool operator==(const Alias&, const Alias&) = default;
  };
  std::optional<Alias> alias = {};
  // Those before: they cannot be read any more, but to revoke them ends the session.
  std::vector<Alias> older_aliases = {};

  // That of these by which a call with that id would end the session; null if there is none.
  const Alias* alias_called(const std::string& called) const;

  friend bool operator==(const ModelState&, const ModelState&) = default;

  // The same text for the same state, and no other.
  std::string fingerprint() const;
  // That text.
  void write(ByteWriter& writer) const;
};

// One line about a state, for reports.
std::string describe(const ModelState& state);

// What a history may show although it is not as the model says, because time is not the same for
// all.
struct Tolerance {
  // How much faster or slower a member's clock may run than the history's, as a fraction.
  double drift = 0.0;
  // How long after a read has returned a repetition of its request may still count as a use.
  Duration late_use = {};
  // How much longer than its lifetime a session may live when its primary fails, beside
  // table::use_interval(); zero: primaries do not fail.
  Duration late_end = {};
  // Whether all copies of the session's segment were lost, and that was declared.
  bool lost = false;
  // Whether sessions of a subject may end to make room for others.
  bool displaced = false;
  // Whether logins in progress may end to make room for others.
  bool logins_displaced = false;
};

// Carries calls out on ModelState. Knows the whole history for what does not depend on the order:
// which ids were told to anybody, and when the session could have been used last.
class SessionModel {
 public:
  using State = ModelState;

  // The history must outlive the model.
  SessionModel(const History& history, const Tolerance& tolerance);

  // What the session may be after that call of the history took effect: nothing if the call cannot
  // have ended as it did; several states if its answer leaves open what it did. The call must not
  // be refused.
  std::vector<ModelState> after(const ModelState& state, std::size_t call) const;

 private:
  std::vector<ModelState> create(const ModelState& state, const Call& call) const;
  std::vector<ModelState> not_found(const ModelState& state, const Call& call) const;
  std::vector<ModelState> revoke(const ModelState& state, const Call& call) const;
  std::vector<ModelState> end_all(const ModelState& state, const Call& call) const;
  std::vector<ModelState> read(const ModelState& state, const Call& call) const;
  std::vector<ModelState> change(const ModelState& state, const Call& call) const;
  std::vector<ModelState> through_alias(const ModelState& state, std::size_t call) const;
  std::vector<ModelState> revoke_alias(const ModelState& state, const ModelState::Alias& alias,
                                       const Call& call) const;
  void shorten(ModelState& state, const Call& call) const;
  void rename(ModelState& state, const Call& call) const;

  bool may_address(const ModelState& state, const std::string& id) const;
  bool may_have_ended(const ModelState::Alias& alias, const Call& call) const;
  bool must_have_ended(const ModelState::Alias& alias, const Call& call) const;
  bool may_have_expired(const ModelState& state, const Call& call) const;
  // Whether it may have been ended to make room for another session of its subject, or for another
  // login.
  bool may_be_displaced(const ModelState& state) const {
    return state.phase == Phase::kActive ? tolerance_.displaced : tolerance_.logins_displaced;
  }
  bool must_have_expired(const ModelState& state, std::size_t call) const;
  Duration shortest(std::chrono::seconds lifetime) const;
  Duration longest(std::chrono::seconds lifetime) const;

  const History& history_;
  const Tolerance tolerance_;
  // Ids that answers of creates and renames told. Any other can only be one whose answer was lost.
  std::set<std::string> told_ids_;
  // For each call: no use of the session before it can have been later than this.
  std::vector<Time> last_use_before_;
};

}  // namespace sojourn::simulation
