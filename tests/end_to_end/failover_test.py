#!/usr/bin/env python3
"""Servers that die and servers that are restarted, under logged-in sessions."""

import sys
import threading
import time

from harness import (COOKIE, Browser, EndToEnd, GATEHOUSE, WithCluster, main, sign_in, sign_out,
                     whoami, whoami_at)
from loopback.haproxy import HAProxy
from loopback.processes import wait_until
from loopback.servers import NAMES, Cluster

# What a request may take when a server dies, retries included.
SECONDS_OF_FAILOVER = 3
# For everything that is not about time.
PATIENCE = 10


def route_of(browser):
    return browser.cookies[COOKIE].split(".")[1]


class Killed(WithCluster):
    """kill -9, behind a balancer that follows the cookie."""

    needs = ("haproxy",)

    def setUp(self):
        self.balancer = self.enterContext(HAProxy(self.directory, self.ports, sticky=True))

    def tearDown(self):
        for name in NAMES:
            if self.cluster[name].ended():
                self.cluster.start(name)
        self.cluster.wait_safe()

    def test_the_next_request_succeeds_and_the_cookie_names_another_server(self):
        browser = Browser(self.balancer.port, patience=SECONDS_OF_FAILOVER)
        sign_in(browser)
        id, owner = browser.cookies[COOKIE].split(".")

        self.cluster[owner].kill()
        seen = whoami(browser)

        self.assertEqual(seen["sub"], "ana")
        self.assertEqual(browser.cookies[COOKIE].split(".")[0], id)
        self.assertIn(route_of(browser), {each.name for each in self.cluster.others(owner)})
        self.assertEqual(route_of(browser), seen["held_by"])
        for member in self.cluster.others(owner):
            self.assertEqual(whoami_at(member.port, browser.cookies[COOKIE], PATIENCE).status, 200)

    def test_no_session_is_lost_whoever_dies(self):
        browsers = [Browser(self.balancer.port) for _ in range(12)]
        for browser in browsers:
            sign_in(browser)
        for name in NAMES:
            self.cluster[name].kill()
            for browser in browsers:
                self.assertEqual(whoami(browser)["sub"], "ana")
            self.cluster.start(name)
            self.cluster.wait_safe()
        for browser in browsers:
            self.assertEqual(whoami(browser)["sub"], "ana")

    def test_a_login_in_progress_goes_on(self):
        browser = Browser(self.balancer.port, patience=PATIENCE)
        page = browser.follow(browser.submit(browser.get("/auth/login"), username="ana"))

        self.cluster[route_of(browser)].kill()

        portal = browser.follow(browser.submit(page, password="correct horse battery"))
        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")

    def test_a_session_that_was_ended_after_a_death_stays_ended_when_the_server_is_back(self):
        browser = Browser(self.balancer.port, patience=PATIENCE)
        portal = sign_in(browser)
        session = browser.cookies[COOKIE]
        owner = route_of(browser)
        self.cluster[owner].kill()

        sign_out(browser, portal)
        self.cluster.start(owner)
        self.cluster.wait_safe()

        for member in self.cluster:
            self.assertEqual(whoami_at(member.port, session, PATIENCE).status, 401)


class Trickle:
    """Browsers that ask who they are, again and again, until the block is left."""

    def __init__(self, browsers):
        self.answers = []  # (seconds, what went wrong or None)
        self._browsers = browsers
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(each,), daemon=True)
                         for each in browsers]

    def _ask(self, browser):
        while not self._ended.wait(0.05):
            started = time.monotonic()
            try:
                problem = None if whoami(browser) else "signed out"
            except Exception as failure:  # a thread's would be lost
                problem = repr(failure)
            self.answers.append((time.monotonic() - started, problem))

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for each in self._threads:
            each.join()


