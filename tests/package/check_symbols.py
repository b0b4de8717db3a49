#!/usr/bin/env python3
"""Finds symbols that a shared library exports and should not.

Usage: check_symbols.py LIBRARY INCLUDE_DIRECTORY

Strong symbols are the classes and functions that a public header marks SOJOURN_EXPORT. Weak symbols of
other namespaces are templates of the standard library and Abseil that every program makes for
itself; but generated code must not show at all: a second copy in the same process would clash.
"""

import pathlib
import re
import subprocess
import sys

MARKED = re.compile(r"\b(?:class|struct) SOJOURN_EXPORT (\w+)|^SOJOURN_EXPORT [\w:]+ (\w+)\(", re.M)
STRONG = re.compile(r"^(?:(?:vtable|typeinfo|typeinfo name|guard variable) for )?sojourn::(\w+)")
GENERATED = re.compile(r"\bsojourn::v1::|descriptor_table_|\bTableStruct_|^file_level_")


def marked(include_directory):
    """The names of the classes and functions that belong to the interface."""
    headers = pathlib.Path(include_directory).rglob("*.h")
    return {a or b for header in headers for a, b in MARKED.findall(header.read_text())}


def exported(library):
    """(kind, name) of each symbol that the library defines for others."""
    output = subprocess.run(["nm", "-DC", "--defined-only", library], check=True,
                            capture_output=True, text=True).stdout
    for line in output.splitlines():
        _, kind, name = line.split(maxsplit=2)
        yield kind, name


def main():
    library, include_directory = sys.argv[1:]
    interface = marked(include_directory)
    findings = []
    symbols = 0
    for kind, name in exported(library):
        symbols += 1
        match = STRONG.match(name)
        is_ours = match and match.group(1) in interface
        is_weak = kind in "WV"
        if GENERATED.search(name) or not (is_ours or is_weak):
            findings.append(name)
    for name in findings:
        print(f"exported: {name}")
    print(f"{len(findings)} findings in {symbols} symbols")
    return 1 if findings or not symbols else 0


if __name__ == "__main__":
    sys.exit(main())
