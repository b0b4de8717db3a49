"""S12: what a get costs as the cluster and the number of sessions grow."""

from ..clusters import Cluster
from ..judgement import Comparison, at_most
from . import row
from .local_get import BYTES_A_SESSION, fill, member, memory_mib_for

MEMBERS = (1, 2, 3, 5, 9)
SESSIONS = (10_000, 100_000, 1_000_000, 10_000_000)
CALLERS = 50


def flat(what, costs, noise, target=at_most(1.5)):
    """The dearest beside the cheapest of {size: [µs of each round]}."""
    dearest = max(costs, key=lambda size: sorted(costs[size])[len(costs[size]) // 2])
    cheapest = min(costs, key=lambda size: sorted(costs[size])[len(costs[size]) // 2])
    return Comparison(
        what=f"{what}: {dearest:,} beside {cheapest:,}",
        unit="µs",
        ours=costs[dearest],
        peer=costs[cheapest],
        peer_name=f"with {cheapest:,}",
        target=target,
        noise=noise,
        series={str(size): rounds for size, rounds in costs.items()},
    )


def processor_time(bench, cluster, **command):
    """Microseconds of all members for each get of the first one."""
    caller = cluster.processes[0]
    answer, used = bench.cpu_seconds(
        lambda: caller.ask("get", **command, **bench.window), cluster.processes
    )
    return used / answer["operations"] * 1e6


def cluster_of(bench, count):
    """So many members, of which the first calls, on the client's core, and the others share the
    other cores; with sessions of its own and files of ids, its own and the others'."""
    others = bench.cores.all - bench.cores.client or bench.cores.client
    cores = {f"m{i}": others if i else bench.cores.client for i in range(count)}
    return Cluster(bench, cores)


def by_members(bench):
    sessions = bench.size(10_000, 200)
    counts = bench.size(MEMBERS, (1, 2, 3))
    here, elsewhere = {}, {}
    for count in counts:
        own = cluster_of(bench, count)
        own.fill("m0", sessions=sessions)
        here[count] = own
        if count > 1:
            asking = cluster_of(bench, count)
            others = list(asking.members)[1:]
            asking.fill(*others, sessions=sessions, readers=["m0"])
            elsewhere[count] = asking
    sides = {}
    for count, cluster in here.items():
        sides["here", count] = lambda c=cluster: processor_time(bench, c, callers=CALLERS)
    for count, cluster in elsewhere.items():
        each = CALLERS * (count - 1)
        sides["each", count] = lambda c=cluster, n=each: processor_time(bench, c, callers=n)
        sides["all", count] = lambda c=cluster: processor_time(bench, c, callers=CALLERS)
    results, noise = bench.in_turn(sides)

    def costs(kind):
        return {count: rounds for (name, count), rounds in results.items() if name == kind}

    return [
        flat("CPU a get, own sessions, by members", costs("here"), noise),
        flat(f"CPU a get elsewhere, {CALLERS} callers a member, by members", costs("each"), noise),
        flat(f"CPU a get elsewhere, {CALLERS} callers in all, by members", costs("all"), noise, None),
    ]


def possible(bench, sizes):
    """Those for which there is memory."""
    largest = bench.available_bytes() * 0.8 / BYTES_A_SESSION
    return [size for size in sizes if size <= largest]


def by_sessions(bench, sizes):
    """Of sessions of another member. Nobody has a backup, so that there is room for as many."""
    cluster = Cluster(
        bench,
        {"a": bench.cores.client, "b": bench.cores.server},
        copies=1,
        memory_mib=memory_mib_for(max(sizes)),
    )
    costs, noise = {}, ()
    for had, size in zip([0, *sizes], sizes):
        # Of the largest numbers, the gets are about a million that were made last.
        added = size - had
        cluster.fill("b", sessions=added, readers=["a"], one_of=max(1, added // 1_000_000))
        measure = {size: lambda: processor_time(bench, cluster, callers=CALLERS)}
        results, seen = bench.in_turn(measure)
        costs.update(results)
        noise += seen
    return flat("CPU a get elsewhere, by sessions", costs, noise)


def by_own_sessions(bench, sizes):
    """What is small enough stays in the processor's caches; the rest waits for memory. So it is
    not flat, and S6 says how near it is to what the memory allows."""
    driver = member(bench, 0, memory_mib_for(max(sizes)))
    costs, noise = {}, ()
    for had, size in zip([0, *sizes], sizes):
        fill(bench, driver, size - had)
        gets = min(size, 100_000)
        results, seen = bench.in_turn({size: lambda: driver.ask("stream", gets=gets)["ns"] / 1e3})
        costs.update(results)
        noise += seen
    return flat("get_local in a stream, by sessions", costs, noise, target=None)


@row("S12", "what a get costs with 1 to 9 members, and with 10⁴ to 10⁷ sessions", "itself")
def growth(bench):
    comparisons = by_members(bench)
    bench.stop_all()
    sizes = possible(bench, bench.size(SESSIONS, (1_000, 5_000)))
    comparisons.append(by_sessions(bench, sizes))
    bench.stop_all()
    comparisons.append(by_own_sessions(bench, sizes))
    return comparisons
