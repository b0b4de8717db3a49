#!/usr/bin/env python3
"""What must not come in: other clusters, garbage, wrong certificates and wrong configurations. Each
is refused in words, and the others go on."""

import os
import random
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import http2
from harness import (COOKIE, GATEHOUSE, Browser, EndToEnd, WithCluster, main, sign_in,
                     whoami_at)
from loopback.servers import NAMES, Cluster

MAKE_CERTIFICATES = Path(__file__).resolve().parents[1] / "support" / "make-certificates"


def talk(member, data, tls=None):
    """Sends bytes to the port for members, and waits for a moment whether it hangs up."""
    with socket.create_connection(("127.0.0.1", member.peer_port), timeout=2) as connection:
        try:
            if tls:
                connection = tls.wrap_socket(connection)
            connection.sendall(data)
            connection.settimeout(0.2)
            while connection.recv(65536):
                pass
        except (OSError, ssl.SSLError):
            pass


def lenient_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def call_as_auth_0(addressee, message):
    """What auth-0 would send to begin with, if it sent that message."""
    return http2.call("/sojourn.v1.Peer/Connect", {
        "sojourn-cluster": "loopback", "sojourn-member": "auth-0",
        "sojourn-incarnation": "00000000deadbeef", "sojourn-wire": "1-1",
        "sojourn-addressee": addressee}, message)


class Intruder:
    """Starts one more gatehouse, which knows the members of the cluster of a test."""

    def intruder(self, name, cluster="loopback", security="insecure"):
        directory = self.directory / "intruder"
        directory.mkdir(exist_ok=True)
        members = {member.name: member.peer_port for member in self.cluster}
        other = Cluster(GATEHOUSE, directory, names=(name,), cluster=cluster, security=security)
        config = other.config.read_text()
        own = next(line for line in config.splitlines()
                   if line.lstrip().startswith(f"member {name} "))
        listed = [f"\t\tmember {each} 127.0.0.1:{port}" for each, port in members.items()
                  if each != name]
        other.config.write_text(config.replace(own, "\n".join([own, *listed])))
        gatehouse = other.start(name)
        self.addCleanup(gatehouse.stop)
        return gatehouse

    def assert_refused(self, intruder, reason):
        """By each member, with these words in the logs of both sides; {} is the member's name."""
        for member in self.cluster:
            words = reason.format(member.name)
            for log in (member, intruder):
                log.wait_until(lambda: words in log.output(), f"logs '{words}'")
        self.assertFalse(intruder.is_ready())
        why = intruder.status()["health"]["reason"]
        self.assertTrue(any(reason.format(member.name) in why for member in self.cluster), why)
        self.assertEqual(intruder.stop(), 0)


class Clusters(Intruder, WithCluster):
    def test_a_server_of_another_cluster_is_refused_by_name(self):
        intruder = self.intruder("aaa", cluster="elsewhere")
        self.assert_refused(intruder, "member aaa of cluster 'elsewhere' was refused by member {} "
                                      "of cluster 'loopback': the clusters differ")
        self.assert_all_well()

    def test_a_server_of_the_same_cluster_joins_though_the_others_do_not_list_it(self):
        sign_in(browser := Browser(self.cluster["auth-1"].port))
        newcomer = self.intruder("aaa")

        newcomer.wait_until(lambda: newcomer.is_safe(4), "is one of four")
        answer = whoami_at(newcomer.port, browser.cookies[COOKIE], patience=10)
        self.assertEqual(answer.status, 200)

        self.assertEqual(newcomer.stop(), 0)
        self.cluster.wait_safe()
        self.assert_all_well()


