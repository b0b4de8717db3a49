#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integration/gatehouse/browser.h"

namespace gatehouse::test {

inline constexpr char kCookie[] = "__Host-sid";

// Some gatehouses that form one cluster, auth-0 and so on, each with its own thread. User "ana" has
// the password "open sesame" and the roles "user" and "dash", "ben" "swordfish" and "user", "ada"
// "xyzzy" and is an administrator.
class Cluster {
 public:
  // `started` of `members` run; the others are missing. Waits until those are ready if none is
  // missing.
  explicit Cluster(int members, int started);
  explicit Cluster(int members) : Cluster(members, members) {}
  ~Cluster();

  // Where member i serves HTTP.
  int port(int i) const;

  // Ends member i as a signal would.
  void stop(int i);

  // Signs in, each request at the next member; true if that brought the browser to the portal.
  bool sign_in(Browser& browser, const std::string& user, const std::string& password);
  // The same up to the password page, of which it returns the form's token.
  std::string begin(Browser& browser, const std::string& user);

  // A counter of /status of member i, such as "/store/reads_remote_hit".
  std::int64_t counter(int i, const std::string& pointer) const;

 private:
  class Node;

  int next();

  std::vector<std::unique_ptr<Node>> nodes_;
  int turn_ = 0;
};

}  // namespace gatehouse::test
