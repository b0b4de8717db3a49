"""HAProxy in front of the gatehouses."""

import subprocess
from pathlib import Path

from loopback.processes import Process, accepts_connections, free_port
from loopback.servers import COOKIE

_CONFIG = """\
global
    maxconn 256
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 5s
    timeout check 2s
    # A request that finds its server gone goes to another one at once: any if it was not sent yet,
    # and those that change nothing if the server died with them.
    option redispatch 1
    retries 3
    retry-on conn-failure empty-response
frontend browsers
    bind 127.0.0.1:{port}
    default_backend gatehouses
backend gatehouses
    balance roundrobin
    option forwardfor
    http-request disable-l7-retry if !METH_GET
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Proto http
    # Only to show who answered.
    http-response set-header X-Answered-By %s
    option httpchk GET /readyz
    default-server check inter 500ms fastinter 100ms fall 2 rise 1
{sticky}{servers}
"""

# The last part of "<id>.<owner>" is the name of a server below. A name of none is ignored.
_STICKY = f"    use-server %[req.cook({COOKIE}),field(-1,.)] if {{ req.cook({COOKIE}) -m sub . }}\n"


class HAProxy(Process):
    """Requests take turns over `ports`, a dictionary of servers' names and ports; with `sticky`,
    those that come with a session go to the server that the cookie names."""

    def __init__(self, directory, ports, sticky, port=None):
        self.port = port or free_port()
        config = Path(directory) / ("sticky.cfg" if sticky else "round-robin.cfg")
        config.write_text(_CONFIG.format(
            port=self.port, sticky=_STICKY if sticky else "",
            servers="\n".join(f"    server {name} 127.0.0.1:{at}" for name, at in ports.items())))
        subprocess.run(["haproxy", "-c", "-q", "-f", config], check=True, timeout=10)
        super().__init__("haproxy", ["haproxy", "-db", "-f", config], config.with_suffix(".log"))

    def __enter__(self):
        try:
            self.wait_until(lambda: accepts_connections(self.port), "accepts connections")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
