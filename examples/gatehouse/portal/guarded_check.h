#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <asio/ip/address.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/http/exchange.h"
#include "gatehouse/portal/services.h"

namespace gatehouse {

// What came of checking a password.
struct CheckResult {
  enum class Outcome {
    kRight,
    kWrong,
    kLocked,       // too many were wrong; `wait` says for how long no password is looked at
    kUnavailable,  // `why`: not possible now
  };
  Outcome outcome = Outcome::kUnavailable;
  std::chrono::milliseconds wait = {};
  // This password was looked at before it was locked, and was wrong.
  bool was_wrong = false;
  absl::Status why = {};
};

// Checks the password of the user with that name, and counts wrong ones by name and by the client's
// address: companions in the store, so that it does not matter which servers were asked. Each check
// is counted before the password is looked at, so there are never more than the configured number,
// however many come at once; a right password counts from the beginning again. Addresses are only
// counted when a password is wrong, since many people may come from one.
//
// `name` is what somebody typed, in any case. It makes no difference whether there is such a user,
// not even in time: names are counted as they are typed, not by whom they belong to. Where counting
// is not possible because counters were lost, or memory is short, passwords are checked all the
// same: people must be able to sign in then, and each login has its own bound.
//
// `done` is called on the exchange's executor.
using CheckDone = absl::AnyInvocable<void(CheckResult) &&>;
void check_guarded(Services& services, ExchangePtr exchange, std::string_view name,
                   std::string_view realm, std::string password, CheckDone done);

// What wrong passwords for that name are counted by: the name in lower case.
std::string counted_name(std::string_view name);

// What they are counted by from that address: of IPv6 the network of 64 bits, all of which belongs
// to one customer. Nothing for addresses of trusted proxies, behind which is everybody.
std::optional<std::string> counted_address(const asio::ip::address& address,
                                           const TrustedProxies& trusted);

}  // namespace gatehouse
