#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::test {

// What came back.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};

  // The first header of that name; empty if there is none.
  std::string header(const std::string& name) const;
  bool has(const std::string& text) const { return body.find(text) != std::string::npos; }
  // The hidden field that every form has.
  std::string csrf_token() const;
};

// A client with a cookie jar, as simple as can be: one blocking connection for each request, no
// redirects followed. Every request may go to another port.
class Browser {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  Answer get(int port, const std::string& path, const Headers& headers = {});
  Answer post(int port, const std::string& path, const std::string& form,
              const Headers& headers = {});
  Answer send(int port, const std::string& method, const std::string& path, const Headers& headers,
              const std::string& body);

  // What the jar holds, by name; set by answers, and by tests that cheat.
  std::map<std::string, std::string> cookies;
};

}  // namespace gatehouse::test
