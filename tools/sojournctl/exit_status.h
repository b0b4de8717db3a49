#pragma once

namespace sojournctl {

// What the program says to scripts. Part of its interface.
enum ExitStatus : int {
  kDone = 0,
  kFailed = 1,    // it was understood and could not be done; the reason is on standard error
  kBadUsage = 2,  // the command line says what is not known or not allowed
};

}  // namespace sojournctl
