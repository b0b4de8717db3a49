#!/usr/bin/env python3
"""Tests check_floors.py on fixture/, whose files mark each line that must be found.

"// violation: WORDS" behind a line: there is one finding there, and its text contains WORDS. A line
without a mark has no finding.
"""

import pathlib
import sys
import unittest

import check_floors

FIXTURE = pathlib.Path(__file__).parent / "fixture"


def marked_violations():
    """(path, line number) -> the words expected there, one entry for each finding."""
    marks = {}
    for file in FIXTURE.rglob("*.*"):
        path = file.relative_to(FIXTURE).as_posix()
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            words = [mark.strip(" /") for mark in line.split("// violation:")[1:]]
            if words:
                marks[path, number] = words
    return marks


def found_violations():
    found = {}
    for path, number, words in check_floors.check_project(FIXTURE):
        found.setdefault((path, number), []).append(words)
    return found


class CheckFloorsTest(unittest.TestCase):
    maxDiff = None

    def test_finds_exactly_the_marked_lines(self):
        self.assertEqual(sorted(marked_violations()), sorted(found_violations()))

    def test_says_what_is_wrong(self):
        found = found_violations()
        for place, expected in marked_violations().items():
            self.assertEqual(len(expected), len(found[place]), place)
            for words, finding in zip(expected, found[place]):
                self.assertIn(words, finding, place)

    def test_every_module_of_the_project_has_a_floor(self):
        source = FIXTURE.parents[2] / "src"
        modules = {entry.name for entry in source.iterdir() if entry.is_dir()}
        self.assertLessEqual(modules, set(check_floors.FLOORS))

    def test_every_exception_is_still_needed(self):
        project = FIXTURE.parents[2]
        allowed, check_floors.ALLOWED = check_floors.ALLOWED, {}
        try:
            findings = check_floors.check_project(project)
        finally:
            check_floors.ALLOWED = allowed
        self.assertEqual(set(allowed), {path for path, _, _ in findings} & set(allowed))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
