"""S1 to S4: sessions that another member owns, beside values that a Redis has."""

from functools import partial

from .. import floors
from ..clusters import certificates, pair
from ..judgement import Comparison, at_least, at_most
from ..peers import Redis
from ..processes import MissingPeer
from . import row

SESSIONS = 10_000
# StoreOptions::busy_poll of members that are to answer a lone caller soon.
BUSY = {"busy_poll_us": 50}
QUICK_SESSIONS = 200


def column(results, name, figure):
    """A figure of each round, or None if that side was not measured."""
    return [result[figure] for result in results[name]] if name in results else None


def redis_or_none(bench, **options):
    try:
        return Redis(bench, bench.size(SESSIONS, QUICK_SESSIONS), **options)
    except MissingPeer:
        return None


def remote_pair(bench, **options):
    """A caller `a`, and `b`, which owns the sessions that `a` asks for."""
    cluster = pair(bench, **options)
    cluster.fill("b", sessions=bench.size(SESSIONS, QUICK_SESSIONS), readers=["a"])
    return cluster


@row("S1", "remote get, one caller", "Redis GET, one connection")
def one_caller(bench):
    coroutines = {"": remote_pair(bench), ", busy_poll": remote_pair(bench, **BUSY)}
    blocking = {
        "": remote_pair(bench, sync=["a"]),
        ", busy_poll": remote_pair(bench, sync=["a"], **BUSY),
    }
    redis = redis_or_none(bench)
    window = bench.window
    # clang 14 and Asio 1.22 have no coroutines together.
    how = "coroutine" if coroutines[""]["a"].ask("features")["coroutines"] else "callback"
    sides = {}
    for name, by, clusters in (
        (f"a {how}", how, coroutines),
        ("a SyncStore", "blocking", blocking),
    ):
        for suffix, cluster in clusters.items():
            sides[name + suffix] = partial(cluster["a"].ask, "get", by=by, **window)
    ours = list(sides)
    if redis:
        sides["Redis"] = lambda: redis.driver.ask("get", **window)
    busy_poll = {"busy_poll": BUSY["busy_poll_us"]}
    floors_of = {
        "": floors.empty_frame(bench),
        ", busy_poll": floors.empty_frame(bench, **busy_poll),
    }
    sides |= {f"floor{suffix}": measure for suffix, measure in floors_of.items()}
    results, noise = bench.in_turn(sides)
    peer = column(results, "Redis", "p50_us")
    return [
        Comparison(
            what=f"remote get by {caller}, median",
            unit="µs",
            ours=column(results, caller, "p50_us"),
            peer=peer,
            peer_name="Redis GET, one connection",
            target=at_most(1.0),
            noise=noise,
        )
        for caller in ours
    ] + [
        floors.comparison(
            results,
            f"an empty frame{suffix}, median, no members",
            peer,
            "Redis GET, one connection",
            noise,
            unit="µs",
            side=f"floor{suffix}",
        )
        for suffix in floors_of
    ]


def throughput(bench, what, callers, redis_connections, limit, messages, tls=None):
    ours = remote_pair(bench, tls=tls)
    redis = redis_or_none(bench)
    window = bench.window
    sides = {"ours": lambda: ours["a"].ask("get", callers=callers, **window)}
    if redis:
        sides["Redis"] = lambda: redis.driver.ask("get", **redis_connections, **window)
    sides["floor"] = floors.floor(bench, "gets", messages, **({"tls": tls} if tls else {}))
    results, noise = bench.in_turn(sides)
    peer = column(results, "Redis", "per_second")
    one = redis_connections["connections"] == 1
    peer_name = "Redis GET, 1,024 in flight" if one else "Redis GET, 50 connections"
    floor = f"frames of {messages} gets{', TLS' if tls else ''}, no members"
    return [
        Comparison(
            what=what,
            unit="/s",
            ours=column(results, "ours", "per_second"),
            peer=peer,
            peer_name=peer_name,
            target=at_least(limit),
            noise=noise,
        ),
        floors.comparison(results, floor, peer, peer_name, noise),
    ]


@row("S2", "remote get, 50 callers", "Redis GET, 50 connections")
def fifty_callers(bench):
    what = "remote get, 50 callers"
    return throughput(bench, what, 50, {"connections": 50}, 4.0, floors.FIFTY_CALLERS)


@row("S3", "remote get, 1,024 callers", "Redis GET, one connection with 1,024 in flight")
def many_callers(bench):
    pipelined = {"connections": 1, "in_flight": 1024}
    what = "remote get, 1,024 callers"
    return throughput(bench, what, 1024, pipelined, 1.3, floors.MANY_CALLERS)


@row("S4", "remote get, 50 callers, mutual TLS", "Redis GET without TLS, 50 connections")
def with_tls(bench):
    tls = certificates(bench, ["a", "b"])
    what = "remote get, 50 callers, mutual TLS"
    return throughput(bench, what, 50, {"connections": 50}, 3.0, floors.FIFTY_CALLERS, tls=tls)
