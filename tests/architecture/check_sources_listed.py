#!/usr/bin/env python3
"""Finds files that no build compiles.

Usage: check_sources_listed.py PROJECT_DIRECTORY

Each *.cc file must be named, by its path from there, in the nearest CMakeLists.txt above it, and each
public header in src/CMakeLists.txt. A test that is in no list would never fail.
"""

import pathlib
import sys

# Text to be read by a test, not compiled.
EXEMPT = {"tests/architecture/fixture", "packaging"}


def nearest_list(file):
    return next(parent / "CMakeLists.txt" for parent in file.parents
                if (parent / "CMakeLists.txt").exists())


def names_in(list_file):
    return set(list_file.read_text().replace("(", " ").replace(")", " ").split())


def unlisted(project):
    for file in sorted(project.glob("[a-z]*/**/*.cc")):
        path = file.relative_to(project).as_posix()
        if path.startswith("build/") or any(path.startswith(prefix) for prefix in EXEMPT):
            continue
        list_file = nearest_list(file)
        name = file.relative_to(list_file.parent).as_posix()
        if name not in names_in(list_file):
            yield path, list_file.relative_to(project)

    list_file = project / "src/CMakeLists.txt"
    for header in sorted((project / "include").rglob("*.h")):
        path = header.relative_to(project).as_posix()
        if "${PROJECT_SOURCE_DIR}/" + path not in names_in(list_file):
            yield path, list_file.relative_to(project)


def main():
    findings = list(unlisted(pathlib.Path(sys.argv[1])))
    for path, list_file in findings:
        print(f"{path}: not named in {list_file}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
