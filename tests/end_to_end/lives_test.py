#!/usr/bin/env python3
"""What time, new ids and limits do to sessions: every change holds on all servers at once."""

import re
import sys
import time

from harness import COOKIE, Browser, begin_login, main, request, sign_in, sign_out, whoami, whoami_at
from loopback.processes import wait_until
from loopback.servers import ANA
from sessions import Sessions, do, listed


class Remembered(Sessions):
    sojourn_line = "remembered 7d 30d"

    def test_only_who_ticks_the_box_has_a_cookie_and_a_session_that_stay(self):
        for remember in (False, True):
            with self.subTest(remember=remember):
                browser = self.anywhere()
                page = begin_login(browser)
                self.assertNotIn("remember", page.page.forms[0].fields)  # is not ticked

                browser.follow(browser.submit(page, password=ANA.password,
                                              **({"remember": "on"} if remember else {})))

                line = [each for answer in browser.answers for each in answer.set_cookies][-1]
                self.assertEqual("Max-Age=2592000" in line, remember)
                self.assertEqual("Max-Age" in line, remember)
                probe = request(self.ports["auth-0"], "GET", "/auth/whoami?probe=true",
                                [("Cookie", f"{COOKIE}={browser.cookies[COOKIE]}")])
                seconds = int(re.search(r'"expires_in":(\d+)', probe.body)[1])
                self.assertEqual(seconds > 6 * 86400, remember)

    def test_the_cookie_stays_persistent_when_it_is_written_again(self):
        browser = self.anywhere()
        browser.follow(browser.submit(begin_login(browser), password=ANA.password, remember="on"))
        id = browser.cookies[COOKIE].split(".")[0]

        answer = whoami_at(self.ports["auth-1"], f"{id}.auth-9")

        self.assertIn("Max-Age=2592000", answer.set_cookies[0])

    def test_the_box_stays_ticked_after_a_wrong_password(self):
        browser = self.anywhere()

        answer = browser.submit(begin_login(browser), password="wrong", remember="on")

        self.assertEqual(answer.page.forms[0].fields["remember"], "on")


class NotRemembered(Sessions):
    sojourn_line = "remembered off"

    def test_who_asks_all_the_same_is_not_remembered(self):
        browser = self.anywhere()
        page = begin_login(browser)
        self.assertNotIn("remember", page.body)

        browser.follow(browser.submit(page, password=ANA.password, remember="on"))

        for answer in browser.answers:
            for line in answer.set_cookies:
                self.assertNotIn("Max-Age", line)


class RefusedSessions(Sessions):
    sojourn_line = "sessions_per_user 2 refuse"

    def setUp(self):
        super().setUp()
        self.browsers = []

    def tearDown(self):
        super().tearDown()
        for browser in self.browsers:
            sign_out(browser, browser.get("/auth/portal"))

    def full(self, **fields):
        """Somebody who has as many sessions as they may, and what they are told."""
        self.browsers = [self.signed_in(), self.signed_in()]
        late = self.anywhere()
        page = late.submit(begin_login(late), password=ANA.password, **fields)
        self.assertEqual((page.status, page.page.heading), (403, "Too many sessions"))
        self.assertEqual(page.page.alerts, ["You are signed in on as many devices as is allowed."])
        self.assertIsNone(whoami(late))
        return late, page

    def test_who_has_too_many_sessions_is_told_and_may_sign_in_when_one_ends(self):
        late, _ = self.full()
        for browser in self.browsers:
            self.assert_alive(browser.cookies[COOKIE])

        first = self.browsers.pop()
        sign_out(first, first.get("/auth/portal"))
        self.browsers.append(late)
        sign_in(late)

        self.assertEqual(whoami(late)["sub"], "ana")

    def test_who_cannot_sign_out_there_ends_all_sessions_and_goes_on(self):
        late, page = self.full(remember="on")

        answer = late.submit(page)

        self.assertEqual((answer.status, answer["Location"]), (303, "/auth/portal"))
        self.assertIn("Max-Age=2592000", answer.set_cookies[0])
        for browser in self.browsers:
            self.assert_dead(browser.cookies[COOKIE])
        self.browsers = [late]
        self.remember_id(late)
        self.assert_alive(late.cookies[COOKIE])
        logs = self.cluster.logs()
        self.assertIn("all sessions ended to sign in again: user ana, 2 sessions, by ana, ", logs)

    def test_only_who_gave_the_password_may_end_them(self):
        late, page = self.full()
        planted = self.anywhere()  # knows the login's cookie, and what its pages show
        planted.cookies = dict(late.cookies)
        shown = planted.get("/auth/password").page.forms[0].fields
        token = page.page.forms[0].fields["make_room"]
        self.assertNotIn(token, planted.answers[-1].body)

        for fields in ({**shown, "make_room": ""}, {**shown, "make_room": "x" * len(token)},
                       {**shown, "make_room": shown["csrf_token"]}, {"make_room": token}):
            self.assertEqual(planted.post("/auth/password", fields).status, 403)
        for browser in self.browsers:
            self.assert_alive(browser.cookies[COOKIE])
        begun = self.anywhere()  # another login, in which nobody gave the password
        form = begin_login(begun).page.forms[0]
        answer = begun.post(form.action, {**form.fields, "make_room": token})
        self.assertEqual(answer.status, 403)
        for browser in self.browsers:
            self.assert_alive(browser.cookies[COOKIE])


