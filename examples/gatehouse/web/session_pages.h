#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/web/html.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {

// The pages about sessions, in the manner of pages.h. No session id is ever on one of them.

struct SessionRow {
  std::string handle = {};
  std::string device = {};
  std::string address = {};
  std::string signed_in = {};
  std::string last_seen = {};
  bool is_remembered = false;
  bool is_this_one = false;
};

// A page of a list of sessions.
struct SessionList {
  std::vector<SessionRow> rows = {};
  std::size_t total = 0;
  // From 1 to `pages`.
  std::size_t page = 1;
  std::size_t pages = 1;
  // The address of a page of it, up to its number.
  std::string link = {};
};

struct SessionsPage {
  std::string notice = {};
  bool notice_is_bad = false;
  std::string csrf_token = {};
  SessionList sessions = {};
};
Markup sessions_page(const PageBase& base, const SessionsPage& page);

struct AdminPage {
  std::string notice = {};
  bool notice_is_bad = false;
  std::string csrf_token = {};
  // Whose sessions are listed; empty: nobody's.
  std::string user_name = {};
  // At the field for the name.
  std::string error = {};
  SessionList sessions = {};
  bool has_console = false;
};
Markup admin_page(const PageBase& base, const AdminPage& page);

// Asks for the password once more, and then sends the fields to `path`.
struct ConfirmPage {
  std::string path = {};
  std::string user_name = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string error = {};
};
Markup confirm_page(const PageBase& base, const ConfirmPage& page);

// The password was right, but the user has as many sessions as they may: offers to end them all and
// to go on.
struct FullPage {
  std::string text = {};
  std::string user_name = {};
  std::string csrf_token = {};
  std::string make_room_token = {};
  bool remember = false;
};
Markup full_page(const PageBase& base, const FullPage& page);

}  // namespace gatehouse
