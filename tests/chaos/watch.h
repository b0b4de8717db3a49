#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "chaos/figures.h"
#include "chaos/records.h"
#include "chaos/requests.h"

namespace sojourn::chaos {

// Watches for how long single sessions cannot be used: each is asked for again and again, half of
// them by reads and half by writes, and the longest time that one request took is what its user
// would have waited. Used on the context's thread only.
class Watch {
 public:
  // The references must outlive it.
  Watch(asio::io_context& context, Records& records, Requests& requests);

  // Makes sessions that this member owns; made() tells when all are there.
  void make_sessions(std::size_t owner, std::size_t count);
  bool made() const { return making_ == 0; }

  // From now on the sessions are asked for through these members, or any if there are none.
  void start(std::vector<std::size_t> members);
  // Ends the watch and adds what was seen. A session that was still waited for counts as it is.
  void stop(PhaseFigures& figures);

 private:
  struct Session {
    std::size_t lineage = 0;
    std::string id = {};
    bool writes = false;
    Microseconds longest{};
    Clock::time_point asked = {};
    bool waiting = false;
  };
  // The sessions of one watch, which its last calls may outlive.
  struct Round {
    std::vector<std::size_t> members = {};
    std::vector<Session> sessions = {};
    bool stopped = false;
  };

  void ask(const std::shared_ptr<Round>& round, std::size_t session);

  asio::io_context& context_;
  Records& records_;
  Requests& requests_;
  std::shared_ptr<Round> round_ = std::make_shared<Round>();
  std::size_t making_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace sojourn::chaos
