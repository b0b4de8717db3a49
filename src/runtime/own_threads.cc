#include "runtime/own_threads.h"

#include <asio/execution.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/require.hpp>
#include <future>
#include <utility>

namespace sojourn::runtime {
namespace {

namespace execution = asio::execution;

thread_local OwnThreads::Here* here_of_this_thread = nullptr;
thread_local OwnThreads::Together* together_of_this_thread = nullptr;

// The pool's executor `Inner`, but in place where that is allowed. A wrapper that passes Asio's
// properties on to the pool's executor, which counts outstanding work.
template <typename Inner>
class InPlace {
 public:
  InPlace(Inner inner, const OwnThreads* place) : inner_(std::move(inner)), place_(place) {}

  asio::execution_context& query(execution::context_t) const noexcept {
    return asio::query(inner_, execution::context);
  }
  template <typename Property>
  auto query(const Property& property) const
      -> decltype(asio::query(std::declval<const Inner&>(), property)) {
    return asio::query(inner_, property);
  }
  template <typename Property>
  auto require(const Property& property) const
      -> InPlace<std::decay_t<decltype(asio::require(std::declval<const Inner&>(), property))>> {
    return {asio::require(inner_, property), place_};
  }

  template <typename Function>
  void execute(Function function) const {
    const bool may_block = asio::query(inner_, execution::blocking) != execution::blocking.never;
    if (may_block && OwnThreads::here() == place_) {
      std::move(function)();
    } else if (OwnThreads::Together* const together = OwnThreads::Together::of(place_)) {
      together->add([function = std::move(function)]() mutable { std::move(function)(); });
    } else {
      execution::execute(inner_, std::move(function));
    }
  }

  friend bool operator==(const InPlace& a, const InPlace& b) noexcept {
    return a.inner_ == b.inner_;
  }
  friend bool operator!=(const InPlace& a, const InPlace& b) noexcept { return !(a == b); }

 private:
  Inner inner_;
  const OwnThreads* place_;
};

}  // namespace

OwnThreads::OwnThreads() = default;

OwnThreads::~OwnThreads() {
  // The one thread takes things in their order.
  std::promise<void> reached;
  asio::post(pool_, [&] { reached.set_value(); });
  reached.get_future().wait();
  pool_.stop();
  pool_.join();
}

asio::any_io_executor OwnThreads::executor() { return InPlace(pool_.get_executor(), this); }

const OwnThreads* OwnThreads::here() {
  return here_of_this_thread ? here_of_this_thread->place_ : nullptr;
}

OwnThreads::Here::Here(const OwnThreads* place)
    : outer_(std::exchange(here_of_this_thread, this)), place_(place) {}

OwnThreads::Here::~Here() {
  here_of_this_thread = outer_;
  for (Work& work : afterwards_) std::move(work)();
}

void OwnThreads::run_afterwards(Work work) {
  here_of_this_thread->afterwards_.push_back(std::move(work));
}

OwnThreads::Together::Together(OwnThreads* threads)
    : outer_(std::exchange(together_of_this_thread, this)), threads_(threads) {}

OwnThreads::Together::~Together() {
  together_of_this_thread = outer_;
  if (gathered_.empty()) return;
  asio::post(threads_->pool_, [threads = threads_, gathered = std::move(gathered_)]() mutable {
    const Here here(threads);
    for (Work& work : gathered) std::move(work)();
  });
}

void OwnThreads::Together::run_here() {
  const Here here(threads_);
  for (Work& work : std::exchange(gathered_, {})) std::move(work)();
}

OwnThreads::Together* OwnThreads::Together::of(const OwnThreads* threads) {
  Together* const together = together_of_this_thread;
  return together && together->threads_ == threads ? together : nullptr;
}

}  // namespace sojourn::runtime
