#include "session/label_key.h"

#include <algorithm>

namespace sojourn::session {

std::string label_key(const Label& label) {
  return static_cast<char>(label.name.size()) + label.name + label.value;
}

Label label_of(std::string_view key) {
  const std::size_t name_size = static_cast<unsigned char>(key.front());
  return {.name = std::string(key.substr(1, name_size)),
          .value = std::string(key.substr(1 + name_size))};
}

bool is_label_key(std::string_view key) {
  if (key.empty()) return false;
  const std::size_t name_size = static_cast<unsigned char>(key.front());
  return name_size >= 1 && name_size <= kLabelNameBytesMax && key.size() > name_size &&
         key.size() - 1 - name_size <= kLabelValueBytesMax;
}

std::vector<std::string> label_keys(const std::vector<Label>& labels) {
  std::vector<std::string> keys;
  keys.reserve(labels.size());
  for (const Label& label : labels) keys.push_back(label_key(label));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace sojourn::session
