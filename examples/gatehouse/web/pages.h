#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/web/html.h"

namespace gatehouse {

// The pages, each from a plain value that says what is on it. All of them work without JavaScript,
// with the keyboard alone, in light and dark, and on a telephone.

// Where the portal is, as the browser that will show the page reaches it: "/auth", or a whole
// address on pages that are shown under another host.
struct PageBase {
  std::string portal = "/auth";
};

struct LoginPage {
  std::string user_name = {};
  // Where to go afterwards; a hidden field, empty for the portal.
  std::string redirect_url = {};
  // Above the form: "You have signed out."
  std::string notice = {};
  bool notice_is_bad = false;
  // At the field: "Enter your user name."
  std::string error = {};
};
Markup login_page(const PageBase& base, const LoginPage& page);

struct PasswordPage {
  std::string user_name = {};
  std::string csrf_token = {};
  // Not lost by starting again with another name.
  std::string redirect_url = {};
  // Whether there is a box for staying signed in, and whether it is ticked.
  bool offers_remember = false;
  bool remember = false;
  std::string error = {};
};
Markup password_page(const PageBase& base, const PasswordPage& page);

// Facts in two columns.
using Facts = std::vector<std::pair<std::string, std::string>>;

struct PortalPage {
  std::string name = {};
  std::string csrf_token = {};
  // Titles and addresses.
  std::vector<std::pair<std::string, std::string>> links = {};
  Facts about_session = {};
  // May see and end the sessions of others; and see the console, where there is one.
  bool is_admin = false;
  bool has_console = false;
};
Markup portal_page(const PageBase& base, const PortalPage& page);

struct WhoamiPage {
  Facts about_user = {};
  Facts about_session = {};
};
Markup whoami_page(const PageBase& base, const WhoamiPage& page);

struct LogoutPage {
  std::string name = {};
  std::string csrf_token = {};
  std::string redirect_uri = {};
};
Markup logout_page(const PageBase& base, const LogoutPage& page);

// Something went wrong, or is not allowed: what, and what to do about it.
struct MessagePage {
  std::string title = {};
  std::string text = {};
  std::string link_title = {};
  std::string link_url = {};
  // For those of whom it is known that they have signed in.
  bool offers_sign_out = false;
};
Markup message_page(const PageBase& base, const MessagePage& page);

}  // namespace gatehouse
