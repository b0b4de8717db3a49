"""The processes of a measurement: started on a core, spoken to, and stopped whatever happens."""

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
# What docs/performance.md advises for processes of Sojourn; the peers have it as well.
TUNABLES = "glibc.malloc.tcache_count=256"
ENVIRONMENT = {"GLIBC_TUNABLES": TUNABLES, **os.environ}
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """What went wrong, in words for who runs the benchmarks."""


class MissingPeer(Exception):
    """A peer that is not installed: what is compared with it is left out."""


def begin_on(cores):
    """In a process that was just made: it runs on these cores, and ends when this program does."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.sched_setaffinity(0, cores)


def cpu_seconds(pid):
    """Of all threads of a process, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes it


def move(pid, cores):
    """All threads of a process, and those that they will make, run on these cores."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), cores)


def free_ports(count):
    """Ports of loopback that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Process:
    """A program that runs on some cores until it is stopped, or this program ends."""

    def __init__(self, command, cores, directory, **popen):
        self.name = os.path.basename(command[0])
        self.log = os.path.join(directory, f"{self.name}.{time.monotonic_ns()}.log")
        with open(self.log, "wb") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **popen}
            options["env"] = ENVIRONMENT
            # A session of its own: Ctrl-C reaches only this program, which then stops the others.
            self.popen = subprocess.Popen(
                command, preexec_fn=lambda: begin_on(cores), start_new_session=True, **options
            )

    @property
    def pid(self):
        return self.popen.pid

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def move_to(self, cores):
        """All of its threads, and those that they will make."""
        move(self.pid, cores)

    def last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:].strip()

    def await_port(self, port, timeout=10):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.popen.poll() is not None:
                raise Failure(f"{self.name} ended at its start: {self.last_words()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise Failure(f"{self.name} does not listen on port {port} after {timeout} s")

    def end_soon(self):
        """Without waiting for it, nor for what it is doing."""
        self.popen.terminate()

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(3)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        self.popen.wait()


class Driver(Process):
    """A process that obeys commands, a line of JSON in answer to each (load/command.h)."""

    def __init__(self, command, cores, directory):
        super().__init__(
            command, cores, directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, verb, **values):
        """Gives a command without awaiting its answer."""
        words = [verb] + [f"{name}={value}" for name, value in values.items()]
        try:
            self.popen.stdin.write(" ".join(words) + "\n")
            self.popen.stdin.flush()
        except BrokenPipeError:
            raise Failure(f"{self.name} has ended: {self.last_words()}") from None

    def answer(self, timeout=1800):
        ready, _, _ = select.select([self.popen.stdout], [], [], timeout)
        line = self.popen.stdout.readline() if ready else None
        if line is None:
            raise Failure(f"{self.name} does not answer within {timeout} s")
        if not line:
            raise Failure(f"{self.name} ended: {self.last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failure(f"{self.name}: {answer['error']}")
        if answer.get("failed"):
            raise Failure(
                f"{self.name}: {answer['failed']} of {answer['operations']} operations failed: "
                + answer.get("failure", "wrong answers")
            )
        return answer

    def ask(self, verb, **values):
        self.tell(verb, **values)
        return self.answer()

    def stop(self):
        try:
            self.popen.stdin.close()
            self.popen.wait(5)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            pass
        super().stop()
        self.popen.stdout.close()
