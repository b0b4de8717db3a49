#!/usr/bin/env python3
"""Servers that stop: for a while, as if the machine had frozen, and for good, as asked."""

import signal
import socket
import sys
import time

from harness import COOKIE, Browser, WithCluster, main, request, sign_in, whoami_at
from loopback.processes import wait_until


class Pause(WithCluster):
    def test_while_one_server_does_not_answer_the_sessions_of_the_others_do(self):
        cookies = {}
        for name, port in self.ports.items():
            sign_in(browser := Browser(port))
            cookies[name] = browser.cookies[COOKIE]
        paused, *running = self.cluster["auth-1"], *self.cluster.others("auth-1")

        paused.pause()
        try:
            for member in running:
                for owner in running:
                    for _ in range(5):
                        self.assertEqual(whoami_at(member.port, cookies[owner.name]).status, 200)
                started = time.monotonic()
                answer = whoami_at(member.port, cookies["auth-1"])
                # Not 401: nobody was signed out.
                self.assertEqual((answer.status, answer["Retry-After"]), (503, "1"))
                self.assertEqual(answer.set_cookies, [])
                self.assertLess(time.monotonic() - started, 3)
                page = request(member.port, "GET", "/auth/portal", [
                    ("Accept", "text/html"), ("Cookie", f"{COOKIE}={cookies['auth-1']}")])
                self.assertEqual(page.status, 503)
                self.assertIn("You have not been signed out.", page.body)
        finally:
            paused.resume()

        for member in self.cluster:
            for cookie in cookies.values():
                wait_until(lambda: whoami_at(member.port, cookie).status == 200,
                           f"{member.name} answers for every session")
        self.assert_all_well()


class Stop(WithCluster):
    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 1s"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Before any member has stopped: new sessions need all of them, for now.
        sign_in(browser := Browser(cls.cluster["auth-2"].port))
        cls.session = browser.cookies[COOKIE]

    def test_a_server_that_is_asked_to_stop_says_so_before_it_does(self):
        member = self.cluster["auth-2"]

        member.signal(signal.SIGTERM)

        # Balancers learn it while it still answers.
        wait_until(lambda: request(member.port, "GET", "/readyz").status == 503, "/readyz says 503")
        self.assertEqual(request(member.port, "GET", "/readyz").body, "stopping\n")
        self.assertEqual(request(member.port, "GET", "/healthz").status, 200)
        self.assertEqual(whoami_at(member.port, self.session).status, 200)
        self.assertEqual(member.wait(), 0)

    def test_a_request_under_way_is_finished_first(self):
        member = self.cluster["auth-1"]
        with socket.create_connection(("127.0.0.1", member.port), timeout=10) as connection:
            # Half a request: the rest follows after the signal.
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
            wait_until(lambda: request(member.port, "GET", "/healthz").status == 200, "answers")
            member.signal(signal.SIGTERM)
            wait_until(lambda: "stopping" in member.output(), "is stopping")
            connection.sendall(b"\r\n")
            answer = connection.recv(65536)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertEqual(member.wait(), 0)


if __name__ == "__main__":
    main(sys.modules[__name__])
