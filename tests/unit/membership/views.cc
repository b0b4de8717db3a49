#include "unit/membership/views.h"

#include <utility>

#include "ring/roles.h"

namespace sojourn::membership {

View view_of(std::size_t members, std::uint32_t segments, std::uint32_t copies) {
  View view = {.epoch = 1, .generation = 1, .segments = segments, .copies = copies};
  for (std::size_t i = 0; i < members; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    view.members.push_back(
        {.name = name, .address = name + ":1", .incarnation = i + 1, .joined = 1});
  }
  return view;
}

ring::Layout layout_of(View view) {
  ring::Layout layout = {.view = std::move(view)};
  layout.base = ring::first_base(layout.view);
  return layout;
}

std::string names_of(const View& view) {
  std::string names;
  for (const Member& member : view.members) {
    if (!names.empty()) names += ' ';
    names += member.leaving ? "(" + member.name + ")" : member.name;
  }
  return names;
}

}  // namespace sojourn::membership
