#include "gatehouse/web/session_pages.h"

#include "gatehouse/web/layout.h"

namespace gatehouse {
namespace {

// The hidden fields that all forms of a list share: whose it is, and the token.
Markup form_fields(const std::string& csrf_token, const std::string& user, const char* action) {
  return {hidden("csrf_token", csrf_token).html + hidden("user", user).html +
          hidden("action", action).html};
}

Markup row(const SessionRow& session, const std::string& path, const std::string& csrf_token,
           const std::string& user) {
  Facts about = {{"Signed in", session.signed_in},
                 {"Last seen", session.last_seen},
                 {"From", session.address}};
  if (session.is_remembered) about.emplace_back("Stays", "signed in on this device");
  return render(
      R"(<li{{class}}>
<h2>{{device}}{{mark}}</h2>
{{about}}<form method="post" action="{{path}}">
{{fields}}{{handle}}<div class="actions"><button type="submit" class="quieter">Sign out{{of}}</button></div>
</form>
</li>
)",
      {{"class", Markup{session.is_this_one ? " class=\"this\"" : ""}},
       {"device", session.device.empty() ? "Unknown device" : session.device},
       {"mark", Markup{session.is_this_one ? " <span class=\"mark\">this one</span>" : ""}},
       {"about", facts(about)},
       {"path", path},
       {"fields", form_fields(csrf_token, user, "end")},
       {"handle", hidden("session", session.handle)},
       // So that whoever hears the page knows what each button is about.
       {"of", render("<span class=\"unseen\"> of {{device}}, last seen {{time}}</span>",
                     {{"device", session.device}, {"time", session.last_seen}})}});
}

Markup paging(const SessionList& list) {
  if (list.pages <= 1) return {};
  const auto link = [&list](const char* title, std::size_t page) {
    return render(" <a href=\"{{link}}{{page}}\">{{title}}</a>",
                  {{"link", list.link}, {"page", std::to_string(page)}, {"title", title}});
  };
  return render(
      "<nav class=\"actions\" aria-label=\"Pages\"><span>Page {{page}} of {{pages}}</span>{{newer}}"
      "{{older}}</nav>\n",
      {{"page", std::to_string(list.page)},
       {"pages", std::to_string(list.pages)},
       {"newer", list.page > 1 ? link("Used later", list.page - 1) : Markup()},
       {"older", list.page < list.pages ? link("Used earlier", list.page + 1) : Markup()}});
}

Markup rows(const SessionList& list, const std::string& path, const std::string& csrf_token,
            const std::string& user) {
  Markup items;
  for (const SessionRow& session : list.rows) {
    items.html += row(session, path, csrf_token, user).html;
  }
  return render("<ul class=\"sessions\">\n{{items}}</ul>\n{{paging}}",
                {{"items", std::move(items)}, {"paging", paging(list)}});
}

Markup button_for_all(const std::string& path, Markup fields, const char* title) {
  return render(
      "<form method=\"post\" action=\"{{path}}\">\n{{fields}}<button type=\"submit\">{{title}}"
      "</button>\n</form>\n",
      {{"path", path}, {"fields", std::move(fields)}, {"title", title}});
}

std::string counted(std::size_t total) {
  return std::to_string(total) + (total == 1 ? " session" : " sessions");
}

}  // namespace

Markup sessions_page(const PageBase& base, const SessionsPage& page) {
  const std::string path = base.portal + "/sessions";
  return layout(
      base, "Your sessions",
      render(R"({{notice}}<h1>Your sessions</h1>
<p class="quiet">{{count}}. If you do not know one of them, sign out everywhere and change your password.</p>
{{rows}}<div class="actions">
{{others}}{{everywhere}}</div>
<p class="actions"><a href="{{portal}}/portal">Back to the portal</a> <a href="{{portal}}/logout">Sign out</a></p>
)",
             {{"notice", notice(page.notice, page.notice_is_bad)},
              {"count", counted(page.sessions.total)},
              {"rows", rows(page.sessions, path, page.csrf_token, {})},
              {"others", button_for_all(path, form_fields(page.csrf_token, {}, "others"),
                                        "Sign out all others")},
              {"everywhere", button_for_all(path, form_fields(page.csrf_token, {}, "everywhere"),
                                            "Sign out everywhere")},
              {"portal", base.portal}}),
      Width::kText);
}

