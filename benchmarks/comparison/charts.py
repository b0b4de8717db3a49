"""Charts of the results as SVG, readable on light and dark pages, and the page that shows them."""

import datetime
import html
import math
import os
import platform
import re
import statistics
import subprocess

from . import report

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 15px; }
  .small { font-size: 12px; fill: #59636e; }
  .end { text-anchor: end; }
  .middle { text-anchor: middle; }
  .grid { stroke: #d1d9e0; }
  .target { stroke: #1a7f37; stroke-width: 2; }
  .range { stroke: #1f2328; stroke-width: 1.5; }
  .ours { fill: #0969da; stroke: #0969da; }
  .peer { fill: #8c959f; stroke: #8c959f; }
  .line { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .small { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .target { stroke: #3fb950; }
    .range { stroke: #f0f6fc; }
    .ours { fill: #4493f8; stroke: #4493f8; }
    .peer { fill: #656c76; stroke: #656c76; }
  }
"""

WIDTH = 840
LEFT = 380  # where labels end and the scale begins
RIGHT = 110  # room for numbers
ROW = 26


class Picture:
    """Lines of SVG, from the top."""

    def __init__(self, title, note=""):
        self.title = title
        self.height = 30
        self._body = []
        self.text(10, 22, title, "title")
        if note:
            self.height += 20
            self.text(10, 42, note, "small")

    def text(self, x, y, words, kind=""):
        self._body.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{html.escape(words)}</text>')

    def line(self, x1, y1, x2, y2, kind):
        self._body.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'
        )

    def bar(self, x, y, width, height, kind):
        self._body.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}"'
            f' class="{kind}"/>'
        )

    def dot(self, x, y, kind):
        self._body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{kind}"/>')

    def path(self, points, kind):
        words = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._body.append(f'<polyline points="{words}" class="line {kind}" style="fill: none"/>')

    def save(self, path):
        title = html.escape(self.title)
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height + 10}"'
                f' width="{WIDTH}" role="img" aria-label="{title}">\n<style>{STYLE}</style>\n'
                + "\n".join(self._body)
                + "\n</svg>\n"
            )


def shortened(words, limit=54):
    return words if len(words) <= limit else words[: limit - 1] + "…"


def targets(results):
    """How far each line is beyond its target, with the target at 1 and better to the right."""
    judged = [
        (name, each)
        for name, comparisons in results.items()
        for each in comparisons
        if each.target and each.values and each.target.limit and all(each.values)
    ]
    if not judged:
        return None
    picture = Picture(
        "How far each row is beyond its target",
        "1 is the target, better to the right; dot: median, line: all rounds; scale by powers",
    )
    margins = [
        (name, each, each.target.margin(each.value), [each.target.margin(v) for v in each.values])
        for name, each in judged
    ]
    lowest = min(min(rounds) for *_, rounds in margins)
    highest = max(max(rounds) for *_, rounds in margins)
    low = math.floor(math.log2(min(lowest, 0.5)))
    high = math.ceil(math.log2(max(highest, 2)))
    scale = (WIDTH - LEFT - RIGHT) / (high - low)

    def at(margin):
        return LEFT + (math.log2(margin) - low) * scale

    top = picture.height + 8
    bottom = top + ROW * len(margins)
    step = max(1, (high - low) // 8)
    for power in range(low, high + 1, step):
        picture.line(at(2.0**power), top, at(2.0**power), bottom, "grid")
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        picture.text(at(2.0**power), bottom + 16, label, "small middle")
    picture.line(at(1), top, at(1), bottom, "target")
    for number, (name, each, margin, rounds) in enumerate(margins):
        y = top + ROW * number + ROW / 2
        picture.text(LEFT - 10, y + 4, f"{name}  {shortened(each.what)}", "end")
        picture.line(at(min(rounds)), y, at(max(rounds)), y, "range")
        picture.dot(at(margin), y, "ours")
        picture.text(WIDTH - RIGHT + 10, y + 4, f"{margin:.2g} ×")
    picture.height = bottom + 24
    return picture


def pairs(name, comparisons):
    """Ours and the peer's of each line of a row, as bars."""
    beside = [each for each in comparisons if each.peer]
    if not beside:
        return None
    picture = Picture(f"{name}: ours beside {beside[0].peer_name}", "medians; line: all rounds")
    largest = max(max(each.ours + each.peer) for each in beside)
    scale = (WIDTH - LEFT - RIGHT) / largest
    y = picture.height + 10
    for each in beside:
        for words, rounds, kind in ((each.what, each.ours, "ours"), (each.peer_name, each.peer, "peer")):
            middle = statistics.median(rounds)
            picture.text(LEFT - 10, y + 13, shortened(words), "end")
            picture.bar(LEFT, y, middle * scale, 18, kind)
            picture.line(LEFT + min(rounds) * scale, y + 9, LEFT + max(rounds) * scale, y + 9, "range")
            end = LEFT + max(rounds) * scale
            picture.text(end + 8, y + 13, report.amount(middle, each.unit), "small")
            y += 22
        y += 10
    picture.height = y
    return picture


def growth(name, each):
    """A line of the medians by size, and all rounds as points."""
    picture = Picture(f"{name}: {re.sub(r': .*', '', each.what)}", f"{each.unit}; points: all rounds")
    sizes = [int(size) for size in each.series]
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    largest = max(max(rounds) for rounds in each.series.values()) * 1.1
    top, bottom, left = picture.height + 10, picture.height + 210, 80
    width = WIDTH - left - 60

    def point(size, value):
        part = (math.log10(size) - low) / (high - low) if high > low else 0.5
        return left + part * width, bottom - value / largest * (bottom - top)

    for part in (0, 0.25, 0.5, 0.75, 1):
        _, y = point(sizes[0], part * largest)
        picture.line(left, y, left + width, y, "grid")
        picture.text(left - 10, y + 4, f"{part * largest:.3g}", "small end")
    for size in sizes:
        picture.text(point(size, 0)[0], bottom + 18, f"{size:,}", "small middle")
        for value in each.series[str(size)]:
            picture.dot(*point(size, value), "peer")
    medians = [point(size, statistics.median(each.series[str(size)])) for size in sizes]
    picture.path(medians, "ours")
    for middle in medians:
        picture.dot(*middle, "ours")
    picture.height = bottom + 26
    return picture


def machine():
    """What was measured on, and with what."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = re.findall(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    yield f"{len(models)} × {models[0] if models else platform.machine()}, Linux {platform.release()}"
    for command in (["redis-server", "-v"], ["memcached", "-V"], ["iperf3", "-v"], ["wrk", "-v"]):
        try:
            said = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            yield said.stdout.splitlines()[0]
        except (OSError, IndexError):
            yield f"{command[0]} was not there"


def draw(results, directory, rounds, complete):
    """Draws what was measured; and if that is all rows, the page with the table."""
    os.makedirs(directory, exist_ok=True)
    drawn = []

    def save(picture, name):
        if picture:
            picture.save(os.path.join(directory, f"{name}.svg"))
            drawn.append(f"![{picture.title}]({name}.svg)")

    if complete:
        save(targets(results), "targets")
    for name, comparisons in results.items():
        grown = [each for each in comparisons if each.series]
        for number, each in enumerate(grown):
            save(growth(name, each), f"{name}-{number + 1}")
        if not grown:
            save(pairs(name, comparisons), name)
    if not complete:
        return
    with open(os.path.join(directory, "results.md"), "w", encoding="utf-8") as page:
        page.write("# Results\n\n")
        page.write(
            f"Written by `benchmarks/run --charts` on {datetime.date.today()}: {rounds} rounds."
            " [How to read it](../performance.md).\n\n"
        )
        page.writelines(f"- {line}\n" for line in machine())
        page.write("\n" + report.table(results, markdown=True) + "\n\n")
        page.writelines(f"- noise: {line}\n" for line in report.noise(results))
        page.write("\n" + "\n\n".join(drawn) + "\n")
