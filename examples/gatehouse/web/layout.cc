#include "gatehouse/web/layout.h"

#include <utility>

#include "gatehouse/web/assets.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {

namespace {

const char* class_of(Width width) {
  switch (width) {
    case Width::kForm:
      return "";
    case Width::kText:
      return " class=\"wide\"";
    case Width::kWhole:
      return " class=\"whole\"";
  }
  return "";
}

}  // namespace

Markup layout(const PageBase& base, std::string_view title, Markup content, Width width) {
  return render(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{title}} · Gatehouse</title>
<link rel="icon" type="image/svg+xml" href="{{portal}}/assets/logo.svg?{{version}}">
<link rel="stylesheet" href="{{portal}}/assets/style.css?{{version}}">
</head>
<body>
<header><img src="{{portal}}/assets/logo.svg?{{version}}" alt="" width="32" height="32">Gatehouse</header>
<main{{class}}>
{{content}}</main>
<footer>Sessions by Sojourn</footer>
</body>
</html>
)",
                {{"title", title},
                 {"portal", base.portal},
                 {"version", assets_version()},
                 {"class", Markup{class_of(width)}},
                 {"content", std::move(content)}});
}

Markup hidden(std::string_view name, const std::string& value) {
  if (value.empty()) return {};
  return render("<input type=\"hidden\" name=\"{{name}}\" value=\"{{value}}\">\n",
                {{"name", name}, {"value", value}});
}

Markup notice(const std::string& text, bool is_bad) {
  if (text.empty()) return {};
  return render(
      "<p class=\"notice{{bad}}\" role=\"{{role}}\">{{text}}</p>\n",
      {{"bad", is_bad ? " bad" : ""}, {"role", is_bad ? "alert" : "status"}, {"text", text}});
}

// The attributes that tie a field to the error below it, and that error.
Markup error_attributes(const std::string& error, const std::string& id) {
  if (error.empty()) return {};
  return render(" aria-invalid=\"true\" aria-describedby=\"{{id}}\"", {{"id", id}});
}
Markup error_text(const std::string& error, const std::string& id) {
  if (error.empty()) return {};
  return render("<p class=\"field-error\" id=\"{{id}}\" role=\"alert\">{{error}}</p>\n",
                {{"id", id}, {"error", error}});
}

Markup facts(const Facts& facts) {
  Markup rows;
  for (const auto& [name, value] : facts) {
    rows.html +=
        render("<dt>{{name}}</dt><dd>{{value}}</dd>\n", {{"name", name}, {"value", value}}).html;
  }
  return render("<dl>\n{{rows}}</dl>\n", {{"rows", std::move(rows)}});
}

}  // namespace gatehouse
