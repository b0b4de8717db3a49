#include "transport/identity.h"

#include "support/catch.h"

namespace sojourn::transport {
namespace {

Identity read_back(const std::multimap<std::string, std::string>& metadata) {
  std::multimap<grpc::string_ref, grpc::string_ref> seen;
  for (const auto& [key, value] : metadata) seen.emplace(key, value);
  return Identity::read(seen);
}

std::multimap<std::string, std::string> written(const Identity& identity) {
  std::multimap<std::string, std::string> metadata;
  identity.write(
      [&](const std::string& key, const std::string& value) { metadata.emplace(key, value); });
  return metadata;
}

TEST_CASE("an identity is read as it was written", "[transport]") {
  const Identity identity = {.cluster = "sojourn",
                             .member = "auth-1",
                             .incarnation = Incarnation{0x0123456789abcdef},
                             .wire_min = 1,
                             .wire_max = 3,
                             .addressee = "auth-2"};

  const Identity back = read_back(written(identity));

  CHECK(back.cluster == "sojourn");
  CHECK(back.member == "auth-1");
  CHECK(back.incarnation == identity.incarnation);
  CHECK(back.wire_min == 1);
  CHECK(back.wire_max == 3);
  CHECK(back.addressee == "auth-2");
}

TEST_CASE("what metadata says wrongly counts as not said", "[transport]") {
  std::multimap<std::string, std::string> metadata = {
      {"sojourn-cluster", std::string(100, 'x')},
      {"sojourn-member", "auth\n1"},
      {"sojourn-incarnation", "not hexadecimal"},
      {"sojourn-wire", "latest"},
  };

  const Identity identity = read_back(metadata);

  CHECK(identity.cluster.size() == 64);
  CHECK(identity.member == "auth?1");
  CHECK(identity.incarnation == Incarnation{});
  CHECK(identity.wire_max == 0);
  CHECK(identity.addressee.empty());
}

TEST_CASE("two members can talk if they have a wire version in common", "[transport]") {
  struct Row {
    std::uint32_t other_min, other_max, own_min, own_max;
    bool ok;
  };
  const auto row = GENERATE(Row{1, 1, 1, 1, true}, Row{1, 2, 2, 3, true}, Row{2, 3, 1, 2, true},
                            Row{1, 4, 2, 3, true}, Row{1, 1, 2, 3, false}, Row{3, 4, 1, 2, false},
                            Row{0, 0, 1, 1, false});
  Identity other = {.cluster = "c", .member = "a", .incarnation = Incarnation{1}};
  other.wire_min = row.other_min;
  other.wire_max = row.other_max;
  Identity own = {.cluster = "c", .member = "b", .incarnation = Incarnation{2}};
  own.wire_min = row.own_min;
  own.wire_max = row.own_max;

  CHECK(check_identity(other, own).ok() == row.ok);
}

}  // namespace
}  // namespace sojourn::transport
