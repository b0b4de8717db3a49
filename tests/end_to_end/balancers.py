"""nginx, Apache and Caddy: as load balancers, and asking /verify before they let requests pass.

Each is a child of this process, has its files in the directory that it is given, and is checked by
its own checker before it starts.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from loopback.haproxy import HAProxy
from loopback.processes import Process, accepts_connections, free_port
from loopback.servers import COOKIE

AM_ROOT = os.geteuid() == 0


def haproxy(directory, ports, sticky):
    return HAProxy(directory, ports, sticky)


@contextlib.contextmanager
def _running(name, command, check, log, port, environment=None):
    checked = subprocess.run([str(word) for word in check], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.STDOUT, timeout=20,
                             env={**os.environ, **(environment or {})})
    if checked.returncode != 0:
        raise AssertionError(f"{name} does not take its configuration:\n{checked.stdout}")
    # These have processes of their own to end.
    process = Process(name, command, log, environment, on_our_death=signal.SIGTERM)
    try:
        process.port = port
        process.wait_until(lambda: accepts_connections(port), "accepts connections")
        yield process
    finally:
        process.stop()


# --- nginx ----------------------------------------------------------------------------------------

_NGINX = """\
{user}worker_processes 1;
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
{http}
}}
"""

_NGINX_BALANCER = """\
    # The whole header, because a variable named $cookie_... cannot hold the name's hyphen.
    map $http_cookie $gatehouse {{
        default any;
{routes}
    }}
    upstream any {{
        zone any 64k;
{servers}
    }}
{upstreams}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://$gatehouse;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_connect_timeout 1s;
            proxy_read_timeout 5s;
            proxy_next_upstream error timeout http_502;
            add_header X-Answered-By $upstream_addr always;
        }}
    }}"""


def _run_nginx(directory, http, port):
    config = Path(directory) / "nginx.conf"
    config.write_text(_NGINX.format(user="user root;\n" if AM_ROOT else "", http=http))
    command = ["nginx", "-p", directory, "-c", config, "-e", "stderr"]
    return _running("nginx", command, [*command, "-t", "-q"], Path(directory) / "nginx.log", port)


def nginx(directory, ports, sticky):
    port = free_port()
    routes, upstreams = [], []
    if sticky:
        for name, own in ports.items():
            routes.append(rf'        "~(?:^|;\s*){COOKIE}=[^;]*\.{name}(?:;|$)" at-{name};')
            servers = [f"server 127.0.0.1:{own};"]
            servers += [f"server 127.0.0.1:{at} backup;" for at in ports.values() if at != own]
            zone = f"zone at-{name} 64k;"
            upstreams.append(f"    upstream at-{name} {{ {zone} {' '.join(servers)} }}")
    return _run_nginx(directory, _NGINX_BALANCER.format(
        port=port, routes="\n".join(routes), upstreams="\n".join(upstreams),
        servers="\n".join(f"        server 127.0.0.1:{at};" for at in ports.values())), port)


_NGINX_VERIFY = """\
    server {{
        listen 127.0.0.1:{port};
        location = /.verify {{
            internal;
            proxy_pass http://127.0.0.1:{gatehouse}/verify/nginx;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host "";
        }}
        location / {{
            auth_request /.verify;
            auth_request_set $login $upstream_http_location;
            auth_request_set $user $upstream_http_remote_user;
            auth_request_set $groups $upstream_http_remote_groups;
            auth_request_set $email $upstream_http_remote_email;
            auth_request_set $name $upstream_http_remote_name;
            error_page 401 =302 $login;
            # auth_request knows 2xx, 401 and 403 only, and makes 500 of all else.
            error_page 500 =503 /.unavailable;
            proxy_set_header Remote-User $user;
            proxy_set_header Remote-Groups $groups;
            proxy_set_header Remote-Email $email;
            proxy_set_header Remote-Name $name;
            proxy_set_header X-Auth-Request-User "";
            proxy_set_header X-Token-Subject "";
            proxy_pass http://127.0.0.1:{app};
        }}
        location = /.unavailable {{
            internal;
            add_header Retry-After 1 always;
            return 503;
        }}
    }}"""


def nginx_auth_request(directory, gatehouse, app):
    """nginx in front of an application; each request is first shown to a gatehouse."""
    port = free_port()
    http = _NGINX_VERIFY.format(port=port, gatehouse=gatehouse, app=app)
    return _run_nginx(directory, http, port)


# --- Apache ---------------------------------------------------------------------------------------

_APACHE = """\
ServerName 127.0.0.1
ServerRoot {directory}
DefaultRuntimeDir {directory}
PidFile apache.pid
ErrorLog {directory}/error.log
Listen 127.0.0.1:{port}
{user}
{modules}
StartServers 1
ThreadsPerChild 16
<VirtualHost 127.0.0.1:{port}>
  ProxyRequests Off
  ProxyPreserveHost On
  RequestHeader set X-Forwarded-Proto http
  Header always set X-Answered-By "%{{BALANCER_WORKER_ROUTE}}e"
  <Proxy "balancer://gatehouses">
{members}
    # Without "|_no_url_" a "{cookie}=" anywhere in the URL would win over the cookie.
    ProxySet lbmethod=byrequests failontimeout=On{sticky}
  </Proxy>
  ProxyPass "/" "balancer://gatehouses/"
  ProxyPassReverse "/" "balancer://gatehouses/"
