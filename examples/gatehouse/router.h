#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gatehouse/http/exchange.h"

namespace gatehouse {

// Finds what answers a request by its path and method. Filled at the start; constant and safe from
// any thread afterwards.
class Router {
 public:
  // Answers requests to exactly this path with this method; GET answers HEAD as well, "*" every
  // method.
  void add(std::string_view method, std::string path, Handler handler);

  // Answers what has no path of its own; 404 by default.
  void set_not_found(Handler handler) { not_found_ = std::move(handler); }

  // 405 with Allow if the path is known, but not with this method.
  void handle(const ExchangePtr& exchange) const;

 private:
  // Path to method to handler.
  std::map<std::string, std::map<std::string, Handler, std::less<>>, std::less<>> routes_;
  Handler not_found_;
};

}  // namespace gatehouse
