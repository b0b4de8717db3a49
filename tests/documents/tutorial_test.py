#!/usr/bin/env python3
"""Runs the commands of docs/tutorial.md, and compares what they print with what stands there.

Usage: tutorial_test.py ROOT GATEHOUSE SCRATCH_DIRECTORY

Lines of ```console blocks that begin with "$ " are commands, those after them what they print; "..." in
one is anything. All run in one shell, in a directory that has the tutorial's Caddyfile, with free ports
instead of those of the text. A block after `<!-- not run by the test -->` is left out.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT, GATEHOUSE, SCRATCH = (Path(argument).resolve() for argument in sys.argv[1:4])
sys.path.insert(0, str(ROOT / "examples/gatehouse"))
from loopback.processes import free_port  # noqa: E402

BLOCK = re.compile(r"(<!-- not run by the test -->\n)?```console\n(.*?)```", re.S)
PORT = re.compile(r"\b(808[0-2]|710[0-2])\b")
MARK = "@@@"
SECONDS_MAX = 100


def commands(text):
    """(command, expected lines) in order."""
    for skipped, block in BLOCK.findall(text):
        for line in [] if skipped else block.splitlines():
            if line.startswith("$ "):
                yield line[2:], (expected := [])
            else:
                expected.append(line)


def matches(expected, printed):
    pattern = "\n".join(".*".join(map(re.escape, line.split("..."))) for line in expected)
    return re.fullmatch(pattern, printed) is not None


def main():
    shutil.rmtree(SCRATCH, ignore_errors=True)
    (SCRATCH / "examples/gatehouse").mkdir(parents=True)
    ports = {}
    substitute = lambda text: PORT.sub(lambda m: str(ports.setdefault(m.group(), free_port())), text)
    caddyfile = (ROOT / "examples/gatehouse/Caddyfile").read_text()
    (SCRATCH / "examples/gatehouse/Caddyfile").write_text(substitute(caddyfile))
    steps = list(commands(substitute((ROOT / "docs/tutorial.md").read_text())))
    assert len(steps) > 20, f"only {len(steps)} commands"

    # As in a terminal each background job has a process group of its own, and %1 names it.
    script = f"set -m\nPATH={GATEHOUSE.parent}:$PATH\ntrap 'kill -9 $(jobs -p) 2>/dev/null' EXIT\n"
    script += "".join(f"{command}\necho {MARK}\n" for command, _ in steps)
    with (SCRATCH / "stderr").open("w") as errors:
        shell = subprocess.run(["timeout", str(SECONDS_MAX), "bash"], input=script, text=True, cwd=SCRATCH,
                               stdout=subprocess.PIPE, stderr=errors)
    printed = [each.strip("\n") for each in shell.stdout.split(MARK)]
    wrong = 0
    for at, (command, expected) in enumerate(steps):
        answer = printed[at] if at < len(printed) - 1 else "(nothing: the shell has ended)"
        if not matches(expected, answer):
            wrong += 1
            print(f"$ {command}\n{answer}\n  instead of\n" + "\n".join(expected) + "\n")
    print(f"{wrong} of {len(steps)} commands print something else")
    if wrong:
        print((SCRATCH / "stderr").read_text()[-2000:])
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
