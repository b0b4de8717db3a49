"""What is said at the end: the table, and the same as JSON."""

import json

from .judgement import the_hardest

HEADINGS = ("", "", "ours", "peer", "ratio", "low", "high", "target", "verdict")


def amount(value, unit):
    """A number as people read it."""
    if value is None:
        return "–"
    if unit == "/s":
        for limit, letter in ((1e6, "M"), (1e3, "k")):
            if value >= limit:
                return f"{value / limit:.3g}{letter}/s"
        return f"{value:.3g}/s"
    if unit == "×":
        return f"{value:.3g} ×"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _ratio(value, unit=None):
    if value is None:
        return "–"
    if unit:
        return amount(value, unit)
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def _lines(results):
    for name, comparisons in results.items():
        for each in comparisons:
            of_ours = each.target is not None and each.target.of_ours
            unit = each.unit if of_ours else None
            values = each.values or each.ratios
            yield (
                name,
                each.what,
                amount(each.ours_median, each.unit),
                amount(each.peer_median, each.unit),
                _ratio(each.ratio),
                _ratio(min(values), unit) if values else "–",
                _ratio(max(values), unit) if values else "–",
                _target(each),
                each.verdict + (" (noisy)" if each.complaints else ""),
            )


def _target(comparison):
    target = comparison.target
    if target is None:
        return ""
    if not target.of_ours:
        return f"{target} ×"
    bound = "≥" if target.at_least else "≤"
    return f"{bound} {amount(target.limit, comparison.unit)}"


def table(results, markdown=False):
    """`results`: the comparisons of each row."""
    lines = [HEADINGS, *_lines(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    separator = " | " if markdown else "  "

    def written(line):
        cells = [
            cell.rjust(width) if 2 <= i <= 7 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ]
        text = separator.join(cells)
        return f"| {text} |" if markdown else text.rstrip()

    text = [written(line) for line in lines]
    rule = "|".join("-" * (width + 2) for width in widths)
    text.insert(1, f"|{rule}|" if markdown else "-" * max(len(line) for line in text))
    return "\n".join(text)


def noise(results):
    """What is to be said of noise, a line for each thing that was seen during a row."""
    for name, comparisons in results.items():
        lines_of = {}
        for each in comparisons:
            for complaint in each.complaints:
                lines_of.setdefault(complaint, []).append(each.what)
        for complaint, lines in lines_of.items():
            of_all = len(lines) > 1 and len(lines) == len(comparisons)
            yield f"{name}: {complaint}" + ("" if of_all else f" ({'; '.join(lines)})")


def as_json(results):
    """A row is told by what is hardest of it; `parts` has all of it."""
    return {
        name: {
            **the_hardest(comparisons).as_json(),
            "parts": [each.as_json() for each in comparisons],
        }
        for name, comparisons in results.items()
        if comparisons
    }


def write_json(results, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(as_json(results), file, indent=2, ensure_ascii=False)
        file.write("\n")
