#include "gatehouse/web/console_page.h"

#include <algorithm>
#include <regex>
#include <string>

#include "gatehouse/http/server_sent_event.h"
#include "gatehouse/web/page_response.h"
#include "support/catch.h"
#include "unit/gatehouse/console_states.h"

namespace gatehouse {
namespace {

constexpr char kNasty[] = "\"><script>alert('&')</script>{{title}}";

bool holds(const Markup& page, std::string_view text) {
  return page.html.find(text) != std::string::npos;
}

Markup part_of(const Observation& observation, std::string_view id) {
  for (ConsolePart& part : console_parts(observation)) {
    if (part.id == id) return part.content;
  }
  return {};
}

Observation observe_three() {
  Observation observation = observe(
      "auth-0",
      test::state_of({"auth-0", "auth-1", "auth-2"}, {{{0, 1}}, {{1, 2}}, {{2, 0}}, {{0}, {2}}}),
      {.live = true, .ready = true}, {.sessions_active = 12}, {"auth-0", "auth-1", "auth-2"},
      {"auth-0", "auth-1", "auth-2"});
  observation.transfers = {{.from = "auth-0", .to = "auth-2", .left = 1, .most = 4}};
  return observation;
}

}  // namespace

TEST_CASE("nothing from outside becomes markup in the console", "[gatehouse][console]") {
  Observation observation =
      observe(kNasty, test::state_of({kNasty}, {{{0}}}), {.live = true, .reason = kNasty}, {},
              {kNasty, "also " + std::string(kNasty)}, {kNasty});
  observation.cluster = kNasty;
  observation.members.front().address = kNasty;
  observation.members.front().zone = kNasty;
  observation.transfers = {{.from = kNasty, .to = kNasty, .left = 1, .most = 2}};
  observation.changes = {{.time = kNasty, .text = kNasty}};
  observation.rates = {{.title = kNasty}};

  for (const ConsolePart& part : console_parts(observation)) {
    CAPTURE(part.id);
    CHECK_FALSE(holds(part.content, "<script"));
    CHECK_FALSE(holds(part.content, "alert('"));
    CHECK((part.id == "figures" || holds(part.content, "&lt;script&gt;")));
  }
  const Markup page = console_page({}, observation, kNasty);
  CHECK_FALSE(holds(page, "<script>"));
  CHECK_FALSE(holds(page, "alert('"));
}

TEST_CASE("the console lists its members with what they hold", "[gatehouse][console]") {
  const std::string members = part_of(observe_three(), "members").html;

  const std::regex row(
      "<th scope=\"row\"><span class=\"whole\"><svg.*?</svg>auth-0 <span class=\"mark\">this "
      "one</span></span></th>.*?"
      "serves, with a lease.*?auth-0.example:7100.*?<code>0000000000000abc</code>.*?"
      "<td class=\"number\">1</td><td class=\"number\">2</td><td class=\"number\">3</td>"
      "<td class=\"number\">0</td>");
  CHECK(std::regex_search(members, row));
  CHECK(members.find("<caption>") != std::string::npos);
  CHECK(members.find("Zone") == std::string::npos);
}

TEST_CASE("the ring has a part for each owner and each holder", "[gatehouse][console]") {
  const Markup rings = part_of(observe_three(), "rings");

  CHECK(holds(rings, "<title>auth-0 answers for 2 segments</title>"));
  CHECK(holds(rings, "<title>auth-1 holds a copy of 1 segment</title>"));
  CHECK(holds(rings, "class=\"receiving c2\""));
  CHECK(holds(rings, "<title>auth-2 receives 1 segment</title>"));
  CHECK(holds(rings, "auth-0 <span class=\"quiet\">50\u00a0%</span>"));
  // Styles of elements are not allowed by the policy, and would not be applied.
  CHECK_FALSE(holds(rings, "style="));
}

TEST_CASE("a ring of one part is a circle", "[gatehouse][console]") {
  const Observation alone =
      observe("a", test::state_of({"a"}, {{{0}}, {{0}}}), {.ready = true}, {}, {}, {"a"});

  CHECK(holds(part_of(alone, "rings"), "<circle"));
}

TEST_CASE("a transfer has a bar that says how far it is", "[gatehouse][console]") {
  CHECK(holds(part_of(observe_three(), "transfers"),
              "<progress max=\"4\" value=\"3\">75\u00a0%</progress>"));
  CHECK(holds(part_of({}, "transfers"), "Nothing is being transferred."));
}

TEST_CASE("the console says whether the balancer follows the route", "[gatehouse][console]") {
  const auto advice = [](std::uint64_t hit, std::uint64_t miss) {
    Observation observation;
    observation.sticky_lately = {.hit = hit, .miss = miss};
    return part_of(observation, "sticky");
  };

  CHECK(holds(advice(2, 3), "Too few requests"));
  CHECK(holds(advice(95, 5), "The balancer follows the route."));
  CHECK(holds(advice(95, 5), "95\u00a0%"));
  CHECK(holds(advice(40, 60), "is the balancer set up to follow the route?"));
}

TEST_CASE("the page holds every part once, and a form for the sessions of somebody",
          "[gatehouse][console]") {
  const Observation observation = observe_three();
  const Markup page = console_page({"/here"}, observation, "now");

  for (const ConsolePart& part : console_parts(observation)) {
    CAPTURE(part.id);
    const std::string id = "id=\"" + std::string(part.id) + "\"";
    const std::size_t first = page.html.find(id);
    REQUIRE(first != std::string::npos);
    CHECK(page.html.find(id, first + 1) == std::string::npos);
    CHECK(holds(page, part.content.html));
  }
  CHECK(holds(page, "<form method=\"get\" action=\"/here/admin\""));
  CHECK(holds(page, "data-events=\"/here/console/events\""));
  CHECK(holds(page, "src=\"/here/assets/console.js?"));
}

TEST_CASE("the console may run its own script and ask its own server, and no more",
          "[gatehouse][console]") {
  const Response response = live_page_response({}, {});

  CHECK(response.header("Content-Security-Policy") ==
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src "
        "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

TEST_CASE("an event keeps its lines, and nothing in it begins another", "[gatehouse][console]") {
  CHECK(server_sent_event("rates", "one\ntwo") == "event: rates\ndata: one\ndata: two\n\n");
  CHECK(server_sent_event("rates", "one\r\n\revent: x") ==
        "event: rates\ndata: one \ndata:  event: x\n\n");
  CHECK(server_sent_heartbeat() == ":\n\n");
  CHECK(server_sent_retry(std::chrono::milliseconds(1500)) == "retry: 1500\n\n");
}

}  // namespace gatehouse
