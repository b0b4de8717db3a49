#include "session/companion.h"

#include <string>

#include "sojourn/session_id.h"
#include "support/catch.h"

namespace sojourn::session {
namespace {

using namespace std::chrono_literals;

TEST_CASE("companions have ids that no session and no other kind has", "[companion]") {
  const std::string single_use(CompanionId(Kind::kSingleUse, "ana").text());
  const std::string counter(CompanionId(Kind::kCounter, "ana").text());
  const std::string revoked(CompanionId(Kind::kRevokedToken, "ana").text());

  CHECK(single_use == "=ana");
  CHECK(counter == "+ana");
  CHECK(revoked == "!ana");
  CHECK(kind_of(single_use) == Kind::kSingleUse);
  CHECK(kind_of(counter) == Kind::kCounter);
  CHECK(kind_of(revoked) == Kind::kRevokedToken);
  for (const std::string& id : {single_use, counter, revoked}) {
    CHECK_FALSE(SessionId::parse(id).ok());
  }
  for (char letter = ' '; letter <= '~'; ++letter) {
    const std::string id(1, letter);
    if (SessionId::parse(id).ok()) CHECK_FALSE(is_companion(id));
  }
}

TEST_CASE("a companion's name may be any 200 bytes", "[companion]") {
  std::string name;
  while (name.size() < kCompanionNameBytesMax) name.push_back(static_cast<char>(name.size()));

  CHECK(CompanionId(Kind::kCounter, name).text() == "+" + name);
  CHECK(check_companion_name(name).ok());
  CHECK(absl::IsInvalidArgument(check_companion_name(name + "n")));
  CHECK(absl::IsInvalidArgument(check_companion_name("")));
}

TEST_CASE("a companion ends when its lifetime is over, however it is used", "[companion]") {
  const Time made_at(100s);
  const RecordRef record = make_companion({.id = "=state",
                                           .content = "nonce",
                                           .lifetime = 60s,
                                           .version = {1, 2},
                                           .created_at = made_at});

  CHECK(content_of(*record) == "nonce");
  CHECK(record->attribute_count() == 0);
  CHECK(ends_at(*record) == made_at + 60s);
  CHECK(record->expires_at(made_at) == made_at + 60s);
  CHECK(record->expires_at(made_at + 59s) == made_at + 60s);
}

TEST_CASE("a counter's record is as large for every count", "[companion]") {
  for (const std::uint64_t count : {std::uint64_t{1}, std::uint64_t{300}, kCountMax}) {
    const CountContent content(count);
    const RecordRef record =
        make_companion({.id = "+ana", .content = content.text(), .lifetime = 60s});
    CHECK(count_of(*record) == count);
    CHECK(content.text().size() == 8);
  }
}

TEST_CASE("a companion is found by no key, whatever its content", "[companion]") {
  const RecordRef record =
      make_companion({.id = "=state", .content = "ana", .lifetime = std::chrono::seconds(60)});

  CHECK(record->key_count() == 0);
  CHECK(content_of(*record) == "ana");
}

TEST_CASE("what is out of bounds for a companion is refused without repeating it", "[companion]") {
  const std::string secret(kSingleUseValueBytesMax + 1, 's');

  CHECK(check_companion_lifetime(1s).ok());
  CHECK(check_companion_lifetime(std::chrono::hours(400 * 24)).ok());
  CHECK(absl::IsInvalidArgument(check_companion_lifetime(0s)));
  CHECK(absl::IsInvalidArgument(check_companion_lifetime(std::chrono::hours(400 * 24) + 1s)));
  CHECK(check_amount(1).ok());
  CHECK(check_amount(kCountMax).ok());
  CHECK(absl::IsInvalidArgument(check_amount(0)));
  CHECK(absl::IsInvalidArgument(check_amount(kCountMax + 1)));
  CHECK(check_single_use_value("").ok());
  const absl::Status status = check_single_use_value(secret);
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message().size() < 100);
}

}  // namespace
}  // namespace sojourn::session
