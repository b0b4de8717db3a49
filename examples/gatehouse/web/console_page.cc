#include "gatehouse/web/console_page.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstddef>

#include "gatehouse/web/assets.h"
#include "gatehouse/web/layout.h"
#include "gatehouse/web/page_response.h"
#include "gatehouse/web/ring_drawing.h"

namespace gatehouse {
namespace {

const char* class_of(Standing standing) {
  switch (standing) {
    case Standing::kGood:
      return "good";
    case Standing::kBusy:
      return "busy";
    case Standing::kBad:
      return "bad";
  }
  return "";
}

// For whoever does not see colours.
const char* sign_of(Standing standing) {
  switch (standing) {
    case Standing::kGood:
      return "✓";
    case Standing::kBusy:
      return "…";
    case Standing::kBad:
      return "!";
  }
  return "";
}

std::string share_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "–";
  return absl::StrFormat("%.0f\u00a0%%",
                         100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string readable_bytes(std::uint64_t bytes) {
  const double kib = static_cast<double>(bytes) / 1024;
  if (kib < 1024) return absl::StrFormat("%.0f\u00a0KiB", kib);
  if (kib < 1024 * 1024) return absl::StrFormat("%.1f\u00a0MiB", kib / 1024);
  return absl::StrFormat("%.1f\u00a0GiB", kib / 1024 / 1024);
}

std::string readable_rate(double per_second) {
  if (per_second == 0) return "0";
  return per_second < 10 ? absl::StrFormat("%.1f", per_second)
                         : absl::StrFormat("%.0f", per_second);
}

// A table whose cells are complete; numbers stand on the right where the headings say so.
struct Heading {
  const char* title = "";
  bool is_number = false;
};
using Row = std::vector<Markup>;

Markup table(const std::string& caption, const std::vector<Heading>& headings,
             const std::vector<Row>& rows) {
  Markup head;
  for (const Heading& heading : headings) {
    head.html += render("<th scope=\"col\"{{class}}>{{title}}</th>",
                        {{"class", Markup{heading.is_number ? " class=\"number\"" : ""}},
                         {"title", heading.title}})
                     .html;
  }
  Markup body;
  for (const Row& row : rows) {
    body.html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string attributes = headings[i].is_number ? " class=\"number\"" : "";
      body.html += i == 0 ? "<th scope=\"row\"" + attributes + ">" + row[i].html + "</th>"
                          : "<td" + attributes + ">" + row[i].html + "</td>";
    }
    body.html += "</tr>\n";
  }
  return render(
      "<table>\n<caption>{{caption}}</caption>\n<thead><tr>{{head}}</tr></thead>\n<tbody>\n{{body}}"
      "</tbody>\n</table>\n",
      {{"caption", caption}, {"head", std::move(head)}, {"body", std::move(body)}});
}

Markup text(std::string_view words) { return {escape_html(words)}; }
// A member's name, which is not to be broken at its hyphens.
Markup whole(std::string_view words) {
  return render("<span class=\"whole\">{{words}}</span>", {{"words", words}});
}
Markup number(std::uint64_t value) { return {std::to_string(value)}; }

Markup state_mark(Standing standing, const std::string& words) {
  return render(
      "<span class=\"state {{class}}\"><span aria-hidden=\"true\">{{sign}}</span> {{words}}</span>",
      {{"class", class_of(standing)}, {"sign", sign_of(standing)}, {"words", words}});
}

// A bar for each second, the highest of them as high as the picture.
Markup course_drawing(const std::vector<std::uint64_t>& course) {
  const std::uint64_t most = course.empty() ? 0 : *std::ranges::max_element(course);
  Markup path;
  // The newest on the right, where it stays while there are few.
  std::size_t x = 60 - std::min<std::size_t>(course.size(), 60);
  for (const std::uint64_t count : course) {
    if (count > 0) {
      const double height = 20.0 * static_cast<double>(count) / static_cast<double>(most);
      path.html += absl::StrFormat("M%d 20v-%.1fh1v%.1f", x, height, height);
    }
    ++x;
  }
  return render(
      "<svg class=\"course\" viewBox=\"0 0 60 20\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\"><path d=\"{{path}}\"/></svg>",
      {{"path", std::move(path)}});
}

Markup verdict(const Observation& observation) {
  return state_mark(observation.standing, observation.verdict);
}

Markup figures(const Observation& observation) {
  const auto here = static_cast<std::size_t>(std::ranges::count_if(
      observation.members,
      [](const ObservedMember& member) { return !member.incarnation.empty(); }));
  const StickyHits& sticky = observation.sticky_lately;
  const std::pair<std::string, std::string> all[] = {
      {"Members", absl::StrFormat("%d of %d", here, observation.members.size())},
      {"View", std::to_string(observation.epoch)},
      {"Copies of each session", std::to_string(observation.copies)},
      {"Sessions held here", std::to_string(observation.sessions)},
      {"Logins held here", std::to_string(observation.logins)},
      {"Memory of " + readable_bytes(observation.bytes_max), readable_bytes(observation.bytes)},
      {"Sticky, last minute", share_of(sticky.hit, sticky.routed())},
  };
  Markup items;
  for (const auto& [title, value] : all) {
    items.html += render("<div><dt>{{title}}</dt><dd>{{value}}</dd></div>\n",
                         {{"title", title}, {"value", value}})
                      .html;
  }
  return render("<dl class=\"figures\">\n{{items}}</dl>\n", {{"items", std::move(items)}});
}

Markup rings(const Observation& observation) {
  if (observation.rings.empty()) return {"<p>There is no view yet.</p>\n"};
  Markup legend;
  for (const ObservedMember& member : observation.members) {
    if (member.incarnation.empty()) continue;
    legend.html +=
        render("<li>{{swatch}}<span>{{name}} <span class=\"quiet\">{{share}}</span></span></li>\n",
               {{"swatch", colour_swatch(member.colour)},
                {"name", member.name},
                {"share", share_of(member.owned, observation.segments)}})
            .html;
  }
  return render(R"(<figure>
{{ring}}<figcaption>
<ul class="legend">
{{legend}}</ul>
<p class="quiet">The outer ring is who answers; within it, who holds the copies of the same segments. Dashed: being received. Grey: a copy is missing. Red: all copies were lost. Segments are ordered by who holds them.</p>
</figcaption>
</figure>
)",
                {{"ring", ring_drawing(observation)}, {"legend", std::move(legend)}});
}

Markup members(const Observation& observation) {
  const bool has_zones = std::ranges::any_of(
      observation.members, [](const ObservedMember& member) { return !member.zone.empty(); });
  std::vector<Heading> headings = {{"Member"}, {"State"}, {"Address"}};
  if (has_zones) headings.push_back({"Zone"});
  for (const Heading& heading :
       {Heading{"Incarnation"}, Heading{"Weight", true}, Heading{"Answers for", true},
        Heading{"Holds", true}, Heading{"To receive", true}}) {
    headings.push_back(heading);
  }
  std::vector<Row> rows;
  for (const ObservedMember& member : observation.members) {
    const bool is_here = !member.incarnation.empty();
    Row row = {
        render("<span class=\"whole\">{{swatch}}{{name}}{{self}}</span>",
               {{"swatch", colour_swatch(member.colour)},
                {"name", member.name},
                {"self", Markup{member.is_self ? " <span class=\"mark\">this one</span>" : ""}}}),
        state_mark(member.standing, member.state), text(member.address)};
    if (has_zones) row.push_back(text(member.zone));
    row.push_back({"<code>" + escape_html(member.incarnation) + "</code>"});
    row.push_back(is_here ? number(member.capacity) : Markup());
    row.push_back(is_here ? number(member.owned) : Markup());
    row.push_back(is_here ? number(member.held) : Markup());
    row.push_back(is_here ? number(member.receiving) : Markup());
    rows.push_back(std::move(row));
  }
  return table(absl::StrFormat("Members of cluster %s, and their segments", observation.cluster),
               headings, rows);
}

Markup transfers(const Observation& observation) {
  if (observation.transfers.empty()) {
    return {"<p class=\"quiet\">Nothing is being transferred.</p>\n"};
  }
  std::vector<Row> rows;
  for (const Transfer& transfer : observation.transfers) {
    const std::uint64_t done = transfer.most - transfer.left;
    rows.push_back(
        {whole(transfer.from), whole(transfer.to), number(transfer.left),
         render("<span class=\"whole\"><progress max=\"{{most}}\" value=\"{{done}}\">{{share}}"
                "</progress> {{share}}</span>",
                {{"most", std::to_string(transfer.most)},
                 {"done", std::to_string(done)},
                 {"share", share_of(done, transfer.most)}})});
  }
  return table("Segments that are being copied",
               {{"From"}, {"To"}, {"Still to go", true}, {"Done"}}, rows);
}

Markup changes(const Observation& observation) {
  if (observation.changes.empty()) return {"<p class=\"quiet\">Nothing has changed.</p>\n"};
  Markup items;
  for (const ObservedChange& change : observation.changes) {
    items.html += render("<li><span class=\"quiet\">{{time}}</span> {{text}}</li>\n",
                         {{"time", change.time}, {"text", change.text}})
                      .html;
  }
  return render("<ol class=\"changes\">\n{{items}}</ol>\n", {{"items", std::move(items)}});
}

Markup rates(const Observation& observation) {
  std::vector<Row> rows;
  for (const Rate& rate : observation.rates) {
    rows.push_back({text(rate.title), text(readable_rate(rate.per_second)), number(rate.total),
                    course_drawing(rate.course)});
  }
  return table("What " + observation.self + " did for its own users",
               {{"What"}, {"A second", true}, {"Since the start", true}, {"Last minute"}}, rows);
}

// What the numbers mean, if there are enough of them to mean something.
std::string sticky_advice(const StickyHits& lately) {
  constexpr std::uint64_t kEnough = 20;
  if (lately.routed() < kEnough) {
    return "Too few requests came with a route in the last minute to say whether the balancer "
           "follows it.";
  }
  if (lately.hit * 10 >= lately.routed() * 9) return "The balancer follows the route.";
  return "Many requests come to another member than the owner of their session. That works, but "
         "each "
         "costs a call to that member: is the balancer set up to follow the route?";
}

Markup sticky(const Observation& observation) {
  const StickyHits& lately = observation.sticky_lately;
  const StickyHits& ever = observation.sticky_ever;
  const auto row = [](const char* what, std::uint64_t StickyHits::*count, const StickyHits& last,
                      const StickyHits& all) {
    return Row{text(what), number(last.*count), number(all.*count)};
  };
  std::vector<Row> rows = {
      row("This member owns the session", &StickyHits::hit, lately, ever),
      row("Another member owns it", &StickyHits::miss, lately, ever),
      row("The cookie names nobody that is known", &StickyHits::unknown, lately, ever),
      row("It names nobody", &StickyHits::none, lately, ever),
      {text("Met the owner"), text(share_of(lately.hit, lately.routed())),
       text(share_of(ever.hit, ever.routed()))}};
  return render(
      "<p>{{advice}}</p>\n{{table}}",
      {{"advice", sticky_advice(lately)},
       {"table", table("Requests with a session cookie that came to " + observation.self,
                       {{"Route"}, {"Last minute", true}, {"Since the start", true}}, rows)}});
}

Markup held(const ConsolePart& part) {
  return render("<div id=\"{{id}}\" data-part>\n{{content}}</div>\n",
                {{"id", part.id}, {"content", part.content}});
}

// Wide tables are scrolled by themselves, with the keyboard too.
Markup scrolled(const ConsolePart& part, const char* label) {
  return render(
      "<div class=\"scrolled\" role=\"region\" aria-label=\"{{label}}\" "
      "tabindex=\"0\">{{part}}</div>\n",
      {{"label", label}, {"part", held(part)}});
}

}  // namespace

