#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/time.h"

namespace sojourn {

// When items are due. Most are so after the same interval as those before them: these stand in a
// queue, the others in a set. An item whose time has changed is added anew; what stands here of it
// from before is found out by asking `is_due_at(item, time)`, which says whether that is the item's
// time now.
//
// An engine's part: not safe from several threads.
template <typename Item>
class DueQueue {
 public:
  void add(Time at, Item item) {
    if (queue_.empty() || queue_.back().first <= at) {
      queue_.emplace_back(at, std::move(item));
    } else {
      set_.emplace(at, std::move(item));
    }
  }

  // Forgets what is outdated in front of everything else: to be called when an item's time has
  // changed, or it is no more.
  template <typename IsDueAt>
  void drop_outdated(IsDueAt is_due_at) {
    while (!queue_.empty() && !is_due_at(queue_.front().second, queue_.front().first)) {
      queue_.pop_front();
    }
    while (!set_.empty() && !is_due_at(set_.begin()->second, set_.begin()->first)) {
      set_.erase(set_.begin());
    }
  }

  // When the first is due, or was before its time changed.
  std::optional<Time> next() const {
    std::optional<Time> next;
    if (!queue_.empty()) next = queue_.front().first;
    if (!set_.empty()) next = next ? std::min(*next, set_.begin()->first) : set_.begin()->first;
    return next;
  }

  // Takes what is due, in the order of time, and of items for equal times.
  template <typename IsDueAt>
  std::vector<Item> take_due(Time now, IsDueAt is_due_at) {
    std::vector<std::pair<Time, Item>> due;
    const auto take = [&](const std::pair<Time, Item>& one) {
      if (is_due_at(one.second, one.first)) due.push_back(one);
    };
    for (; !queue_.empty() && queue_.front().first <= now; queue_.pop_front()) take(queue_.front());
    for (; !set_.empty() && set_.begin()->first <= now; set_.erase(set_.begin()))
      take(*set_.begin());
    std::sort(due.begin(), due.end());
    due.erase(std::unique(due.begin(), due.end()), due.end());
    std::vector<Item> items;
    items.reserve(due.size());
    for (auto& [at, item] : due) items.push_back(std::move(item));
    return items;
  }

  // Calls visit(item, time) for all that stand here, outdated ones included, some perhaps twice.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& [at, item] : queue_) visit(item, at);
    for (const auto& [at, item] : set_) visit(item, at);
  }

  void clear() {
    queue_.clear();
    set_.clear();
  }

 private:
  std::deque<std::pair<Time, Item>> queue_;
  std::set<std::pair<Time, Item>> set_;
};

}  // namespace sojourn
