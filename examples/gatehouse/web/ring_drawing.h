#pragma once

#include <vector>

#include "gatehouse/console/observation.h"
#include "gatehouse/web/html.h"

namespace gatehouse {

// The rings of an observation as an SVG picture, with the names of members at their parts. Colours
// are classes of the stylesheet; the picture's title says what is to be seen, and the table of
// members has the same in numbers.
Markup ring_drawing(const Observation& observation);

// A square in a member's colour, for legends.
Markup colour_swatch(std::size_t colour);

}  // namespace gatehouse
