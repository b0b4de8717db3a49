"""Clusters of members, each a process of its own that obeys commands (session_load.cc)."""

import subprocess
import time


class Cluster:
    """Members by their names; all of them are ready when this has been made."""

    def __init__(self, bench, cores, sync=(), copies=2, tls=None, memory_mib=0):
        """`cores` says for each member where it runs; members in `sync` are SyncStores."""
        self.bench = bench
        ports = bench.ports(len(cores))
        self.addresses = {name: f"127.0.0.1:{port}" for name, port in zip(cores, ports)}
        self.members = {}
        for name in cores:
            command = [bench.program("benchmarks/session_load"), "--name", name]
            for member, address in self.addresses.items():
                command += ["--member", f"{member}={address}"]
            command += ["--copies", str(copies), "--memory-mib", str(memory_mib)]
            command += ["--sync"] if name in sync else []
            command += ["--tls", tls] if tls else []
            self.members[name] = bench.driver(command, cores[name])
        for member in self.members.values():
            member.tell("await", members=len(cores))
        for member in self.members.values():
            member.answer()

    def __getitem__(self, name):
        return self.members[name]

    @property
    def processes(self):
        return list(self.members.values())

    def fill(self, owner, sessions, readers=(), payload=512):
        """Makes sessions that one member owns, and tells others to ask for them from now on."""
        path = self.bench.file(f"{self.addresses[owner]}.{time.monotonic_ns()}.ids")
        self[owner].ask("fill", sessions=sessions, payload=payload, ids=path)
        for reader in readers:
            self[reader].ask("ids", **{"from": path})


def pair(bench, **options):
    """Who calls, on the client's core, and who is asked, on the server's."""
    return Cluster(bench, {"a": bench.cores.client, "b": bench.cores.server}, **options)


def certificates(bench, members, cluster="sojourn"):
    """A directory with an authority and a certificate of each member, as TlsOptions asks for."""
    directory = bench.file("tls")
    script = f"""
        set -e; mkdir -p {directory}; cd {directory}
        openssl ecparam -name prime256v1 -genkey -noout -out ca.key
        openssl req -x509 -new -key ca.key -subj /CN=benchmark -days 2 -out ca.pem
        for name in {' '.join(members)}; do
          openssl ecparam -name prime256v1 -genkey -noout -out $name.key
          openssl req -new -key $name.key -subj /CN=$name -out $name.csr
          printf 'subjectAltName=DNS:%s.{cluster}\\nextendedKeyUsage=serverAuth,clientAuth\\n' \
            $name > $name.ext
          openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
            -extfile $name.ext -out $name.pem
        done
    """
    subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    return directory
