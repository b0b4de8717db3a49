#include "replication/tabs.h"

#include <algorithm>

namespace sojourn::replication {
namespace {

using session::AttributeView;
using session::TabView;

auto tab_called(std::vector<TabView>& tabs, std::string_view name) {
  return std::find_if(tabs.begin(), tabs.end(),
                      [name](const TabView& tab) { return tab.name == name; });
}

}  // namespace

void apply_to(std::vector<AttributeView>& attributes, const Patch::Step& step) {
  const auto found = std::lower_bound(
      attributes.begin(), attributes.end(), std::string_view(step.name),
      [](const AttributeView& attribute, std::string_view name) { return attribute.name < name; });
  const bool there = found != attributes.end() && found->name == step.name;
  if (!step.value) {
    if (there) attributes.erase(found);
  } else if (there) {
    found->value = *step.value;
  } else {
    attributes.insert(found, {step.name, *step.value});
  }
}

void apply_to_tabs(std::vector<TabView>& tabs, const std::vector<Patch::Step>& steps) {
  for (const Patch::Step& step : steps) {
    if (step.tab.empty()) continue;
    const auto found = tab_called(tabs, step.tab);
    if (found == tabs.end()) {
      tabs.push_back({.name = step.tab});
    } else {
      std::rotate(found, found + 1, tabs.end());
    }
    if (!step.name.empty()) apply_to(tabs.back().attributes, step);
  }
  if (tabs.size() > kTabsMax) {
    tabs.erase(tabs.begin(), tabs.end() - static_cast<std::ptrdiff_t>(kTabsMax));
  }
}

bool erase_tab(std::vector<TabView>& tabs, std::string_view name) {
  const auto found = tab_called(tabs, name);
  if (found == tabs.end()) return false;
  tabs.erase(found);
  return true;
}

}  // namespace sojourn::replication
