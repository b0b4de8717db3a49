"""Load balancers and proxies with the configurations that sojournctl writes for them.

Each is a child of this process, has its files in the directory that it is given, and is checked by
its own checker before it starts. What is added here is only what a machine already has: which
processes, which modules, where logs go.
"""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

from loopback.processes import Process, accepts_connections, free_port
from loopback.servers import COOKIE

AM_ROOT = os.geteuid() == 0
SOJOURNCTL = os.environ["SOJOURNCTL"]


def written(target, nodes, *options):
    """What sojournctl writes. `nodes` are addresses by name."""
    named = [word for name, address in nodes.items() for word in ("--node", f"{name}={address}")]
    return subprocess.run([SOJOURNCTL, "lb", target, *named, *options], check=True, text=True,
                          capture_output=True, timeout=10).stdout


class Balancer:
    """What the balancers differ in."""

    program = ""
    # Environment variables for directories that it would write into.
    homes = ()
    # Whether starting it says no more than its checker, which takes as long.
    starting_is_checking = False

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(exist_ok=True)

    def prepare(self, text):
        """Puts the files where `check` and `run` expect them."""

    def check(self, port):
        """The command that only looks at the configuration."""

    def run(self, port):
        """The command that serves."""

    @property
    def environment(self):
        return {**os.environ, **{name: str(self.directory) for name in self.homes}}

    def check_result(self, text, port=0):
        """What its own checker says: the exit status, and the text."""
        self.prepare(text)
        done = subprocess.run([str(word) for word in self.check(port)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=30,
                              env=self.environment)
        return done.returncode, done.stdout

    @contextlib.contextmanager
    def serving(self, text, port):
        if self.starting_is_checking:
            self.prepare(text)
        else:
            status, said = self.check_result(text, port)
            if status != 0:
                raise AssertionError(f"{self.program} does not take its configuration:\n{said}")
        # These have processes of their own to end.
        process = Process(self.program, self.run(port), self.directory / f"{self.program}.log",
                          self.environment, on_our_death=signal.SIGTERM)
        try:
            process.port = port
            process.wait_until(lambda: accepts_connections(port), "accepts connections")
            yield process
        finally:
            process.stop()

    @classmethod
    def version(cls):
        said = subprocess.run([cls.program, *cls.version_options], capture_output=True, text=True,
                              env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"})
        return re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr).group()

    version_options = ("-v",)


class HAProxy(Balancer):
    program = "haproxy"

    def prepare(self, text):
        self.config = self.directory / "haproxy.cfg"
        self.config.write_text("global\n    maxconn 256\n" + text)

    def check(self, port):
        return ["haproxy", "-c", "-q", "-f", self.config]

    def run(self, port):
        return ["haproxy", "-db", "-f", self.config]


class Nginx(Balancer):
    program = "nginx"

    def prepare(self, text):
        self.config = self.directory / "nginx.conf"
        (self.directory / "generated.conf").write_text(text)
        self.config.write_text(f"""\
{"user root;" if AM_ROOT else ""}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 128; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include generated.conf;
}}
""")

    def run(self, port):
        return ["nginx", "-p", self.directory, "-c", self.config, "-e", "stderr"]

    def check(self, port):
        return [*self.run(port), "-t", "-q"]


class Apache(Balancer):
    program = "apache2"
    modules = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http", "proxy_balancer",
               "proxy_hcheck", "slotmem_shm", "lbmethod_byrequests")

    def prepare(self, text):
        self.config = self.directory / "apache.conf"
        (self.directory / "generated.conf").write_text(text)
        # Apache will not serve as root.
        user = "User www-data\nGroup www-data" if AM_ROOT else ""
        modules = "\n".join(f"LoadModule {each}_module /usr/lib/apache2/modules/mod_{each}.so"
                            for each in self.modules)
        self.config.write_text(f"""\
ServerName 127.0.0.1
ServerRoot {self.directory}
DefaultRuntimeDir {self.directory}
PidFile apache.pid
ErrorLog {self.directory}/error.log
{user}
{modules}
StartServers 1
ThreadsPerChild 16
Include {self.directory}/generated.conf
""")

    def check(self, port):
        return ["apache2", "-d", self.directory, "-f", self.config, "-t"]

    def run(self, port):
        return ["apache2", "-d", self.directory, "-f", self.config, "-DFOREGROUND"]


class Caddy(Balancer):
    program = "caddy"
    version_options = ("version",)
    # Where it would leave files of its own.
    homes = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")

    def prepare(self, text):
        self.config = self.directory / "Caddyfile.caddy"
        self.config.write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)

    def check(self, port):
        return ["caddy", "validate", "--config", self.config, "--adapter", "caddyfile"]

    def run(self, port):
        return ["caddy", "run", "--config", self.config, "--adapter", "caddyfile"]


class Varnish(Balancer):
    program = "varnishd"
    starting_is_checking = True
    version_options = ("-V",)

    def prepare(self, text):
        self.config = self.directory / "balancer.vcl"
        self.config.write_text(text)

    # Neither secrets nor statistics outside the directory; and it may not be closed up as root's.
    @property
    def _own(self):
        return ["-n", self.directory / "work", *(["-j", "none"] if AM_ROOT else [])]

    def check(self, port):
        return ["varnishd", *self._own, "-C", "-f", self.config]

    def run(self, port):
        return ["varnishd", *self._own, "-F", "-f", self.config, "-a", f"127.0.0.1:{port}",
                "-s", "malloc,16m", "-T", "none"]


TARGETS = {"haproxy": HAProxy, "nginx": Nginx, "apache": Apache, "caddy": Caddy,
           "varnish": Varnish}


def on_loopback(ports):
    return {name: f"127.0.0.1:{port}" for name, port in ports.items()}


def balancer(target, directory, ports, sticky=True, drained=()):
    """That balancer in front of `ports`, ports by name. Not sticky: it looks for a cookie that
    nobody sends."""
    port = free_port()
    drain = [word for name in drained for word in ("--drain", name)]
    text = written(target, on_loopback(ports), "--listen", f"127.0.0.1:{port}", "--show-node",
                   "--cookie", COOKIE if sticky else "nobody-sends-it", *drain)
    return TARGETS[target](directory).serving(text, port)


def asking_proxy(target, directory, ports, app):
    """A proxy in front of an application; each request is first shown to one of `ports`."""
    port = free_port()
    text = written(target, on_loopback(ports), "--listen", f"127.0.0.1:{port}", "--forward-auth",
                   f"127.0.0.1:{app}")
    return TARGETS[target](directory).serving(text, port)
