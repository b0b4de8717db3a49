#pragma once

#include <asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "chaos/records.h"
#include "chaos/requests.h"

namespace sojourn::chaos {

struct LoadOptions {
  std::size_t clients = 8;
  // Sessions that the clients work on at one time: few, so that they meet.
  std::size_t sessions_at_once = 12;
  // Few calls a session and many sessions: the checker looks at each session for itself.
  std::size_t requests_per_session_max = 40;
  std::chrono::milliseconds think_max{40};
};

// Browsers: clients that log in, read and change sessions through whichever member, several at once
// on the same few sessions. A session that is left alone stays, and is read again at the end. Used
// on the context's thread only.
class Load {
 public:
  // The references must outlive it.
  Load(asio::io_context& context, LoadOptions options, Records& records, Requests& requests,
       Random& random);

  void start();
  // Clients end their last request and do nothing more.
  void stop() { stopped_ = true; }

 private:
  struct Open {
    std::size_t lineage = 0;
    std::size_t requests_left = 0;
  };

  void think(std::size_t client);
  void step(std::size_t client);
  void create(std::size_t client);
  Open* draw_session();
  Question draw_question(const Lineage& lineage);
  Patch::Step draw_change();

  asio::io_context& context_;
  const LoadOptions options_;
  Records& records_;
  Requests& requests_;
  Random& random_;
  bool stopped_ = false;
  std::vector<Open> open_;
  std::uint64_t values_ = 0;
};

// Timeouts that Store's options have as defaults.
inline constexpr std::chrono::milliseconds kReadTimeout{250};
inline constexpr std::chrono::milliseconds kWriteTimeout{1000};

}  // namespace sojourn::chaos
