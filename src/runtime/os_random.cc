#include "runtime/os_random.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/random.h>

#include <cstdlib>
#include <utility>

namespace sojourn::runtime {

OsRandom::~OsRandom() { OPENSSL_cleanse(pool_.data(), sizeof(pool_)); }

std::uint64_t OsRandom::next() {
  if (left_ == 0) {
    auto* bytes = reinterpret_cast<unsigned char*>(pool_.data());
    const bool drawn = RAND_bytes(bytes, sizeof(pool_)) == 1 ||
                       getrandom(bytes, sizeof(pool_), 0) == static_cast<ssize_t>(sizeof(pool_));
    // Without randomness every id could be guessed: there is no way to go on.
    if (!drawn) std::abort();
    left_ = pool_.size();
  }
  return std::exchange(pool_[--left_], 0);
}

std::uint64_t random_nonzero() {
  OsRandom random;
  while (true) {
    if (const std::uint64_t drawn = random.next(); drawn != 0) return drawn;
  }
}

}  // namespace sojourn::runtime
