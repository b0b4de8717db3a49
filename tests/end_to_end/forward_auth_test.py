#!/usr/bin/env python3
"""/verify: asked directly, by Caddy's forward_auth and by nginx's auth_request."""

import contextlib
import http.server
import json
import sys
import threading
import urllib.parse

import balancers
from harness import COOKIE, Browser, WithCluster, begin_login, main, request, sign_in, sign_out
from loopback.browser import patiently
from loopback.processes import free_port, wait_until
from loopback.servers import ANA, BEN, Person

FORGED = [("Remote-User", "root"), ("Remote-Groups", "wheel"), ("Remote-Email", "root@evil.test"),
          ("Remote-Name", "Root"), ("X-Auth-Request-User", "root"), ("X-Token-Subject", "root")]

# Everything as long as a configuration may have it.
LONG = Person("l" * 64, "a password", "n" * 128, "e" * 116 + "@example.com",
              " ".join(["app/user", *[f"{number:02}" + "r" * 40 for number in range(11)]]))


class App(http.server.BaseHTTPRequestHandler):
    """The application behind the proxy: answers with the headers that reached it."""

    def do_GET(self):
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def app_running():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), App)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class ForwardAuth(WithCluster):
    """Proxy, portal and application share a host, 127.0.0.1: cookies know no ports."""

    @classmethod
    def cluster_options(cls):
        # Strangers are sent to the first server's portal.
        return {"auth_url": "http://127.0.0.1:{port}/auth", "people": (ANA, BEN, LONG)}

    def cookie_of(self, person=ANA, at="auth-0"):
        """The cookie of a session held by that server, and the way to end it."""
        browser = Browser(self.ports[at])
        portal = sign_in(browser, person)
        return browser.cookies[COOKIE], lambda: sign_out(browser, portal)

    def ask(self, port, path="/page?a=1&b=2", cookie=None, method="GET", accept="text/html",
            headers=()):
        headers = [("Accept", accept), *headers]
        if cookie:
            headers.append(("Cookie", f"{COOKIE}={cookie}"))
        return request(port, method, path, headers)

    @contextlib.contextmanager
    def nobody_else_answering(self, name):
        """While that server is the only one that does, it cannot say who has signed in."""
        others = self.cluster.others(name)
        for member in others:
            member.pause()
        try:
            yield
        finally:
            for member in others:
                member.resume()

    def login_url(self, original):
        return (f"http://127.0.0.1:{self.ports['auth-0']}/auth/login?redirect_url=" +
                urllib.parse.quote(original, safe=""))


