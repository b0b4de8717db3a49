"""The floor of a row: what it cannot do without, measured without members. Frames with the same
sessions in them are written, read, and put into tables, over the same gRPC (floor_benchmark.cc); or
for a lone caller frames with nothing in them (stream_benchmark.cc)."""

import json

from .judgement import Comparison

# Sessions of a frame, as members have them: of 50 callers a half asks in each of two frames; of more
# callers, as many as a frame holds.
FIFTY_CALLERS = 25
MANY_CALLERS = 110
# What the transport leaves out of gRPC.
LEFT_OUT = [
    f"grpc.{name}=0"
    for name in ("per_message_compression", "per_message_decompression", "enable_channelz")
]


def _measure(bench, program, figure, options):
    command = [bench.program(f"benchmarks/{program}")]
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        command += [f"--{name.replace('_', '-')}", *map(str, values)]
    cores = ",".join(str(min(core)) for core in (bench.cores.client, bench.cores.server))
    command += ["--cores", cores]
    return lambda: json.loads(bench.run(command))[figure]


def floor(bench, work, messages, quick=2_000, figure="per_second", **options):
    """A call that measures it, to sessions a second, or another figure of floor_benchmark's."""
    if bench.quick:
        options = {**options, "operations": quick, "sessions": quick}
    options = {"work": work, "messages": messages, **options}
    return _measure(bench, "floor_benchmark", figure, options)


def empty_frame(bench, **options):
    """A call that measures the median time of one frame there and back, in microseconds."""
    options = {"how": "queue", "seconds": bench.seconds, "argument": LEFT_OUT, **options}
    return _measure(bench, "stream_benchmark", "p50_us", options)


def comparison(results, what, peer, peer_name, noise, unit="/s", side="floor"):
    """The line of it; the peer is the row's: a number of each round, or None."""
    return Comparison(
        what=f"floor: {what}",
        unit=unit,
        ours=results[side],
        peer=peer,
        peer_name=peer_name,
        noise=noise,
    )
