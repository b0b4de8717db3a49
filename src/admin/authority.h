#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "sojourn/options.h"

namespace sojourn::admin {

// Who may administer this member: who shows a certificate with a name that the options list; or, if
// members talk in plain text, whoever calls from this machine. Immutable.
class Authority {
 public:
  explicit Authority(const StoreOptions& options);

  // The caller in words, for the audit log, if it may; or kPermissionDenied, with words for the
  // caller and for this member's log. `names`: the DNS names of its certificate, which was
  // verified. `peer`: its address, as gRPC writes it.
  absl::StatusOr<std::string> admit(const std::vector<std::string>& names,
                                    const std::string& peer) const;

 private:
  const std::string member_;
  const bool plain_text_;
  const std::vector<std::string> administrators_;
};

}  // namespace sojourn::admin