class Verify(ForwardAuth):
    """Without a proxy: what the contract says that a proxy gets."""

    IDENTITY = {"Remote-User": "ana", "Remote-Groups": "app/user,app/admin",
                "Remote-Email": "ana@example.com", "Remote-Name": "Ana Lima",
                "X-Auth-Request-User": "ana", "X-Auth-Request-Email": "ana@example.com",
                "X-Auth-Request-Groups": "app/user,app/admin",
                "X-Auth-Request-Preferred-Username": "ana", "X-Token-Subject": "ana",
                "X-Token-User-Name": "Ana Lima", "X-Token-User-Email": "ana@example.com",
                "X-Token-User-Roles": "app/user,app/admin"}

    def test_every_server_says_who_somebody_is(self):
        cookie, _ = self.cookie_of()
        for port in self.ports.values():
            for path in ("/verify", "/verify/nginx"):
                answer = self.ask(port, path, cookie)
                self.assertEqual(answer.status, 200)
                self.assertEqual({name: answer[name] for name in self.IDENTITY}, self.IDENTITY)
                self.assertEqual(answer["Cache-Control"], "no-store")
                self.assertEqual(answer.set_cookies, [])

    def test_nobody_is_named_by_the_headers_of_a_request(self):
        cookie, _ = self.cookie_of()
        answer = self.ask(self.ports["auth-1"], "/verify", cookie, headers=FORGED)
        self.assertEqual({name: answer[name] for name in self.IDENTITY}, self.IDENTITY)
        for path in ("/verify", "/verify/nginx"):
            answer = self.ask(self.ports["auth-1"], path, headers=FORGED)
            self.assertIn(answer.status, (302, 401))
            self.assertEqual([answer[name] for name in self.IDENTITY], [""] * len(self.IDENTITY))

    def test_the_answer_to_a_stranger_depends_on_what_they_can_use(self):
        forwarded = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "app.test"),
                     ("X-Forwarded-Uri", "/x?a=1&b=2"), ("X-Forwarded-For", "192.0.2.1")]
        location = self.login_url("https://app.test/x?a=1&b=2")
        script = [("X-Requested-With", "XMLHttpRequest")]
        fetch = [("Sec-Fetch-Mode", "cors")]
        rows = [
            ("GET", "text/html", [], 302), ("HEAD", "text/html", [], 302),
            ("POST", "text/html", [], 303), ("GET", "application/json", [], 401),
            ("GET", "*/*", [], 401), ("GET", "text/html", script, 401),
            ("GET", "text/html", fetch, 401),
        ]
        for method, accept, more, status in rows:
            with self.subTest(method=method, accept=accept, more=more):
                answer = self.ask(self.ports["auth-2"], "/verify", accept=accept, headers=[
                    *forwarded, ("X-Forwarded-Method", method), *more])
                self.assertEqual((answer.status, answer["Location"]), (status, location))
                self.assertEqual(bool(answer["WWW-Authenticate"]), status == 401)

    def test_nginx_is_answered_401_whatever_the_stranger_wants(self):
        for accept in ("text/html", "application/json"):
            answer = self.ask(self.ports["auth-2"], "/verify/nginx", accept=accept, headers=[
                ("X-Original-URL", "http://app.test/x?a=1&b=2"), ("X-Original-Method", "POST")])
            self.assertEqual((answer.status, answer["Location"]),
                             (401, self.login_url("http://app.test/x?a=1&b=2")))

    def test_whoever_lacks_the_role_is_told_so_and_not_sent_to_sign_in(self):
        cookie, _ = self.cookie_of(BEN)
        for path in ("/verify", "/verify/nginx"):
            answer = self.ask(self.ports["auth-1"], path, cookie)
            self.assertEqual((answer.status, answer["Location"]), (403, ""))

    def test_a_login_in_progress_opens_nothing(self):
        begin_login(browser := self.anywhere())
        answer = self.ask(self.ports["auth-1"], "/verify/nginx", browser.cookies[COOKIE])
        self.assertEqual(answer.status, 401)

    def test_a_session_that_cannot_be_reached_is_not_taken_for_none(self):
        cookie, _ = self.cookie_of(at="auth-1")
        with self.nobody_else_answering("auth-2"):
            for path in ("/verify", "/verify/nginx"):
                answer = self.ask(self.ports["auth-2"], path, cookie)
                self.assertEqual((answer.status, answer["Retry-After"]), (503, "1"))
        wait_until(lambda: self.ask(self.ports["auth-2"], "/verify", cookie).status == 200,
                   "the session can be reached again")


