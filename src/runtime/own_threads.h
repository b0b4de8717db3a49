#pragma once

#include <absl/functional/any_invocable.h>

#include <asio/any_io_executor.hpp>
#include <asio/thread_pool.hpp>
#include <utility>
#include <vector>

namespace sojourn::runtime {

// The executor of a store that was given none. What is dispatched on a thread that is just reading
// from another member runs there and then; everything else runs on one thread of its own.
//
// Safe from any thread, but for the end.
class OwnThreads {
 public:
  using Work = absl::AnyInvocable<void() &&>;

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
    // Then runs what was to wait for it.
    ~Here();
    Here(const Here&) = delete;
    Here& operator=(const Here&) = delete;

   private:
    friend class OwnThreads;
    Here* const outer_;
    const OwnThreads* const place_;
    std::vector<Work> afterwards_;
  };

  // Only where here() says so: runs it when all that runs in place now has run.
  static void run_afterwards(Work work);

  // While it lives, what its thread posts to this executor is gathered. Then it is posted in one
  // go, and runs as what is dispatched in place does: one wake-up, and nobody who is told of the
  // first takes the processor away from whoever still has to tell of the last. null: gathers
  // nothing.
  class Together {
   public:
    explicit Together(OwnThreads* threads);
    ~Together();
    Together(const Together&) = delete;
    Together& operator=(const Together&) = delete;

    // That of this thread which gathers for these; null if there is none.
    static Together* of(const OwnThreads* threads);
    void add(Work work) { gathered_.push_back(std::move(work)); }
    bool empty() const { return gathered_.empty(); }
    // Runs what was gathered on this thread, as what is dispatched in place. What is posted
    // meanwhile is gathered as well.
    void run_here();

   private:
    Together* const outer_;
    OwnThreads* const threads_;
    std::vector<Work> gathered_;
  };

 private:
  asio::thread_pool pool_{1};
};

}  // namespace sojourn::runtime
