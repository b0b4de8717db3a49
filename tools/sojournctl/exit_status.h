#pragma once

#include <array>
#include <string_view>

namespace sojournctl {

// What the program says to scripts. Part of its interface: docs/sojournctl.md.
enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,
  kBadUsage = 2,
  kNotReached = 3,
  kNotAllowed = 4,
  kNo = 5,
};

struct ExitStatusMeaning {
  ExitStatus status = kDone;
  std::string_view about = {};
};

// As the manual page has them.
inline constexpr std::array<ExitStatusMeaning, 6> kExitStatuses = {{
    {kDone, "It was done; to a question, the answer is yes"},
    {kFailed, "It was understood and could not be done; the reason is on standard error"},
    {kBadUsage, "The command line, or what it names, is not of the right form; nothing was done"},
    {kNotReached, "No target answered"},
    {kNotAllowed, "A member answered that you may not"},
    {kNo,
     "It was done, and the answer is no: safe, the member must not stop; verify, copies differ; "
     "import, some sessions were refused"},
}};

}  // namespace sojournctl
