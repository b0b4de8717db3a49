"""The floor of a row: what it cannot do without, measured without members. Frames with the same
sessions in them are written, read, and put into tables, over the same gRPC (floor_benchmark.cc)."""

import json

from .judgement import Comparison

# Sessions of a frame, as members have them: of 50 callers a half asks in each of two frames; of more
# callers, as many as a frame holds.
FIFTY_CALLERS = 25
MANY_CALLERS = 110


def floor(bench, work, messages, quick=2_000, **options):
    """A call that measures it, to sessions a second."""
    command = [bench.program("benchmarks/floor_benchmark"), "--work", work]
    command += ["--messages", str(messages)]
    if bench.quick:
        options = {**options, "operations": quick, "sessions": quick}
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    cores = ",".join(str(min(core)) for core in (bench.cores.client, bench.cores.server))
    command += ["--cores", cores]
    return lambda: json.loads(bench.run(command))["per_second"]


def comparison(results, what, peer, noise):
    """The line of it; `peer` is the row's, of each round, or None."""
    return Comparison(
        what=f"floor: {what}, no members",
        unit="/s",
        ours=results["floor"],
        peer=peer,
        peer_name="as above",
        noise=noise,
    )
