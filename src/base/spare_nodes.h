#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace sojourn {

// Keeps the nodes of what was erased from maps of one type for what is added next, so that entries
// that come and go with each operation cost no allocation. Not safe from several threads.
template <typename Map>
class SpareNodes {
 public:
  using iterator = typename Map::iterator;
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;

  // The entry of that key, which was not there before, at the end of the map or anywhere else.
  iterator add(Map& map, const Key& key, Value&& value) {
    const iterator added = add(map, key);
    added->second = std::move(value);
    return added;
  }
  // The same, with an empty value.
  iterator add(Map& map, const Key& key) {
    if (nodes_.empty()) return map.emplace_hint(map.end(), key, Value());
    typename Map::node_type node = std::move(nodes_.back());
    nodes_.pop_back();
    node.key() = key;
    return map.insert(map.end(), std::move(node));
  }

  // Erases it and gives what it held.
  Value take(Map& map, iterator at) {
    Value value = std::move(at->second);
    erase(map, at);
    return value;
  }
  void erase(Map& map, iterator at) {
    typename Map::node_type node = map.extract(at);
    if (nodes_.size() == kKept) return;
    // Nothing of it shall live on.
    std::destroy_at(&node.mapped());
    std::construct_at(&node.mapped());
    nodes_.push_back(std::move(node));
  }

 private:
  static constexpr std::size_t kKept = 1024;

  std::vector<typename Map::node_type> nodes_;
};

}  // namespace sojourn
