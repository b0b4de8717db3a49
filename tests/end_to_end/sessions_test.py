#!/usr/bin/env python3
"""What people and administrators do to sessions: every change holds on all servers at once."""

import re
import sys
import time

from harness import COOKIE, Browser, main, request, sign_out, whoami
from loopback.servers import ANA, BEN
from sessions import CURL, FIREFOX, ROOT, Sessions, do, fields_of, listed


class OwnSessions(Sessions):
    def tearDown(self):
        super().tearDown()
        for person in (ANA, BEN):
            self.end_all_of(person)

    def test_all_sessions_are_listed_with_device_place_and_times(self):
        first, second = self.signed_in(agent=FIREFOX), self.signed_in(agent=CURL)
        self.signed_in(BEN)

        for port in self.ports.values():
            there = Browser(port)
            there.cookies = dict(first.cookies)
            page = there.get("/auth/sessions")

            rows = listed(page)
            self.assertEqual(page.page.heading, "Your sessions")
            self.assertEqual({(row["device"], row["this"]) for row in rows},
                             {("Firefox on Linux", True), ("curl", False)})
            for row in rows:
                self.assertEqual(row["facts"]["From"], "127.0.0.1")
                for name in ("Signed in", "Last seen"):
                    self.assertRegex(row["facts"][name], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
            for id in self.ids:
                self.assertNotIn(id, page.body)
        self.assertIsNotNone(whoami(second))

    def test_one_session_is_ended_from_another_on_all_servers_at_once(self):
        own, other = self.signed_in(agent=FIREFOX), self.signed_in(agent=CURL)
        page = own.get("/auth/sessions")
        handle = next(row["handle"] for row in listed(page) if not row["this"])

        answer = do(own, page, "end", session=handle)

        self.assert_dead(other.cookies[COOKIE])
        self.assert_alive(own.cookies[COOKIE])
        self.assertEqual([row["device"] for row in listed(answer)], ["Firefox on Linux"])
        self.assertIn("The session has ended, on all servers.", answer.body)
        # Its browser is told why it has to sign in again.
        page = other.follow(other.get("/auth/portal"))
        self.assertEqual(page.page.heading, "Sign in")
        self.assertIn("ended from elsewhere", page.page.alerts[0])

    def test_ending_the_session_that_looks_is_signing_out(self):
        own = self.signed_in()
        cookie = own.cookies[COOKIE]

        answer = do(own, own.get("/auth/sessions"), "end")

        self.assertEqual(answer.page.heading, "Sign in")
        self.assertEqual(own.cookies, {})
        self.assert_dead(cookie)

    def test_all_others_are_ended_on_all_servers_at_once(self):
        own, *others = [self.signed_in() for _ in range(4)]
        ben = self.signed_in(BEN)

        answer = do(own, own.get("/auth/sessions"), "others")

        for other in others:
            self.assert_dead(other.cookies[COOKIE])
        self.assert_alive(own.cookies[COOKIE])
        self.assert_alive(ben.cookies[COOKIE])
        self.assertEqual([row["this"] for row in listed(answer)], [True])

    def test_signing_out_everywhere_ends_all_on_all_servers_at_once(self):
        own, *others = [self.signed_in() for _ in range(4)]
        cookies = [each.cookies[COOKIE] for each in (own, *others)]
        ben = self.signed_in(BEN)

        answer = do(own, own.get("/auth/sessions"), "everywhere")

        for cookie in cookies:
            self.assert_dead(cookie)
        self.assert_alive(ben.cookies[COOKIE])
        self.assertEqual(own.cookies, {})
        self.assertIn("You have signed out everywhere.", answer.body)

    def test_a_form_for_a_session_of_somebody_else_ends_nothing(self):
        ana, ben = self.signed_in(), self.signed_in(BEN)
        foreign = listed(ben.get("/auth/sessions"))[0]["handle"]
        action, fields = fields_of(ana.get("/auth/sessions"), "end")

        for handle in (foreign, "", ben.cookies[COOKIE], self.ids[1]):
            answer = ana.follow(ana.post(action, {**fields, "session": handle}))
            self.assertEqual(answer.page.alerts, ["You have no such session (any more)."])

        self.assert_alive(ben.cookies[COOKIE])
        self.assert_alive(ana.cookies[COOKIE])

    def test_forms_without_the_token_or_from_another_site_are_refused(self):
        own, other = self.signed_in(), self.signed_in()
        for action in ("end", "others", "everywhere"):
            path, fields = fields_of(own.get("/auth/sessions"), action)
            for changed, headers in (({"csrf_token": "x" * 32}, {}),
                                     ({}, {"Sec_Fetch_Site": "cross-site"})):
                self.assertEqual(own.post(path, {**fields, **changed}, **headers).status, 403)
        path, fields = fields_of(own.get("/auth/sessions"), "others")
        self.assertEqual(own.post(path, {**fields, "action": "all"}).status, 403)
        self.assert_alive(own.cookies[COOKIE])
        self.assert_alive(other.cookies[COOKIE])

    def test_a_long_list_has_pages_on_which_each_session_is_once(self):
        browsers = [self.signed_in() for _ in range(23)]
        pages = [browsers[0].get(f"/auth/sessions?page={page}") for page in (1, 2)]

        rows = [listed(page) for page in pages]

        self.assertEqual([len(each) for each in rows], [20, 3])
        self.assertEqual(len({row["handle"] for each in rows for row in each}), 23)
        self.assertEqual(sum(row["this"] for each in rows for row in each), 1)
        self.assertIn("23 sessions", pages[0].body)
        for odd in ("0", "99", "-1", "x", ""):
            self.assertTrue(listed(browsers[0].get(f"/auth/sessions?page={odd}")))

    def test_who_asks_for_the_list_without_a_session_sees_it_after_signing_in(self):
        browser = self.anywhere()

        page = browser.get("/auth/sessions?page=1")

        self.assertEqual((page.status, page["Location"]),
                         (302, "/auth/login?redirect_url=%2Fauth%2Fsessions%3Fpage%3D1"))
        page = browser.submit(browser.follow(page), username=ANA.name)
        page = browser.follow(browser.submit(browser.follow(page), password=ANA.password))
        self.assertEqual(page.page.heading, "Your sessions")
        self.assertEqual(len(listed(page)), 1)


class Administration(Sessions):
    def tearDown(self):
        super().tearDown()
        self.end_all_of(ANA)

    def test_it_is_for_administrators_only(self):
        for person in (ANA, BEN):
            browser = self.signed_in(person)
            self.assertEqual(browser.get("/auth/admin?user=root").status, 403)
            self.assertNotIn("/auth/admin", browser.get("/auth/portal").body)
            _, fields = fields_of(browser.get("/auth/sessions"), "others")
            self.assertEqual(browser.post("/auth/admin", {**fields, "action": "all",
                                                          "user": "root"}).status, 403)
        self.assertIn("/auth/admin", self.signed_in(ROOT).get("/auth/portal").body)

    def test_a_user_is_found_by_name_and_address_and_one_session_ended(self):
        first, second = self.signed_in(agent=FIREFOX), self.signed_in(agent=CURL)
        root = self.signed_in(ROOT)
        for name in ("ANA", "ana@example.com"):
            page = root.get(f"/auth/admin?user={name}")
            self.assertEqual({row["device"] for row in listed(page)}, {"Firefox on Linux", "curl"})
        handle = next(row["handle"] for row in listed(page) if row["device"] == "curl")

        answer = do(root, page, "end", session=handle)

        self.assert_dead(second.cookies[COOKIE])
        self.assert_alive(first.cookies[COOKIE])
        self.assertEqual([row["device"] for row in listed(answer)], ["Firefox on Linux"])
        self.assertRegex(self.cluster.logs(), "session ended by administrator root: session "
                         f"[0-9a-f]{{12}}, handle {handle}, user ana, client 127.0.0.1")

    def test_all_sessions_of_a_user_are_ended(self):
        browsers = [self.signed_in() for _ in range(3)]
        root = self.signed_in(ROOT)

        answer = do(root, root.get("/auth/admin?user=ana"), "all")

        for browser in browsers:
            self.assert_dead(browser.cookies[COOKIE])
        self.assertEqual(listed(answer), [])
        self.assertIn("all sessions ended by an administrator: user ana, 3 sessions, by root, "
                      "client 127.0.0.1", self.cluster.logs())

    def test_a_name_that_nobody_has_has_no_sessions(self):
        root = self.signed_in(ROOT)

        page = root.get("/auth/admin?user=nobody")

        self.assertEqual(page.status, 200)
        self.assertIn("0 sessions", page.body)
        self.assertEqual(root.get("/auth/admin?user=" + "x" * 129).status, 400)


class Confirmation(Sessions):
    portal_lines = ("fresh 1s",)

    def test_old_sign_ins_need_the_password_again_to_end_all_sessions(self):
        own, other = self.signed_in(), self.signed_in()
        cookies = [own.cookies[COOKIE], other.cookies[COOKIE]]
        time.sleep(2)

        asked = do(own, own.get("/auth/sessions"), "everywhere")
        self.assertEqual(asked.page.heading, "Enter your password")
        wrong = own.submit(asked, password="wrong")
        self.assertEqual(wrong.status, 401)
        self.assertEqual(wrong.page.alerts, ["This is not your password. Try again."])
        for cookie in cookies:
            self.assert_alive(cookie)
        answer = own.follow(own.submit(wrong, password=ANA.password))

        self.assertIn("You have signed out everywhere.", answer.body)
        self.assertEqual(own.cookies, {})
        for cookie in cookies:
            self.assert_dead(cookie)

    def test_administrators_give_their_own_password(self):
        ana, root = self.signed_in(), self.signed_in(ROOT)
        time.sleep(2)

        asked = do(root, root.get("/auth/admin?user=ana"), "all")
        self.assertEqual(root.submit(asked, password=ANA.password).status, 401)
        self.assert_alive(ana.cookies[COOKIE])
        answer = root.follow(root.submit(asked, password=ROOT.password))

        self.assert_dead(ana.cookies[COOKIE])
        self.assertEqual(answer.page.heading, "Sessions of others")

    def test_the_id_changes_when_the_password_is_confirmed(self):
        first, root = self.signed_in(), self.signed_in(ROOT)
        old = root.cookies[COOKIE]
        time.sleep(2)
        page = root.get("/auth/admin?user=ana")
        handle = listed(page)[0]["handle"]

        asked = do(root, page, "end", session=handle)
        self.assertEqual(root.submit(asked, password="wrong").status, 401)
        self.assertEqual(root.cookies[COOKIE], old)
        answer = root.submit(asked, password=ROOT.password)
        self.remember_id(root)

        self.assertEqual(answer.status, 303)
        self.assertEqual(len(answer.set_cookies), 1)
        self.assertNotEqual(root.cookies[COOKIE].split(".")[0], old.split(".")[0])
        self.assert_dead(old)
        self.assert_alive(root.cookies[COOKIE])
        self.assert_dead(first.cookies[COOKIE])
        self.assertEqual(root.follow(answer).page.heading, "Sessions of others")


class Headers(Sessions):
    portal_lines = ("hsts 30d", "clear_site_data on")

    def test_browsers_that_come_by_https_are_told_to_stay_there(self):
        port = self.ports["auth-0"]
        for path in ("/auth/login", "/auth/portal", "/auth/assets/style.css"):
            secure = request(port, "GET", path, [("X-Forwarded-Proto", "https")])
            self.assertEqual(secure["Strict-Transport-Security"], "max-age=2592000")
            self.assertEqual(request(port, "GET", path)["Strict-Transport-Security"], "")

    def test_browsers_forget_the_site_when_somebody_signs_out(self):
        browser = self.signed_in()

        answer = browser.submit(browser.get("/auth/portal"))

        self.assertEqual(answer["Clear-Site-Data"], '"cache", "cookies", "storage"')

    def test_every_page_for_the_signed_in_leads_to_signing_out(self):
        root, ben = self.signed_in(ROOT), self.signed_in(BEN)
        for browser, path, status in (
                (root, "/auth/portal", 200), (root, "/auth/whoami", 200),
                (root, "/auth/logout", 200), (root, "/auth/sessions", 200),
                (root, "/auth/admin", 200), (root, "/auth/admin?user=ben", 200),
                (root, "/nowhere", 404), (ben, "/auth/admin", 403), (ben, "/verify", 403)):
            with self.subTest(path):
                page = browser.get(path)
                self.assertEqual(page.status, status)
                self.assertRegex(page.body, '(href|action)="[^"]*/auth/logout"')

        stranger = self.anywhere().get("/nowhere")
        self.assertEqual(stranger.status, 404)
        self.assertNotIn("/auth/logout", stranger.body)

    def test_the_log_tells_the_life_of_a_session(self):
        browser = self.signed_in()
        handle = listed(browser.get("/auth/sessions"))[0]["handle"]
        sign_out(browser, browser.get("/auth/portal"))

        self.assertEqual(
            re.findall(f"(?m) info ([a-z ]+): session [0-9a-f]{{12}}, handle {handle}, user ana, "
                       "client 127.0.0.1$", "".join(
                           sorted(self.cluster.logs().splitlines(keepends=True)))),
            ["signed in", "signed out"])

    def test_many_cookies_that_lead_nowhere_are_told(self):
        port = self.ports["auth-0"]
        for i in range(110):
            request(port, "GET", "/verify", [("Cookie", f"{COOKIE}={i}.auth-0")])

        log = self.cluster["auth-0"].output()

        self.assertEqual(log.count("somebody may be guessing"), 1)
        self.assertEqual(log.count("session refused: its cookie is malformed or forged"), 10)


if __name__ == "__main__":
    main(sys.modules[__name__])
