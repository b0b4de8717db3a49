"""S10: what gets notice when a million sessions expire at once."""

import math
import time

from ..clusters import pair
from ..judgement import Comparison, at_most
from ..processes import Failure
from . import row

LIVING = 10_000
ATTEMPTS = 3
# How long removals are watched, at most. What is left then goes while the next ones are made: each
# write takes one along.
WATCHED_SECONDS = 10


class Expiring:
    """Makes sessions of `b` that expire all at once, after a calm of so many seconds. How long it
    takes to make them is only known afterwards, and depends on what else the machine does: where it
    was longer than thought, they are let go, and made again with more time."""

    def __init__(self, cluster, sessions, calm_seconds, a_session):
        self.cluster = cluster
        self.sessions = sessions
        self.calm_seconds = calm_seconds
        self.a_session = a_session  # seconds that it takes to make one

    def make(self):
        """The moment before which none expires."""
        for _ in range(ATTEMPTS):
            seconds = math.ceil(1.5 * self.a_session * self.sessions + self.calm_seconds + 1)
            expires = time.monotonic() + seconds
            took = self.cluster.fill("b", sessions=self.sessions, expire_in=seconds)
            self.a_session = took / self.sessions
            if expires - time.monotonic() >= self.calm_seconds:
                return expires
            self.cluster["b"].ask("await_expiry", sessions=self.sessions, timeout=seconds + 600)
        raise Failure(f"{ATTEMPTS} times sessions were made too slowly to expire all at once")


@row("S10", "gets while a million sessions expire", "the same gets in calm")
def expiry(bench):
    cluster = pair(bench)
    living = bench.size(LIVING, 200)
    a_session = cluster.fill("b", sessions=living, readers=["a"]) / living
    sessions = bench.size(1_000_000, 1_000)
    calm_seconds = bench.size(3.0, 1.0)
    # They are made while nothing is measured, and expire when gets have run for a while in calm.
    expiring = Expiring(cluster, sessions, calm_seconds, a_session)

    def measure():
        expires = expiring.make()
        watched = bench.size(WATCHED_SECONDS, 1)
        cluster["b"].tell("await_expiry", sessions=sessions, seconds=watched, timeout=600)
        # They expire within a second.
        left = expires - time.monotonic() + 1 + watched
        cluster["a"].tell("get", seconds=left, warm=0.2, keep="yes")
        owner = cluster["b"].answer()
        cluster["a"].answer()
        begin, first, last = (owner[moment] for moment in ("begin", "first", "last"))
        calm = cluster["a"].ask("during", **{"from": begin["at"] + 0.5, "to": first["at"] - 0.05})
        during = cluster["a"].ask("during", **{"from": first["at"] - 0.05, "to": last["at"]})
        if not calm["count"] or not during["count"]:
            raise Failure("sessions expired before there were gets in calm")
        usual = (first["cpu"] - begin["cpu"]) / (first["at"] - begin["at"])
        took = last["at"] - first["at"]
        ended = last["ended"] - first["ended"]
        return {
            "calm": calm,
            "during": during,
            "a_second": ended / took,
            "cpu_us": max(0.0, last["cpu"] - first["cpu"] - usual * took) / ended * 1e6,
        }

    results, noise = bench.in_turn({"all": measure})
    rounds = results["all"]
    calm_p99 = [each["calm"]["p99_us"] for each in rounds]
    unsteady = sum(each["calm"]["max_us"] > 2 * each["calm"]["p99_us"] for each in rounds)
    calm_noise = (f"in {unsteady} of {len(rounds)} rounds the slowest get in calm was beyond 2 × p99",)
    return [
        Comparison(
            what=f"99 % of gets while {sessions:,} sessions expire",
            unit="µs",
            ours=[each["during"]["p99_us"] for each in rounds],
            peer=calm_p99,
            peer_name="99 % in calm",
            target=at_most(2.0),
            noise=noise,
        ),
        Comparison(
            what="the slowest get meanwhile",
            unit="µs",
            ours=[each["during"]["max_us"] for each in rounds],
            peer=calm_p99,
            peer_name="99 % in calm",
            target=at_most(2.0),
            in_calm=[each["calm"]["max_us"] for each in rounds],
            noise=noise + (calm_noise if unsteady else ()),
        ),
        Comparison(
            what="processor time of the owner for each that expires",
            unit="µs",
            ours=[each["cpu_us"] for each in rounds],
        ),
        Comparison(
            what="expired sessions removed while nothing else is written",
            unit="/s",
            ours=[each["a_second"] for each in rounds],
        ),
    ]
