#!/usr/bin/env python3
"""How many instructions something takes, beside its budget.

    check.py PROBE BUILD WHAT          fails if WHAT takes more, or far less, than its budget
    check.py PROBE BUILD WHAT --renew  writes what it takes into budgets.json

Times differ from run to run, and from machine to machine; instructions do not. Callgrind counts
those of one function of the probe, a thousand calls of it. BUILD names the kind of build, such as
Debug: each has budgets of its own.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

BUDGETS = pathlib.Path(__file__).with_name("budgets.json")
CALLS = 1000
# Above, it has become slower, and below, the budget says nothing any more.
TOO_MUCH = 1.05
TOO_LITTLE = 0.80
# Not counted with what calls it: how often it asks for the exact time is up to the kernel's ticks.
APART = "sojourn::runtime::CoarseClock::read*"


def instructions(probe, what):
    """Of one call."""
    with tempfile.TemporaryDirectory() as directory:
        counts = pathlib.Path(directory) / "counts"
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--quiet", "--collect-atstart=no",
             f"--toggle-collect=measured_{what}", f"--toggle-collect={APART}",
             f"--callgrind-out-file={counts}", probe, what],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        total = re.search(r"^(?:summary|totals): (\d+)", counts.read_text(), re.MULTILINE)
        return round(int(total.group(1)) / CALLS)


def main():
    probe, build, what = sys.argv[1:4]
    budgets = json.loads(BUDGETS.read_text())
    try:
        count = instructions(probe, what)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{what}: the probe failed under Callgrind\n{error.stderr}")
    if sys.argv[4:] == ["--renew"]:
        budgets.setdefault(build, {})[what] = count
        BUDGETS.write_text(json.dumps(budgets, indent=2, sort_keys=True) + "\n")
        print(f"{what}: {count} instructions, written into {BUDGETS.name}")
        return
    budget = budgets[build][what]
    print(f"{what}: {count} instructions, {count / budget:.1%} of the budget of {budget}")
    advice = "\nIf that is meant: tests/instructions/check.py " + " ".join(sys.argv[1:4]) + " --renew"
    if count > budget * TOO_MUCH:
        sys.exit("more than the budget allows" + advice)
    if count < budget * TOO_LITTLE:
        sys.exit("so much less than the budget that it would not notice a loss" + advice)


if __name__ == "__main__":
    main()
