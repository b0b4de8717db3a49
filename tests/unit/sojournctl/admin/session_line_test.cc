#include "sojournctl/admin/session_line.h"

#include "support/catch.h"

namespace sojournctl {
namespace {

v1::ExportedSession session() {
  v1::ExportedSession session;
  session.set_id("an-id");
  session.set_subject("Zo\xc3\xab");
  session.set_remembered(true);
  session.set_idle_ms(1000);
  session.set_unseen_ms(20);
  session.set_left_ms(3000);
  v1::Attribute& attribute = *session.add_attributes();
  attribute.set_name("bytes");
  attribute.set_value(std::string("\xff\0\n", 3));
  v1::Label& label = *session.add_labels();
  label.set_name("client");
  label.set_value("shop");
  v1::Tab& tab = *session.add_tabs();
  tab.set_name("t1");
  v1::Attribute& step = *tab.add_attributes();
  step.set_name("step");
  step.set_value("2");
  return session;
}

TEST_CASE("a session that was written as a line is read as it was", "[sojournctl]") {
  const std::string line = session_line(session());

  const auto read = session_of_line(line);

  REQUIRE(read.ok());
  CHECK(read->SerializeAsString() == session().SerializeAsString());
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("what is no session is refused without repeating it", "[sojournctl]") {
  std::string no_times = session_line(session());
  no_times.replace(no_times.find("idle_ms"), 7, "idle_xx");

  for (const std::string& line :
       {std::string(), std::string("secret"), std::string("[]"), std::string("{\"id\": 7}"),
        no_times, std::string("{\"id\": \"secret\"}"), std::string("null")}) {
    const absl::Status status = session_of_line(line).status();
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()).find("secret") == std::string::npos);
  }
}

TEST_CASE("a file says of which cluster it is, and when it was written", "[sojournctl]") {
  const SessionFileHeader written = {
      .cluster = "\xff",
      .at = std::chrono::system_clock::time_point(std::chrono::seconds(1000000000))};

  const auto read = header_of_line(header_line(written));

  REQUIRE(read.ok());
  CHECK(read->cluster == written.cluster);
  CHECK(read->at == written.at);
}

TEST_CASE("only files of this format are read", "[sojournctl]") {
  CHECK_FALSE(header_of_line(session_line(session())).ok());
  CHECK_FALSE(header_of_line("").ok());
  CHECK_FALSE(header_of_line("{\"sojourn_sessions\": 1}").ok());
  CHECK(header_of_line("{\"sojourn_sessions\": 2}").status().message() ==
        "the file has format 2, and this program knows format 1");
}

}  // namespace
}  // namespace sojournctl
