#!/usr/bin/env python3
"""Sessions that must stay dead: somebody signs out while others read (keycloak#51127)."""

import sys
import threading
import time

from harness import COOKIE, WithCluster, main, sign_in, sign_out, whoami_at
from loopback.processes import wait_until
from loopback.servers import ANA, BEN
from sessions import ROOT, do, listed

LOOPS = 8
# Reads go on for so long after the sign-out.
SECONDS = 2


class Reader(threading.Thread):
    """Reads a session at all servers in turn; notes when each read began, and its answer."""

    def __init__(self, ports, cookie, first):
        super().__init__(daemon=True)
        self.ports = ports[first:] + ports[:first]
        self.cookie = cookie
        self.reads = []
        self.stop = threading.Event()

    def run(self):
        while not self.stop.is_set():
            for port in self.ports:
                began = time.monotonic()
                self.reads.append((began, whoami_at(port, self.cookie).status))


class Resurrection(WithCluster):
    @classmethod
    def cluster_options(cls):
        return {"people": (ANA, BEN, ROOT)}

    def ended_while_read(self, end):
        """Has the session of a browser ended by `end` while eight loops read it everywhere. No read
        that begins after the answer may find it."""
        sign_in(browser := self.anywhere())
        cookie = browser.cookies[COOKIE]
        readers = [Reader(list(self.ports.values()), cookie, at % 3) for at in range(LOOPS)]
        for reader in readers:
            reader.start()
        try:
            wait_until(lambda: all(len(reader.reads) >= 6 for reader in readers), "all read")

            end(browser)
            ended = time.monotonic()

            time.sleep(SECONDS)
        finally:
            for reader in readers:
                reader.stop.set()
            for reader in readers:
                reader.join(15)

        before = [status for reader in readers for at, status in reader.reads[:6]]
        after = [status for reader in readers for at, status in reader.reads if at > ended]
        self.assertEqual(set(before), {200})
        self.assertGreater(len(after), LOOPS)
        self.assertEqual(set(after), {401})
        for port in self.ports.values():
            self.assertEqual(whoami_at(port, cookie).status, 401)
        self.assertEqual(self.sessions_of(ANA), [])

    def sessions_of(self, person):
        sign_in(root := self.anywhere(), ROOT)
        return listed(root.get(f"/auth/admin?user={person.name}"))

    def test_nobody_reads_a_session_after_its_user_signed_out(self):
        for _ in range(3):
            self.ended_while_read(lambda browser: sign_out(browser, browser.get("/auth/portal")))

    def test_nobody_reads_a_session_after_its_user_signed_out_everywhere(self):
        for _ in range(3):
            self.ended_while_read(
                lambda browser: do(browser, browser.get("/auth/sessions"), "everywhere"))


if __name__ == "__main__":
    main(sys.modules[__name__])
