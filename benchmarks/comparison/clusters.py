"""Clusters of members, each a process of its own that obeys commands (session_load.cc)."""

import contextlib
import os
import time


class Cluster:
    """Members by their names; all of them are ready when this has been made."""

    def __init__(
        self,
        bench,
        cores,
        sync=(),
        later=(),
        witnesses=(),
        copies=2,
        tls=None,
        memory_mib=0,
        calls_in_flight=0,
        patient=True,
        busy_poll_us=0,
    ):
        """`cores` says for each member where it runs. Those in `sync` are SyncStores, those in
        `witnesses` hold nothing, and those in `later` only begin by join(). Patient ones do not
        take each other for dead when the machine is busy with other things, which has nothing to
        do with how fast they are."""
        self.bench = bench
        self.members = {}
        self._cores = cores
        self._sync = sync
        self._witnesses = witnesses
        at_once = [name for name in cores if name not in later]
        self._options = ["--copies", str(copies), "--memory-mib", str(memory_mib)]
        self._options += ["--expect", str(len(at_once))]
        self._options += ["--calls-in-flight", str(calls_in_flight)]
        self._options += ["--busy-poll-us", str(busy_poll_us)]
        self._options += ["--tls", tls] if tls else []
        self._options += ["--patient"] if patient else []
        for name, port in zip(cores, bench.ports(len(cores))):
            self._options += ["--member", f"{name}=127.0.0.1:{port}"]
        for name in at_once:
            self.join(name)
        self._await_members()

    def join(self, name):
        """Starts a member, which has then only begun to join."""
        command = [self.bench.program("benchmarks/session_load"), "--name", name, *self._options]
        command += ["--capacity", "0"] if name in self._witnesses else []
        command += ["--sync"] if name in self._sync else []
        self.members[name] = self.bench.driver(command, self._cores[name])
        return self.members[name]

    def leave(self, name):
        """A member ends, without handing anything over; the others go on without it."""
        self.bench.stop(self.members.pop(name))
        self._await_members()

    def _await_members(self):
        for member in self.processes:
            member.tell("await", members=len(self.members))
        for member in self.processes:
            member.answer()

    def __getitem__(self, name):
        return self.members[name]

    @property
    def processes(self):
        return list(self.members.values())

    def fill(self, *owners, sessions, readers=(), **options):
        """Makes sessions, as many of each owner, on all cores; and tells the readers to ask for
        those from now on. How many seconds making them took."""
        path = self.bench.file(f"{time.monotonic_ns()}.ids")
        file = {"ids": path} if readers else {}
        seconds = 0.0
        with self.on_all_cores():
            for owner in owners:
                made = self[owner].ask("fill", sessions=sessions // len(owners), **file, **options)
                seconds += made["seconds"]
            for reader in readers:
                self[reader].ask("ids", **{"from": path})
        return seconds

    @contextlib.contextmanager
    def on_all_cores(self):
        """For what is not measured."""
        for member in self.processes:
            member.move_to(self.bench.cores.all)
        yield
        for name, member in self.members.items():
            member.move_to(self._cores[name])


def pair(bench, **options):
    """Who calls, on the client's core, and who is asked, on the server's."""
    return Cluster(bench, {"a": bench.cores.client, "b": bench.cores.server}, **options)


def certificates(bench, members, cluster="sojourn"):
    """A directory with an authority and a certificate of each member, as TlsOptions asks for."""
    directory = bench.file("tls")
    os.makedirs(directory)

    def openssl(*words):
        bench.run(["openssl", *words], cwd=directory)

    def key(name):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    key("ca")
    authority = ["-key", "ca.key", "-subj", "/CN=benchmark", "-days", "2", "-out", "ca.pem"]
    openssl("req", "-x509", "-new", *authority)
    for name in members:
        key(name)
        with open(os.path.join(directory, f"{name}.ext"), "w", encoding="ascii") as extensions:
            extensions.write(f"subjectAltName=DNS:{name}.{cluster}\n")
            extensions.write("extendedKeyUsage=serverAuth,clientAuth\n")
        request = ["-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr"]
        openssl("req", "-new", *request)
        signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"]
        files = ["-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.pem"]
        openssl("x509", "-req", *files, *signing)
    return directory
