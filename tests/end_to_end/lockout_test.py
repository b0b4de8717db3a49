#!/usr/bin/env python3
"""Names and addresses that are locked after wrong passwords, wherever these were given."""

import sys
from concurrent.futures import ThreadPoolExecutor

from harness import Browser, WithCluster, begin_login, main, sign_in, whoami
from loopback.processes import wait_until
from loopback.servers import ANA, BEN, Person

CLEO = Person("cleo", "asp in a basket", "Cleo Ford", "cleo@example.com", "app/user")
DINA = Person("dina", "four and twenty", "Dina Moss", "dina@example.com", "app/user")


class Locked(WithCluster):
    """Nothing that is locked here opens again during a test, so each has names of its own."""

    @classmethod
    def cluster_options(cls):
        return {"people": (ANA, BEN, CLEO, DINA),
                "portal_line": "lockout 3 per_address 6 within 5m for 10m"}

    def attempt(self, name, password, address=None, browser=None):
        """The answer to one password in a login of its own."""
        browser = browser or self.anywhere()
        page = browser.follow(browser.submit(browser.get("/auth/login"), username=name))
        form = page.page.forms[0]
        headers = {"X_Forwarded_For": address} if address else {}
        return browser.post(form.action, {**form.fields, "password": password}, **headers)

    def test_a_name_is_locked_on_all_servers_and_sessions_live_on(self):
        sign_in(signed_in := self.anywhere(), ANA)

        answers = [self.attempt("ana", "wrong") for _ in range(3)]

        self.assertEqual([answer.status for answer in answers], [401, 401, 429])
        logs = self.cluster.logs()
        self.assertEqual(logs.count("wrong password for ana: "), 3)
        self.assertEqual(logs.count("locked after too many wrong passwords: user ana, client "), 1)
        for port in self.ports.values():
            late = self.attempt("Ana", ANA.password, browser=Browser(port))
            self.assertEqual(late.status, 429)
            self.assertEqual(late.page.alerts, ["Too many wrong passwords for this name or from "
                                                "where you are. Try again in 10 minutes."])
            self.assertIn(int(late["Retry-After"]), range(500, 601))
            self.assertEqual(late.set_cookies, [])
        self.assertEqual(whoami(signed_in)["sub"], "ana")
        sign_in(self.anywhere(), BEN)

    def test_a_name_that_nobody_has_is_locked_alike(self):
        answers = [self.attempt("nobody@example.com", "wrong") for _ in range(4)]

        self.assertEqual([answer.status for answer in answers], [401, 401, 429, 429])
        self.assertEqual(answers[3].page.alerts,
                         ["Too many wrong passwords for this name or from where you are. Try again "
                          "in 10 minutes."])
        self.assertIn("locked after too many wrong passwords: a name that nobody has, client ",
                      self.cluster.logs())
        self.assertNotIn("nobody@example.com", self.cluster.logs())

    def test_a_right_password_counts_from_the_beginning_again(self):
        for _ in range(3):
            for _ in range(2):
                self.assertEqual(self.attempt("ben", "wrong").status, 401)
            self.assertEqual(self.attempt("ben", BEN.password).status, 303)

    def test_of_many_at_once_no_more_are_looked_at(self):
        def one(_):
            return self.attempt("cleo", "wrong").status

        with ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(one, range(12)))

        self.assertEqual(sorted(statuses), [401, 401] + [429] * 10)
        self.assertEqual(self.attempt("cleo", CLEO.password).status, 429)

    def test_an_address_is_locked_for_whatever_name(self):
        guesser = "203.0.113.9"
        answers = [self.attempt(f"guess{i}", "wrong", guesser).status for i in range(6)]
        self.assertEqual(answers, [401] * 6)

        self.assertEqual(self.attempt("dina", DINA.password, guesser).status, 429)
        self.assertEqual(self.attempt("dina", DINA.password, "203.0.113.10").status, 303)

    def test_right_passwords_of_many_people_do_not_lock_their_address(self):
        for _ in range(7):
            self.assertEqual(self.attempt("dina", DINA.password, "198.51.100.1").status, 303)


class LockedForAWhile(WithCluster):
    @classmethod
    def cluster_options(cls):
        return {"portal_line": "lockout 2 within 8s for 8s"}

    def test_a_lock_ends_by_itself(self):
        browser = self.anywhere()

        def is_locked():
            return browser.submit(begin_login(browser), password="wrong").status == 429
        wait_until(is_locked, "ana is locked")
        locked = browser.submit(begin_login(browser), password="wrong")
        self.assertRegex(locked.page.alerts[0], r"Try again in [1-8] seconds?\.$")

        def may_sign_in():
            return browser.submit(begin_login(browser), password=ANA.password).status == 303
        self.assertFalse(may_sign_in())
        wait_until(may_sign_in, "ana may sign in again")


if __name__ == "__main__":
    main(sys.modules[__name__])
