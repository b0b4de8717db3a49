#pragma once

#include <string>
#include <string_view>

#include "gatehouse/web/html.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {

// What all pages are made of.

// How wide a page becomes at most: a form, text, or all that the window has.
enum class Width { kForm, kText, kWhole };

// A whole page around its content.
Markup layout(const PageBase& base, std::string_view title, Markup content,
              Width width = Width::kForm);

// A field that is not seen; nothing if it has no value.
Markup hidden(std::string_view name, const std::string& value);

// A line above the rest of the page; nothing for no text.
Markup notice(const std::string& text, bool is_bad);

// The attributes that tie a field to the error below it, and that error; nothing for no error.
Markup error_attributes(const std::string& error, const std::string& id);
Markup error_text(const std::string& error, const std::string& id);

Markup facts(const Facts& facts);

}  // namespace gatehouse
