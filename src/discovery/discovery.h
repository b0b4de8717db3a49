#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sojourn::discovery {

// Where a member may listen: host:port. Whether one does, only asking it tells.
struct Found {
  // Whom the source believes to be there: a valid name of a member, but not always of this one.
  // Empty: the source knows addresses only.
  std::string name = {};
  std::string address = {};

  friend auto operator<=>(const Found&, const Found&) = default;
};

// What a source tells. Called on threads of its own, one call at a time; must not block.
struct Events {
  // All that is found now, this member included, in order and none twice. The first time when there
  // is an answer, then each time that it has changed.
  std::function<void(std::vector<Found> found)> on_found = {};
  // The source does not answer, or with nothing of use; what was found stands. In words for the
  // operator; at most once in ten seconds.
  std::function<void(const std::string& problem)> on_problem = {};
};

// A source of members' addresses: a list, DNS, or a directory such as etcd (a client of etcd would
// be one more implementation: it watches a prefix and knows names).
//
// What it tells are rumours. Nobody is a member because he is found, and nobody ceases to be one
// because he is not.
class Discovery {
 public:
  virtual ~Discovery() = default;

  // Once.
  virtual void start(Events events) = 0;

  // Nothing is reported after it has returned. Not from an event. Safe to repeat.
  virtual void stop() = 0;
};

}  // namespace sojourn::discovery
