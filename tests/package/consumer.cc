// A user's program, as small as it can be while it calls into the library.

#include <sojourn/library_version.h>
#include <sojourn/session_id.h>

#include <cstdio>
#include <string>

int main() {
  const auto id = sojourn::SessionId::parse("not an id");
  const std::string version(sojourn::kLibraryVersion);
  std::printf("Sojourn %s: %s\n", version.c_str(), id.status().ToString().c_str());
  return id.ok() ? 1 : 0;
}
