"""S11: the whole way of a request, from HTTP to another member's session and back (gatehouse)."""

import os
import re
import sys

from .. import floors
from ..judgement import Comparison, at_least
from ..processes import Failure, MissingPeer, cpu_seconds, move
from . import row

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "examples", "gatehouse"))
from loopback.browser import Browser, request  # noqa: E402
from loopback.servers import ANA, COOKIE, Cluster  # noqa: E402

GATEHOUSE = "examples/gatehouse/gatehouse"
CONNECTIONS = 50
PEER = "/healthz of the same server"


def sign_in(browser):
    """The cookie of somebody who has."""
    password = browser.follow(browser.submit(browser.get("/auth/login"), username=ANA.name))
    browser.submit(password, password=ANA.password)
    if COOKIE not in browser.cookies:
        raise Failure("gatehouse lets nobody sign in")
    return browser.cookies[COOKIE]


class Gatehouses:
    """Two of them: `auth-0` is asked, on the server's core, about a session of `auth-1`."""

    def __init__(self, bench):
        program = bench.program(GATEHOUSE)
        self._cluster = Cluster(program, bench.file("gatehouse"), names=("auth-0", "auth-1"))
        bench.adopt(self)
        self._cluster.__enter__()
        asked, owner = self._cluster
        move(asked.pid, bench.cores.server)
        move(owner.pid, bench.cores[2] if bench.cores.count > 2 else bench.cores.client)
        self.port = asked.port
        # Who makes a session owns it.
        self.cookies = {
            where: f"{COOKIE}={sign_in(Browser(member.port))}"
            for where, member in (("elsewhere", owner), ("here", asked))
        }

    def cpu_seconds(self):
        return sum(cpu_seconds(member.pid) for member in self._cluster)

    def end_soon(self):
        """They end by themselves when this program does."""

    def stop(self):
        self._cluster.stop()


def wrk(bench, url, headers):
    """Requests a second; none of them may be answered with an error."""
    seconds = max(1, round(bench.seconds))  # wrk takes whole ones
    command = [bench.peer("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    for name, value in headers:
        command += ["-H", f"{name}: {value}"]
    report = bench.run([*command, url], bench.cores.client)
    if "Non-2xx" in report or "Socket errors" in report:
        raise Failure(f"wrk {url}: {report}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", report).group(1))


@row("S11", "/verify of gatehouse, the session on another member", "a constant of the same server")
def whole_way(bench):
    if not bench.has_peer("wrk") or not bench.has_program(GATEHOUSE):
        return []
    gatehouses = Gatehouses(bench)
    # The same request in all cases, so that reading it costs the same.
    headers = {
        where: [
            ("Cookie", cookie),
            ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "app.example.com"),
            ("X-Forwarded-Uri", "/"),
        ]
        for where, cookie in gatehouses.cookies.items()
    }
    for of_one in headers.values():
        answer = request(gatehouses.port, "GET", "/verify", of_one)
        if answer.status != 200:
            raise Failure(f"/verify says {answer.status}")
    url = f"http://127.0.0.1:{gatehouses.port}"
    results, noise = bench.in_turn(
        {
            "elsewhere": lambda: wrk(bench, f"{url}/verify", headers["elsewhere"]),
            "here": lambda: wrk(bench, f"{url}/verify", headers["here"]),
            "constant": lambda: wrk(bench, f"{url}/healthz", headers["elsewhere"]),
            "get": floors.floor(bench, "gets", floors.FIFTY_CALLERS, figure="asker_cpu_us"),
        }
    )
    # The asked one's core does nothing else.
    results["floor"] = [
        1 / (1 / here + get / 1e6) for here, get in zip(results["here"], results["get"])
    ]
    return [
        Comparison(
            what=f"/verify, {CONNECTIONS} connections, session {where}",
            unit="/s",
            ours=results[where],
            peer=results["constant"],
            peer_name=PEER,
            target=target,
            noise=noise,
        )
        # Without the way to the other member it can only be faster: the limit of the first line.
        for where, target in (("elsewhere", at_least(0.7)), ("here", None))
    ] + [
        floors.comparison(
            results, "session here, and the floor of a get", results["constant"], PEER, noise
        )
    ]
