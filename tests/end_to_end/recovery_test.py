#!/usr/bin/env python3
"""A majority that is lost for good, and the operator who decides to go on without it."""

import signal
import sys
import time

from harness import COOKIE, Browser, WithCluster, main, request, sign_in, whoami_at
from loopback.processes import wait_until

PATIENCE = 10


class Recovery(WithCluster):
    def tearDown(self):
        for member in list(self.cluster):
            if member.ended():
                self.cluster.start(member.name)
        self.cluster.wait_safe()

    def test_the_survivor_goes_on_as_ordered_with_what_it_holds_and_tells_what_is_lost(self):
        browsers = [Browser(*self.ports.values()) for _ in range(24)]
        for browser in browsers:
            sign_in(browser)
        survivor = self.cluster["auth-0"]

        def statuses(member=survivor):
            return [whoami_at(member.port, each.cookies[COOKIE], PATIENCE).status
                    for each in browsers]

        for member in self.cluster.others("auth-0"):
            member.signal(signal.SIGKILL)

        wait_until(lambda: not survivor.is_ready(), "the survivor is not ready")
        reason = survivor.status()["health"]["reason"]
        self.assertIn("the majority of view", reason)
        self.assertIn("missing: auth-1, auth-2", reason)
        self.assertEqual(whoami_at(survivor.port, browsers[0].cookies[COOKIE]).status, 503)

        self.assertEqual(survivor.order("/recover").status, 202)
        survivor.wait_ready()

        # What auth-1 and auth-2 alone held is lost; their users have to sign in again.
        after = statuses()
        self.assertEqual(set(after), {200, 401})
        self.assertGreater(survivor.status()["store"]["segments_lost"], 0)
        self.assertIn("segments of 4096 lost all copies", survivor.output())
        self.assertIn("sessions were lost", survivor.output())
        lost = browsers[after.index(401)].cookies[COOKIE]
        self.assertEqual(self.alerts(survivor, lost),
                         ["Your session was lost when servers failed. Please sign in again."])

        self.assertEqual(survivor.order("/acknowledge_losses").status, 202)
        wait_until(lambda: survivor.status()["store"]["segments_lost"] == 0, "the loss is noted")
        self.assertEqual(self.alerts(survivor, lost), [])
        self.assertEqual(statuses(), after)
        sign_in(Browser(survivor.port))

        for name in ("auth-1", "auth-2"):
            self.cluster.start(name)
        self.cluster.wait_safe()
        for member in self.cluster:
            self.assertEqual(statuses(member), after)

    def test_servers_that_came_back_without_proof_wait_for_the_order_too(self):
        sign_in(browser := Browser(self.cluster["auth-0"].port))
        survivor, *others = self.cluster["auth-0"], *self.cluster.others("auth-0")

        # While it does not look, the others could have gone on without it before they died.
        survivor.pause()
        for member in others:
            member.kill()
        time.sleep(2)  # longer than a lease
        for member in others:
            self.cluster.start(member.name)
        survivor.resume()

        wait_until(lambda: "an operator must decide" in survivor.status()["health"]["reason"],
                   "it says that an operator must decide")
        self.assertFalse(survivor.is_ready())
        self.assertEqual(survivor.order("/recover").status, 202)
        self.cluster.wait_safe()

        for member in self.cluster:
            answer = whoami_at(member.port, browser.cookies[COOKIE], PATIENCE)
            self.assertEqual(answer.status, 200)

    def alerts(self, member, cookie):
        page = request(member.port, "GET", "/auth/login", [
            ("Accept", "text/html"), ("Cookie", f"{COOKIE}={cookie}")])
        self.assertEqual(page.status, 200)
        return page.page.alerts

    def test_an_order_to_recover_is_refused_while_the_majority_is_there(self):
        answer = self.cluster["auth-0"].order("/recover")
        self.assertEqual(answer.status, 409)
        self.assertIn("has not lost the majority", answer.body)
        self.assert_all_well()

    def test_losses_may_be_acknowledged_when_there_are_none(self):
        self.assertEqual(self.cluster["auth-0"].order("/acknowledge_losses").status, 202)
        self.assert_all_well()

    def test_nobody_orders_where_browsers_are_served_and_no_browser_orders_at_all(self):
        member = self.cluster["auth-0"]
        for path in ("/recover", "/acknowledge_losses"):
            self.assertEqual(request(member.port, "POST", path).status, 404)
            self.assertEqual(request(member.admin_port, "GET", path).status, 405)
            foreign = request(member.admin_port, "POST", path, [("Origin", "https://evil.example")])
            self.assertEqual(foreign.status, 403)
        self.assertEqual(request(member.admin_port, "GET", "/auth/login").status, 404)


if __name__ == "__main__":
    main(sys.modules[__name__])