class EndedSessions(Sessions):
    sojourn_line = "sessions_per_user 2 end_oldest"

    def test_the_oldest_session_ends_everywhere_and_its_user_is_told(self):
        first, second = self.signed_in(), self.signed_in()

        third = self.signed_in()

        self.assert_dead(first.cookies[COOKIE])
        for browser in (second, third):
            self.assert_alive(browser.cookies[COOKIE])
        page = first.follow(first.get("/auth/portal"))
        self.assertEqual(page.page.heading, "Sign in")
        self.assertIn("you signed in on more than 2 devices", page.page.alerts[0])
        line = r"session ended for a newer one of its user: session [0-9a-f]{12}, user ana\n"
        wait_until(lambda: re.search(line, self.cluster.logs()), "the log tells of its end")
        sign_out(third, third.get("/auth/portal"))
        self.assertEqual(len(re.findall(line, self.cluster.logs())), 1)


class Expired(Sessions):
    sojourn_line = "idle 4s\n\t\tlogin 4s"

    def test_the_log_tells_by_the_same_hash_what_began_and_what_expired(self):
        for member in self.cluster:
            with self.subTest(member.name):
                begin_login(Browser(member.port))
                sign_in(browser := Browser(member.port))
                self.remember_id(browser)
                log = member.output()
                begun = re.findall(r"login started: session ([0-9a-f]{12})", log)[-2]
                signed_in = re.findall(r"signed in: session ([0-9a-f]{12})", log)[-1]

                def ends():
                    return re.findall(r"info (login|session) expired: session ([0-9a-f]{12})"
                                      r"(?:, user (\w+))?\n", member.output())
                wait_until(lambda: len(ends()) >= 2, "both have expired")
                self.assertEqual(sorted(ends()), [("login", begun, ""),
                                                  ("session", signed_in, "ana")])

    def test_what_was_signed_out_has_no_second_line(self):
        browser = self.anywhere()
        sign_in(browser)
        before = self.cluster.logs().count("session expired: ")

        sign_out(browser, browser.get("/auth/portal"))

        sign_in(self.anywhere())  # would expire later
        wait_until(lambda: self.cluster.logs().count("session expired: ") > before,
                   "the other one has expired")
        logs = self.cluster.logs()
        self.assertEqual(logs.count("signed out: "), 1)
        self.assertEqual(logs.count("session expired: "), before + 1)


class Renewed(Sessions):
    portal_lines = ("renew 1s overlap 1s",)

    def test_a_page_renews_the_id_and_the_old_one_is_soon_dead_on_all_servers(self):
        browser = self.signed_in()
        old = browser.cookies[COOKIE]
        before = whoami(browser)

        def new_cookie():
            browser.get("/auth/portal")
            return browser.cookies[COOKIE].split(".")[0] != old.split(".")[0]
        wait_until(new_cookie, "the id is renewed")
        new = browser.cookies[COOKIE]
        self.remember_id(browser)
        wait_until(lambda: all(whoami_at(port, old).status == 401 for port in self.ports.values()),
                   "the old id is dead")

        self.assert_alive(new)
        self.assert_dead(old)
        self.assertEqual(whoami(browser)["iat"], before["iat"])
        self.assertEqual(new.split(".")[1], old.split(".")[1])
        self.assertRegex(self.cluster.logs(), "session renewed, which was [0-9a-f]{12}: session "
                         "[0-9a-f]{12}, handle [^ ]{16}, user ana")

    def test_verify_and_programs_never_renew(self):
        browser = self.signed_in()
        cookie = browser.cookies[COOKIE]
        time.sleep(2)

        for port in self.ports.values():
            answer = request(port, "GET", "/verify", [("Cookie", f"{COOKIE}={cookie}")])
            self.assertEqual((answer.status, answer.set_cookies), (200, []))
            self.assertEqual(whoami_at(port, cookie).set_cookies, [])
        self.assert_alive(cookie)


class RenewedWithOverlap(Sessions):
    portal_lines = ("renew 1s overlap 60s",)

    def renewed(self):
        """A browser, with the cookie that it had before and the one that it has."""
        browser = self.signed_in()
        old = browser.cookies[COOKIE]
        time.sleep(2)
        browser.get("/auth/portal")
        self.remember_id(browser)
        new = browser.cookies[COOKIE]
        self.assertNotEqual(old.split(".")[0], new.split(".")[0])
        return browser, old, new

    def test_both_ids_are_one_session_and_the_old_cookie_is_never_written_again(self):
        browser, old, new = self.renewed()
        late = self.anywhere()
        late.cookies = {COOKIE: old}

        page = late.get("/auth/sessions")

        self.assertEqual([(row["this"]) for row in listed(page)], [True])
        self.assertEqual(page.set_cookies, [])
        self.assertNotIn(self.ids[-1], page.body)
        self.assert_alive(old)
        self.assert_alive(new)
        do(browser, browser.get("/auth/sessions"), "everywhere")

    def test_signing_out_in_any_way_ends_both_on_all_servers_at_once(self):
        for how in ("logout", "logout by the old id", "end", "everywhere"):
            with self.subTest(how):
                browser, old, new = self.renewed()
                if how == "logout by the old id":
                    browser.cookies = {COOKIE: old}
                if how.startswith("logout"):
                    sign_out(browser, browser.get("/auth/portal"))
                else:
                    do(browser, browser.get("/auth/sessions"), how)
                self.assert_dead(old)
                self.assert_dead(new)


if __name__ == "__main__":
    main(sys.modules[__name__])
