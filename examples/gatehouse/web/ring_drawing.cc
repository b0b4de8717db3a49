#include "gatehouse/web/ring_drawing.h"

#include <absl/strings/str_format.h>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <string>

namespace gatehouse {
namespace {

using Kind = RingArc::Kind;

constexpr std::size_t kColours = 8;
// Of the picture, which is as high as it is wide.
constexpr double kMiddle = 160;

struct Band {
  double radius = 0;
  double width = 0;
};
constexpr Band kBands[] = {{106, 30}, {74, 22}, {50, 14}};
constexpr double kLabelRadius = 134;
// Names stand only at parts that have room for them.
constexpr double kLabelledFrom = 0.04;
constexpr std::size_t kLabelMax = 9;

struct Point {
  double x = 0;
  double y = 0;
};

// Parts of a whole turn, clockwise from the top.
Point on_circle(double radius, double turn) {
  const double angle = 2 * std::numbers::pi * turn;
  return {kMiddle + radius * std::sin(angle), kMiddle - radius * std::cos(angle)};
}

const char* class_of(Kind kind) {
  switch (kind) {
    case Kind::kHeld:
      return "held";
    case Kind::kReceiving:
      return "receiving";
    case Kind::kMissing:
      return "missing";
    case Kind::kLost:
      return "lost";
  }
  return "";
}

std::string words_of(const Observation& observation, const RingArc& arc, bool is_outermost) {
  const std::string count =
      absl::StrFormat("%d segment%s", arc.segments, arc.segments == 1 ? "" : "s");
  const std::string name = arc.member ? observation.members[*arc.member].name : std::string();
  switch (arc.kind) {
    case Kind::kHeld:
      return name + (is_outermost ? " answers for " : " holds a copy of ") + count;
    case Kind::kReceiving:
      return name + " receives " + count;
    case Kind::kMissing:
      return "nobody holds a copy of " + count;
    case Kind::kLost:
      return count + " lost all copies";
  }
  return count;
}

std::string arc_shape(const Band& band, double from, double to) {
  if (to - from > 0.9999) {
    return absl::StrFormat("<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%.0f\"", kMiddle, kMiddle,
                           band.radius);
  }
  // A gap that the eye can see, unless the part is hardly wider.
  const double gap = std::min(0.7 / band.radius / (2 * std::numbers::pi), (to - from) / 4);
  const Point start = on_circle(band.radius, from + gap);
  const Point end = on_circle(band.radius, to - gap);
  return absl::StrFormat("<path d=\"M%.2f %.2fA%.0f %.0f 0 %d 1 %.2f %.2f\"", start.x, start.y,
                         band.radius, band.radius, to - from > 0.5 ? 1 : 0, end.x, end.y);
}

std::string shortened(const std::string& name) {
  return name.size() <= kLabelMax ? name : name.substr(0, kLabelMax - 1) + "…";
}

void draw_ring(const Observation& observation, const Ring& ring, std::size_t at, Markup& shapes,
               Markup& labels) {
  double from = 0;
  for (const RingArc& arc : ring) {
    const double share =
        static_cast<double>(arc.segments) / static_cast<double>(observation.segments);
    const std::string colour =
        arc.member ? absl::StrFormat(" c%d", observation.members[*arc.member].colour % kColours)
                   : std::string();
    shapes.html += arc_shape(kBands[at], from, from + share);
    shapes.html += absl::StrFormat(" class=\"%s%s\" stroke-width=\"%.0f\">", class_of(arc.kind),
                                   colour, kBands[at].width);
    shapes.html +=
        render("<title>{{words}}</title>", {{"words", words_of(observation, arc, at == 0)}}).html;
    shapes.html += share > 0.9999 ? "</circle>\n" : "</path>\n";
    if (at == 0 && arc.member && share >= kLabelledFrom) {
      const Point place = on_circle(kLabelRadius, from + share / 2);
      const double side = (place.x - kMiddle) / kLabelRadius;
      labels.html +=
          absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", place.x, place.y + 4,
                          side > 0.35    ? "start"
                          : side < -0.35 ? "end"
                                         : "middle") +
          escape_html(shortened(observation.members[*arc.member].name)) + "</text>\n";
    }
    from += share;
  }
}

}  // namespace

Markup ring_drawing(const Observation& observation) {
  Markup shapes;
  Markup labels;
  for (std::size_t at = 0; at < observation.rings.size(); ++at) {
    draw_ring(observation, observation.rings[at], at, shapes, labels);
  }
  return render(
      R"(<svg class="ring" viewBox="-44 14 408 292" role="img" aria-labelledby="ring-title">
<title id="ring-title">Who answers for the segments, and who holds copies of them. The table of members has the same in numbers.</title>
<g fill="none">
{{shapes}}</g>
{{labels}}<text class="count" x="160" y="160" text-anchor="middle">{{segments}}</text>
<text class="unit" x="160" y="178" text-anchor="middle">segments</text>
</svg>
)",
      {{"shapes", std::move(shapes)},
       {"labels", std::move(labels)},
       {"segments", std::to_string(observation.segments)}});
}

Markup colour_swatch(std::size_t colour) {
  return {
      absl::StrFormat("<svg class=\"swatch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect "
                      "class=\"c%d\" width=\"10\" height=\"10\" rx=\"2\"/></svg>",
                      colour % kColours)};
}

}  // namespace gatehouse