</VirtualHost>
"""

_APACHE_MODULES = ("mpm_event", "authz_core", "headers", "proxy", "proxy_http", "proxy_balancer",
                   "slotmem_shm", "lbmethod_byrequests")


def apache(directory, ports, sticky):
    port = free_port()
    config = Path(directory) / "apache.conf"
    config.write_text(_APACHE.format(
        directory=directory, port=port, cookie=COOKIE,
        # Apache will not serve as root.
        user="User www-data\nGroup www-data" if AM_ROOT else "",
        modules="\n".join(f"LoadModule {each}_module /usr/lib/apache2/modules/mod_{each}.so"
                          for each in _APACHE_MODULES),
        members="\n".join(f'    BalancerMember "http://127.0.0.1:{at}" route={name} retry=1 '
                          f"disablereuse=On connectiontimeout=1 timeout=5"
                          for name, at in ports.items()),
        sticky=f" stickysession={COOKIE}|_no_url_" if sticky else ""))
    command = ["apache2", "-d", directory, "-f", config]
    return _running("apache", [*command, "-DFOREGROUND"], [*command, "-t"],
                    Path(directory) / "apache.log", port)


# --- Caddy ----------------------------------------------------------------------------------------

_CADDY = """\
{{
	admin off
	auto_https off
}}
http://127.0.0.1:{port} {{
	bind 127.0.0.1
{site}
}}
"""

_CADDY_UPSTREAMS = """\
		reverse_proxy {upstreams} {{
			lb_policy {policy}
			lb_try_duration 2s
			header_down X-Answered-By {{http.reverse_proxy.upstream.hostport}}
		}}"""


def _run_caddy(directory, site, port):
    directory = Path(directory)
    config = directory / "Caddyfile.caddy"
    config.write_text(_CADDY.format(port=port, site=site))
    arguments = ["--config", config, "--adapter", "caddyfile"]
    # Where it would leave files of its own.
    environment = {name: str(directory) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    return _running("caddy", ["caddy", "run", *arguments], ["caddy", "validate", *arguments],
                    directory / "caddy.log", port, environment)


def caddy(directory, ports, sticky):
    port = free_port()
    addresses = [f"127.0.0.1:{at}" for at in ports.values()]
    blocks = []
    if sticky:
        for turn, name in enumerate(ports):
            # The owner first, then the others, with a different one next for each owner.
            upstreams = addresses[turn:] + addresses[:turn]
            blocks += [rf"	@{name} header_regexp Cookie `(?:^|;\s*){COOKIE}=[^;]*\.{name}(?:;|$)`",
                       f"	handle @{name} {{",
                       _CADDY_UPSTREAMS.format(upstreams=" ".join(upstreams), policy="first"),
                       "	}"]
    blocks += ["	handle {",
               _CADDY_UPSTREAMS.format(upstreams=" ".join(addresses), policy="round_robin"),
               "	}"]
    return _run_caddy(directory, "\n".join(blocks), port)


_CADDY_VERIFY = """\
	route {{
		# Nobody but the gatehouse says who somebody is.
		request_header -Remote-*
		request_header -X-Auth-Request-*
		request_header -X-Token-*
		# The question mark keeps the client's query away from /verify.
		forward_auth 127.0.0.1:{gatehouse} {{
			uri /verify?
			copy_headers Remote-User Remote-Groups Remote-Email Remote-Name
		}}
		reverse_proxy 127.0.0.1:{app}
	}}"""


def caddy_forward_auth(directory, gatehouse, app):
    """Caddy in front of an application; each request is first shown to a gatehouse."""
    port = free_port()
    return _run_caddy(directory, _CADDY_VERIFY.format(gatehouse=gatehouse, app=app), port)
