"""What runs servers is told how they are: a service manager, and hooks that run before a stop."""

import os
import re
import socket
import sys
import time

from harness import EndToEnd, GATEHOUSE, WithCluster, main, sign_in, whoami_at
from loopback.browser import request
from loopback.processes import wait_until
from loopback.servers import COOKIE, Cluster


class Safe(WithCluster):
    def test_a_hook_waits_until_the_server_may_stop(self):
        self.cluster.wait_safe()
        asked, stopped = self.cluster["auth-0"], self.cluster["auth-1"]
        self.assertEqual(request(asked.port, "GET", "/safe").body, "safe\n")

        stopped.pause()
        wait_until(lambda: request(asked.port, "GET", "/safe").status == 503, "a copy is missing")
        refused = request(asked.port, "GET", "/safe?wait=nonsense")
        self.assertEqual(refused.status, 503)
        self.assertTrue(refused.body.startswith("not safe: "), refused.body)

        # The two that are left make the copies anew, and the answer comes then.
        self.assertEqual(request(asked.port, "GET", "/safe?wait=30", timeout=40).body, "safe\n")
        stopped.resume()
        self.cluster.wait_safe()


class Monitored(WithCluster):
    def test_each_stage_of_health_has_an_address(self):
        self.cluster.wait_safe()
        port = self.cluster["auth-0"].port
        for path, stage in (("/startupz", "started"), ("/healthz", "alive"), ("/readyz", "ready"),
                            ("/safe", "safe")):
            answer = request(port, "GET", path)
            self.assertEqual((answer.status, answer.body.splitlines()[0]), (200, stage), path)

    def test_prometheus_reads_whether_the_balancer_follows_the_cookie(self):
        if request(self.cluster["auth-0"].port, "GET", "/metrics").status == 404:
            self.skipTest("gatehouse was built without Prometheus")
        browser = self.anywhere()
        sign_in(browser)
        cookie = browser.cookies[COOKIE]
        owner = cookie.rsplit(".", 1)[1]
        elsewhere = next(name for name in self.ports if name != owner)
        before = {name: self.sticky(name) for name in (owner, elsewhere)}

        for _ in range(5):
            self.assertEqual(whoami_at(self.ports[owner], cookie).status, 200)
            self.assertEqual(whoami_at(self.ports[elsewhere], cookie).status, 200)

        self.assertEqual(self.sticky(owner)["hit"], before[owner]["hit"] + 5)
        self.assertEqual(self.sticky(elsewhere)["hit"], before[elsewhere]["hit"])
        self.assertEqual(self.sticky(elsewhere)["miss"], before[elsewhere]["miss"] + 5)

    def sticky(self, name):
        """By what the routes of requests were, how many there have been."""
        answer = request(self.ports[name], "GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer["Content-Type"].startswith("text/plain; version=0.0.4"))
        return {result: int(float(count)) for result, count in
                re.findall(r'^sojourn_sticky_total\{result="(\w+)"\} (\S+)$', answer.body, re.M)}


class ServiceManager(EndToEnd):
    def test_it_hears_when_a_server_is_ready_and_alive_and_stopping(self):
        self.directory.mkdir(exist_ok=True)
        path = self.directory / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(20)
            os.environ.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="300000")
            try:
                cluster = Cluster(GATEHOUSE, self.directory / "cluster", names=("auth-0",))
                with cluster:
                    self.assertEqual(self.hear(manager, "READY=1"), "READY=1")
                    self.hear(manager, "STATUS=ready")
                    self.hear(manager, "WATCHDOG=1")
                    self.hear(manager, "WATCHDOG=1")
                    self.assertEqual(cluster.stop(), {"auth-0": 0})
                self.assertIn("STATUS=stopping", self.hear(manager, "STOPPING=1"))
            finally:
                del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]

    def hear(self, manager, what):
        """The next datagram that says it."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            text = manager.recv(4096).decode()
            if what in text.splitlines():
                return text
        raise TimeoutError(what)


if __name__ == "__main__":
    main(sys.modules[__name__])
