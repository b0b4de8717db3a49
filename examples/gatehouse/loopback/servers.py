"""Three gatehouses that are members of one cluster."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loopback.browser import request
from loopback.processes import Process, free_port

NAMES = ("auth-0", "auth-1", "auth-2")
COOKIE = "__Host-sid"


@dataclass
class Person:
    name: str
    password: str
    full_name: str
    email: str
    roles: str


ANA = Person("ana", "correct horse battery", "Ana Lima", "ana@example.com", "app/user app/admin")
# Somebody who can sign in but has no role that the policy asks for.
BEN = Person("ben", "staple under a tree", "Ben Okri", "ben@example.com", "guest")

# One file for all members: what differs between them is said on their command lines.
CONFIG = """\
{{
	security {{
		local identity store localdb {{
{users}
		}}
		authentication portal main {{
			enable identity store localdb
			crypto key a sign-verify {{env.COOKIE_KEY}}
			trust login redirect uri domain exact 127.0.0.1 path prefix /
			{portal_line}
		}}
		authorization policy app {{
			set auth url {auth_url}
			allow roles app/user
			inject headers with claims
			inject headers for auth_request
		}}
	}}
	sojourn {{
		cluster {cluster}
{members}
		{security}
		{sojourn_line}
	}}
	trusted_proxies 127.0.0.0/8
	admin 127.0.0.1:{{$ADMIN_PORT:0}}
	{global_line}
}}

127.0.0.1:0 {{
	route /auth* {{
		authenticate with main
	}}
	route /verify* {{
		authorize with app
	}}
}}
"""

_USER = """\
			user {name} {{
				name {full_name}
				email {email}
				password "{password_hash}"
				roles {roles}
			}}"""


def hash_password(program, password):
    return subprocess.run([program, "hash-password"], input=password + "\n", text=True, check=True,
                          capture_output=True, timeout=10).stdout.strip()


class Gatehouse(Process):
    """One member. `port` is for browsers, `peer_port` for the other members, `admin_port` for
    operators."""

    def __init__(self, program, config, name, port, peer_port, admin_port, log, environment,
                 shared_port=None):
        listen = [f"127.0.0.1:{port}"]
        if shared_port:
            listen.append(f"{environment['ADDRESS']}:{shared_port}")
        super().__init__(name, [program, "--config", config, "--node", name,
                                *(word for each in listen for word in ("--listen", each))], log,
                         {**environment, "MEMBER": name, "ADMIN_PORT": str(admin_port)})
        self.port = port
        self.peer_port = peer_port
        self.admin_port = admin_port

    def order(self, path):
        """What an operator orders; the answer."""
        return request(self.admin_port, "POST", path)

    def is_ready(self):
        try:
            return request(self.port, "GET", "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def wait_ready(self, seconds=30):
        self.wait_until(self.is_ready, "/readyz says 200", seconds)

    def status(self):
        # Where it is answered until the very end.
        return json.loads(request(self.admin_port, "GET", "/status").body)

    def is_safe(self, members):
        """Whether it sees so many members, and every session has all its copies."""
        try:
            status = self.status()
        except OSError:
            return False
        return status["health"]["safe"] and status["store"]["members"] == members


class Cluster:
    """Starts the members in a directory of their own, and stops them:

        with Cluster(program, directory) as cluster:
            Browser(cluster["auth-0"].port).get("/auth/login")
    """

    def __init__(self, program, directory, names=NAMES, witness=None, cluster="loopback",
                 auth_url="/auth", security="insecure", portal_line="", sojourn_line="",
                 global_line="", people=(ANA, BEN), found=None, shared_port=None):
        """The member named `witness` holds nothing. {port} in `auth_url` is the first member's.
        `security` is what the sojourn block says about it, in which {env.MEMBER} is the member's
        name. `portal_line`, `sojourn_line` and `global_line` are added to those blocks. `found`
        stands in the sojourn block instead of the list of members; {env.ADDRESS} in it is the host
        of the member: 127.0.0.1, 127.0.0.2 and so on. At `shared_port` of that host it answers
        browsers as well."""
        self.program = Path(program)
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.members = {}
        self._names = names
        self._shared_port = shared_port
        self._environment = {name: {"ADDRESS": f"127.0.0.{at + 1}"} for at, name in enumerate(names)}
        self._peer_ports = {name: free_port() for name in names}
        self.ports = [free_port() for _ in names]
        self._admin_ports = [free_port() for _ in names]
        self.config = self.directory / "Caddyfile"
        self.config.write_text(CONFIG.format(
            users="\n".join(_USER.format(password_hash=hash_password(program, each.password),
                                         **vars(each)) for each in people),
            members=found or "\n".join(
                f"\t\tmember {name} 127.0.0.1:{port}{' capacity 0' if name == witness else ''}"
                for name, port in self._peer_ports.items()),
            cluster=cluster, auth_url=auth_url.format(port=self.ports[0]), security=security,
            portal_line=portal_line, sojourn_line=sojourn_line, global_line=global_line))

    def start(self, name):
        """Starts a member, or starts it again at the addresses and with the log that it had."""
        at = self._names.index(name)
        member = Gatehouse(
            self.program, self.config, name, self.ports[at], self._peer_ports[name],
            self._admin_ports[at], self.directory / f"{name}.log",
            {"COOKIE_KEY": "not a secret: everybody can read it here", **self._environment[name]},
            self._shared_port)
        self.members[name] = member
        return member

    def __enter__(self):
        try:
            for name in self._names:
                self.start(name)
            for member in self:
                member.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def __getitem__(self, name):
        return self.members[name]

    def __iter__(self):
        return iter(self.members.values())

    def others(self, name):
        return [member for member in self if member.name != name]

    def wait_safe(self, seconds=30):
        """Waits until all members are in one view and any one of them could be spared."""
        for member in self:
            member.wait_until(lambda: member.is_safe(len(self.members)), "all members are safe",
                              seconds)

    def restart(self, name):
        """Stops a member as an operator would, starts it again, and waits until another one may be
        stopped. The exit status of the first one."""
        status = self[name].stop()
        self.start(name)
        self.wait_safe()
        return status

    def stop(self):
        """Stops all members, all at once. Their exit statuses by name."""
        for member in self:
            member.ask_to_stop()
        return {member.name: member.stop() for member in self}

    def logs(self):
        return "".join(member.output() for member in self)

    def counters(self):
        """The sum of the members' counters."""
        total = {}
        for member in self:
            for group in member.status().values():
                if isinstance(group, dict):
                    for name, value in group.items():
                        if isinstance(value, int):
                            total[name] = total.get(name, 0) + value
        return total

    def remote_calls(self):
        """How often a member had to ask another one about a session, since the start. What counts
        wrong passwords is no session, and held by members that no cookie names."""
        counters = self.counters()
        return {"lookups": counters["reads_remote_hit"] + counters["reads_remote_miss"],
                "writes": counters["writes_remote"]}
