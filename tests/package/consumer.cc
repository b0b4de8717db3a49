// A user's program against the installed library: a member alone, one session, one cookie.

#include <sojourn/cookie.h>
#include <sojourn/library_version.h>
#include <sojourn/sync_store.h>

#include <cstdio>
#include <string>

int main() {
  sojourn::StoreOptions options;
  options.name = "a";
  options.members = {{.name = "a"}};
  auto store = sojourn::SyncStore::open(options);
  auto cookies = sojourn::CookieCodec::make({});
  if (!store.ok() || !cookies.ok() || !store->wait_ready().ok()) return 1;

  auto made = store->create(sojourn::NewSession("ana"));
  if (!made.ok()) return 1;
  const std::string cookie = cookies->value(made->id(), store->store().owner_of(made->id()));
  auto read = cookies->read(cookie);
  if (!read.ok()) return 1;
  auto found = store->get(read->id);
  if (!found.ok() || found->subject() != "ana" || read->route != "a") return 1;

  const std::string version(sojourn::kLibraryVersion);
  std::printf("Sojourn %s knows ana\n", version.c_str());
}
