#pragma once

#include <memory>
#include <string_view>

#include "transport/server_stream.h"

namespace sojourn::transport {

// What is offered by gRPC at the address where the members listen for each other, beside what they
// say to each other.
class Service {
 public:
  // Whether calls of that method ("/package.Service/Method") are for this service. Safe from any
  // thread.
  virtual bool has(std::string_view method) const = 0;

  // Begins to answer such a call, and must not block. Called by threads of the transport, several
  // at a time.
  virtual void answer(std::unique_ptr<ServerCall> call) = 0;

 protected:
  ~Service() = default;
};

}  // namespace sojourn::transport
