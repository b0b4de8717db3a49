#!/usr/bin/env python3
"""Logins and sessions on three servers without any balancer in between."""

import json
import sys
from itertools import permutations

from harness import (COOKIE, Browser, WithCluster, begin_login, main, request, sign_in, sign_out,
                     whoami, whoami_at)
from loopback.servers import ANA


class Logins(WithCluster):
    def test_each_request_of_a_login_may_go_to_another_server(self):
        browser = self.anywhere()

        portal = sign_in(browser)

        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")
        self.assertEqual({answer.port for answer in browser.answers}, set(self.ports.values()))
        for _ in self.ports:
            self.assertEqual(whoami(browser)["sub"], "ana")

    def test_a_login_begun_on_one_server_is_finished_on_another(self):
        for first, second in permutations(self.ports.values(), 2):
            with self.subTest(first=first, second=second):
                there = Browser(first)
                page = begin_login(there)
                here = Browser(second)
                here.cookies = dict(there.cookies)

                portal = here.follow(here.submit(page, password=ANA.password))

                self.assertEqual(portal.page.heading, "Welcome, Ana Lima")

    def test_a_wrong_password_is_told_and_may_be_corrected(self):
        browser = self.anywhere()

        answer = browser.submit(begin_login(browser), password="wrong")

        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.page.alerts,
                         ["This user name and password do not match. Try again."])
        portal = browser.follow(browser.submit(answer, password=ANA.password))
        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")

    def test_the_fifth_wrong_password_ends_the_login(self):
        for ports in ([self.cluster["auth-1"].port], self.ports.values()):
            with self.subTest(servers=len(ports)):
                browser = Browser(*ports)
                page = begin_login(browser)
                for _ in range(4):
                    page = browser.submit(page, password="wrong")
                    self.assertEqual(page.status, 401)
                token = page.page.forms[0]
                login = dict(browser.cookies)

                last = browser.follow(browser.submit(page, password="wrong"))

                self.assertEqual(last.page.alerts,
                                 ["Too many wrong passwords. Please start again."])
                self.assertEqual(browser.cookies, {})
                browser.cookies = login  # the login is over, not only forgotten by the browser
                late = browser.follow(browser.post(token.action,
                                                   {**token.fields, "password": ANA.password}))
                self.assertEqual(late.page.heading, "Sign in")
                self.assertIsNone(whoami(browser))

    def test_a_name_that_nobody_has_looks_like_a_wrong_password(self):
        browser = self.anywhere()
        page = browser.follow(browser.submit(browser.get("/auth/login"), username="nobody"))

        answer = browser.submit(page, password="anything")

        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.page.alerts,
                         ["This user name and password do not match. Try again."])

    def test_signing_in_changes_the_id_and_keeps_the_owner(self):
        for name, port in self.ports.items():
            with self.subTest(login_begun_on=name):
                browser = Browser(port, *[each.port for each in self.cluster.others(name)])
                page = begin_login(browser)
                login = browser.cookies[COOKIE]

                browser.follow(browser.submit(page, password=ANA.password))

                session = browser.cookies[COOKIE]
                self.assertNotEqual(login.split(".")[0], session.split(".")[0])
                self.assertEqual(login.split(".")[1], session.split(".")[1])
                self.assertEqual(whoami(browser)["held_by"], session.split(".")[1])
                for at in self.ports.values():
                    self.assertEqual(whoami_at(at, login).status, 401)
                    self.assertEqual(whoami_at(at, session).status, 200)

    def test_a_session_is_held_where_its_login_began(self):
        for name, port in self.ports.items():
            browser = Browser(port)
            sign_in(browser)
            self.assertEqual(whoami(browser)["held_by"], name)

    def test_signing_out_through_one_server_ends_the_session_on_all(self):
        for name, port in self.ports.items():
            with self.subTest(signed_out_through=name):
                sign_in(browser := self.anywhere())
                session = browser.cookies[COOKIE]
                there = Browser(port)
                there.cookies = {COOKIE: session}

                page = sign_out(there, there.get("/auth/portal"))

                self.assertEqual(page.page.heading, "Sign in")
                self.assertEqual(there.cookies, {})
                for at in self.ports.values():
                    self.assertEqual(whoami_at(at, session).status, 401)

    def test_the_cookie_is_for_this_host_and_out_of_reach_of_scripts(self):
        browser = self.anywhere()
        sign_in(browser)

        lines = [line for answer in browser.answers for line in answer.set_cookies]

        self.assertEqual(len(lines), 2)  # the login's, then the session's
        for line in lines:
            self.assertEqual({part.strip() for part in line.split(";")[1:]},
                             {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"})

    def test_a_form_without_its_token_is_refused(self):
        browser = self.anywhere()
        page = begin_login(browser)

        answer = browser.post(page.page.forms[0].action, {"password": ANA.password})

        self.assertEqual(answer.status, 403)
        self.assertIsNone(whoami(browser))

    def test_a_form_that_another_site_sends_is_refused(self):
        browser = self.anywhere()
        portal = sign_in(browser)
        form = portal.page.forms[0]

        answer = browser.post(form.action, form.fields, Origin="http://evil.test",
                              Sec_Fetch_Site="cross-site")

        self.assertEqual(answer.status, 403)
        self.assertIsNotNone(whoami(browser))


    def test_a_client_without_cookies_signs_in_with_json(self):
        def send(port, body):
            answer = request(port, "POST", "/auth/login", [("Content-Type", "application/json")],
                             json.dumps(body).encode())
            return answer.status, json.loads(answer.body)

        first, second, third = self.ports.values()
        _, login = send(first, {"username": ANA.name, "realm": "local"})
        challenge = {"sandbox_id": login["sandbox_id"], "sandbox_secret": login["sandbox_secret"],
                     "challenge_kind": login["next_challenge"]}

        wrong, _ = send(second, {**challenge, "challenge_response": "wrong"})
        right, session = send(third, {**challenge, "challenge_response": ANA.password})

        self.assertEqual((wrong, right), (401, 200))
        for port in self.ports.values():
            self.assertEqual(whoami_at(port, session["session"]).status, 200)


class DomainCookies(WithCluster):
    """One cookie for all hosts of a domain, where a sibling host can plant others of its name."""

    COOKIE = "__Secure-sid"

    @classmethod
    def cluster_options(cls):
        return {"portal_line": "cookie domain example.com"}

    def test_the_cookie_says_its_domain(self):
        sign_in(browser := self.anywhere())
        lines = [line for answer in browser.answers for line in answer.set_cookies]
        for line in lines:
            self.assertTrue(line.startswith(self.COOKIE + "="))
            self.assertIn("Domain=example.com", line.split("; "))

    def test_a_session_is_found_beside_a_planted_cookie(self):
        portal = sign_in(mallory := self.anywhere())
        ended = mallory.cookies[self.COOKIE]
        sign_out(mallory, portal)
        own = self.cookie()
        for values in ([ended, own], [own, ended]):
            for port in self.ports.values():
                answer = self.ask(port, "GET", "/auth/portal", *values)
                self.assertEqual(answer.status, 200)
                # The browser is told which of them is right.
                self.assertTrue(answer.set_cookies[0].startswith(f"{self.COOKIE}={own};"))

    def test_signing_out_ends_every_session_that_the_browser_names(self):
        port = self.ports["auth-1"]
        own, planted = self.cookie(), self.cookie()
        page = self.ask(port, "GET", "/auth/portal", own, planted)
        token = page.page.forms[0].fields["csrf_token"]

        answer = self.ask(port, "POST", "/auth/logout", own, planted,
                          body=f"csrf_token={token}".encode())

        self.assertEqual(answer.status, 303)
        for value in (own, planted):
            self.assertEqual(self.ask(port, "GET", "/auth/whoami?format=json", value).status, 401)

    def cookie(self):
        sign_in(browser := self.anywhere())
        return browser.cookies[self.COOKIE]

    def ask(self, port, method, path, *values, body=None):
        cookie = "; ".join(f"{self.COOKIE}={value}" for value in values)
        return request(port, method, path, [
            ("Cookie", cookie), ("Content-Type", "application/x-www-form-urlencoded")], body)


class Cookies(WithCluster):
    def setUp(self):
        browser = self.anywhere()
        sign_in(browser)
        self.session = browser.cookies[COOKIE]
        self.id, self.route = self.session.split(".")

    def status_of(self, port, *cookie_headers):
        answer = request(port, "GET", "/auth/whoami", [
            ("Accept", "application/json"), *[("Cookie", each) for each in cookie_headers]])
        # Whatever comes in, nothing of it is adopted.
        self.assertEqual([line for line in answer.set_cookies if "Max-Age=0" not in line and
                          self.id not in line], [])
        return answer.status

    def test_odd_cookies_belong_to_nobody(self):
        def other_than(character):
            return "B" if character != "B" else "C"

        id, route = self.id, self.route
        other = "auth-0" if route != "auth-0" else "auth-1"
        odd = {
            "nothing": "",
            "only a dot": ".",
            "no id": f".{route}",
            "no owner after the dot": f"{id}.",
            "a dot in the id": f"{id[:9]}.{id[9:]}.{route}",
            "a dot too many": f"{id}..{route}",
            "quoted": f'"{id}.{route}"',
            "a percent-encoded dot": f"{id}%2E{route}",
            "characters of base64": f"{id[:-4]}+/==.{route}",
            "percent-encoded base64": f"{id[:-4]}%3D%3D.{route}",
            "an owner in capitals": f"{id}.{route.upper()}",
            "another id": f"{'A' * len(id)}.{route}",
            "an id that is cut": f"{id[:-1]}.{route}",
            "an id with one more": f"{id}A.{route}",
            "an id that differs at its start": f"{id[0]}{other_than(id[1])}{id[2:]}.{route}",
            "a signature that differs": f"{id[:-1]}{other_than(id[-1])}.{route}",
            "another key": f"z{id[1:]}.{route}",
            "an address": f"{id}.127.0.0.1:80",
            "8000 bytes": "x" * 8000,
            "8000 bytes and an owner": f"{'x' * 8000}.{other}",
            "a blank after it": f"{id}.{route} ; a=1",
            "control characters": f"{id}\x01.{route}",
            "not ASCII": f"{id}\xe9.{route}",
        }
        for name, value in odd.items():
            for port in self.ports.values():
                with self.subTest(name):
                    self.assertIn(self.status_of(port, f"{COOKIE}={value}"), (400, 401))

    def test_a_cookie_of_another_name_counts_for_nothing(self):
        for name in (COOKIE.lower(), "X" + COOKIE, COOKIE + "x", "sid", "q=" + COOKIE):
            with self.subTest(name):
                cookie = f"{name}={self.session}"
                self.assertEqual(self.status_of(self.ports["auth-0"], cookie), 401)

    def test_the_owner_in_a_cookie_is_only_a_hint(self):
        for route in ("auth-0", "auth-1", "auth-2", "auth-9", "auth-10", "xauth-1", "nobody"):
            for port in self.ports.values():
                with self.subTest(route):
                    self.assertEqual(self.status_of(port, f"{COOKIE}={self.id}.{route}"), 200)

    def test_a_stale_owner_is_corrected_in_the_answer(self):
        answer = whoami_at(self.ports["auth-0"], f"{self.id}.auth-9")

        self.assertEqual(len(answer.set_cookies), 1)
        self.assertTrue(answer.set_cookies[0].startswith(f"{COOKIE}={self.session};"))

    def test_a_session_is_found_among_other_cookies_of_its_name(self):
        planted = f"{COOKIE}={'A' * 32}.auth-1"
        true = f"{COOKIE}={self.session}"
        for port in self.ports.values():
            for headers in ([f"{planted}; {true}"], [f"{true}; {planted}"], [planted, true],
                            [true, planted], [f"a=1; {true}; b=2"]):
                with self.subTest(headers):
                    self.assertEqual(self.status_of(port, *headers), 200)

    def test_an_unknown_id_is_not_adopted_by_a_login(self):
        browser = self.anywhere()
        browser.cookies = {COOKIE: "A" * 32 + ".auth-1"}

        sign_in(browser)

        self.assertNotIn("A" * 32, browser.cookies[COOKIE])


if __name__ == "__main__":
    main(sys.modules[__name__])
