#!/usr/bin/env python3
"""Finds symbols that a shared library exports and should not, and changes of those that it should.

Usage: check_symbols.py [--renew] LIBRARY INCLUDE_DIRECTORY SYMBOLS_FILE

SYMBOLS_FILE lists the strong symbols. One that has gone, or whose arguments are others, breaks
programs that were linked with the library before: that needs a new SONAME, before 1.0 a new minor
version. One that is new needs none. In both cases --renew writes the list anew, and its change is
reviewed with the change of the headers.

Strong symbols are the classes and functions that a public header marks SOJOURN_EXPORT. Weak symbols of
other namespaces are templates of the standard library and Abseil that every program makes for
itself; but generated code must not show at all: a second copy in the same process would clash.
"""

import pathlib
import re
import subprocess
import sys

MARKED = re.compile(r"\b(?:class|struct) SOJOURN_EXPORT (\w+)|^SOJOURN_EXPORT [\w:]+ (\w+)\(", re.M)
STRONG = re.compile(r"^(?:(?:vtable|typeinfo|typeinfo name|guard variable) for )?sojourn::(?:detail::)?(\w+)")
HEADER = """\
# The strong symbols that libsojourn.so exports, as nm -DC names them with Debian 12's libraries.
# Compared by the test package_symbols, which says how to write this file anew.
"""
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


def changes(library, symbols_file, renew):
    """What differs from the list, which is written anew if asked for."""
    strong = sorted({name for kind, name in exported(library) if kind not in "WVvwu"})
    listed = symbols_file.read_text().splitlines() if symbols_file.exists() else []
    listed = [line for line in listed if not line.startswith("#")]
    if renew:
        symbols_file.write_text(HEADER + "\n".join(strong) + "\n")
        return
    for name in sorted({*listed} - {*strong}):
        yield f"gone, which breaks programs: {name}"
    for name in sorted({*strong} - {*listed}):
        yield f"new: {name}"


def main():
    arguments = sys.argv[1:]
    renew = arguments[0] == "--renew"
    library, include_directory, symbols_file = arguments[renew:]
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
    changed = list(changes(library, pathlib.Path(symbols_file), renew))
    for change in changed:
        print(change)
    if changed:
        print("If that is meant, write the list anew:\n"
              f"  {sys.argv[0]} --renew {' '.join(arguments)}")
    return 1 if findings or changed or not symbols else 0


if __name__ == "__main__":
    sys.exit(main())
