#!/usr/bin/env python3
"""Checks that code in documents is cut from files that the build compiles.

Usage: check_snippets.py ROOT

A fenced block of C++ in README.md or docs/ must follow a line `<!-- cut from FILE -->` and stand in that
file, line for line.
"""

import pathlib
import re
import sys

SOURCE = re.compile(r"<!-- cut from (\S+) -->")


def problems(root: pathlib.Path, document: pathlib.Path):
    lines = document.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.strip() != "```cpp":
            continue
        where = f"{document.relative_to(root)}:{number + 1}"
        source = SOURCE.fullmatch(lines[number - 1].strip()) if number > 0 else None
        if not source:
            yield f"{where}: C++ that does not say which file it is cut from"
            continue
        end = next((i for i in range(number + 1, len(lines)) if lines[i].strip() == "```"), None)
        if end is None:
            yield f"{where}: the block does not end"
            continue
        snippet = "\n".join(lines[number + 1:end])
        file = root / source.group(1)
        if not file.is_file():
            yield f"{where}: there is no {source.group(1)}"
        elif not snippet.strip() or snippet not in file.read_text():
            yield f"{where}: this does not stand in {source.group(1)}"


def main():
    root = pathlib.Path(sys.argv[1])
    documents = [root / "README.md", *sorted(root.glob("docs/**/*.md")), *sorted(root.glob("examples/**/*.md"))]
    found = [problem for document in documents for problem in problems(root, document)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
