#!/usr/bin/env python3
"""What operators do with sojournctl, to three servers with certificates."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import balancers
from harness import (ANA, COOKIE, GATEHOUSE, Browser, Cluster, WithCluster, main, sign_in, whoami,
                     whoami_at)
from loopback.browser import request
from loopback.processes import free_port, wait_until
from loopback.servers import NAMES

SOJOURNCTL = os.environ["SOJOURNCTL"]
MAKE_CERTIFICATES = Path(__file__).parent.parent / "support" / "make-certificates"
PATIENCE = 10


class Administered(WithCluster):
    """A cluster with certificates, whose administrator is ops.loopback."""

    needs = ("openssl",)

    @classmethod
    def cluster_options(cls):
        pki = cls.directory / "pki"
        subprocess.run([MAKE_CERTIFICATES, pki, "loopback", "auth-0", "auth-1", "auth-2", "ops",
                        "guest"], check=True, timeout=30)
        cls.pki = pki
        return {
            "security": f"tls {{\n\t\t\tcertificate {pki}/{{env.MEMBER}}.pem\n"
                        f"\t\t\tkey {pki}/{{env.MEMBER}}.key\n\t\t\tca {pki}/ca.pem\n\t\t}}",
            "sojourn_line": "administrators ops.loopback",
        }

    def command(self, *arguments, by="ops", at="auth-0", cluster=None):
        """The words of a command as that person gives it."""
        targets = [at] if isinstance(at, str) else at
        ports = [(cluster or self.cluster)[name].peer_port if name else 1 for name in targets]
        return [SOJOURNCTL, *arguments, "--cluster", "loopback", "--ca", self.pki / "ca.pem",
                "--cert", self.pki / f"{by}.pem", "--key", self.pki / f"{by}.key",
                *(word for port in ports for word in ("--target", f"127.0.0.1:{port}"))]

    def call(self, *arguments, **options):
        """The finished process."""
        return subprocess.run(self.command(*arguments, **options), text=True, capture_output=True,
                              timeout=60)

    def ask(self, *arguments, **options):
        """What it says as JSON."""
        done = self.call(*arguments, "--json", **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def signed_in(self, person=ANA):
        sign_in(browser := self.anywhere(), person)
        return browser.cookies[COOKIE]

    @staticmethod
    def id_of(cookie):
        """What stands between the name of a key and the signature."""
        return cookie[1:33]

    def status_of(self, cookie, at="auth-2"):
        return whoami_at(self.cluster[at].port, cookie, PATIENCE).status


class Operators(Administered):
    def test_status_and_members_tell_who_is_there(self):
        self.cluster.wait_safe()
        status = self.ask("status")
        self.assertTrue(status["ready"])
        self.assertEqual([each["name"] for each in status["members"]],
                         ["auth-0", "auth-1", "auth-2"])
        self.assertEqual(sum(each["segments_primary"] for each in self.ask("members")), 4096)
        text = self.call("status").stdout
        self.assertIn("all have their copies", text)
        self.assertIn("auth-2", text)

    def test_the_first_target_that_answers_is_asked(self):
        self.assertEqual(self.ask("status", at=[None, "auth-1"])["member"], "auth-1")

    def test_the_owner_of_a_cookie_is_the_one_that_its_route_names(self):
        cookie = self.signed_in()
        owner = self.ask("owner", cookie)
        self.assertEqual(owner["owner"], cookie.split(".")[1])
        self.assertEqual(owner["owner"], owner["ideal"][0])
        self.assertIn("The cookie's route says so too", self.call("owner", cookie).stdout)

    def test_sessions_are_listed_and_ended_for_every_server(self):
        cookie = self.signed_in()
        other = self.signed_in()
        before = self.ask("sessions", "ana")["sessions"]
        self.assertGreaterEqual(len(before), 2)
        self.assertNotIn("id", before[0])
        ids = {each["id"] for each in self.ask("sessions", "ana", "--ids")["sessions"]}
        self.assertIn(self.id_of(cookie), ids)

        self.assertEqual(self.call("revoke", cookie).returncode, 0)
        self.assertEqual(self.status_of(cookie), 401)
        self.assertEqual(self.status_of(other), 200)

        self.assertEqual(self.ask("revoke", "--subject", "ana")["ended"], len(before) - 1)
        self.assertEqual(self.status_of(other), 401)
        self.assertEqual(self.ask("sessions", "ana")["sessions"], [])
        output = self.cluster["auth-0"].output()
        self.assertIn("audit: ops.loopback at 127.0.0.1", output)
        self.assertIn("revoke all sessions of subject 'ana'", output)
        self.assertNotIn(self.id_of(cookie), output)

    def test_exit_statuses_tell_scripts_what_went_wrong(self):
        self.assertEqual(self.call("status", by="guest").returncode, 4)
        self.assertEqual(self.call("revoke", "--subject", "ana", by="auth-1").returncode, 4)
        self.assertEqual(self.call("status", at=[None]).returncode, 3)
        self.assertEqual(self.call("drain", "auth-9").returncode, 1)
        self.assertEqual(self.call("owner", "not an id").returncode, 2)
        self.assertEqual(self.call("sessions").returncode, 2)
        self.assertEqual(subprocess.run([SOJOURNCTL, "status"], capture_output=True).returncode, 2)
        self.assertIn("guest.loopback", self.cluster["auth-0"].output())


class Departures(Administered):
    def test_a_drained_server_goes_and_takes_no_session_with_it(self):
        cookies = [self.signed_in() for _ in range(12)]
        self.cluster.wait_safe()
        self.assertEqual(self.call("safe", "auth-1").returncode, 0)

        drained = self.call("drain", "auth-1", "--wait", "60", at="auth-2")
        self.assertEqual(drained.returncode, 0, drained.stderr)
        wait_until(lambda: [each["name"] for each in self.ask("members")] == ["auth-0", "auth-2"],
                   "auth-1 is in the view no more")
        self.assertEqual({self.status_of(each) for each in cookies}, {200})
        # It says so itself, to whoever asks whether requests should come, and whether it may stop.
        left = self.cluster["auth-1"].port
        self.assertEqual(request(left, "GET", "/readyz").status, 503)
        self.assertEqual(request(left, "GET", "/safe").status, 200)

        # One that is killed leaves copies to be made: the others are not safe until they are.
        self.cluster["auth-1"].stop()
        self.cluster["auth-2"].kill()
        asked = self.call("safe", "auth-0")
        self.assertIn(asked.returncode, (0, 5), asked.stderr)
        if asked.returncode == 5:
            self.assertRegex(asked.stdout, "^no: ")
        for name in ("auth-1", "auth-2"):
            self.cluster.start(name)
        self.cluster.wait_safe()
        waited = self.call("safe", "auth-0", "--wait", "30")
        self.assertEqual(waited.returncode, 0, waited.stdout)

    def test_a_server_that_was_killed_and_came_back_has_the_same_copies(self):
        cookies = [self.signed_in() for _ in range(8)]
        self.cluster["auth-0"].kill()
        self.cluster.start("auth-0")
        self.cluster.wait_safe()
        # The view may change once more when the last copy has arrived.
        wait_until(lambda: self.call("verify", at="auth-1").returncode == 0, "copies are equal")
        told = self.ask("verify", at="auth-2")
        self.assertEqual((told["segments"], told["copies"], told["equal"]), (4096, 8192, True))
        self.assertGreaterEqual(told["records"], 2 * len(cookies))
        self.assertEqual({self.status_of(each) for each in cookies}, {200})


class Watching(Administered):
    def test_in_a_pipe_there_are_lines(self):
        pictures = [json.loads(line) for line in self.call(
            "watch", "--json", "--count", "2", "--interval", "0.2").stdout.splitlines()]
        self.assertEqual(len(pictures), 2)
        self.assertEqual({each["name"] for each in pictures[1]["members"] if each["ready"]},
                         {"auth-0", "auth-1", "auth-2"})

        cookie = self.signed_in()
        owner = cookie.split(".")[1]
        with subprocess.Popen(self.command("watch", "--count", "1", "--interval", "2"), text=True,
                              stdout=subprocess.PIPE) as watching:
            for _ in range(20):  # some of them after its first look
                whoami_at(self.cluster[owner].port, cookie)
                time.sleep(0.1)
            lines = watching.communicate(timeout=30)[0].splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn(" segments=4096 moving=0 ", lines[0])
        line = next(each for each in lines if f" member={owner} " in each)
        self.assertRegex(line, r" state=ready .* reads=[0-9.]+/s sticky=100\.0% ")

    def test_on_a_terminal_it_is_a_live_view_that_gives_the_terminal_back(self):
        master, slave = pty.openpty()
        try:
            with subprocess.Popen(self.command("watch", "--interval", "0.2"), stdout=slave,
                                  stderr=slave) as watching:
                os.close(slave)
                seen = b""
                deadline = time.monotonic() + 30
                while seen.count(b"\x1b[H") < 3 and time.monotonic() < deadline:
                    seen += os.read(master, 4096)
                watching.send_signal(signal.SIGINT)
                while True:
                    try:
                        seen += os.read(master, 4096)
                    except OSError:  # nobody writes any more
                        break
                self.assertEqual(watching.wait(timeout=30), 0)
        finally:
            os.close(master)
        text = seen.decode()
        self.assertTrue(text.startswith("\x1b[?1049h\x1b[?25l"), text)
        self.assertTrue(text.endswith("\x1b[?25h\x1b[?1049l"), text)
        self.assertIn("segments [##############################] 4096: 0 moving", text)
        for name in ("auth-0", "auth-1", "auth-2"):
            self.assertRegex(text, name + r" +ready +\d")

    def test_a_server_that_dies_is_named_until_the_others_go_on_without_it(self):
        with subprocess.Popen(self.command("watch", "--json", "--interval", "0.2"), text=True,
                              stdout=subprocess.PIPE) as watching:
            watching.stdout.readline()
            self.cluster["auth-2"].kill()
            troubled, deadline = False, time.monotonic() + 60
            while time.monotonic() < deadline:
                told = json.loads(watching.stdout.readline())
                troubled = troubled or any("trouble" in each for each in told["members"])
                if len(told["members"]) == 2:
                    break
            watching.send_signal(signal.SIGTERM)
            watching.communicate(timeout=30)
            self.assertEqual(watching.returncode, 0)
        self.cluster.start("auth-2")
        self.cluster.wait_safe()
        self.assertEqual([each["name"] for each in told["members"]], ["auth-0", "auth-1"])
        self.assertTrue(troubled)


class Disaster(Administered):
    def test_who_remains_is_told_to_go_on_and_that_the_loss_is_known(self):
        self.assertEqual(self.call("recover").returncode, 1)
        for _ in range(12):
            self.signed_in()
        for member in self.cluster.others("auth-0"):
            member.kill()
        survivor = self.cluster["auth-0"]
        wait_until(lambda: not survivor.is_ready(), "the survivor is not ready")
        status = self.ask("status")
        self.assertFalse(status["ready"])
        self.assertIn("missing: auth-1, auth-2", status["reason"])
        self.assertEqual(self.call("safe", "auth-0").returncode, 5)

        self.assertTrue(self.ask("recover")["begun"])
        survivor.wait_ready()
        lost = self.ask("status")["segments_lost"]
        self.assertGreater(lost, 0)
        self.assertIn(f"{lost} lost", self.call("status").stdout)
        self.assertEqual(self.ask("acknowledge-losses")["segments"], lost)
        wait_until(lambda: self.ask("status")["segments_lost"] == 0, "the loss is noted")

        output = survivor.output()
        self.assertRegex(output, "audit: ops.loopback at 127.0.0.1:[0-9]+: recover")
        self.assertRegex(output, "audit: ops.loopback at 127.0.0.1:[0-9]+: acknowledge losses")
        for name in ("auth-1", "auth-2"):
            self.cluster.start(name)
        self.cluster.wait_safe()


class Moved(Administered):
    def test_sessions_go_to_another_cluster_with_their_cookies(self):
        cookies = [self.signed_in() for _ in range(5)]
        ended = self.signed_in()
        self.assertEqual(self.call("revoke", ended).returncode, 0)
        file = self.directory / "sessions.jsonl"
        file.write_text("something that everybody may read")
        file.chmod(0o644)
        done = self.call("export", file)
        self.assertEqual((done.returncode, done.stdout), (0, "Sessions exported: 5\n"), done.stderr)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual([each.name for each in self.directory.glob("sessions*")], [file.name])
        asked = self.call("export", "-")
        self.assertEqual({json.loads(line)["id"] for line in asked.stdout.splitlines()[1:]},
                         {self.id_of(each) for each in cookies})

        options = {**self.cluster_options(), "names": ("auth-0",)}
        with Cluster(GATEHOUSE, self.directory / "other", **options) as other:
            imported = self.ask("import", file, cluster=other)
            self.assertEqual(imported["made"], 5)
            again = self.ask("import", file, cluster=other)
            self.assertEqual((again["made"], again["there_already"]), (0, 5))
            port = other["auth-0"].port
            self.assertEqual({whoami_at(port, each, PATIENCE).status for each in cookies}, {200})
            self.assertEqual(whoami_at(port, ended, PATIENCE).status, 401)
            self.assertEqual(self.call("import", self.pki / "ca.pem", cluster=other).returncode, 2)


class Balanced(Administered):
    """Servers at hosts of their own, which all answer browsers at one port."""

    needs = ("openssl", "haproxy")

    @classmethod
    def cluster_options(cls):
        cls.peer_port, cls.port = free_port(), free_port()
        return {
            **super().cluster_options(), "shared_port": cls.port,
            "found": "\n".join(f"\t\tmember {name} 127.0.0.{at + 1}:{cls.peer_port}"
                               for at, name in enumerate(NAMES)),
        }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster["auth-0"].peer_port = cls.peer_port

    def configuration(self, port):
        done = self.call("lb", "haproxy", "--port", str(self.port), "--listen", f"127.0.0.1:{port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_balancer_whose_nodes_the_cluster_told_follows_the_cookie(self):
        port = free_port()
        text = self.configuration(port)
        for at, name in enumerate(NAMES):
            self.assertIn(f"server {name} 127.0.0.{at + 1}:{self.port}\n", text)
        with balancers.HAProxy(self.directory / "haproxy").serving(text, port):
            for _ in range(4):
                sign_in(browser := Browser(port))
                owner = browser.cookies[COOKIE].split(".")[1]
                for _ in range(3):
                    answer = whoami(browser)
                    self.assertEqual((answer["answered_by"], answer["held_by"]), (owner, owner))

        self.assertEqual(self.call("lb", "haproxy").returncode, 2)
        self.assertEqual(self.call("lb", "haproxy", "--port", "80", by="guest").returncode, 4)
        self.assertEqual(self.call("drain", "auth-2", "--wait", "60").returncode, 0)
        wait_until(lambda: "server auth-2" not in self.configuration(port),
                   "auth-2 is in the view no more")


if __name__ == "__main__":
    main(sys.modules[__name__])
