#!/usr/bin/env python3
"""Checks the models of the protocol with Spin and prints a table of what was found.

  check_models.py rules       the models hold, for small parameters (minutes)
  check_models.py mutations   with any one rule left out, an error is found (minutes)
  check_models.py larger      the models hold, for larger parameters (very long, 6 GB)
"""

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

DIRECTORY = pathlib.Path(__file__).resolve().parent

# Model and parameters.
RULES = [
    ("data", "COPIES=2 EPOCHS=3 CRASHES=1 WRITES=3"),
    ("data", "COPIES=1 EPOCHS=3 CRASHES=1 WRITES=2 LEAVE"),
    ("data", "COPIES=2 EPOCHS=3 CRASHES=1 WRITES=2 LEAVE"),
    ("data", "COPIES=3 EPOCHS=3 CRASHES=1 WRITES=2 LEAVE"),
    ("data", "COPIES=2 EPOCHS=4 CRASHES=2 WRITES=1 RECOVERY"),
    ("view", "EPOCHS=2 BALLOTS=1 CRASHES=1"),
]

# Rule left out, model, parameters under which it is missed, and how deep to search where the default
# takes long.
MUTATIONS = [
    ("LEASE", "data", "EPOCHS=3"),
    ("EXCLUSION_WAITS", "data", "EPOCHS=3"),
    ("GRANTS_OF_THIS_EPOCH", "data", "EPOCHS=3"),
    ("CONFIRMATION", "data", "COPIES=1 EPOCHS=3"),
    ("FORGETTING", "data", "EPOCHS=3"),
    ("LEASE_AFTER_ACKS", "data", "EPOCHS=3"),
    ("ALL_WRITERS", "data", "EPOCHS=3"),
    ("COMPLETE_LEARNERS", "data", "EPOCHS=3"),
    ("NEW_INCARNATION", "data", "EPOCHS=3"),
    ("SNAPSHOT_NEVER_OVERWRITES", "data", "EPOCHS=3"),
    ("LEARNERS_KEEP_TOMBSTONES", "data", "EPOCHS=3"),
    ("WATERMARK", "data", "EPOCHS=3"),
    ("EPOCH_FENCE", "data", "EPOCHS=3"),
    ("SYNCHRONIZATION", "data", "COPIES=3 EPOCHS=3"),
    ("VERSIONS_BEGIN_WITH_EPOCH", "data", "EPOCHS=3"),
    ("TOMBSTONE_FOR_ABSENT", "data", "EPOCHS=3"),
    ("COMMITTED_READS", "data", "EPOCHS=3"),
    ("LIVING_OWNERS", "data", "EPOCHS=3 LEAVE"),
    ("LEAVERS_WAIT", "data", "EPOCHS=3 LEAVE"),
    ("SHRUNK_BASE_WAITS", "data", "EPOCHS=4 CRASHES=2 WRITES=1 RECOVERY"),
    ("OLDER_COUNTS_NOTHING", "data", "EPOCHS=4 CRASHES=0"),
    ("QUORUM", "view", "EPOCHS=3"),
    ("EXCLUSION_WAITS", "view", "EPOCHS=3"),
    ("CALM_AFTER_INSTALL", "view", "EPOCHS=3"),
    ("NO_GRANT_AFTER_ACCEPT", "view", "EPOCHS=3"),
    ("GRANTS_OF_THIS_EPOCH", "view", "EPOCHS=3"),
    ("ADOPT_ACCEPTED", "view", "EPOCHS=2 BALLOTS=2"),
    ("NEW_INCARNATION", "view", "EPOCHS=2 BALLOTS=2 CRASHES=1"),
    ("IDLE_CONFIRMATION", "view", "EPOCHS=3 IDLE", 130),
    ("IDLE_WITHOUT_LEASE", "view", "EPOCHS=3 IDLE"),
]

LARGER = [
    ("data", "COPIES=2 EPOCHS=4 CRASHES=1 WRITES=2"),
    ("data", "COPIES=2 EPOCHS=4 CRASHES=1 WRITES=2 LEAVE"),
    ("view", "EPOCHS=3 BALLOTS=1"),
    ("view", "EPOCHS=3 BALLOTS=1 IDLE"),
    ("view", "EPOCHS=2 BALLOTS=2"),
]


def check(arguments, model, parameters, depth=400000, table=24):
    """Returns the number of states, the number of errors (None: not finished), and the seconds."""
    definitions = ["-D" + parameter for parameter in parameters.split()]
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [arguments.spin, "-a", *definitions, DIRECTORY / f"{model}.pml"],
            cwd=directory, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [arguments.compiler, "-O2", "-w", "-DSAFETY", "-DCOLLAPSE",
             f"-DMEMLIM={arguments.megabytes}", "-o", "pan", "pan.c"],
            cwd=directory, check=True)
        begin = time.monotonic()
        run = subprocess.run(
            ["./pan", f"-m{depth}", f"-w{table}"], cwd=directory, text=True,
            stdout=subprocess.PIPE, preexec_fn=lambda: limit(arguments.megabytes))
        seconds = time.monotonic() - begin
    states = re.search(r"(\d+)(?:e\+(\d+))? states, stored", run.stdout)
    errors = re.search(r"errors: (\d+)", run.stdout)
    if not states or not errors:
        sys.exit(f"{model} {parameters}: {run.stdout[-2000:]}")
    found = int(errors.group(1))
    unfinished = "Search not completed" in run.stdout or "max search depth" in run.stdout
    return int(states.group(1)), None if not found and unfinished else found, seconds


def limit(megabytes):
    size = megabytes * 3 // 2 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    os.nice(10)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rules", "mutations", "larger"])
    parser.add_argument("--spin", default="spin")
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--megabytes", type=int, default=None, help="the most that Spin may use")
    arguments = parser.parse_args()
    if arguments.megabytes is None:
        arguments.megabytes = 6000 if arguments.what == "larger" else 3500

    wrong = 0
    if arguments.what == "mutations":
        print(f"{'left out':28} {'model':6} {'parameters':42} {'states':>11} {'s':>5}  error")
        for rule, model, parameters, *depth in MUTATIONS:
            states, errors, seconds = check(
                arguments, model, f"{parameters} WITHOUT_{rule}", *depth)
            wrong += errors is None or errors == 0
            word = "found" if errors else "NOT FOUND"
            print(f"{rule:28} {model:6} {parameters:42} {states:11} {seconds:5.0f}  {word}", flush=True)
    else:
        table = 24 if arguments.what == "rules" else 27
        print(f"{'model':6} {'parameters':52} {'states':>11} {'s':>5}  errors")
        for model, parameters in RULES if arguments.what == "rules" else LARGER:
            states, errors, seconds = check(arguments, model, parameters, table=table)
            wrong += errors != 0
            word = "NOT FINISHED" if errors is None else str(errors)
            print(f"{model:6} {parameters:52} {states:11} {seconds:5.0f}  {word}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
