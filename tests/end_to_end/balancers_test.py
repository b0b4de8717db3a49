#!/usr/bin/env python3
"""Three servers behind each real balancer: taking turns without any stickiness, and following the
owner in the cookie."""

import sys

import balancers
from harness import (COOKIE, Browser, WithCluster, begin_login, main, sign_in, sign_out, whoami,
                     whoami_at)


class BehindABalancer:
    """The tests; a class for each balancer says how to start it."""

    def behind(self, sticky):
        directory = self.directory / ("sticky" if sticky else "round-robin")
        directory.mkdir(exist_ok=True)
        return self.balancer(directory, self.ports, sticky)

    def calls_during(self, action):
        before = self.cluster.remote_calls()
        action()
        after = self.cluster.remote_calls()
        return {name: after[name] - before[name] for name in after}

    def log_in_look_around_and_log_out(self, port):
        browser = Browser(port)
        portal = sign_in(browser)
        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")
        session = browser.cookies[COOKIE]
        for _ in range(4):
            self.assertEqual(whoami(browser)["sub"], "ana")
        page = sign_out(browser, browser.get("/auth/portal"))
        self.assertEqual(page.page.heading, "Sign in")
        self.assertIsNone(whoami(browser))
        for at in self.ports.values():
            self.assertEqual(whoami_at(at, session).status, 401)
        return browser

    def test_a_login_succeeds_when_every_request_may_land_on_any_server(self):
        with self.behind(sticky=False) as balancer:
            browsers = []
            calls = self.calls_during(lambda: browsers.extend(
                self.log_in_look_around_and_log_out(balancer.port) for _ in range(3)))

            answered_by = {answer["X-Answered-By"] for each in browsers for answer in each.answers}
            self.assertEqual(len(answered_by - {""}), 3, answered_by)
            self.assertGreater(calls["lookups"], 0)

    def test_no_server_asks_another_when_the_balancer_follows_the_cookie(self):
        with self.behind(sticky=True) as balancer:
            # Counted before the last look from outside, which goes to every server on purpose.
            def visit():
                for _ in range(6):
                    browser = Browser(balancer.port)
                    portal = sign_in(browser)
                    owner = browser.cookies[COOKIE].split(".")[1]
                    for _ in range(4):
                        answer = whoami(browser)
                        self.assertEqual((answer["answered_by"], answer["held_by"]), (owner, owner))
                    sign_out(browser, portal)

            self.assertEqual(self.calls_during(visit), {"lookups": 0, "writes": 0})

    def test_a_cookie_that_names_no_server_is_no_reason_to_fail(self):
        with self.behind(sticky=True) as balancer:
            browser = Browser(balancer.port)
            sign_in(browser)
            id = browser.cookies[COOKIE].split(".")[0]
            for route in (".auth-9", ".auth-11", ".xauth-1", ".", ""):
                with self.subTest(route):
                    status = whoami_at(balancer.port, id + route).status
                    self.assertEqual(status, 401 if route == "." else 200)

    def test_wrong_passwords_count_together_whoever_is_asked(self):
        with self.behind(sticky=False) as balancer:
            browser = Browser(balancer.port)
            page = begin_login(browser)
            for _ in range(4):
                page = browser.submit(page, password="wrong")
                self.assertEqual(page.status, 401)
            last = browser.follow(browser.submit(page, password="wrong"))
            self.assertEqual(last.page.alerts, ["Too many wrong passwords. Please start again."])


class HAProxy(BehindABalancer, WithCluster):
    needs = ("haproxy",)
    balancer = staticmethod(balancers.haproxy)


class Nginx(BehindABalancer, WithCluster):
    needs = ("nginx",)
    balancer = staticmethod(balancers.nginx)


class Apache(BehindABalancer, WithCluster):
    needs = ("apache2",)
    balancer = staticmethod(balancers.apache)


class Caddy(BehindABalancer, WithCluster):
    needs = ("caddy",)
    balancer = staticmethod(balancers.caddy)


if __name__ == "__main__":
    main(sys.modules[__name__])
