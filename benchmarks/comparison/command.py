"""The command line of benchmarks/run."""

import argparse
import os
import signal
import subprocess
import sys
import time

from . import charts, report
from .bench import Bench
from .judgement import MISSES
from .processes import Failure
from .rows import ROWS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CHARTS = os.path.join(ROOT, "docs", "performance")
TARGETS = [
    "session_load",
    "local_load",
    "redis_load",
    "memory_benchmark",
    "floor_benchmark",
    "stream_benchmark",
    "gatehouse",
]

EXIT_STATUS = """\
exit status: 0 measured, whatever the verdicts; 1 something failed; 2 the command line is wrong;
3 with --strict, a target that could be judged does not hold; 128 + a signal, ended by it
"""


def parse(description, arguments):
    parser = argparse.ArgumentParser(
        prog="benchmarks/run",
        description=description,
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rows", metavar="ROW", nargs="*", help="S1 to S14; all if none is named")
    parser.add_argument("--list", action="store_true", help="say which rows there are, and end")
    parser.add_argument("--rounds", type=int, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=float, help="of each measurement (1)")
    parser.add_argument("--json", metavar="FILE", help="write the results into that file")
    parser.add_argument("--charts", action="store_true", help="draw docs/performance/*.svg, and write the page there if all rows were measured")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small sizes and one round, to see that it works: says nothing about speed",
    )
    parser.add_argument("--strict", action="store_true", help="exit status 3 for a missed target")
    parser.add_argument(
        "--programs",
        metavar="DIR",
        help="a build that has the programs; nothing is installed or built then",
    )
    options = parser.parse_args(arguments)
    options.rows = [name.upper() for name in options.rows] or list(ROWS)
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)} (there are {', '.join(ROWS)})")
    if options.rounds is None:
        options.rounds = 1 if options.quick else 5
    if options.seconds is None:
        options.seconds = 0.05 if options.quick else 1.0
    if options.quick and options.charts:
        parser.error("--quick measures too little for --charts")
    if options.rounds < 1 or options.seconds <= 0:
        parser.error("--rounds and --seconds are to be positive")
    if options.programs and not os.path.isdir(os.path.join(options.programs, "benchmarks")):
        parser.error(
            f"--programs: {options.programs} is no build with benchmarks"
            " (cmake --workflow --preset release makes one in build/release)"
        )
    if options.json:
        # Before half an hour of measuring, not after it.
        try:
            open(options.json, "a", encoding="utf-8").close()
        except OSError as error:
            parser.error(f"--json: {error}")
    return options


def build():
    """Installs what is missing and builds the programs; says where they are."""
    steps = [
        ["tools/install-dependencies", "build", "bench"],
        ["cmake", "--preset", "release"],
        ["cmake", "--build", "--preset", "release", "--target", *TARGETS],
    ]
    for step in steps:
        print("+", " ".join(step), file=sys.stderr, flush=True)
        done = subprocess.run(step, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.stderr.buffer.write(done.stdout)
            raise Failure(f"{step[0]} failed")
    return os.path.join(ROOT, "build", "release")


def measure(options, programs, results, failures):
    """Adds the comparisons of each row, or why it failed; says which peers are missing."""
    bench = Bench(programs, options.rounds, options.seconds, options.quick)
    try:
        for name in options.rows:
            row = ROWS[name]
            began = time.monotonic()
            bench.say(f"{name}  {row.what}, against {row.against} ...")
            try:
                results[name] = row.measure(bench)
                for each in results[name]:
                    each.judged = not options.quick
            except Failure as failure:
                failures[name] = str(failure)
                bench.say(f"{name}  failed: {failure}")
            finally:
                bench.stop_all()
            bench.say(f"{name}  took {time.monotonic() - began:.0f} s")
    finally:
        bench.close()
    return bench.missing


def end_by(number, _frame):
    """So that a signal unwinds, and everything that was started is stopped on the way."""
    raise SystemExit(128 + number)


def run(options):
    programs = options.programs or build()
    results, failures = {}, {}
    try:
        missing = measure(options, programs, results, failures)
    except SystemExit:
        print(report.table(results))
        print("interrupted: this is what was measured until then")
        raise
    print(report.table(results))
    if options.quick:
        print("quick: far too little was measured to be read as more than that it works")
    for line in report.noise(results):
        print("noise:", line)
    if missing:
        print("not there, left out:", ", ".join(sorted(missing)))
    for name, why in failures.items():
        print(f"failed: {name}: {why}")
    if options.json:
        report.write_json(results, options.json)
    if options.charts:
        complete = set(results) == set(ROWS)
        charts.draw(results, CHARTS, options.rounds, complete)
        if not complete:
            print("not all rows were measured: the page with the table stays as it was")
    if failures:
        return 1
    missed = any(each.verdict == MISSES for row in results.values() for each in row)
    return 3 if options.strict and missed else 0


def main(description):
    options = parse(description, sys.argv[1:])
    if options.list:
        for row in ROWS.values():
            print(f"{row.name:4} {row.what}, against {row.against}")
        return 0
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by)
    try:
        return run(options)
    except Failure as failure:
        print(f"benchmarks/run: {failure}", file=sys.stderr)
        return 1
