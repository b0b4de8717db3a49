// Two login servers in one program, to keep it short; in life each is a process of its own.
#include <sojourn/sync_store.h>

#include <cstdlib>
#include <iostream>

sojourn::SyncStore open_member(const std::string& name, int port) {
  sojourn::StoreOptions options;
  options.name = name;
  options.members = {{.name = "a", .address = "127.0.0.1:" + std::to_string(port)},
                     {.name = "b", .address = "127.0.0.1:" + std::to_string(port + 1)}};
  options.insecure = true;  // plain text, on loopback only
  auto store = sojourn::SyncStore::open(options);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    std::exit(1);
  }
  return *std::move(store);
}

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::atoi(argv[1]) : 7701;
  sojourn::SyncStore a = open_member("a", port);
  sojourn::SyncStore b = open_member("b", port);
  if (!a.wait_ready().ok() || !b.wait_ready().ok()) return 1;

  auto login = a.create(sojourn::NewSession("ana").with("role", "admin"));
  if (!login.ok()) return 1;
  auto seen = b.get(login->id());  // any member answers
  if (!seen.ok()) return 1;
  std::cout << seen->subject() << " logged in at a, and b knows: role " << *seen->attribute("role")
            << ", owner " << b.store().owner_of(login->id()) << "\n";

  if (!b.revoke(login->id()).ok()) return 1;
  std::cout << "after logout at b, a says: " << a.get(login->id()).status() << "\n";
}
