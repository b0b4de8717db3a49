#!/usr/bin/env python3
"""Checks that docs/security-checklist.md has all items, and that the tests it names exist.

Usage: check_checklist.py ROOT

Each row is `| ITEM | what | who | how | tests |`. Who is one of WHO. Tests are named as `FILE`: "NAME",
`NAME`; the file stands in tests/, and names are those of Catch2's and Node's tests (in quotes), or of
classes and methods in Python. Fuzz targets are named by their file alone. What does not arise needs
no test.
"""

import pathlib
import re
import sys

ITEMS = [f"O{number}" for number in range(1, 27)]
WHO = ("Library", "Application", "Both", "Does not arise")
FILE = re.compile(r"`([\w/.-]+\.(?:cc|py|js))`")
NAME = re.compile(r'"([^"]+)"|`(\w+)`')


def defined_names(file: pathlib.Path):
    """What tests the file has."""
    text = file.read_text()
    if file.suffix == ".py":
        return set(re.findall(r"^ *(?:def (test\w+)|class (\w+)).*:$", text, re.MULTILINE))
    if file.suffix == ".js":
        return re.findall(r"^ *test\('([^']+)'", text, re.MULTILINE)
    return re.findall(r'TEST_CASE\(\s*"([^"]+)"', text)


def problems_of_tests(tests: pathlib.Path, cell: str):
    """Of one row."""
    parts = FILE.split(cell)
    if len(parts) == 1:
        yield "names no test"
    for path, names in zip(parts[1::2], parts[2::2]):
        file = tests / path
        if not file.is_file():
            yield f"there is no tests/{path}"
            continue
        wanted = [quoted or plain for quoted, plain in NAME.findall(names)]
        if not wanted and file.parent.name != "fuzz":
            yield f"names no test in {path}"
        defined = {name for each in defined_names(file)
                   for name in ([each] if isinstance(each, str) else each)}
        for name in wanted:
            if name not in defined:
                yield f"there is no test {name!r} in {path}"


def problems(root: pathlib.Path):
    document = root / "docs" / "security-checklist.md"
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in document.read_text().splitlines() if re.match(r"\| *O\d+ *\|", line)]
    if [row[0] for row in rows] != ITEMS:
        yield f"the items should be {ITEMS[0]} to {ITEMS[-1]}, each once and in order"
    for row in rows:
        if len(row) != 5:
            yield f"{row[0]}: there should be five columns"
        elif row[2] not in WHO:
            yield f"{row[0]}: who is one of {', '.join(WHO)}"
        elif row[2] != "Does not arise":
            yield from (f"{row[0]}: {problem}"
                        for problem in problems_of_tests(root / "tests", row[4]))


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
