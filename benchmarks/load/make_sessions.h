#pragma once

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/store.h"

namespace load {

// A session whose subject, names and values are `payload` bytes together, each of another subject.
inline sojourn::NewSession session_of(std::size_t number, std::size_t payload) {
  std::string subject = "user" + std::to_string(100'000'000 + number % 100'000'000);
  const std::string name = "token";
  const std::size_t taken = subject.size() + name.size();
  return sojourn::NewSession(std::move(subject))
      .with(name, std::string(payload > taken ? payload - taken : 0, 'x'));
}

// Which sessions are to be made. With an expiry, all of them end within one second of it, however
// long making them takes.
struct Making {
  std::size_t sessions = 1000;
  std::size_t payload = 512;
  std::size_t first_number = 0;
  std::optional<std::chrono::steady_clock::time_point> expiry = {};
};

// Makes them through the store, some hundred at a time. Throws what the store said if one failed.
inline std::vector<sojourn::SessionId> make_sessions(sojourn::Store& store,
                                                     asio::io_context& context,
                                                     const Making& making) {
  using namespace std::chrono_literals;
  std::vector<sojourn::SessionId> ids;
  ids.reserve(making.sessions);
  std::size_t begun = 0;
  std::string failure;
  std::function<void()> next = [&] {
    if (begun == making.sessions || !failure.empty()) return;
    sojourn::NewSession session = session_of(making.first_number + begun++, making.payload);
    if (making.expiry) {
      const auto left = *making.expiry - std::chrono::steady_clock::now();
      const auto lifetime = std::max(std::chrono::ceil<std::chrono::seconds>(left), 1s);
      session.lasting({lifetime, lifetime});
    }
    store.async_create(std::move(session), {.timeout = 30s},
                       asio::bind_executor(context, [&](absl::StatusOr<sojourn::Session> made) {
                         if (made.ok()) {
                           ids.push_back(made->id());
                         } else {
                           failure = made.status().ToString();
                         }
                         next();
                       }));
  };
  constexpr int kAtOnce = 256;
  for (int i = 0; i < kAtOnce; ++i) next();
  context.run();
  context.restart();
  if (!failure.empty()) throw std::runtime_error("create: " + failure);
  return ids;
}

}  // namespace load