class Garbage(WithCluster):
    """Bytes that no member sends, on the port for members."""

    def test_bytes_that_are_no_protocol_disturb_nobody(self):
        noise = random.Random(1)
        for member in self.cluster:
            talk(member, b"")
            talk(member, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            talk(member, b"", lenient_tls())
            talk(member, http2.PREFACE + noise.randbytes(100_000))
            talk(member, http2.PREFACE + http2.frame(4, 0, 0, b"") +
                      b"\xff\xff\xff\x00\x00\x00\x00\x00\x01")  # a frame of 16 MB that never comes
            for size in (1, 100, 10_000, 1_000_000):
                talk(member, noise.randbytes(size))
        self.assert_all_well()

    def test_calls_that_no_member_makes_are_refused(self):
        for member in self.cluster:
            for path, metadata in (("/sojourn.v1.Peer/Connect", {}), ("/other.Service/Method", {}),
                                   ("/sojourn.v1.Peer/Connect", {"sojourn-cluster": "x" * 5000})):
                talk(member, http2.call(path, metadata, b"hello"))
        self.assert_all_well()

    def test_connections_that_say_nothing_disturb_nobody(self):
        connections = [socket.create_connection(("127.0.0.1", member.peer_port), timeout=2)
                       for member in self.cluster for _ in range(100)]
        try:
            self.assert_all_well()
        finally:
            for connection in connections:
                connection.close()

    def test_a_peer_whose_frames_make_no_sense_is_cut_off_and_told_apart(self):
        member = self.cluster["auth-2"]
        rejected = member.status()["store"]["frames_rejected"]
        # Under the name of a true member, whose connection this one replaces for a moment.
        talk(member, call_as_auth_0("auth-2", random.Random(2).randbytes(2000)))

        member.wait_until(lambda: "member auth-0 sent a bad frame" in member.output(),
                          "logs the bad frame")
        self.assertGreater(member.status()["store"]["frames_rejected"], rejected)
        self.assert_connected()
        self.assert_all_well()


class Certificates(Intruder, WithCluster):
    """Mutual TLS between the members, from files."""

    needs = ("openssl",)

    @staticmethod
    def tls(directory):
        return (f"tls {{\n\t\t\tcertificate {directory}/{{env.MEMBER}}.pem\n"
                f"\t\t\tkey {directory}/{{env.MEMBER}}.key\n"
                f"\t\t\tca {directory}/ca.pem\n\t\t}}")

    @classmethod
    def cluster_options(cls):
        cls.certificates = cls.directory / "certificates"
        cls.make_certificates("loopback", *NAMES, "auth-9")
        return {"security": cls.tls(cls.certificates)}

    @classmethod
    def make_certificates(cls, cluster, *names):
        subprocess.run([MAKE_CERTIFICATES, cls.certificates, cluster, *names], check=True,
                       timeout=20)

    def test_members_with_certificates_of_their_own_work_as_one(self):
        self.assert_all_well()

    def test_a_server_with_the_certificate_of_another_does_not_start(self):
        stolen = self.directory / "stolen"
        stolen.mkdir()
        for file, source in (("ca.pem", "ca.pem"), ("auth-0.pem", "auth-9.pem"),
                             ("auth-0.key", "auth-9.key")):
            shutil.copy(self.certificates / source, stolen / file)

        intruder = self.intruder("auth-0", security=self.tls(stolen))

        self.assertNotEqual(intruder.wait(), 0)
        self.assertIn(f"{stolen}/auth-0.pem lacks the DNS name auth-0.loopback", intruder.output())

    def test_a_member_that_is_named_by_another_certificate_is_refused(self):
        member = self.cluster["auth-2"]
        for certificate, is_refused in (("auth-9", True), ("auth-0", False)):
            with self.subTest(certificate):
                tls = lenient_tls()
                tls.load_cert_chain(self.certificates / f"{certificate}.pem",
                                    self.certificates / f"{certificate}.key")
                tls.set_alpn_protocols(["h2"])
                before = member.output()

                talk(member, call_as_auth_0("auth-2", b"no frame"), tls)

                words = ("its certificate lacks the DNS name auth-0.loopback" if is_refused
                         else "member auth-0 sent a bad frame")
                member.wait_until(lambda: words in member.output()[len(before):], f"logs '{words}'")
        self.assert_connected()
        self.assert_all_well()

    def test_a_server_of_another_authority_gets_nowhere(self):
        foreign = self.directory / "foreign"
        subprocess.run([MAKE_CERTIFICATES, foreign, "loopback", "auth-0"], check=True, timeout=20)
        intruder = self.intruder("auth-0", security=self.tls(foreign))
        intruder.wait_until(lambda: "error" in intruder.output(), "logs that it is not let in")
        self.assert_all_well()
        self.assertFalse(intruder.is_ready())
        self.assertEqual(intruder.stop(), 0)

    def test_a_server_that_speaks_plain_text_gets_nowhere(self):
        intruder = self.intruder("auth-0")
        intruder.wait_until(lambda: "listening on" in intruder.output(), "has started")
        self.assert_all_well()
        self.assertFalse(intruder.is_ready())
        self.assertEqual(intruder.stop(), 0)


class Configurations(EndToEnd):
    def setUp(self):
        self.cluster = Cluster(GATEHOUSE, self.directory)
        self.text = self.cluster.config.read_text()

    def start_with(self, text, *arguments, node="auth-0"):
        config = self.directory / "Mistaken"
        config.write_text(text)
        node = ["--node", node] if node else []
        return subprocess.run([GATEHOUSE, "--config", config, *node, *arguments],
                              capture_output=True, text=True, timeout=10,
                              env={**os.environ, "COOKIE_KEY": "k" * 32})

    def test_a_right_configuration_is_valid(self):
        result = self.start_with(self.text, "--check")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_mistake_is_told_with_its_file_and_line(self):
        mistakes = [
            ("enable identity store", "enable idendity store", "unknown directive"),
            ("cluster loopback", "cluster", "expected the cluster's name"),
            ('password "bcrypt:', 'password "plain:', "bcrypt"),
            ("127.0.0.0/8", "127.0.0.0/33", "is neither a range"),
            ("cluster loopback", "idle soon", "not a duration"),
            ("{env.COOKIE_KEY}", "short", "32 bytes"),
            ("{env.COOKIE_KEY}", "{env.COOKIE_KEI}", "COOKIE_KEI is not set"),
            ("cluster loopback", "cluster loopback {", "no block is expected"),
        ]
        for right, wrong, words in mistakes:
            with self.subTest(wrong):
                self.assert_told(right, wrong, words, self.line_of(right))

    def test_a_cluster_that_cannot_work_is_told_without_starting_it(self):
        one, two = (line.split()[2] for line in self.text.splitlines()
                    if line.lstrip().startswith(("member auth-0", "member auth-1")))
        member = self.line_of("member auth-1")
        mistakes = [
            (f"auth-1 {two}", f"auth.1 {two}", member, '"auth.1" is not'),
            (two, one, member, f"{one} is the address of auth-0 as well"),
            (two, "127.0.0.1:0", member, "with a port from 1 to 65535"),
            ("cluster loopback", "listen example.com:7100", self.line_of("cluster"),
             "is not a numeric address"),
        ]
        for right, wrong, line, words in mistakes:
            with self.subTest(wrong):
                self.assert_told(right, wrong, words, line, "--check")
        witnesses = self.start_with(re.sub(r"(member \S+ \S+)", r"\1 capacity 0", self.text),
                                    "--check")
        self.assertEqual(witnesses.returncode, 1)
        self.assertIn("nobody would hold sessions", witnesses.stderr)

    def test_a_mistake_on_the_command_line_is_told_with_its_option(self):
        for arguments, words in ((("--listen", "foo"), "--listen: 'foo' is not an address"),
                                 (("--node", "auth.0"), '--node: sojourn: name: "auth.0" is not')):
            with self.subTest(words):
                result = self.start_with(self.text, "--check", *arguments, node=None)
                self.assertEqual(result.returncode, 1)
                self.assertIn(words, result.stderr)

    def test_files_for_tls_are_checked_without_starting(self):
        tls = "tls {\n certificate /nowhere/a.crt\n key /nowhere/a.key\n ca /nowhere/ca.crt\n}"
        self.assert_told("insecure", tls, "/nowhere/a.crt cannot be read",
                         self.line_of("insecure"), "--check")

    def test_a_name_that_nothing_has_is_told_where_it_is_used(self):
        self.assert_told("enable identity store localdb", "enable identity store nobody",
                         "no local identity store 'nobody'", self.line_of("authentication portal"))
        self.assert_told("authenticate with main", "authenticate with mane",
                         "no authentication portal 'mane'", self.line_of("route /auth*"))

    def line_of(self, words):
        return self.text[:self.text.index(words)].count("\n") + 1

    def assert_told(self, right, wrong, words, line, *arguments):
        self.assertIn(right, self.text)
        result = self.start_with(self.text.replace(right, wrong, 1), *arguments)
        self.assertNotEqual(result.returncode, 0)
        told = [each for each in result.stderr.splitlines()
                if each.startswith(f"{self.directory / 'Mistaken'}:{line}: ") and words in each]
        self.assertTrue(told, f"line {line} and '{words}' were expected: {result.stderr}")

    def test_a_list_of_members_without_this_one_is_refused(self):
        result = self.start_with(self.text, node="auth-7")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("auth-7", result.stderr)

    def test_all_mistakes_are_told_at_once(self):
        result = self.start_with(self.text.replace("insecure", "insecur").replace("roles", "rolls"))
        self.assertGreaterEqual(len(result.stderr.splitlines()), 3)

    def test_plain_text_beyond_loopback_is_not_taken_for_meant(self):
        result = self.start_with(self.text.replace(" 127.0.0.1:", " 192.0.2.1:"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("not on loopback", result.stderr)

    def test_a_port_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            result = self.start_with(self.text, "--listen", address)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(address, result.stderr)

    def test_files_for_tls_that_cannot_be_used_are_named(self):
        tls = "tls {\n certificate /nowhere/a.crt\n key /nowhere/a.key\n ca /nowhere/ca.crt\n}"
        result = self.start_with(self.text.replace("insecure", tls))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("/nowhere/a.crt", result.stderr)


if __name__ == "__main__":
    main(sys.modules[__name__])
