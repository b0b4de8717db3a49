#!/usr/bin/env python3
"""The demo, with the gatehouse of this build."""

import re
import signal
import sys
from pathlib import Path

from harness import GATEHOUSE, Browser, EndToEnd, main, sign_in
from loopback.processes import Process, accepts_connections

DEMO = Path(__file__).resolve().parents[2] / "examples" / "gatehouse" / "demo.py"


class Demo(EndToEnd):
    needs = ("haproxy",)

    def start(self, *arguments):
        self.temporary = self.directory / "tmp"
        self.temporary.mkdir(exist_ok=True)
        command = [sys.executable, "-B", "-u", DEMO, "--gatehouse", GATEHOUSE, *arguments]
        log = self.directory / "demo.log"
        log.unlink(missing_ok=True)  # what another run said is not to be waited for
        demo = Process("demo", command, log,
                       {"TMPDIR": str(self.temporary)}, on_our_death=signal.SIGTERM)
        self.addCleanup(demo.stop)
        return demo

    def assert_nothing_left(self, demo):
        self.assertEqual(list(self.temporary.iterdir()), [])
        for port in re.findall(r"127\.0\.0\.1:(\d+)", demo.output()):
            self.assertFalse(accepts_connections(int(port)), port)

    def test_every_step_holds(self):
        demo = self.start()

        self.assertEqual(demo.wait(90), 0, demo.output())
        self.assertIn("Every step held.", demo.output())
        self.assertIn("Asked another server: 0 lookups and 0 writes", demo.output())
        self.assertIn("Signed in still, after ", demo.output())
        self.assertEqual([line for line in demo.output().splitlines() if len(line) > 80], [])
        self.assertNotIn("\033", demo.output())
        self.assert_nothing_left(demo)

    def test_it_can_be_kept_running_and_used(self):
        demo = self.start("--keep")
        demo.wait_until(lambda: "Press Ctrl-C" in demo.output(), "waits", 90)
        ports = re.findall(r"http://127\.0\.0\.1:(\d+)/auth/login", demo.output())
        self.assertEqual(len(ports), 2)

        for port in ports:
            sign_in(Browser(int(port)))
        demo.signal(signal.SIGTERM)

        self.assertEqual(demo.wait(), 0, demo.output())
        self.assert_nothing_left(demo)

    def test_nothing_is_left_when_it_is_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            # As a script does that starts it in the background: with SIGINT ignored.
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            demo = self.start()
            signal.signal(signal.SIGINT, before)
            demo.wait_until(lambda: "Three auth servers" in demo.output(), "has started", 60)
            demo.signal(number)
            self.assertEqual(demo.wait(), 128 + number)
            self.assert_nothing_left(demo)


if __name__ == "__main__":
    main(sys.modules[__name__])
