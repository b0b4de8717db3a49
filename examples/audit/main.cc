// An audit trail: one line for everything that happens to sessions.
#include <sojourn/sync_store.h>

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <thread>

// In life the trail is a database that all servers write to, and `id` its primary key: what is told
// twice is kept once.
class Trail {
 public:
  void write(const sojourn::Event& event) {
    if (event.kind == sojourn::EventKind::kMissed) {
      std::cout << event.missed << " events were missed\n";
      return;
    }
    if (!known_.insert(event.id).second) return;
    std::cout << name_of(event.kind);
    if (event.session) std::cout << " " << event.handle() << " " << event.subject;
    std::cout << "\n";
  }

 private:
  std::set<std::string> known_;
};

int main(int argc, char** argv) {
  sojourn::StoreOptions options;
  options.name = "a";
  options.members = {
      {.name = "a", .address = std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "7711")}};
  options.insecure = true;  // plain text, on loopback only
  auto store = sojourn::SyncStore::open(options);
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return 1;
  }

  Trail trail;
  const sojourn::Subscription subscription =
      store->subscribe([&trail](const sojourn::Event& event) { trail.write(event); });

  if (!store->wait_ready().ok()) return 1;
  auto login = store->create(sojourn::NewSession());
  if (!login.ok()) return 1;
  auto session = store->authenticate(login->id(), "ana");
  if (!session.ok() || !store->revoke(session->id()).ok()) return 1;
  while (subscription.waiting() > 0) std::this_thread::yield();
}
