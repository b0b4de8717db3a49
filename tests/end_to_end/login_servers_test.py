"""The small login servers among the examples: one session, whichever of three members is asked."""

import os
import sys
from urllib.parse import urlencode

from harness import GATEHOUSE, EndToEnd, main
from loopback.browser import request
from loopback.processes import Process, free_port
from loopback.servers import COOKIE, hash_password

PASSWORD = "open sesame & more"
FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Server(Process):
    def __init__(self, program, name, members, users, log):
        self.port = free_port()
        listed = [word for member in members for word in ("--member", member)]
        super().__init__(name, [program, "--name", name, *listed, "--http-port", self.port,
                                "--users", users], log, {"COOKIE_KEY": "k" * 32})

    def is_ready(self):
        try:
            return request(self.port, "GET", "/readyz").status == 200
        except OSError:
            return False

    def log_in(self, password):
        return request(self.port, "POST", "/login", [FORM],
                       urlencode({"user": "ana", "password": password}).encode())

    def visit(self, method, path, *cookies):
        return request(self.port, method, path, [("Cookie", cookie) for cookie in cookies],
                       b"" if method == "POST" else None)


class _LoginServer(EndToEnd):
    program = ""

    def setUp(self):
        users = self.directory / "users"
        users.write_text("ana:" + hash_password(GATEHOUSE, PASSWORD).removeprefix("bcrypt:10:") + "\n")
        members = [f"{name}=127.0.0.1:{free_port()}" for name in "abc"]
        self.servers = [Server(os.environ[self.program], name, members, users,
                               self.directory / f"{name}.log") for name in "abc"]
        for server in self.servers:
            self.addCleanup(server.stop)
        for server in self.servers:
            server.wait_until(server.is_ready, "is ready")

    def test_one_session_at_all_members_until_it_is_logged_out(self):
        a, b, c = self.servers
        self.assertEqual(a.log_in("open barley").status, 403)
        self.assertEqual(a.visit("GET", "/me").status, 401)
        self.assertEqual(a.visit("GET", "/me", f"{COOKIE}=1aGuess.a", "other=1").status, 401)

        welcome = a.log_in(PASSWORD)
        self.assertEqual((welcome.status, welcome.body), (200, "welcome, ana\n"))
        cookie = welcome.set_cookies[0].partition(";")[0]
        self.assertTrue(cookie.startswith(COOKIE + "=") and cookie.endswith(".a"), cookie)
        for server in self.servers:
            answer = server.visit("GET", "/me", f"{COOKIE}=planted", cookie)
            self.assertEqual((answer.status, answer.body, answer.set_cookies), (200, "ana\n", []))

        # The owner hands its sessions over and goes: the next answer names the new owner.
        self.assertEqual(a.stop(), 0)
        moved = b.visit("GET", "/me", cookie)
        self.assertEqual((moved.status, moved.body), (200, "ana\n"))
        self.assertRegex(moved.set_cookies[0], r"\.[bc];")

        gone = b.visit("POST", "/logout", cookie)
        self.assertEqual(gone.status, 200)
        self.assertIn("Max-Age=0", gone.set_cookies[0])
        self.assertEqual(c.visit("GET", "/me", cookie).status, 401)
        self.assertEqual([b.stop(), c.ended()], [0, False])


class Threads(_LoginServer):
    program = "THREADS"


class Beast(_LoginServer):
    program = "BEAST"


if __name__ == "__main__":
    main(sys.modules[__name__])
