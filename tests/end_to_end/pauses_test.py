#!/usr/bin/env python3
"""Servers that stop: for a while, as if the machine had frozen, and for good, as asked."""

import signal
import socket
import sys
import threading
import time

from harness import COOKIE, Browser, WithCluster, main, request, sign_in, sign_out, whoami_at
from loopback.processes import wait_until

# For a failover, on a machine that has other things to do as well.
PATIENCE = 10


class Pause(WithCluster):
    def setUp(self):
        self.cluster.wait_safe()
        self.cookies = {}
        for name, port in self.ports.items():
            sign_in(browser := Browser(port))
            self.cookies[name] = browser.cookies[COOKIE]

    def test_the_others_go_on_with_the_sessions_of_a_server_that_does_not_answer(self):
        paused, *running = self.cluster["auth-1"], *self.cluster.others("auth-1")

        paused.pause()
        try:
            for member in running:
                for cookie in self.cookies.values():
                    self.assertEqual(whoami_at(member.port, cookie, PATIENCE).status, 200)
        finally:
            paused.resume()

        self.cluster.wait_safe()
        for member in self.cluster:
            for cookie in self.cookies.values():
                self.assertEqual(whoami_at(member.port, cookie, PATIENCE).status, 200)
        self.assert_all_well()

    def test_a_server_that_wakes_up_does_not_know_sessions_that_ended_meanwhile(self):
        paused, running = self.cluster["auth-1"], self.cluster["auth-2"]
        browser = Browser(running.port)
        browser.cookies[COOKIE] = session = self.cookies["auth-1"]

        paused.pause()
        try:
            sign_out(browser, browser.get("/auth/portal"))
        finally:
            paused.resume()

        # It may say at first that it cannot say.
        self.assertIn(whoami_at(paused.port, session).status, (401, 503))
        self.assertEqual(whoami_at(paused.port, session, PATIENCE).status, 401)

    def test_a_server_that_hears_nobody_says_try_again_and_not_signed_out(self):
        alone = self.cluster["auth-0"]
        for member in self.cluster.others("auth-0"):
            member.pause()
        try:
            # Its lease runs out first.
            wait_until(lambda: whoami_at(alone.port, self.cookies["auth-0"]).status == 503,
                       "auth-0 answers no more")
            for cookie in self.cookies.values():
                answer = whoami_at(alone.port, cookie)
                self.assertEqual((answer.status, answer["Retry-After"]), (503, "1"))
                self.assertEqual(answer.set_cookies, [])
            page = request(alone.port, "GET", "/auth/portal", [
                ("Accept", "text/html"), ("Cookie", f"{COOKIE}={self.cookies['auth-1']}")])
            self.assertEqual(page.status, 503)
            self.assertIn("You have not been signed out.", page.body)
            wait_until(lambda: not alone.is_ready(), "balancers are told to turn away")
        finally:
            for member in self.cluster:
                member.resume()

        for member in self.cluster:
            for cookie in self.cookies.values():
                self.assertEqual(whoami_at(member.port, cookie, PATIENCE).status, 200)


class Stop(WithCluster):
    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 1s"}

    def test_a_server_that_is_asked_to_stop_says_so_before_it_does(self):
        sign_in(browser := Browser(self.cluster["auth-2"].port))
        member = self.cluster["auth-2"]

        member.signal(signal.SIGTERM)

        # Balancers learn it while it still answers.
        wait_until(lambda: request(member.port, "GET", "/readyz").status == 503, "/readyz says 503")
        self.assertEqual(request(member.port, "GET", "/readyz").body.splitlines()[0], "stopping")
        self.assertEqual(request(member.port, "GET", "/healthz").status, 200)
        self.assertEqual(whoami_at(member.port, browser.cookies[COOKIE]).status, 200)
        self.assertEqual(member.wait(), 0)
        self.assertIn("everything is handed over", member.output())

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


class StopAtOnce(WithCluster):

    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 0s\n\tgrace_period 20s"}

    def test_who_asks_twice_does_not_wait_for_the_sessions_to_be_handed_over(self):
        member = self.cluster["auth-1"]
        for other in self.cluster.others("auth-1"):
            other.pause()
        try:
            member.signal(signal.SIGTERM)
            wait_until(lambda: member.status()["health"]["leaving"], "hands over")
            self.assertFalse(member.ended())

            member.signal(signal.SIGINT)

            self.assertEqual(member.wait(), 1)
            self.assertIn("stopped at once", member.output())
        finally:
            for other in self.cluster.others("auth-1"):
                other.resume()
        del self.cluster.members["auth-1"]


class StopUnderLoad(WithCluster):
    """A server that is asked to stop without any delay, while requests come all the time."""

    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 0s"}

    def ask_until_it_is_closed(self, port, cookie, answers):
        while True:
            try:
                answers.append(whoami_at(port, cookie).status)
            except ConnectionRefusedError:
                return
            except Exception as problem:  # a thread's would be lost
                answers.append(problem)

    def test_every_request_that_it_takes_is_answered(self):
        member = self.cluster["auth-1"]
        sign_in(browser := Browser(member.port))
        answers = []
        threads = [threading.Thread(target=self.ask_until_it_is_closed, daemon=True,
                                    args=(member.port, browser.cookies[COOKIE], answers))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) > 50, "requests are answered")

        self.assertEqual(member.stop(), 0)

        for thread in threads:
            thread.join()
        self.assertEqual(set(answers), {200})
        self.assertIn("everything is handed over", member.output())
        for other in self.cluster.others("auth-1"):
            answer = whoami_at(other.port, browser.cookies[COOKIE], PATIENCE)
            self.assertEqual(answer.status, 200)
        del self.cluster.members["auth-1"]


class NoGrace(WithCluster):
    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 0s\n\tgrace_period 0s"}

    def test_a_server_without_a_grace_period_says_what_it_did_not_hand_over(self):
        sign_in(Browser(self.cluster["auth-0"].port))

        self.assertEqual(self.cluster["auth-0"].stop(), 0)

        self.assertIn("not handed over: ", self.cluster["auth-0"].output())


class StopTogether(WithCluster):
    def test_servers_that_all_stop_wait_for_nobody_and_tell_what_ends_with_them(self):
        sign_in(Browser(self.cluster["auth-0"].port))

        started = time.monotonic()
        self.assertEqual(set(self.cluster.stop().values()), {0})

        self.assertLess(time.monotonic() - started, 8)  # the grace period is 10 s
        for member in self.cluster:
            self.assertIn("no other member stays", member.output())


if __name__ == "__main__":
    main(sys.modules[__name__])
