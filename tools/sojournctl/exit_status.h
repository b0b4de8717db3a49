#pragma once

namespace sojournctl {

// What the program says to scripts. Part of its interface: docs/sojournctl.md.
enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,      // it was understood and could not be done; the reason is on standard error
  kBadUsage = 2,    // the command line says what is not known or not allowed
  kNotReached = 3,  // no member answered
  kNotAllowed = 4,  // a member answered that this caller may not administer it
  kNo = 5,          // it was done, and the answer is no: not safe, copies differ
};

}  // namespace sojournctl
