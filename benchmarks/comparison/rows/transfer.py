"""S9: how fast a member that joins receives what it is to hold."""

import json

from .. import floors
from ..clusters import Cluster
from ..judgement import Comparison, at_least
from ..processes import MissingPeer
from . import row

PAYLOAD = 512
# Of 128 KiB.
SESSIONS_OF_CHUNK = 200


def iperf3(bench):
    """Bytes a second that one TCP connection carries over loopback, between the same cores."""
    program = bench.peer("iperf3")
    (port,) = bench.ports(1)
    address = ["--port", str(port), "--bind", "127.0.0.1"]
    server = bench.start([program, "--server", *address], bench.cores.server)
    server.await_port(port)

    def measure():
        seconds = max(1, round(bench.seconds))  # iperf3 takes whole ones
        command = [program, "--client", "127.0.0.1", "--port", str(port)]
        command += ["--time", str(seconds), "--json"]
        report = json.loads(bench.run(command, bench.cores.client))
        return report["end"]["sum_received"]["bits_per_second"] / 8

    return measure


@row("S9", "transfer of a million sessions to a member that joins", "iperf3 and memcpy")
def transfer(bench):
    sessions = bench.size(1_000_000, 2_000)
    # `a` holds all of them until `b` joins. The witness holds nothing, and makes two of three, so
    # that there is a cluster before `b` is there, and after it has gone.
    cluster = Cluster(
        bench,
        {"a": bench.cores.client, "witness": bench.cores.client, "b": bench.cores.server},
        later=["b"],
        witnesses=["witness"],
        patient=False,  # its patience is part of what is measured
    )
    cluster.fill("a", sessions=sessions, payload=PAYLOAD)

    def join():
        joining = cluster.join("b")
        seen = joining.ask("await", members=3, sessions=sessions, timeout=500)
        cluster.leave("b")
        return sessions / (seen["in_step"] - seen["admitted"])

    def copy():
        copied = cluster["a"].ask("copy", sessions=sessions, payload=PAYLOAD)
        return copied["bytes_per_second"] / PAYLOAD

    sides = {"ours": join, "memcpy": copy}
    try:
        over_tcp = iperf3(bench)
        sides["iperf3"] = lambda: over_tcp() / PAYLOAD
    except MissingPeer:
        pass
    sides["floor"] = floors.floor(
        bench, "transfer", SESSIONS_OF_CHUNK, in_flight=8, sessions=sessions
    )
    results, noise = bench.in_turn(sides)
    target = {"iperf3": at_least(1_000_000, of_ours=True)}
    return [
        Comparison(
            what=f"transfer of {sessions:,} sessions, beside {peer}",
            unit="/s",
            ours=results["ours"],
            peer=results.get(peer),
            peer_name=f"{peer}, {PAYLOAD} bytes each",
            target=target.get(peer),
            noise=noise,
        )
        for peer in ("iperf3", "memcpy")
    ] + [
        floors.comparison(
            results,
            f"chunks of {SESSIONS_OF_CHUNK}, no members",
            results.get("iperf3"),
            f"iperf3, {PAYLOAD} bytes each",
            noise,
        )
    ]
