"""S6, S7 and S13: sessions of the caller's own member, which are read on the caller's thread."""

from ..judgement import Comparison, at_least, at_most
from ..processes import TUNABLES
from . import row
from .remote_get import column

SESSIONS = 10_000_000
GETS = 1_000_000  # of a round
BYTES_A_SESSION = 512 + 100 + 80 + 30  # and what this row keeps of each: its id, its address


def memory_mib_for(sessions):
    """More than they take."""
    return 64 + sessions * 1000 // 2**20


# What docs/performance.md tells operators to set.
HUGE_PAGES = ["env", f"GLIBC_TUNABLES={TUNABLES}:glibc.malloc.hugetlb=1"]


def member(bench, sessions, memory_mib=None, under=()):
    """A driver that holds so many sessions and calls from the client's core, while the store's own
    threads run where they like."""
    program = bench.program("benchmarks/local_load")
    memory_mib = memory_mib or memory_mib_for(sessions)
    command = [*under, program, "--memory-mib", str(memory_mib)]
    driver = bench.driver(command, bench.cores.all)
    fill(bench, driver, sessions)
    return driver


def fill(bench, driver, sessions):
    """More sessions."""
    driver.move_to(bench.cores.all)
    if sessions:
        driver.ask("fill", sessions=sessions)
    driver.ask("pin", core=min(bench.cores.client))


def as_many_as_fit(bench, sessions):
    """So many, or fewer where there is no memory for so many."""
    possible = int(bench.available_bytes() * 0.8 / BYTES_A_SESSION)
    if possible < sessions:
        bench.say(f"memory is short: {possible:,} sessions instead of {sessions:,}")
    return min(possible, sessions)


@row("S6", "get_local of 10 million sessions, one thread", "a dependent random access to memory")
def beside_memory(bench):
    sessions = as_many_as_fit(bench, bench.size(SESSIONS, 20_000))
    usual = beside_memory_on(bench, sessions, "", at_most)
    return usual + beside_memory_on(bench, sessions, ", on huge pages", None, HUGE_PAGES)


def beside_memory_on(bench, sessions, where, target, under=()):
    driver = member(bench, sessions, under=under)
    gets = min(GETS, sessions)
    results, noise = bench.in_turn(
        {
            "stream": lambda: driver.ask("stream", gets=gets),
            "dependent": lambda: driver.ask("dependent", gets=gets),
            "memory": lambda: driver.ask("memory", gets=gets),
        }
    )
    bench.stop(driver)
    kinds = [("stream", "in a stream", 1.0), ("dependent", "each depending on the last", 2.5)]
    return [
        Comparison(
            what=f"get_local of {sessions:,} sessions, {words}{where}",
            unit="ns",
            ours=column(results, kind, "ns"),
            peer=column(results, "memory", "ns"),
            peer_name="a dependent access to the same memory",
            target=target and target(limit),
            noise=noise,
        )
        for kind, words, limit in kinds
    ]


@row("S7", "get_local by two threads on two cores", "one thread")
def two_threads(bench):
    sessions = as_many_as_fit(bench, bench.size(1_000_000, 20_000))
    driver = member(bench, sessions)
    cores = sorted(bench.cores.all)
    both = ",".join(str(core) for core in (cores[0], cores[-1]))
    results, noise = bench.in_turn(
        {
            "two": lambda: driver.ask("threads", cores=both, seconds=bench.seconds),
            "one": lambda: driver.ask("threads", cores=cores[0], seconds=bench.seconds),
        }
    )
    return [
        Comparison(
            what=f"get_local of {sessions:,} sessions, two threads",
            unit="/s",
            ours=column(results, "two", "per_second"),
            peer=column(results, "one", "per_second"),
            peer_name="one thread",
            target=at_least(1.8) if len(cores) > 1 else None,
            noise=noise,
        )
    ]


@row("S13", "async_get of a local session by a coroutine", "get_local")
def through_a_coroutine(bench):
    sessions = bench.size(100_000, 20_000)
    driver = member(bench, sessions)
    gets = sessions
    results, noise = bench.in_turn(
        {
            "async_get": lambda: driver.ask("by_coroutine", gets=gets),
            "alone": lambda: driver.ask("coroutine_alone", gets=gets),
            "get_local": lambda: driver.ask("stream", gets=gets),
        }
    )
    if "unsupported" in results["async_get"][0]:
        bench.say("this compiler and this Asio have no coroutines together: left out")
        return []
    beyond = [
        max(0.0, round(ours["allocations"] - alone["allocations"], 2))
        for ours, alone in zip(results["async_get"], results["alone"])
    ]
    return [
        Comparison(
            what="async_get of a local session by a coroutine",
            unit="ns",
            ours=column(results, "async_get", "ns"),
            peer=column(results, "get_local", "ns"),
            peer_name="get_local",
            noise=noise,
        ),
        Comparison(
            what="allocations of it beyond its handler's",
            unit="",
            ours=beyond,
            target=at_most(0.0, of_ours=True),
        ),
        Comparison(
            what="allocations of get_local",
            unit="",
            ours=[round(each["allocations"], 2) for each in results["get_local"]],
            target=at_most(0.0, of_ours=True),
        ),
    ]
