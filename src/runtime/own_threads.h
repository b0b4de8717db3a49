#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>

namespace sojourn::runtime {

// The executor of a store that was given none. What is dispatched on a thread that is just reading
// from another member runs there and then; everything else runs on one thread of its own.
//
// Safe from any thread, but for the end.
class OwnThreads {
 public:
  OwnThreads();
  // Runs what was posted until now, and drops what is posted later. Not on the executor itself.
  ~OwnThreads();

  asio::any_io_executor executor();

  // Whose executor runs on this thread in place; null if nobody's.
  static const OwnThreads* here();

  // While it lives, its thread runs in place what is dispatched to this executor. `place` is its
  // address; null: nobody's.
  class Here {
   public:
    explicit Here(const OwnThreads* place);
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;

   private:
    const OwnThreads* const outer_;
  };

 private:
  asio::thread_pool pool_{1};
};

}  // namespace sojourn::runtime
