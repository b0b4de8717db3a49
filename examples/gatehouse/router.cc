#include "gatehouse/router.h"

#include <utility>

namespace gatehouse {

void Router::add(std::string_view method, std::string path, Handler handler) {
  routes_[std::move(path)].emplace(method, std::move(handler));
}

void Router::handle(const ExchangePtr& exchange) const {
  const Request& request = exchange->request();
  const auto route = routes_.find(request.path);
  if (route == routes_.end()) {
    if (not_found_) return not_found_(exchange);
    return exchange->answer(Response::text(404, "There is nothing here.\n"));
  }

  const auto& methods = route->second;
  for (const std::string_view method :
       {std::string_view(request.method), std::string_view(request.is_read() ? "GET" : "*"),
        std::string_view("*")}) {
    if (const auto found = methods.find(method); found != methods.end())
      return found->second(exchange);
  }

  std::string allowed;
  for (const auto& [method, handler] : methods) {
    allowed += (allowed.empty() ? "" : ", ") + method + (method == "GET" ? ", HEAD" : "");
  }
  Response response = Response::text(405, "This method is not possible here.\n");
  exchange->answer(std::move(response.set("Allow", allowed)));
}

}  // namespace gatehouse
