"""Child processes that end with this one, whatever ends it."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_given_ports = set()


def free_port():
    """A loopback port that nobody listens on, below those that the system gives to connections."""
    while True:
        port = random.randrange(10240, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def wait_until(condition, what, seconds=15):
    """Waits until condition() is true and returns what it returned. TimeoutError names `what`."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return result


def accepts_connections(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class ProcessEnded(Exception):
    """A process ended although it was still needed."""


class Process:
    """A program in a process group of its own, with its output in a file."""

    def __init__(self, name, command, log, environment=None, on_our_death=signal.SIGKILL):
        """`on_our_death` is what the program gets when this one dies: SIGTERM for those that must
        end processes of their own."""
        self.name = name
        self.log = Path(log)
        self._was_asked = False
        parent = os.getpid()

        def bind_to_parent():
            _libc.prctl(_PR_SET_PDEATHSIG, int(on_our_death), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})},
                start_new_session=True, preexec_fn=bind_to_parent)

    @property
    def pid(self):
        return self._child.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def ended(self):
        return self._child.poll() is not None

    def check_running(self):
        if self.ended():
            last = "\n".join(self.output().splitlines()[-20:])
            raise ProcessEnded(f"{self.name} ended with status {self._child.returncode}:\n{last}")

    def wait_until(self, condition, what, seconds=15):
        """As the function of that name, but fails at once when the process has ended."""

        def condition_while_running():
            self.check_running()
            return condition()

        return wait_until(condition_while_running, f"{self.name}: {what}", seconds)

    def wait(self, seconds=15):
        """The exit status of a program that ends by itself."""
        return self._child.wait(seconds)

    def signal(self, number):
        self._child.send_signal(number)

    def pause(self):
        """Freezes the program. Returns when none of its threads runs any more."""

        def is_paused():
            stats = Path(f"/proc/{self.pid}/task").glob("*/stat")
            return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats)

        # kill() returns before the threads have stopped: until then they go on answering.
        self.signal(signal.SIGSTOP)
        self.wait_until(is_paused, "is paused")

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        """Ends the program at once, as a power cut would. Returns when it is gone."""
        self.signal(signal.SIGKILL)
        self._child.wait()

    def ask_to_stop(self):
        """Once only: whoever is asked twice may take it for "at once"."""
        if not self.ended() and not self._was_asked:
            self.resume()  # one that is paused would never notice
            self.signal(signal.SIGTERM)
        self._was_asked = True

    def stop(self, seconds=30):
        """Asks the program to end, and waits. Its exit status; negative if a signal ended it."""
        self.ask_to_stop()
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.pid, signal.SIGKILL)  # itself if it would not end, and what it left
        except ProcessLookupError:
            pass
        return self._child.wait()
