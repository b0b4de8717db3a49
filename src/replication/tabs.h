#pragma once

#include <string_view>
#include <vector>

#include "session/record.h"
#include "sojourn/session.h"

namespace sojourn::replication {

// Changes of attributes and tabs, carried out on paper.

// Applies the step to the attributes, which are ordered by name. Views into the step remain.
void apply_to(std::vector<session::AttributeView>& attributes, const Patch::Step& step);

// Applies the steps that are about tabs. `tabs` are in the order of their last changes, and so
// remain: a tab that a step is about goes to the end. Then those go from the front that are more
// than kTabsMax. So every copy agrees on which is the oldest, and no clock is asked.
void apply_to_tabs(std::vector<session::TabView>& tabs, const std::vector<Patch::Step>& steps);

// Whether it was there.
bool erase_tab(std::vector<session::TabView>& tabs, std::string_view name);

}  // namespace sojourn::replication
