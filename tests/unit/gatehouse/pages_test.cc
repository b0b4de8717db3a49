#include "gatehouse/web/pages.h"

#include <algorithm>

#include "gatehouse/web/html.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/session_pages.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

constexpr char kNasty[] = "\"><script>alert('&')</script>{{title}}";

bool holds(const Markup& page, std::string_view text) {
  return page.html.find(text) != std::string::npos;
}

SessionList nasty_list() {
  return {.rows = {{.handle = kNasty,
                    .device = kNasty,
                    .address = kNasty,
                    .signed_in = kNasty,
                    .last_seen = kNasty}},
          .total = 1,
          .page = 2,
          .pages = 3,
          .link = kNasty};
}

}  // namespace

TEST_CASE("text becomes harmless in HTML", "[gatehouse][pages]") {
  CHECK(escape_html("<a href=\"x\" title='y'>&amp;</a>") ==
        "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  CHECK(escape_html("plain") == "plain");
}

TEST_CASE("a template escapes text and leaves markup alone", "[gatehouse][pages]") {
  const Markup page =
      render("<p>{{text}}</p>{{markup}}", {{"text", "<b>"}, {"markup", Markup{"<hr>"}}});

  CHECK(page.html == "<p>&lt;b&gt;</p><hr>");
}

TEST_CASE("a value that looks like a placeholder is only text", "[gatehouse][pages]") {
  CHECK(render("{{a}}{{b}}", {{"a", "{{b}}"}, {"b", "c"}}).html == "{{b}}c");
}

TEST_CASE("nothing from outside becomes markup on any page", "[gatehouse][pages]") {
  const PageBase base;
  for (const Markup& page :
       {login_page(
            base, {.user_name = kNasty, .redirect_url = kNasty, .notice = kNasty, .error = kNasty}),
        password_page(base, {.user_name = kNasty, .csrf_token = kNasty, .error = kNasty}),
        portal_page(base, {.name = kNasty,
                          .csrf_token = kNasty,
                          .links = {{kNasty, kNasty}},
                          .about_session = {{kNasty, kNasty}}}),
        whoami_page(base, {.about_user = {{kNasty, kNasty}}, .about_session = {{kNasty, kNasty}}}),
        logout_page(base, {.name = kNasty, .csrf_token = kNasty, .redirect_uri = kNasty}),
        sessions_page(base, {.notice = kNasty, .csrf_token = kNasty, .sessions = nasty_list()}),
        admin_page(base, {.notice = kNasty,
                         .csrf_token = kNasty,
                         .user_name = kNasty,
                         .sessions = nasty_list()}),
        admin_page(base, {.user_name = kNasty, .error = kNasty}),
        confirm_page(base, {.path = kNasty,
                           .user_name = kNasty,
                           .fields = {{"session", kNasty}},
                           .error = kNasty}),
        full_page(
            base,
            {.text = kNasty, .user_name = kNasty, .csrf_token = kNasty, .make_room_token = kNasty}),
        message_page(
            base, {.title = kNasty, .text = kNasty, .link_title = kNasty, .link_url = kNasty})}) {
    CHECK_FALSE(holds(page, "<script"));
    CHECK_FALSE(holds(page, "alert('"));
    CHECK(holds(page, "&lt;script&gt;"));
  }
}

TEST_CASE("the session that looks at the list is marked in it", "[gatehouse][pages]") {
  const SessionRow other = {.handle = "h1", .device = "Firefox on Linux"};
  SessionRow own = {.handle = "h2", .device = "curl"};
  own.is_this_one = true;

  const Markup page =
      sessions_page({"/here"}, {.csrf_token = "t", .sessions = {.rows = {other, own}, .total = 2}});

  CHECK(holds(page, "<h2>Firefox on Linux</h2>"));
  CHECK(holds(page, "<h2>curl <span class=\"mark\">this one</span></h2>"));
  CHECK(holds(page, "action=\"/here/sessions\""));
  CHECK(holds(page, "name=\"session\" value=\"h1\""));
  CHECK_FALSE(holds(page, "aria-label=\"Pages\""));
}

TEST_CASE("a long list has pages", "[gatehouse][pages]") {
  const auto page_at = [](std::size_t at) {
    return sessions_page({}, {.sessions = {.page = at, .pages = 3, .link = "/s?page="}});
  };

  CHECK_FALSE(holds(page_at(1), "Used later"));
  CHECK(holds(page_at(1), "<a href=\"/s?page=2\">Used earlier</a>"));
  CHECK(holds(page_at(2), "<a href=\"/s?page=1\">Used later</a>"));
  CHECK_FALSE(holds(page_at(3), "Used earlier"));
}

TEST_CASE("the box to stay signed in is there only where it is offered", "[gatehouse][pages]") {
  const auto page_with = [](bool offers, bool ticked) {
    return password_page({}, {.offers_remember = offers, .remember = ticked});
  };

  CHECK_FALSE(holds(page_with(false, true), "name=\"remember\""));
  CHECK(holds(page_with(true, false), "name=\"remember\" value=\"on\">"));
  CHECK(holds(page_with(true, true), "name=\"remember\" value=\"on\" checked>"));
}

TEST_CASE("an error is tied to its field", "[gatehouse][pages]") {
  const Markup page = login_page({}, {.error = "Enter your user name."});

  CHECK(holds(page, "aria-invalid=\"true\" aria-describedby=\"username-error\""));
  CHECK(holds(page, "id=\"username-error\" role=\"alert\">Enter your user name.<"));
  CHECK_FALSE(holds(login_page({}, {}), "aria-invalid"));
}

TEST_CASE("password stores find both fields of the password page", "[gatehouse][pages]") {
  const Markup page = password_page({}, {.user_name = "ana", .csrf_token = "t"});

  CHECK(holds(page, "name=\"username\" value=\"ana\" autocomplete=\"username\""));
  CHECK(holds(page, "name=\"password\" autocomplete=\"current-password\""));
  CHECK(holds(page, "<input type=\"hidden\" name=\"csrf_token\" value=\"t\">"));
}

TEST_CASE("pages name their title and language and load no script", "[gatehouse][pages]") {
  const Markup page = login_page({"/here"}, {});

  CHECK(holds(page, "<html lang=\"en\">"));
  CHECK(holds(page, "<title>Sign in · Gatehouse</title>"));
  CHECK(holds(page, "href=\"/here/assets/style.css?" + assets_version()));
  CHECK(holds(page, "action=\"/here/login\""));
}

TEST_CASE("a page may load nothing but its own style and images", "[gatehouse][pages]") {
  const Response response = page_response({}, 200, login_page({}, {}));
  const auto policy = response.header("Content-Security-Policy");

  CHECK(policy.find("default-src 'none'") != std::string_view::npos);
  CHECK(policy.find("unsafe") == std::string_view::npos);
  CHECK(policy.find("frame-ancestors 'none'") != std::string_view::npos);
  CHECK(policy.find("form-action 'self';") != std::string_view::npos);
  CHECK(response.header("Referrer-Policy") == "same-origin");
}

TEST_CASE("a form may lead to where its answer redirects", "[gatehouse][pages]") {
  const Response response = page_response({}, 200, {}, "https://app.example.com:8443/x?y");

  CHECK(response.header("Content-Security-Policy")
            .find("form-action 'self' https://app.example.com:8443;") != std::string_view::npos);
}

TEST_CASE("assets may be kept since their address changes with them", "[gatehouse][pages]") {
  CHECK(asset_response("text/css", "a").header("Cache-Control").find("immutable") !=
        std::string_view::npos);
  CHECK(assets_version().size() == 10);
}

}  // namespace gatehouse
