#include "gatehouse/portal/session_list.h"

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <charconv>
#include <memory>
#include <utility>

#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/readable_time.h"

namespace gatehouse {
namespace {

using sojourn::Session;

constexpr std::size_t kListedMax = 10'000;
constexpr std::size_t kRowsMax = 20;

// Page after page of the store's, which are ordered by id: nothing that people could use.
class Listing : public std::enable_shared_from_this<Listing> {
 public:
  Listing(Services& services, ExchangePtr exchange, std::string user, SessionsListed done)
      : services_(services),
        exchange_(std::move(exchange)),
        user_(std::move(user)),
        done_(std::move(done)) {}

  void next() {
    const sojourn::ListOptions options = {
        .timeout = services_.config.write.timeout, .limit = 1000, .after = after_};
    services_.store.async_list(
        user_, options,
        asio::bind_executor(exchange_->executor(),
                            [self = shared_from_this()](absl::StatusOr<sojourn::SessionPage> page) {
                              if (!page.ok()) return std::move(self->done_)(page.status());
                              self->take(*std::move(page));
                            }));
  }

 private:
  void take(sojourn::SessionPage page) {
    std::ranges::move(page.sessions, std::back_inserter(sessions_));
    after_ = page.next;
    if (after_ && sessions_.size() < kListedMax) return next();
    std::ranges::stable_sort(sessions_, std::ranges::greater(), &Session::last_seen_at);
    std::move(done_)(std::move(sessions_));
  }

  Services& services_;
  const ExchangePtr exchange_;
  const std::string user_;
  SessionsListed done_;
  std::optional<sojourn::SessionId> after_;
  std::vector<Session> sessions_;
};

void revoke(Services& services, const ExchangePtr& exchange, Session session, SessionEnded done) {
  const auto id = session.id();
  services.store.async_revoke(
      id, services.config.write,
      asio::bind_executor(exchange->executor(),
                          [session = std::move(session),
                           done = std::move(done)](const absl::Status& revoked) mutable {
                            if (!revoked.ok()) return std::move(done)(revoked);
                            std::move(done)(std::optional(std::move(session)));
                          }));
}

}  // namespace

void list_sessions(Services& services, const ExchangePtr& exchange, std::string user,
                   SessionsListed done) {
  std::make_shared<Listing>(services, exchange, std::move(user), std::move(done))->next();
}

void end_session(Services& services, const ExchangePtr& exchange, std::string user,
                 std::string handle, SessionEnded done) {
  list_sessions(services, exchange, std::move(user),
                [&services, exchange, handle = std::move(handle),
                 done = std::move(done)](absl::StatusOr<std::vector<Session>> sessions) mutable {
                  if (!sessions.ok()) return std::move(done)(sessions.status());
                  const auto found =
                      std::ranges::find_if(*sessions, [&handle](const Session& session) {
                        return !handle.empty() && attribute_of(session, kHandle) == handle;
                      });
                  if (found == sessions->end()) return std::move(done)(std::nullopt);
                  revoke(services, exchange, std::move(*found), std::move(done));
                });
}

SessionList shown_sessions(const std::vector<Session>& sessions, std::size_t page,
                           std::string_view own_handle, std::string link) {
  SessionList list;
  list.total = sessions.size();
  list.pages = std::max<std::size_t>((sessions.size() + kRowsMax - 1) / kRowsMax, 1);
  list.page = std::clamp<std::size_t>(page, 1, list.pages);
  list.link = std::move(link);
  const std::size_t begin = (list.page - 1) * kRowsMax;
  for (std::size_t i = begin; i < std::min(begin + kRowsMax, sessions.size()); ++i) {
    const Session& session = sessions[i];
    const std::string handle = attribute_of(session, kHandle);
    list.rows.push_back({.handle = handle,
                         .device = attribute_of(session, kDevice),
                         .address = attribute_of(session, kAddress),
                         .signed_in = readable_time(session.created_at()),
                         .last_seen = readable_time(session.last_seen_at()),
                         .is_remembered = session.is_remembered(),
                         .is_this_one = handle == own_handle});
  }
  return list;
}

std::size_t page_number(std::string_view text) {
  std::size_t page = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), page);
  return error == std::errc() && end == text.data() + text.size() ? page : 1;
}

}  // namespace gatehouse
