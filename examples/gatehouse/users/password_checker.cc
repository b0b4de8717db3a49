#include "gatehouse/users/password_checker.h"

#include <algorithm>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <utility>

#include "gatehouse/users/password.h"

namespace gatehouse {

PasswordChecker::PasswordChecker(std::size_t threads, std::size_t waiting_max)
    : waiting_max_(waiting_max), pool_(threads) {}

PasswordChecker::~PasswordChecker() {
  pool_.stop();
  pool_.join();
}

void PasswordChecker::check(std::string password, std::vector<std::string> hashes,
                            asio::any_io_executor executor, Done done) {
  // The executor has work to wait for, though all of it happens elsewhere.
  executor = asio::prefer(executor, asio::execution::outstanding_work.tracked);
  if (waiting_.fetch_add(1) >= waiting_max_) {
    waiting_.fetch_sub(1);
    asio::post(executor, [done = std::move(done)]() mutable {
      std::move(done)(absl::ResourceExhaustedError("too many passwords wait to be checked"));
    });
    return;
  }
  asio::post(pool_, [this, password = std::move(password), hashes = std::move(hashes),
                     executor = std::move(executor), done = std::move(done)]() mutable {
    const bool matches = std::ranges::any_of(
        hashes, [&password](const std::string& hash) { return password_matches(password, hash); });
    waiting_.fetch_sub(1);
    asio::post(executor, [matches, done = std::move(done)]() mutable {
      std::move(done)(matches ? absl::OkStatus() : absl::UnauthenticatedError("wrong password"));
    });
  });
}

}  // namespace gatehouse
