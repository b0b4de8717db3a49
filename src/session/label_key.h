#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sojourn/session.h"

namespace sojourn::session {

// A label as one text, under which sessions are found: the size of its name as a byte, its name and
// its value. The label is within its bounds.
std::string label_key(const Label& label);
Label label_of(std::string_view key);

// Whether that is the key of a label within its bounds.
bool is_label_key(std::string_view key);

// The keys of these labels, ordered, none twice.
std::vector<std::string> label_keys(const std::vector<Label>& labels);

inline constexpr std::size_t kLabelKeyBytesMax = 1 + kLabelNameBytesMax + kLabelValueBytesMax;

}  // namespace sojourn::session