class ThroughAProxy:
    """An application that only a proxy reaches, which asks a gatehouse about each request."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.enterClassContext(app_running())
        only = {"auth-2": cls.cluster["auth-2"].port}
        cls.proxy = cls.enterClassContext(
            balancers.asking_proxy(cls.target, cls.directory / "proxy", only, cls.app)).port

    def test_who_has_signed_in_reaches_the_application_under_their_name(self):
        cookie, _ = self.cookie_of()
        for method in ("GET", "POST"):
            answer = self.ask(self.proxy, cookie=cookie, method=method)
            self.assertEqual(answer.status, 200)
            seen = json.loads(answer.body)
            names = ("remote-user", "remote-groups", "remote-email", "remote-name")
            self.assertEqual([seen[name] for name in names],
                             ["ana", "app/user,app/admin", "ana@example.com", "Ana Lima"])

    def test_forged_names_do_not_reach_the_application(self):
        cookie, _ = self.cookie_of()
        seen = json.loads(self.ask(self.proxy, cookie=cookie, headers=FORGED).body)
        self.assertEqual(seen["remote-user"], "ana")
        self.assertNotIn("root", json.dumps(seen).lower())
        self.assertEqual(self.ask(self.proxy, headers=FORGED).status, 302)

    def test_the_longest_identity_fits(self):
        cookie, _ = self.cookie_of(LONG)
        answer = self.ask(self.proxy, cookie=cookie)
        self.assertEqual(answer.status, 200)
        seen = json.loads(answer.body)
        self.assertEqual([seen["remote-user"], seen["remote-name"], seen["remote-email"],
                          seen["remote-groups"].replace(",", " ")],
                         [LONG.name, LONG.full_name, LONG.email, LONG.roles])

    def test_who_lacks_the_role_is_refused(self):
        cookie, _ = self.cookie_of(BEN)
        self.assertEqual(self.ask(self.proxy, cookie=cookie).status, 403)

    def test_who_signs_in_on_the_way_comes_back_to_where_they_wanted_to_go(self):
        answer = self.ask(self.proxy)
        self.assertEqual(answer.status, 302)
        self.assertEqual(answer["Location"],
                         self.login_url(f"http://127.0.0.1:{self.proxy}/page?a=1&b=2"))
        browser = self.anywhere()
        page = browser.get(answer["Location"].removeprefix(browser.origin))
        page = browser.follow(browser.submit(page, username=ANA.name))
        done = browser.submit(page, password=ANA.password)
        self.assertEqual((done.status, done["Location"]),
                         (303, f"http://127.0.0.1:{self.proxy}/page?a=1&b=2"))
        self.assertEqual(self.ask(self.proxy, cookie=browser.cookies[COOKIE]).status, 200)

    def test_no_client_chooses_where_the_login_leads(self):
        evil = "https://evil.test/"
        answer = self.ask(self.proxy, "/page?redirect_url=x&mode=nginx", headers=[
            ("X-Original-URL", evil), ("X-Original-URI", "/evil"),
            ("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Uri", "/evil"),
            ("X-Forwarded-Proto", "https"), ("X-Forwarded-Method", "POST")])
        self.assertEqual((answer.status, answer["Location"]), (302, self.login_url(
            f"http://127.0.0.1:{self.proxy}/page?redirect_url=x&mode=nginx")))

    def test_signing_out_closes_the_application_at_once(self):
        cookie, sign_out_now = self.cookie_of()
        self.assertEqual(self.ask(self.proxy, cookie=cookie).status, 200)
        sign_out_now()
        self.assertEqual(self.ask(self.proxy, cookie=cookie).status, 302)

    def test_a_session_that_cannot_be_reached_answers_503(self):
        cookie, _ = self.cookie_of(at="auth-1")
        with self.nobody_else_answering("auth-2"):
            answer = self.ask(self.proxy, cookie=cookie)
            self.assertEqual((answer.status, answer["Retry-After"]), (503, "1"))
        wait_until(lambda: self.ask(self.proxy, cookie=cookie).status == 200,
                   "the session can be reached again")


    def test_the_server_that_has_the_session_is_asked_and_another_one_when_it_is_gone(self):
        sessions = {name: self.cookie_of(at=name)[0] for name in self.ports}
        with balancers.asking_proxy(self.target, self.directory / "asking", self.ports,
                                    self.app) as proxy:
            before = self.cluster.remote_calls()
            for cookie in sessions.values():
                for _ in range(3):
                    self.assertEqual(self.ask(proxy.port, cookie=cookie).status, 200)
            self.assertEqual(self.cluster.remote_calls(), before)
            self.assertEqual(self.ask(proxy.port).status, 302)

            self.cluster["auth-1"].kill()
            for _ in range(3):
                # Signing in is possible where the application is, if it is at that host.
                browser = Browser(proxy.port)
                sign_in(browser)
                self.assertEqual(self.ask(proxy.port, cookie=browser.cookies[COOKIE]).status, 200)
            self.assertEqual(patiently(lambda: self.ask(proxy.port, cookie=sessions["auth-1"]),
                                       10).status, 200)
            self.cluster.start("auth-1")
            self.cluster.wait_safe()


class CaddyForwardAuth(ThroughAProxy, ForwardAuth):
    needs = ("caddy",)
    target = "caddy"

    def test_scripts_are_answered_401_with_the_way_to_sign_in(self):
        answer = self.ask(self.proxy, accept="application/json")
        self.assertEqual((answer.status, answer["Location"]),
                         (401, self.login_url(f"http://127.0.0.1:{self.proxy}/page?a=1&b=2")))


class NginxAuthRequest(ThroughAProxy, ForwardAuth):
    needs = ("nginx",)
    target = "nginx"


if __name__ == "__main__":
    main(sys.modules[__name__])
