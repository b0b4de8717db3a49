#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

namespace gatehouse {

// Checks passwords on threads of its own, because each takes tens of milliseconds in which an event
// loop could serve a thousand other requests.
//
// Safe from any thread. The destructor waits for checks under way and drops those that wait.
class PasswordChecker {
 public:
  explicit PasswordChecker(std::size_t threads = 1, std::size_t waiting_max = 64);
  ~PasswordChecker();

  // OK if the password is that of one of the hashes, kUnauthenticated if not, kResourceExhausted,
  // at once, when too many checks wait already: more would only make everybody wait longer than
  // they will. `done` is called on `executor`.
  using Done = absl::AnyInvocable<void(absl::Status) &&>;
  void check(std::string password, std::vector<std::string> hashes, asio::any_io_executor executor,
             Done done);

 private:
  const std::size_t waiting_max_;
  std::atomic<std::size_t> waiting_ = 0;
  asio::thread_pool pool_;
};

}  // namespace gatehouse
