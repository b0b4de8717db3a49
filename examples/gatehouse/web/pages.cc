#include "gatehouse/web/pages.h"

#include "gatehouse/http/form.h"
#include "gatehouse/web/layout.h"

namespace gatehouse {

namespace {

Markup remember_box(bool is_ticked) {
  return render(
      "<label class=\"choice\"><input type=\"checkbox\" name=\"remember\" value=\"on\"{{ticked}}> "
      "Stay signed in on this device</label>\n",
      {{"ticked", Markup{is_ticked ? " checked" : ""}}});
}

Markup admin_links(const PageBase& base, bool with_console) {
  Markup links = render("<li><a href=\"{{portal}}/admin\">Sessions of others</a></li>\n",
                        {{"portal", base.portal}});
  if (with_console) {
    links.html +=
        render("<li><a href=\"{{portal}}/console\">Console</a></li>\n", {{"portal", base.portal}})
            .html;
  }
  return links;
}

Markup sign_out_link(const PageBase& base) {
  return render(" <a href=\"{{portal}}/logout\">Sign out</a>", {{"portal", base.portal}});
}

}  // namespace

Markup login_page(const PageBase& base, const LoginPage& page) {
  return layout(base, "Sign in",
                render(R"({{notice}}<h1>Sign in</h1>
<p class="quiet">Enter your user name or email address.</p>
<form method="post" action="{{portal}}/login">
{{redirect_url}}<label for="username">User name</label>
<input type="text" id="username" name="username" value="{{user_name}}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="128" required autofocus{{error_attributes}}>
{{error}}<div class="actions"><button type="submit">Continue</button></div>
</form>
)",
                       {{"notice", notice(page.notice, page.notice_is_bad)},
                        {"portal", base.portal},
                        {"redirect_url", hidden("redirect_url", page.redirect_url)},
                        {"user_name", page.user_name},
                        {"error_attributes", error_attributes(page.error, "username-error")},
                        {"error", error_text(page.error, "username-error")}}));
}

Markup password_page(const PageBase& base, const PasswordPage& page) {
  // The user name is a field as well, so that password stores know whose password this is.
  return layout(base, "Password",
                render(R"(<h1>Enter your password</h1>
<p class="quiet">Signing in as <strong>{{user_name}}</strong></p>
<form method="post" action="{{portal}}/password">
{{csrf_token}}<input type="text" name="username" value="{{user_name}}" autocomplete="username" readonly hidden>
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required autofocus{{error_attributes}}>
{{error}}{{remember}}<div class="actions"><button type="submit">Sign in</button> <a href="{{portal}}/login{{query}}">Use another name</a></div>
</form>
)",
                       {{"user_name", page.user_name},
                        {"portal", base.portal},
                        {"query", page.redirect_url.empty()
                                      ? ""
                                      : "?redirect_url=" + percent_encode(page.redirect_url)},
                        {"csrf_token", hidden("csrf_token", page.csrf_token)},
                        {"remember", page.offers_remember ? remember_box(page.remember) : Markup()},
                        {"error_attributes", error_attributes(page.error, "password-error")},
                        {"error", error_text(page.error, "password-error")}}));
}

Markup portal_page(const PageBase& base, const PortalPage& page) {
  Markup links;
  for (const auto& [title, url] : page.links) {
    links.html +=
        render("<li><a href=\"{{url}}\">{{title}}</a></li>\n", {{"url", url}, {"title", title}})
            .html;
  }
  return layout(base, "Portal",
                render(R"(<h1>Welcome, {{name}}</h1>
<p class="quiet">You have signed in.</p>
<nav aria-label="Your applications">
<ul class="links">
{{links}}<li><a href="{{portal}}/sessions">Your sessions</a></li>
<li><a href="{{portal}}/whoami">Who am I?</a></li>
{{admin}}</ul>
</nav>
<h2>Your session</h2>
{{about_session}}<form method="post" action="{{portal}}/logout">
{{csrf_token}}<div class="actions"><button type="submit">Sign out</button></div>
</form>
)",
                       {{"name", page.name},
                        {"links", std::move(links)},
                        {"portal", base.portal},
                        {"admin", page.is_admin ? admin_links(base, page.has_console) : Markup()},
                        {"about_session", facts(page.about_session)},
                        {"csrf_token", hidden("csrf_token", page.csrf_token)}}),
                Width::kText);
}

Markup whoami_page(const PageBase& base, const WhoamiPage& page) {
  return layout(base, "Who am I?",
                render(R"(<h1>Who am I?</h1>
<h2>You</h2>
{{about_user}}<h2>Your session</h2>
{{about_session}}<p class="actions"><a href="{{portal}}/portal">Back to the portal</a> <a href="{{portal}}/logout">Sign out</a></p>
)",
                       {{"about_user", facts(page.about_user)},
                        {"about_session", facts(page.about_session)},
                        {"portal", base.portal}}),
                Width::kText);
}

Markup logout_page(const PageBase& base, const LogoutPage& page) {
  return layout(base, "Sign out",
                render(R"(<h1>Sign out?</h1>
<p class="quiet">You are signed in as <strong>{{name}}</strong>. Your session will end in every application that uses it.</p>
<form method="post" action="{{portal}}/logout">
{{csrf_token}}{{redirect_uri}}<div class="actions"><button type="submit">Sign out</button> <a href="{{portal}}/portal">Stay signed in</a></div>
</form>
)",
                       {{"name", page.name},
                        {"portal", base.portal},
                        {"csrf_token", hidden("csrf_token", page.csrf_token)},
                        {"redirect_uri", hidden("redirect_uri", page.redirect_uri)}}));
}

Markup message_page(const PageBase& base, const MessagePage& page) {
  Markup link;
  if (!page.link_url.empty()) {
    link = render("<p class=\"actions\"><a href=\"{{url}}\">{{title}}</a>{{sign_out}}</p>\n",
                  {{"url", page.link_url},
                   {"title", page.link_title},
                   {"sign_out", page.offers_sign_out ? sign_out_link(base) : Markup()}});
  }
  return layout(base, page.title,
                render("<h1>{{title}}</h1>\n<p>{{text}}</p>\n{{link}}",
                       {{"title", page.title}, {"text", page.text}, {"link", std::move(link)}}));
}

}  // namespace gatehouse
