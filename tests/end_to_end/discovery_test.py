#!/usr/bin/env python3
"""Servers on one port of three addresses, which know of each other only a name of DNS."""

import getpass
import os
import shutil
import sys

from harness import COOKIE, Browser, WithCluster, main, sign_in, sign_out, whoami_at
from loopback.processes import Process, accepts_connections, free_port

PATIENCE = 10


class FoundByDns(WithCluster):
    needs = ("dnsmasq",)

    @classmethod
    def cluster_options(cls):
        dns_port, peer_port = free_port(), free_port()
        hosts = cls.directory / "hosts"
        hosts.write_text("".join(f"127.0.0.{host} gatehouse.test\n" for host in (1, 2, 3)))
        dns = Process("dnsmasq", [
            shutil.which("dnsmasq", path=os.environ["PATH"] + ":/usr/sbin"),
            "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=",
            f"--user={getpass.getuser()}", "--no-resolv", "--no-hosts", "--local=/test/",
            "--bind-interfaces", "--listen-address=127.0.0.1", f"--port={dns_port}",
            f"--addn-hosts={hosts}"], cls.directory / "dnsmasq.log")
        cls.addClassCleanup(dns.stop)
        dns.wait_until(lambda: accepts_connections(dns_port), "answers")
        return {"found": f"\t\tdns gatehouse.test {peer_port}\n"
                         f"\t\tdns_servers 127.0.0.1:{dns_port}\n"
                         f"\t\taddress {{env.ADDRESS}}:{peer_port}\n"
                         f"\t\tbootstrap_expect 3"}

    def test_a_login_at_one_is_a_session_at_all_and_ends_everywhere(self):
        sign_in(browser := Browser(self.cluster["auth-0"].port))
        session = browser.cookies[COOKIE]
        for member in self.cluster:
            self.assertEqual(member.status()["store"]["members"], 3)
            self.assertEqual(whoami_at(member.port, session).status, 200)

        elsewhere = Browser(self.cluster["auth-1"].port)
        elsewhere.cookies[COOKIE] = session
        sign_out(elsewhere, elsewhere.get("/auth/portal"))

        for member in self.cluster:
            self.assertEqual(whoami_at(member.port, session).status, 401)

    def test_a_server_that_is_restarted_is_found_again(self):
        sign_in(browser := Browser(self.cluster["auth-2"].port))

        self.assertEqual(self.cluster.restart("auth-2"), 0)

        for member in self.cluster:
            answer = whoami_at(member.port, browser.cookies[COOKIE], PATIENCE)
            self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    main(sys.modules[__name__])
