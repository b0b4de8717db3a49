"""S14: far more calls than can be answered."""

from ..clusters import pair
from ..judgement import Comparison, at_least, at_most
from . import row

CALLERS = 4096
# As many as keep both members busy; who comes beyond them is refused at once.
IN_FLIGHT = 400
TIMES = 10


@row("S14", "ten times the load that can be answered", "itself at its peak")
def overload(bench):
    cluster = pair(bench, calls_in_flight=IN_FLIGHT)
    seconds = {"seconds": bench.window["seconds"], "warm": bench.window["warm"]}
    first_second = {"seconds": min(1.0, bench.window["seconds"]), "warm": 0}
    results = {"peak": [], "flood": [], "after": []}

    def peak():
        results["peak"].append(cluster["a"].ask("create", callers=IN_FLIGHT, **seconds))
        return results["peak"][-1]

    def flood():
        rate = TIMES * results["peak"][-1]["per_second"]
        results["flood"].append(
            cluster["a"].ask("flood", callers=CALLERS, rate=rate, **seconds)
        )
        # Directly afterwards.
        results["after"].append(
            cluster["a"].ask("create", callers=IN_FLIGHT, **first_second)
        )
        return results["flood"][-1]

    _, noise = bench.in_turn({"peak": peak, "flood": flood})
    peaks = [each["per_second"] for each in results["peak"]]

    def beside_the_peak(what, ours, limit):
        return Comparison(
            what=what,
            unit="/s",
            ours=ours,
            peer=peaks,
            peer_name="the peak",
            target=at_least(limit),
            noise=noise,
        )

    return [
        beside_the_peak(
            "creates answered under ten times the load",
            [each["answered_per_second"] for each in results["flood"]],
            0.8,
        ),
        beside_the_peak(
            "creates in the first second after it",
            [each["per_second"] for each in results["after"]],
            0.8,
        ),
        Comparison(
            what="offered meanwhile",
            unit="/s",
            ours=[each["offered_per_second"] for each in results["flood"]],
            peer=peaks,
            peer_name="the peak",
            noise=noise,
        ),
        Comparison(
            what="a refusal, 99 %",
            unit="µs",
            ours=[each["refused"]["p99_us"] for each in results["flood"]],
            target=at_most(10_000, of_ours=True),
            noise=noise,
        ),
    ]
