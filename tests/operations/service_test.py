#!/usr/bin/env python3
"""The systemd unit and the Dockerfile, as far as a machine can tell that runs neither.

Usage: service_test.py unit|dockerfile ROOT GATEHOUSE SCRATCH_DIRECTORY
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT, GATEHOUSE, SCRATCH = (Path(argument).resolve() for argument in sys.argv[2:5])
# systemd's own measure: 0 is all that it knows to take away, 10 nothing. "OK" begins below 4.
EXPOSURE_MAX = 1.5


def unit():
    """systemd takes every line, and finds little that the service could do beyond its work."""
    source = (ROOT / "packaging/systemd/gatehouse.service").read_text()
    SCRATCH.mkdir(parents=True, exist_ok=True)
    copy = SCRATCH / "gatehouse.service"
    copy.write_text(source.replace("/usr/bin/gatehouse", str(GATEHOUSE)))
    verified = subprocess.run(["systemd-analyze", "verify", copy], text=True, capture_output=True)
    said = [line for line in verified.stderr.splitlines() if "gatehouse" in line]
    if verified.returncode or said:
        yield "\n".join(said) or verified.stderr
    security = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX * 10:.0f}", copy],
        text=True, capture_output=True)
    print(security.stdout.strip().splitlines()[-1])
    if security.returncode:
        yield f"more exposed than {EXPOSURE_MAX}"
    times = dict(re.findall(r"^(Timeout\w+Sec|WatchdogSec)=(\w+)", source, re.M))
    if times["TimeoutStartSec"] != "infinity":
        yield "a member that waits for others when a cluster begins would be killed"
    sysusers = (ROOT / "packaging/systemd/gatehouse.sysusers").read_text()
    if f"u {re.search('^User=(.+)', source, re.M).group(1)} " not in sysusers:
        yield "gatehouse.sysusers makes another user"


def dockerfile():
    """It has all that the program needs to run, names no file that is not there, and lints."""
    path = ROOT / "packaging/docker/Dockerfile"
    text = path.read_text().replace("\\\n", " ")
    control = SCRATCH / "debian/control"
    control.parent.mkdir(parents=True, exist_ok=True)
    control.write_text("Source: gatehouse\n\nPackage: gatehouse\nArchitecture: any\n")
    needed = subprocess.run(["dpkg-shlibdeps", "-O", GATEHOUSE], cwd=SCRATCH, check=True, text=True,
                            capture_output=True).stdout
    needed = set(re.findall(r"[=,] ?([a-z][\w.+-]*)", needed)) - {"libc6", "libgcc-s1", "libstdc++6"}
    final = text.rpartition("\nFROM ")[2]
    installed = set(re.findall(r"\s(lib[\w.+-]+)", final))
    # sojournctl needs no other.
    for package in sorted(needed - installed):
        yield f"the image has no {package}"
    for package in sorted(installed - needed - {"libgrpc29"}):
        yield f"the image has {package}, which nothing needs"
    for source in re.findall(r"^COPY ([^\s-]\S*)", text, re.M):
        if not (ROOT / source).exists():
            yield f"COPY {source}: there is no such file"
    for target in re.findall(r"--target ((?:[\w-]+ )+)", text):
        for name in target.split():
            if not list(ROOT.glob(f"*/{name}/CMakeLists.txt")):
                yield f"no target {name}"
    for part in re.findall(r"-D(SOJOURN_\w+)", text):
        if f"option({part} " not in (ROOT / "CMakeLists.txt").read_text():
            yield f"no option {part}"
    if not re.search(r"^USER \d+", final, re.M):
        yield "it runs as root"
    linter = SCRATCH.parent / "kubernetes/schemas/node_modules/.bin/dockerfilelint"
    if linter.exists() and shutil.which("node"):
        linted = subprocess.run([linter, path], text=True, capture_output=True)
        if linted.returncode:
            yield linted.stdout
    else:
        print("not linted: npm's dockerfilelint is not there")


def main():
    problems = list({"unit": unit, "dockerfile": dockerfile}[sys.argv[1]]())
    for problem in problems:
        print("wrong:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