Markup admin_page(const PageBase& base, const AdminPage& page) {
  const std::string path = base.portal + "/admin";
  Markup found;
  if (!page.user_name.empty() && page.error.empty()) {
    found = render(
        "<p class=\"quiet\">{{count}} of <strong>{{user}}</strong>.</p>\n{{rows}}{{all}}",
        {{"count", counted(page.sessions.total)},
         {"user", page.user_name},
         {"rows", rows(page.sessions, path, page.csrf_token, page.user_name)},
         {"all",
          page.sessions.total == 0
              ? Markup()
              : render("<div class=\"actions\">\n{{button}}</div>\n",
                       {{"button",
                         button_for_all(path, form_fields(page.csrf_token, page.user_name, "all"),
                                        "End all of them")}})}});
  }
  return layout(
      base, "Sessions of others",
      render(R"({{notice}}<h1>Sessions of others</h1>
<form method="get" action="{{path}}">
<label for="user">User name or email address</label>
<input type="text" id="user" name="user" value="{{user_name}}" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="128" required{{error_attributes}}>
{{error}}<div class="actions"><button type="submit">Show</button></div>
</form>
{{found}}<p class="actions">{{console}}<a href="{{portal}}/portal">Back to the portal</a> <a href="{{portal}}/logout">Sign out</a></p>
)",
             {{"notice", notice(page.notice, page.notice_is_bad)},
              {"path", path},
              {"user_name", page.user_name},
              {"error_attributes", error_attributes(page.error, "user-error")},
              {"error", error_text(page.error, "user-error")},
              {"found", std::move(found)},
              {"console", page.has_console
                              ? render("<a href=\"{{portal}}/console\">To the console</a> ",
                                       {{"portal", base.portal}})
                              : Markup()},
              {"portal", base.portal}}),
      Width::kText);
}

Markup confirm_page(const PageBase& base, const ConfirmPage& page) {
  Markup fields;
  for (const auto& [name, value] : page.fields) fields.html += hidden(name, value).html;
  return layout(base, "Password",
                render(R"(<h1>Enter your password</h1>
<p class="quiet">You signed in some time ago. Before this is done, show that it is you, <strong>{{user_name}}</strong>.</p>
<form method="post" action="{{path}}">
{{fields}}<input type="text" name="username" value="{{user_name}}" autocomplete="username" readonly hidden>
<label for="password">Password</label>
<input type="password" id="password" name="password" autocomplete="current-password" required autofocus{{error_attributes}}>
{{error}}<div class="actions"><button type="submit">Go on</button> <a href="{{portal}}/portal">Back to the portal</a> <a href="{{portal}}/logout">Sign out</a></div>
</form>
)",
                       {{"user_name", page.user_name},
                        {"path", page.path},
                        {"fields", std::move(fields)},
                        {"error_attributes", error_attributes(page.error, "password-error")},
                        {"error", error_text(page.error, "password-error")},
                        {"portal", base.portal}}));
}

Markup full_page(const PageBase& base, const FullPage& page) {
  return layout(base, "Too many sessions",
                render(R"({{notice}}<h1>Too many sessions</h1>
<p class="quiet">Signing in as <strong>{{user_name}}</strong></p>
<p>Sign out on one of your devices and try again. Or, if you cannot, end your sessions on all of them, and go on here.</p>
<form method="post" action="{{portal}}/password">
{{csrf_token}}{{make_room_token}}{{remember}}<div class="actions"><button type="submit">End all and sign in here</button> <a href="{{portal}}/login">Start again</a></div>
</form>
)",
                       {{"notice", notice(page.text, true)},
                        {"user_name", page.user_name},
                        {"portal", base.portal},
                        {"csrf_token", hidden("csrf_token", page.csrf_token)},
                        {"make_room_token", hidden("make_room", page.make_room_token)},
                        {"remember", hidden("remember", page.remember ? "on" : "")}}));
}

}  // namespace gatehouse
