"""The machine: which cores there are, and whether it was quiet enough to judge by what it said."""

import hashlib
import os
import resource
import statistics
import time

# Above these, a run is called noisy.
CALIBRATION_SPREAD_MAX = 0.10  # of the fixed loop's times: largest - smallest, over the median
OTHERS_SHARE_MAX = 0.05  # of all cores' time, used by processes that are not ours, or stolen
ROUNDS_SPREAD_MAX = 0.30  # of a side's rounds

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
CALIBRATION_BYTES = bytes(4 << 20)


class Cores:
    """Where clients, servers and their backups run. With one core they share it; with two, a backup
    runs where its server does (Redis is faster so than with its replica beside the client); with
    more, everybody has one of its own."""

    def __init__(self):
        available = sorted(os.sched_getaffinity(0))
        self.count = len(available)
        self.all = set(available)
        self._each = [{core} for core in available]

    def __getitem__(self, number):
        return self._each[number % self.count]

    @property
    def client(self):
        return self[0]

    @property
    def server(self):
        return self[1]

    @property
    def backup(self):
        return self[2] if self.count > 2 else self.server


def spread(values):
    """How far apart the values are, relative to their median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def _busy_and_total():
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    user, nice, system, _, _, _, _, steal = fields[:8]
    return (user + nice + system + steal) / TICKS_PER_SECOND, sum(fields[:8]) / TICKS_PER_SECOND


def _own(processes):
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited_for = children.ru_utime + children.ru_stime
    return time.process_time() + waited_for + sum(each.cpu_seconds() for each in processes)


class Watch:
    """Looks at the machine during the rounds of a row."""

    def __init__(self, cores, running):
        self._cores = cores
        self._running = running  # the processes that run now
        self._calibrations = {core: [] for core in cores.all}
        self._others = 0.0
        self._total = 0.0

    def calibrate(self):
        """Times a fixed loop on each core, on which nothing else should be running now."""
        usual = os.sched_getaffinity(0)
        for core, times in self._calibrations.items():
            os.sched_setaffinity(0, {core})
            began = time.perf_counter()
            for _ in range(4):
                hashlib.sha256(CALIBRATION_BYTES).digest()
            times.append(time.perf_counter() - began)
        os.sched_setaffinity(0, usual)

    def during(self, measure):
        """Calls `measure`, looking how busy others are meanwhile."""
        processes = self._running()
        busy, total = _busy_and_total()
        own = _own(processes)
        result = measure()
        own_after = _own(self._running())
        busy_after, total_after = _busy_and_total()
        self._others += max(0.0, (busy_after - busy) - (own_after - own))
        self._total += total_after - total
        return result

    def complaints(self):
        """Why this machine was too noisy to judge by; empty if it was not."""
        found = []
        for core, times in self._calibrations.items():
            if len(times) > 1 and spread(times) > CALIBRATION_SPREAD_MAX:
                found.append(f"a fixed loop on core {core} varied by {spread(times):.0%}")
        share = self._others / self._total if self._total else 0.0
        if share > OTHERS_SHARE_MAX:
            found.append(f"others used {share:.0%} of the machine")
        return found
