#pragma once

#include <map>

#include "base/ids.h"
#include "base/rules.h"
#include "base/time.h"
#include "sojourn/view.h"

namespace sojourn::membership {

// The right to answer for others, lent by a quorum for a short time.
//
// A member that grants n a lease promises for the time T not to accept a view without n. n may act
// while it holds grants, all given under its installed view, of a quorum of that view. n counts T
// from when it asked, and takes a tenth off; the granter counts from when it answered, and adds a
// tenth: clocks may run apart by five percent either way, and nobody's clock is ever compared with
// another's. (Gray and Cheriton, SOSP 1989.)
//
// An engine's part: not safe from several threads.
class Leases {
 public:
  Leases(Duration lease, Rules rules) : lease_(lease), rules_(rules) {}

  // A view was installed: grants that were given to this member under the one before count no more,
  // and for one T this member drops nobody, because members of an earlier view may still hold a
  // lease of which it knows nothing.
  void install(Time now);

  // As granter.

  void grant(Time now, Incarnation to);
  // Whether this member's promises allow a view without that member.
  bool may_drop(Time now, Incarnation member) const;
  // When they will, as things stand.
  Time may_drop_from(Incarnation member) const;

  // As holder.

  // A grant came back that was asked for at `asked`, under the installed view.
  void granted(Incarnation by, Time asked);
  // Until when that member is bound by its promise to us; the past if it is not.
  Time granted_until(Incarnation by) const;
  // Until when this member may act under `view`.
  Time held_until(const View& view) const;

  Duration lease() const { return lease_; }

 private:
  Duration lease_;
  Rules rules_;
  std::map<Incarnation, Time> promised_until_;
  std::map<Incarnation, Time> granted_until_;
  Time calm_until_ = Time::min();
};

}  // namespace sojourn::membership
