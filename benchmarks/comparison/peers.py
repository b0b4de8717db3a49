"""What one would use instead, started as its users would for this job."""


class Redis:
    """A Redis without persistence, with a replica if asked for, and what drives it."""

    def __init__(self, bench, sessions, payload=512, replica_on=None):
        self.bench = bench
        program = bench.peer("redis-server")
        port, replica_port = bench.ports(2)
        self.server = self._start(program, port, bench.cores.server)
        if replica_on is not None:
            # Its own buffer of what it sent to the replica holds all that a run writes, and the
            # first copy goes straight over the connection.
            self._start(
                program, replica_port, replica_on, "--replicaof", f"127.0.0.1 {port}"
            )
        self.driver = bench.driver(
            [bench.program("benchmarks/redis_load"), "--port", str(port)], bench.cores.client
        )
        if replica_on is not None:
            self.driver.ask("await_replica")
        self.driver.ask("fill", sessions=sessions, payload=payload)

    def _start(self, program, port, cores, *more):
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "no", "--dir", self.bench.directory]
        command += ["--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"]
        server = self.bench.start(command + list(more), cores)
        server.await_port(port)
        return server