std::vector<ConsolePart> console_parts(const Observation& observation) {
  return {{"verdict", verdict(observation)},     {"figures", figures(observation)},
          {"rings", rings(observation)},         {"members", members(observation)},
          {"transfers", transfers(observation)}, {"changes", changes(observation)},
          {"rates", rates(observation)},         {"sticky", sticky(observation)}};
}

Markup console_page(const PageBase& base, const Observation& observation, const std::string& time) {
  const std::vector<ConsolePart> parts = console_parts(observation);
  const auto part = [&parts](std::string_view id) -> const ConsolePart& {
    return *std::ranges::find(parts, id, &ConsolePart::id);
  };
  return layout(base, "Console",
                render(R"(<script src="{{portal}}/assets/console.js?{{version}}" defer></script>
<h1>Console</h1>
<p class="verdict" id="verdict" data-part role="status">{{verdict}}</p>
<p class="quiet">As <strong>{{self}}</strong> saw it at {{time}}. <span id="live" data-events="{{portal}}/console/events">Not live.</span> <a href="{{portal}}/console">Look again</a></p>
{{figures}}<div class="columns">
<section aria-labelledby="rings-heading">
<h2 id="rings-heading">Who holds what</h2>
{{rings}}</section>
<section aria-labelledby="transfers-heading">
<h2 id="transfers-heading">Transfers</h2>
{{transfers}}<h2>Lately</h2>
{{changes}}</section>
</div>
<section aria-labelledby="members-heading">
<h2 id="members-heading">Members</h2>
{{members}}</section>
<div class="columns">
<section aria-labelledby="rates-heading">
<h2 id="rates-heading">Rates</h2>
{{rates}}</section>
<div>
<section aria-labelledby="sticky-heading">
<h2 id="sticky-heading">Sticky requests</h2>
{{sticky}}</section>
<section aria-labelledby="sessions-heading">
<h2 id="sessions-heading">Sessions of somebody</h2>
<form method="get" action="{{portal}}/admin" class="asking">
<label for="user">User name or email address</label>
<div><input type="text" id="user" name="user" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="128" required>
<button type="submit">Show</button></div>
</form>
</section>
</div>
</div>
<p class="actions"><a href="{{portal}}/portal">Back to the portal</a> <a href="{{portal}}/logout">Sign out</a></p>
)",
                       {{"portal", base.portal},
                        {"version", assets_version()},
                        {"verdict", part("verdict").content},
                        {"self", observation.self},
                        {"time", time},
                        {"figures", held(part("figures"))},
                        {"rings", held(part("rings"))},
                        {"transfers", scrolled(part("transfers"), "Transfers")},
                        {"changes", held(part("changes"))},
                        {"members", scrolled(part("members"), "Members")},
                        {"rates", scrolled(part("rates"), "Rates")},
                        {"sticky", scrolled(part("sticky"), "Sticky requests")}}),
                Width::kWhole);
}

}  // namespace gatehouse
