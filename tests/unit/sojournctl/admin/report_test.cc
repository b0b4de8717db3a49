#include "sojournctl/admin/report.h"

#include "sojournctl/admin/command.h"
#include "sojournctl/admin/safety.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

v1::OwnerReply reply_of(const std::string& owner, const std::vector<std::string>& ideal,
                        const std::vector<std::string>& base) {
  v1::OwnerReply reply;
  reply.set_owner(owner);
  for (const std::string& name : ideal) reply.add_ideal(name);
  for (const std::string& name : base) reply.add_base(name);
  return reply;
}

TEST_CASE("why a member is the owner is told in words", "[sojournctl]") {
  CHECK(why_owner(reply_of("a", {"a", "b"}, {"a", "b"})) ==
        "a is preferred for this segment, and holds all of it");
  CHECK(why_owner(reply_of("b", {"a", "b"}, {"b"})) ==
        "a is preferred, and does not hold all of the segment yet; of those who do, b comes first");
  v1::OwnerReply leaving = reply_of("b", {"a", "c"}, {"b"});
  leaving.add_leaving("b");
  CHECK(why_owner(leaving) == "b is leaving, and nobody who stays holds all of the segment yet");
  CHECK(why_owner({}) == "no member has a capacity, so nobody holds sessions");
}

TEST_CASE("a status says why a member is not ready and what may not stop", "[sojournctl]") {
  v1::Snapshot snapshot;
  snapshot.set_name("auth-0");
  snapshot.mutable_health()->set_reason("it hears nobody");
  snapshot.mutable_health()->set_safe_reason("2 segments have too few copies");
  snapshot.set_epoch(7);
  snapshot.set_segments_short(2);

  const std::string text = status_text(snapshot);

  CHECK(text.find("no: it hears nobody") != std::string::npos);
  CHECK(text.find("no: 2 segments have too few copies") != std::string::npos);
  CHECK(text.find("2 with too few copies") != std::string::npos);
  CHECK(status_json(snapshot)["segments_short"] == 2);
}

TEST_CASE("sessions are listed by handle unless ids were asked for", "[sojournctl]") {
  v1::SessionsReply page;
  v1::SessionSummary& session = *page.add_sessions();
  session.set_handle("0123456789ab");
  session.set_subject("ana");

  CHECK(sessions_text(page).find("0123456789ab") != std::string::npos);
  CHECK_FALSE(session_json(page.sessions(0)).contains("id"));
  session.set_id("the-id");
  CHECK(sessions_text(page).find("the-id") != std::string::npos);
  CHECK(session_json(page.sessions(0))["id"] == "the-id");
}

TEST_CASE("who has left may stop, whatever else is true", "[sojournctl]") {
  v1::Snapshot snapshot;
  snapshot.mutable_health()->set_safe_reason("members are still receiving copies of segments");
  snapshot.add_members()->set_segments_learning(3);
  snapshot.add_members()->set_segments_learning(4);

  CHECK_FALSE(Safety::of(snapshot).safe);
  CHECK(Safety::of(snapshot).receiving == 7);
  snapshot.mutable_health()->set_left(true);
  CHECK(Safety::of(snapshot).safe);
}

TEST_CASE("an estimate goes on as it went", "[sojournctl]") {
  using std::chrono::milliseconds;
  CHECK(estimate(100, 50, milliseconds(1000)) == milliseconds(1000));
  CHECK(estimate(100, 90, milliseconds(1000)) == milliseconds(9000));
  CHECK_FALSE(estimate(100, 100, milliseconds(1000)).has_value());
  CHECK_FALSE(estimate(50, 100, milliseconds(1000)).has_value());
  CHECK_FALSE(estimate(100, 0, milliseconds(1000)).has_value());
}

TEST_CASE("scripts are told apart what kind of failure it was", "[sojournctl]") {
  CHECK(exit_status_of(absl::OkStatus()) == 0);
  CHECK(exit_status_of(absl::NotFoundError("")) == 1);
  CHECK(exit_status_of(absl::UnavailableError("")) == 1);
  CHECK(exit_status_of(absl::InvalidArgumentError("")) == 2);
  CHECK(exit_status_of(absl::PermissionDeniedError("")) == 4);
}

}  // namespace
}  // namespace sojournctl
