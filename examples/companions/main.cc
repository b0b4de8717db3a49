// What an auth server keeps beside its sessions: one member alone, so that it runs anywhere.
#include <sojourn/sync_store.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

// The state of an OAuth request comes back with the answer; it must be one that was given out, and
// is worth something once.
absl::StatusOr<std::string> come_back(sojourn::SyncStore& store, const std::string& state) {
  auto verifier = store.take("oauth/" + state);
  if (absl::IsNotFound(verifier.status())) {
    return absl::PermissionDeniedError("unknown, used or too late");
  }
  return verifier;
}

// Five wrong passwords within ten minutes lock an account until these are over.
constexpr std::uint64_t kFailuresMax = 5;

absl::Status check_password(sojourn::SyncStore& store, const std::string& user, bool right) {
  auto failures = store.read_counter("login/" + user);
  if (!failures.ok()) return failures.status();
  if (failures->count >= kFailuresMax) {
    return absl::PermissionDeniedError(
        "locked for " + std::to_string(failures->remaining / 1min + 1) + " more minutes");
  }
  if (right) return store.reset_counter("login/" + user);
  failures = store.add("login/" + user, 1, 10min);
  return failures.ok() ? absl::UnauthenticatedError("wrong password") : failures.status();
}

// A token is good if nobody has revoked it; not knowing is no yes.
bool is_good(sojourn::SyncStore& store, const std::string& token_id) {
  auto revoked = store.is_token_revoked(token_id);
  return revoked.ok() && !*revoked;
}

int main() {
  sojourn::StoreOptions options;
  options.name = "a";
  options.members = {{.name = "a"}};
  auto store = sojourn::SyncStore::open(options);
  if (!store.ok() || !store->wait_ready().ok()) {
    std::cerr << "the store does not start\n";
    return EXIT_FAILURE;
  }

  if (!store->put_once("oauth/Xw3h", "verifier", 10min).ok()) return EXIT_FAILURE;
  std::cout << "back from the provider: " << come_back(*store, "Xw3h").status() << "\n";
  std::cout << "the same once more: " << come_back(*store, "Xw3h").status() << "\n";

  for (int i = 0; i < 6; ++i) {
    std::cout << "ana types a password: " << check_password(*store, "ana", false) << "\n";
  }

  // An hour is what the token would have lived on.
  if (!store->revoke_token("jti-7", 1h).ok()) return EXIT_FAILURE;
  const bool as_expected = !is_good(*store, "jti-7") && is_good(*store, "jti-8");
  return as_expected ? EXIT_SUCCESS : EXIT_FAILURE;
}
