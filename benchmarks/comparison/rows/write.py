"""S5: writes that two processes hold before they are answered."""

from .. import floors
from ..clusters import pair
from ..judgement import Comparison, at_least
from . import row
from .remote_get import QUICK_SESSIONS, SESSIONS, column, redis_or_none

PEER = "Redis SET, WAIT 1"


@row("S5", "replicated writes, 50 callers", "Redis SET and WAIT 1, one replica, 50 connections")
def replicated_writes(bench):
    # Of the two, `a` calls: it owns what it makes, and `b` is the backup. What `b` made is changed
    # through `a` as well: it goes there and comes back as a replicated write.
    near = pair(bench)
    near.fill("a", sessions=bench.size(SESSIONS, QUICK_SESSIONS))
    far = pair(bench)
    far.fill("b", sessions=bench.size(SESSIONS, QUICK_SESSIONS), readers=["a"])
    redis = redis_or_none(bench, replica_on=bench.cores.backup)
    window = bench.window
    sides = {
        "create": lambda: near["a"].ask("create", callers=50, **window),
        "patch, owner here": lambda: near["a"].ask("patch", callers=50, **window),
        "patch, owner elsewhere": lambda: far["a"].ask("patch", callers=50, **window),
    }
    ours = list(sides)
    if redis:
        sides["Redis"] = lambda: redis.driver.ask("set_wait", connections=50, **window)
    sides["floor"] = floors.floor(
        bench, "writes", floors.FIFTY_CALLERS, operations=round(250_000 * bench.seconds)
    )
    results, noise = bench.in_turn(sides)
    peer = column(results, "Redis", "per_second")
    return [
        Comparison(
            what=f"replicated {verb}, 50 callers",
            unit="/s",
            ours=column(results, verb, "per_second"),
            peer=peer,
            peer_name=PEER,
            target=at_least(4.0),
            noise=noise,
        )
        for verb in ours
    ] + [
        floors.comparison(
            results, f"frames of {floors.FIFTY_CALLERS} creations, no members", peer, PEER, noise
        )
    ]
