"""S8: what a session takes of memory beyond its payload (memory_benchmark.cc)."""

import json

from ..judgement import Comparison, at_most
from . import row

PAYLOAD = 512


@row("S8", "memory a session beyond its 512 bytes", "Redis and memcached with an expiry each")
def memory(bench):
    program = bench.program("benchmarks/memory_benchmark")
    sessions = bench.size(1_000_000, 2_000)
    command = [program, "--json", "--payload", str(PAYLOAD), "--sessions", str(sessions)]
    # One run has all of them, each in a process of its own.
    results, _ = bench.in_turn({"all": lambda: json.loads(bench.run(command))})
    beyond = [
        {key: bytes_ - PAYLOAD for key, bytes_ in result.items()} for result in results["all"]
    ]
    ours = [result["plain"] for result in beyond]
    comparisons = [
        Comparison(
            what=f"memory a session of {sessions:,}, beyond its {PAYLOAD} bytes",
            unit="bytes",
            ours=ours,
            target=at_most(100, of_ours=True),
        )
    ]
    for peer in ("redis-server", "memcached"):
        if bench.has_peer(peer) and all(peer in result for result in beyond):
            comparisons.append(
                Comparison(
                    what=f"the same beside {peer}",
                    unit="bytes",
                    ours=ours,
                    peer=[result[peer] for result in beyond],
                    peer_name=peer,
                    target=at_most(1.0),
                )
            )
    comparisons.append(
        Comparison(
            what="what finding a subject's sessions adds",
            unit="bytes",
            ours=[result["indexed"] - result["plain"] for result in beyond],
        )
    )
    return comparisons
