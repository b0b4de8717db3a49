#pragma once

#include <functional>
#include <memory>
#include <string>

namespace gatehouse {

// The body of one response while it is written, piece by piece, for as long as there is something
// to say: server-sent events. Whoever writes it asks now and then whether anybody still listens;
// nobody tells.
//
// Used on the exchange's executor only.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  // The client has not gone, and the server may go on.
  virtual bool is_open() const = 0;
  // What was written before is on its way. A client that takes nothing is never idle, and cut off
  // after a while.
  virtual bool is_idle() const = 0;
  // Sends the bytes. Only while it is open and idle, so that nothing heaps up.
  virtual void write(std::string bytes) = 0;
  // The body ends here. What was written still leaves.
  virtual void end() = 0;
};

// Called with the stream once the head of the response is sent; never, if nobody is to get a
// body.
using StreamBody = std::function<void(std::shared_ptr<BodyStream>)>;

}  // namespace gatehouse
