#include "sojournctl/admin/comparison.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

v1::Digest digest_of(bool primary, std::uint64_t digest) {
  v1::Digest made;
  made.set_primary(primary);
  made.set_holds(true);
  made.set_digest(digest);
  return made;
}

void add_entry(v1::Digest& digest, std::uint64_t id_hash, std::uint64_t sequence) {
  v1::Digest::Entry& entry = *digest.add_entries();
  entry.set_id_hash(id_hash);
  entry.set_epoch(3);
  entry.set_sequence(sequence);
}

TEST_CASE("segments differ whose holders have other contents", "[sojournctl]") {
  Comparison::Members members;
  members["a"][0] = digest_of(true, 7);
  members["b"][0] = digest_of(false, 7);
  members["a"][1] = digest_of(true, 7);
  members["b"][1] = digest_of(false, 8);

  CHECK(Comparison::differing(members, 2) == std::set<std::uint32_t>{1});
}

TEST_CASE("a member that still receives a segment is not compared", "[sojournctl]") {
  Comparison::Members members;
  members["a"][0] = digest_of(true, 7);
  members["b"][0] = digest_of(false, 8);
  members["b"][0].set_holds(false);

  CHECK(Comparison::differing(members, 1).empty());
}

TEST_CASE("a segment that nobody answers for differs from what should be", "[sojournctl]") {
  Comparison::Members members;
  members["b"][0] = digest_of(false, 8);

  CHECK(Comparison::differing(members, 2) == std::set<std::uint32_t>{0, 1});
  CHECK(Comparison::differences(members, 1) == std::vector<std::string>{"nobody holds it"});
}

TEST_CASE("a difference names who has which version", "[sojournctl]") {
  Comparison::Members members;
  members["a"][0] = digest_of(true, 1);
  members["b"][0] = digest_of(false, 2);
  add_entry(members["a"][0], 0xab, 1);
  add_entry(members["b"][0], 0xab, 2);
  add_entry(members["a"][0], 0xcd, 5);
  add_entry(members["b"][0], 0xcd, 5);
  add_entry(members["a"][0], 0xef, 6);

  CHECK(Comparison::differences(members, 0) ==
        std::vector<std::string>{
            "id with hash 00000000000000ab: a has version 3.1; b has version 3.2",
            "id with hash 00000000000000ef: a has version 3.6; b has nothing"});
}

}  // namespace
}  // namespace sojournctl