class RollingRestart(WithCluster):
    needs = ("haproxy",)

    @classmethod
    def cluster_options(cls):
        return {"global_line": "shutdown_delay 1s"}

    def test_nobody_notices_that_all_servers_are_restarted_one_after_another(self):
        deadline = 5
        for sticky in (False, True):
            with (self.subTest(sticky=sticky),
                  HAProxy(self.directory, self.ports, sticky) as balancer):
                browsers = [Browser(balancer.port, patience=deadline) for _ in range(6)]
                for browser in browsers:
                    sign_in(browser)

                with Trickle(browsers) as trickle:
                    for name in NAMES:
                        self.assertEqual(self.cluster.restart(name), 0)

                self.assertEqual([each for each in trickle.answers if each[1]], [])
                slowest = max(seconds for seconds, _ in trickle.answers)
                print(f"{len(trickle.answers)} requests, the slowest took {slowest:.2f} s")
                self.assertLess(slowest, deadline)

    def test_who_signed_out_stays_signed_out(self):
        browser = self.anywhere()
        portal = sign_in(browser)
        session = browser.cookies[COOKIE]
        sign_out(browser, portal)

        for name in NAMES:
            self.cluster.restart(name)
            for member in self.cluster:
                self.assertEqual(whoami_at(member.port, session, PATIENCE).status, 401)


class TwoServers(EndToEnd):
    """Half of the members may go on if the oldest is among them: auth-0, of two that began
    together."""

    names = NAMES[:2]
    witness = None

    def setUp(self):
        self.cluster = self.enterContext(Cluster(GATEHOUSE, self.directory / self._testMethodName,
                                                 names=self.names, witness=self.witness))
        self.browsers = {name: Browser(self.cluster[name].port) for name in self.names}
        for browser in self.browsers.values():
            sign_in(browser)

    def assert_all_known_at(self, *names):
        for name in names:
            for browser in self.browsers.values():
                answer = whoami_at(self.cluster[name].port, browser.cookies[COOKIE], PATIENCE)
                self.assertEqual(answer.status, 200)

    def test_the_older_goes_on_alone(self):
        self.cluster["auth-1"].kill()

        self.assert_all_known_at("auth-0")
        sign_in(Browser(self.cluster["auth-0"].port))

        self.cluster.start("auth-1")
        self.cluster.wait_safe()
        self.assert_all_known_at("auth-0", "auth-1")

    def test_the_younger_waits_for_the_older_and_then_nothing_is_lost(self):
        younger = self.cluster["auth-1"]
        self.cluster["auth-0"].kill()

        wait_until(lambda: not younger.is_ready(), "the younger is not ready")
        self.assertIn("auth-0", younger.status()["health"]["reason"])
        for browser in self.browsers.values():
            self.assertEqual(whoami_at(younger.port, browser.cookies[COOKIE]).status, 503)

        self.cluster.start("auth-0")
        self.cluster.wait_safe()
        self.assert_all_known_at("auth-0", "auth-1")

    def test_either_may_leave_the_other_alone(self):
        for name, other in (("auth-0", "auth-1"), ("auth-1", "auth-0")):
            self.assertEqual(self.cluster[name].stop(), 0)
            self.assertIn("everything is handed over", self.cluster[name].output())
            self.assert_all_known_at(other)
            self.cluster.start(name)
            self.cluster.wait_safe()


class TwoServersAndAWitness(TwoServers):
    """With a third member that holds nothing, either of the two may die."""

    names = NAMES
    witness = "auth-2"

    def test_the_younger_waits_for_the_older_and_then_nothing_is_lost(self):
        self.cluster["auth-0"].kill()

        self.assert_all_known_at("auth-1", "auth-2")

        self.cluster.start("auth-0")
        self.cluster.wait_safe()
        self.assert_all_known_at(*self.names)


class AllAtOnce(WithCluster):
    def test_sessions_end_with_the_last_server(self):
        sign_in(browser := self.anywhere())
        session = browser.cookies[COOKIE]

        self.cluster.stop()
        for name in NAMES:
            self.cluster.start(name)
        self.cluster.wait_safe()

        for member in self.cluster:
            self.assertEqual(whoami_at(member.port, session, PATIENCE).status, 401)
        self.assert_all_well()


if __name__ == "__main__":
    main(sys.modules[__name__])
