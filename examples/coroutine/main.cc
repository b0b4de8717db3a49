// A login and a logout as coroutines: one member alone, so that it runs anywhere.
#include <sojourn/store.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdlib>
#include <iostream>

#if defined(ASIO_HAS_CO_AWAIT)

using asio::use_awaitable;

// What a server does when the password was right: the login becomes the user's session, under a new
// id.
asio::awaitable<absl::StatusOr<sojourn::Session>> log_in(sojourn::Store& store,
                                                         const sojourn::SessionId& login,
                                                         std::string user) {
  auto session = co_await store.async_authenticate(
      login, std::move(user), sojourn::Patch().set("device", "phone"), use_awaitable);
  co_return session;
}

asio::awaitable<void> visit(sojourn::Store& store, int& exit_status) {
  if (!(co_await store.async_ready(use_awaitable)).ok()) co_return;

  auto login = co_await store.async_create(sojourn::NewSession(), use_awaitable);
  if (!login.ok()) co_return;
  auto session = co_await log_in(store, login->id(), "ana");
  if (!session.ok()) co_return;
  std::cout << session->subject() << " on " << *session->attribute("device") << "\n";

  auto replayed = co_await log_in(store, login->id(), "eve");
  std::cout << "the same login again: " << replayed.status() << "\n";

  auto ended = co_await store.async_revoke(session->id(), use_awaitable);
  exit_status = ended.ok() && !replayed.ok() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main() {
  asio::io_context context;
  sojourn::StoreOptions options;
  options.name = "a";
  options.members = {{.name = "a"}};
  auto store = sojourn::Store::open(context.get_executor(), options);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return EXIT_FAILURE;
  }
  int exit_status = EXIT_FAILURE;
  asio::co_spawn(context, visit(*store, exit_status), asio::detached);
  context.run();
  return exit_status;
}

#else

int main() { std::cout << "This compiler and this Asio have no coroutines together.\n"; }

#endif
