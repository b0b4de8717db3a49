#pragma once

#include <absl/status/status.h>
#include <sojourn/session.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the driver of a chaos run and its member processes tell each other, a line each, over pipes.
// Both are built from this header, so lines are not versioned. Texts hold no blanks, commas or
// equals signs; the last text of a line may.
namespace sojourn::chaos {

// Points of CLOCK_MONOTONIC, which all processes of a machine share.
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::microseconds;

enum class Verb : std::uint8_t { kCreate, kGet, kPatch, kAuthenticate, kRotate, kRevoke };

// Of every session of a run, logins in progress too: none ends by itself.
inline constexpr Lifetime kLifetime = {std::chrono::hours(24), std::chrono::hours(24)};

constexpr bool is_read(Verb verb) { return verb == Verb::kGet; }
std::string_view name_of(Verb verb);

// One call that a member shall make.
struct Question {
  std::uint64_t number = 0;
  Verb verb = Verb::kGet;
  // All but kCreate.
  std::string id = {};
  // kCreate: empty for a login in progress. kAuthenticate.
  std::string subject = {};
  // kCreate: the attributes. kPatch, kAuthenticate: the changes.
  std::vector<Patch::Step> steps = {};
  std::chrono::milliseconds timeout{};
};

// A session as an answer showed it.
struct Seen {
  std::string id = {};
  Phase phase = Phase::kLogin;
  std::string subject = {};
  std::map<std::string, std::string> attributes = {};
  Lifetime lifetime = {};
  Version version = {};
};

// How a call ended, and when it began and ended at the member.
struct Answer {
  std::uint64_t number = 0;
  Microseconds began{};
  Microseconds ended{};
  absl::StatusCode status = absl::StatusCode::kUnknown;
  std::optional<Seen> session = {};
  // The name of the session's owner, as that member knew it then.
  std::string owner = {};
  std::string message = {};
};

// How a member is; it says so several times a second.
struct Report {
  bool ready = false;
  bool safe = false;
  std::uint64_t epoch = 0;
  std::uint64_t members = 0;
  // Of the members of its view that hold sessions, the one that has been in it longest.
  std::string oldest = {};
  // Held here, as owner or backup.
  std::uint64_t sessions = 0;
  // Why it is not ready, or not safe.
  std::string reason = {};
};

// A member has handed everything over, or not all, and is about to exit.
struct Drained {
  absl::StatusCode status = absl::StatusCode::kUnknown;
  std::string message = {};
};

// The member has made the sessions that it was asked to make in bulk.
struct Filled {
  std::uint64_t made = 0;
  std::uint64_t failed = 0;
};

// So many sessions of so many bytes, which no history records.
struct Fill {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};

std::string to_line(const Question& question);
std::string to_line(const Answer& answer);
std::string to_line(const Report& report);
std::string to_line(const Drained& drained);
std::string to_line(const Filled& filled);
std::string to_line(const Fill& fill);

// The first word of a line says which it is; a line that is none of it gives nothing.
std::optional<Question> parse_question(std::string_view line);
std::optional<Answer> parse_answer(std::string_view line);
std::optional<Report> parse_report(std::string_view line);
std::optional<Drained> parse_drained(std::string_view line);
std::optional<Filled> parse_filled(std::string_view line);
std::optional<Fill> parse_fill(std::string_view line);

}  // namespace sojourn::chaos
