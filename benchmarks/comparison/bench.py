"""What a row is given: the machine, the programs, the peers, and how to measure in turn."""

import os
import shutil
import subprocess
import sys
import tempfile

from .machine import Cores, Watch
from .processes import ENVIRONMENT, Driver, Failure, MissingPeer, Process, begin_on, free_ports


class Bench:
    """Owns the processes and the directory of the measurements; close() ends them all."""

    def __init__(self, programs, rounds, seconds, quick):
        self.programs = programs  # the directory of the build
        self.rounds = rounds
        self.seconds = seconds  # of one measurement
        self.quick = quick
        self.cores = Cores()
        self.directory = tempfile.mkdtemp(prefix="sojourn-benchmarks-")
        self.missing = set()
        self._processes = []

    def close(self):
        for process in self._processes:
            process.end_soon()
        self.stop_all()
        shutil.rmtree(self.directory, ignore_errors=True)

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    # --- Programs ---------------------------------------------------------------------------------

    def program(self, path):
        """A program of ours, by its path in the build."""
        program = os.path.join(self.programs, path)
        if not os.path.exists(program):
            raise Failure(f"{program} is not built")
        return program

    def has_program(self, path):
        """Whether a program that is no benchmark was built as well."""
        if os.path.exists(os.path.join(self.programs, path)):
            return True
        self.missing.add(os.path.basename(path))
        return False

    def has_peer(self, name):
        if shutil.which(name):
            return True
        self.missing.add(name)
        return False

    def peer(self, name):
        """The path of a peer's program."""
        if not self.has_peer(name):
            raise MissingPeer(name)
        return shutil.which(name)

    def start(self, command, cores, kind=Process, **popen):
        process = kind(command, cores, self.directory, **popen)
        self._processes.append(process)
        return process

    def driver(self, command, cores):
        return self.start(command, cores, Driver)

    def adopt(self, process):
        """Something else that has end_soon(), stop() and cpu_seconds(), as a Process."""
        self._processes.append(process)

    def stop(self, *processes):
        for process in processes:
            process.stop()
            self._processes.remove(process)

    def stop_all(self):
        """Between two rows."""
        self.stop(*reversed(self._processes))

    def ports(self, count):
        return free_ports(count)

    def run(self, command, cores=None, **options):
        """Runs a program to its end; what it printed."""
        try:
            done = subprocess.run(
                command,
                check=True,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                preexec_fn=lambda: begin_on(cores or self.cores.all),
                **options,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            said = (getattr(error, "stderr", "") or "").strip()
            raise Failure(f"{os.path.basename(command[0])}: {error} {said}") from None
        return done.stdout

    def file(self, name):
        return os.path.join(self.directory, name)

    # --- Measuring --------------------------------------------------------------------------------

    @property
    def window(self):
        """Arguments of a command that measures for a while."""
        return {"seconds": self.seconds, "warm": self.seconds / 5}

    def size(self, full, quick):
        return quick if self.quick else full

    def in_turn(self, sides):
        """Calls the sides one after the other, as many rounds as there are to be: {name: call} to
        ({name: [result of each round]}, what is to be said of noise)."""
        watch = Watch(self.cores, lambda: self._processes)
        results = {name: [] for name in sides}
        for _ in range(self.rounds):
            watch.calibrate()
            for name, measure in sides.items():
                results[name].append(watch.during(measure))
        return results, tuple(watch.complaints())

    def available_bytes(self):
        """Memory that programs can still have."""
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
        return 0

    def cpu_seconds(self, measure, processes):
        """The result of `measure` and what all of these used for it."""
        before = sum(each.cpu_seconds() for each in processes)
        result = measure()
        return result, sum(each.cpu_seconds() for each in processes) - before
