#!/usr/bin/env python3
"""Three servers behind each real balancer, with the configuration that sojournctl writes for it:
taking turns without any stickiness, and following the owner in the cookie.

What is found out about a balancer is a row of the table in docs/balancers.md. The test fails if the
document says something else, and prints the row; all rows are left in the build's directory.
"""

import collections
import json
import re
import subprocess
import sys

import balancers
import routes
from harness import (COOKIE, DIRECTORY, Browser, EndToEnd, WithCluster, begin_login, main, request,
                     sign_in, sign_out, whoami, whoami_at)
from loopback.processes import wait_until

NAMES = ("auth-0", "auth-1", "auth-10")  # one begins another


class BehindABalancer(WithCluster):
    """The tests; a class for each balancer says which."""

    @classmethod
    def cluster_options(cls):
        return {"names": NAMES}

    def behind(self, sticky=True, drained=()):
        directory = self.directory / ("sticky" if sticky else "round-robin")
        return balancers.balancer(self.target, directory, self.ports, sticky, drained)

    def calls_during(self, action):
        before = self.cluster.remote_calls()
        action()
        after = self.cluster.remote_calls()
        return {name: after[name] - before[name] for name in after}

    def log_in_look_around_and_log_out(self, port):
        browser = Browser(port)
        portal = sign_in(browser)
        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")
        session = browser.cookies[COOKIE]
        for _ in range(4):
            self.assertEqual(whoami(browser)["sub"], "ana")
        page = sign_out(browser, browser.get("/auth/portal"))
        self.assertEqual(page.page.heading, "Sign in")
        self.assertIsNone(whoami(browser))
        for at in self.ports.values():
            self.assertEqual(whoami_at(at, session).status, 401)
        return browser

    def test_a_login_succeeds_when_every_request_may_land_on_any_server(self):
        with self.behind(sticky=False) as balancer:
            browsers = []
            calls = self.calls_during(lambda: browsers.extend(
                self.log_in_look_around_and_log_out(balancer.port) for _ in range(3)))

            answered_by = {answer["X-Answered-By"] for each in browsers for answer in each.answers}
            self.assertEqual(len(answered_by - {""}), 3, answered_by)
            self.assertGreater(calls["lookups"], 0)

    def test_no_server_asks_another_when_the_balancer_follows_the_cookie(self):
        with self.behind(sticky=True) as balancer:
            # Counted before the last look from outside, which goes to every server on purpose.
            def visit():
                for _ in range(6):
                    browser = Browser(balancer.port)
                    portal = sign_in(browser)
                    owner = browser.cookies[COOKIE].split(".")[1]
                    for _ in range(4):
                        answer = whoami(browser)
                        self.assertEqual((answer["answered_by"], answer["held_by"]), (owner, owner))
                    sign_out(browser, portal)

            self.assertEqual(self.calls_during(visit), {"lookups": 0, "writes": 0})

    def test_wrong_passwords_count_together_whoever_is_asked(self):
        with self.behind(sticky=False) as balancer:
            browser = Browser(balancer.port)
            page = begin_login(browser)
            for _ in range(4):
                page = browser.submit(page, password="wrong")
                self.assertEqual(page.status, 401)
            last = browser.follow(browser.submit(page, password="wrong"))
            self.assertEqual(last.page.alerts, ["Too many wrong passwords. Please start again."])

    def test_the_document_says_what_was_found_out(self):
        row = routes.Row()
        sessions = {name: self.cookie_of(name) for name in NAMES}
        with self.behind() as balancer:
            visitor = routes.Visitor(balancer.port, self.ports)
            row.found("No cookie", self.spreads(visitor))
            row.found("Cookie", self.follows(visitor, sessions))
            row.found("Odd cookies", self.bears_odd_cookies(visitor, sessions["auth-1"]))
            row.found("Two cookies", self.chooses(visitor, sessions))
            self.die_and_return(balancer, visitor, sessions, row)
        with self.behind(drained=["auth-1"]) as balancer:
            row.found("Drained", self.drains(routes.Visitor(balancer.port, self.ports), sessions))

        version = balancers.TARGETS[self.target].version()
        row.leave_in(DIRECTORY / "balancers", self.target, version)
        self.assertEqual(routes.documented(self.target), row.cells,
                         f"docs/balancers.md should have the row\n{row.text(self.target, version)}")

    def cookie_of(self, name):
        """Of a session that this server holds."""
        browser = Browser(self.ports[name])
        sign_in(browser)
        cookie = browser.cookies[COOKIE]
        self.assertEqual(cookie.split(".")[1], name)
        return cookie

    def spreads(self, visitor):
        """Requests of strangers reach every server."""
        answered_by = collections.Counter(visitor.get(None) for _ in range(30))
        self.assertEqual(set(answered_by), set(NAMES))
        return "to all"

    def follows(self, visitor, sessions):
        """Requests of sessions reach the server that has them, whatever they are and come with."""
        for name, cookie in sessions.items():
            others = [f"theme=dark; {COOKIE}={cookie}; lang=pt"]
            answered_by = {*(visitor.get(cookie) for _ in range(6)),
                           *(visitor.post(cookie) for _ in range(6)),
                           *(visitor.get(headers=others) for _ in range(3)),
                           # A name in the URL is no cookie.
                           visitor.get(cookie, f"?{COOKIE}=x.auth-0"),
                           visitor.get(cookie, f"?u=http%3A%2F%2Fx%2F%3F{COOKIE}=x.auth-10")}
            self.assertEqual(answered_by, {name})
        return "to its node"

    def bears_odd_cookies(self, visitor, cookie):
        """Cookies that name no server are as good as none; others' cookies are not looked at."""
        id = cookie.split(".")[0]
        for odd in (f"{id}.auth-9", f"{id}.auth-100", f"{id}.xauth-1", f"{id}.auth-", f"{id}.AUTH-1",
                    f"{id}.", id, "", "x"):
            answered_by = {visitor.get(odd) for _ in range(12)}
            self.assertEqual(answered_by, set(NAMES), odd)
        for others in (f"X{COOKIE}={id}.auth-1", f"q={COOKIE}x={id}.auth-1"):
            answered_by = {visitor.get(headers=[others]) for _ in range(12)}
            self.assertEqual(answered_by, set(NAMES), others)
        # The server does not mind either, as long as the id is right.
        for odd in (f"{id}.auth-9", f"{id}.xauth-1", id):
            self.assertEqual(whoami_at(visitor.port, odd).status, 200, odd)
        return "as none"

    def chooses(self, visitor, sessions):
        """Of two cookies of the name, as a sibling host may plant one, in one line or two."""
        a, b = (f"{COOKIE}={sessions[name]}" for name in ("auth-0", "auth-1"))
        for lines in ([f"{a}; {b}"], [f"{b}; {a}"], [a, b], [b, a]):
            answer = request(visitor.port, "GET", "/auth/whoami", [
                ("Accept", "application/json"), *(("Cookie", line) for line in lines)])
            self.assertEqual((answer.status, json.loads(answer.body)["sub"]), (200, "ana"))
        answered_by = (visitor.get(headers=[f"{a}; {b}"]), visitor.get(headers=[f"{b}; {a}"]))
        return {("auth-0", "auth-1"): "the first", ("auth-1", "auth-0"): "the last",
                ("auth-0", "auth-0"): "the node listed first"}[answered_by]

    def die_and_return(self, balancer, visitor, sessions, row):
        """kill -9 for the owner of sessions and of a login that is under way."""
        browser = Browser(balancer.port)
        page = begin_login(browser)
        owner = browser.cookies[COOKIE].split(".")[1]
        cookie = sessions[owner]

        self.cluster[owner].kill()
        # What changes something first: what does not may be sent again in any case.
        seconds = visitor.seconds_until_answered("POST", cookie)
        row.found("POST, owner killed", "at once" if seconds == 0 else "503 for a second")
        self.assertLess(seconds, 3)
        for _ in range(8):
            self.assertNotEqual(visitor.get(cookie), owner)
            self.assertNotEqual(visitor.get(None), owner)
        row.found("GET, owner killed", "at once")

        portal = browser.follow(browser.submit(page, password="correct horse battery"))
        self.assertEqual(portal.page.heading, "Welcome, Ana Lima")
        row.found("Login, owner killed", "goes on")
        for each in sessions.values():
            self.assertEqual(whoami_at(balancer.port, each, patience=10).status, 200)

        self.cluster.start(owner)
        self.cluster.wait_safe()
        wait_until(lambda: visitor.get(cookie) == owner, "the sessions return to their server", 5)
        row.found("Owner back", "its sessions return")

    def drains(self, visitor, sessions):
        """A drained server keeps its sessions and gets nobody new."""
        for name, cookie in sessions.items():
            self.assertEqual({visitor.get(cookie) for _ in range(6)}, {name})
        self.assertEqual({visitor.get(None) for _ in range(12)}, {"auth-0", "auth-10"})
        return "keeps its sessions, gets nobody new"


class HAProxy(BehindABalancer):
    needs = ("haproxy",)
    target = "haproxy"


class Nginx(BehindABalancer):
    needs = ("nginx",)
    target = "nginx"


class Apache(BehindABalancer):
    needs = ("apache2",)
    target = "apache"


class Caddy(BehindABalancer):
    needs = ("caddy",)
    target = "caddy"


class Varnish(BehindABalancer):
    needs = ("varnishd",)
    target = "varnish"


class Checkers(EndToEnd):
    """What the balancers' own checkers say about configurations that are not run."""

    needs = ("haproxy", "nginx", "apache2", "caddy", "varnishd")

    def assert_taken(self, target, nodes, *options):
        text = balancers.written(target, nodes, *options)
        status, said = balancers.TARGETS[target](self.directory / target).check_result(text)
        self.assertEqual(status, 0, f"{target}: {said}\n{text}")

    def test_nodes_may_have_all_kinds_of_addresses_and_names(self):
        every = {"0": "[::1]:80", "a": "localhost:8080", "x-9": "192.0.2.1:65535", "z" * 32: "[2001:db8::1]:1"}
        for target in balancers.TARGETS:
            with self.subTest(target):
                self.assert_taken(target, every, "--listen", "[::1]:8443", "--show-node",
                                  "--host", "auth.example.com", "--service", "my-portal",
                                  "--drain", "a")
                self.assert_taken(target, {"only": "192.0.2.1:80"}, "--cookie", "SID_1-a",
                                  "--listen", ":8080", "--health-path", "/a/b-c_d.e~f")

    def test_proxies_that_ask_are_taken_too(self):
        nodes = {"a": "192.0.2.1:80", "b": "192.0.2.2:80"}
        for target in ("nginx", "caddy"):
            with self.subTest(target):
                self.assert_taken(target, nodes, "--forward-auth", "192.0.2.3:80", "--portal",
                                  "/sso/auth", "--service", "my-portal", "--show-node")

    def test_nothing_but_sticky_route_is_too_new_for_an_old_nginx(self):
        nginx = balancers.Nginx(self.directory / "nginx-sticky")
        is_new = tuple(map(int, nginx.version().split("."))) >= (1, 29, 6)
        nodes = {"auth-0": "192.0.2.1:80", "auth-1": "192.0.2.2:80"}
        for options in ((), ("--drain", "auth-1"), ("--forward-auth", "192.0.2.3:80")):
            text = balancers.written("nginx-sticky", nodes, "--show-node", *options)
            status, said = nginx.check_result(text)
            if is_new:
                self.assertEqual(status, 0, said)
                continue
            self.assertIn('invalid parameter "route=auth-0"', said)
            without = text.replace(" route=auth-0", "").replace(" route=auth-1 drain", "")
            without = without.replace(" route=auth-1", "")
            status, said = nginx.check_result(without)
            self.assertIn('unknown directive "sticky"', said)
            status, said = nginx.check_result(
                without.replace("    sticky route $auth_route;\n", ""))
            self.assertEqual(status, 0, said)


class NotRun(EndToEnd):
    """What is written for balancers that are not run: that it is sound in itself."""

    NODES = {"auth-0": "192.0.2.1:80", "auth-1": "192.0.2.2:80", "auth-10": "192.0.2.3:80"}

    def documents(self, target, *options):
        try:
            import yaml
        except ImportError:
            self.skipTest("this is not installed: python3-yaml")
        return list(yaml.safe_load_all(balancers.written(target, self.NODES, *options)))

    def assert_tells_apart(self, match, name):
        """That an expression, as match(header), finds the sessions of that server only."""
        for header in (f"{COOKIE}=x.{name}", f"a=1; {COOKIE}=x.{name}", f"{COOKIE}=x.{name}; b=2",
                       f"a=1; {COOKIE}=x.{name}; b=2", f"a=1;{COOKIE}=x.{name};b=2"):
            self.assertTrue(match(header), header)
        for header in (f"{COOKIE}=x.{name}0", f"{COOKIE}=x.x{name}", f"X{COOKIE}=x.{name}",
                       f"{COOKIE}=x{name}", f"{COOKIE}=x; a=x.{name}", "a=1", "",
                       f"{COOKIE}=x.{name} "):
            self.assertFalse(match(header), header)

    def test_every_target_is_in_the_document(self):
        listed = json.loads(subprocess.run([balancers.SOJOURNCTL, "lb", "--list", "--json"],
                                           check=True, capture_output=True).stdout)
        text = routes.DOCUMENT.read_text()
        for each in listed:
            self.assertIn(f"`{each['target']}`", text)
            self.assertEqual(each["tested"], routes.documented(each["target"]) is not None)
        self.assertEqual({each["target"] for each in listed if each["tested"]},
                         set(balancers.TARGETS))

    def test_envoy_routes_each_session_to_its_server_and_then_to_the_others(self):
        for options in ((), ("--host", "auth.example.com", "--drain", "auth-1")):
            [document] = self.documents("envoy", *options)
            resources = document["static_resources"]
            clusters = {each["name"]: each for each in resources["clusters"]}
            manager = resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
            *of_servers, of_nobody = manager["route_config"]["virtual_hosts"][0]["routes"]
            self.assertEqual(of_nobody["route"]["cluster"], "any")
            for name, route in zip(self.NODES, of_servers, strict=True):
                pattern = route["match"]["headers"][0]["string_match"]["safe_regex"]["regex"]
                self.assert_tells_apart(re.compile(pattern).fullmatch, name)
                at = clusters[route["route"]["cluster"]]["cluster_type"]["typed_config"]
                self.assertEqual(at["clusters"], [f"only-{name}", "any"])
                self.assertEqual(self.addresses(clusters[f"only-{name}"]), [self.NODES[name]])
            drained = [self.NODES["auth-1"]] if options else []
            self.assertEqual(self.addresses(clusters["any"]),
                             [each for each in self.NODES.values() if each not in drained])

    def addresses(self, cluster):
        endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        sockets = [each["endpoint"]["address"]["socket_address"] for each in endpoints]
        return [f"{each['address']}:{each['port_value']}" for each in sockets]

    def test_traefik_routes_each_session_to_its_server_and_then_to_the_others(self):
        for options in ((), ("--host", "auth.example.com", "--drain", "auth-1")):
            [document] = self.documents("traefik", *options)
            services = document["http"]["services"]
            routers = document["http"]["routers"]
            self.assertEqual(len(routers), 1 + len(self.NODES))
            for router in routers.values():
                self.assertIn(router["service"], services)
            for name, address in self.NODES.items():
                rule = routers[f"auth-at-{name}"]["rule"]
                pattern = re.search(r"HeaderRegexp\(`Cookie`, `(.*)`\)", rule).group(1)
                self.assert_tells_apart(re.compile(pattern).search, name)
                failover = services[f"auth-at-{name}"]["failover"]
                only = services[failover["service"]]["loadBalancer"]
                self.assertEqual(only["servers"], [{"url": f"http://{address}"}])
                self.assertIn("healthCheck", only)  # without it there is no failover
                self.assertEqual(failover["fallback"], "auth-any")
            self.assertEqual(len(services["auth-any"]["loadBalancer"]["servers"]),
                             2 if options else 3)

    def test_objects_of_kubernetes_refer_to_each_other(self):
        for target, kinds in (("gke", ["BackendConfig", "Service", "Ingress"]),
                              ("alb", ["Service", "Ingress"]),
                              ("ingress-nginx", ["Service", "Ingress"]),
                              ("gateway-api", ["Service", "HTTPRoute"])):
            for options in ((), ("--host", "auth.example.com", "--service", "on")):
                with self.subTest(target, options=options):
                    documents = self.documents(target, *options)
                    self.assertEqual([each["kind"] for each in documents], kinds)
                    name = "on" if options else "auth"
                    self.assertEqual({each["metadata"]["name"] for each in documents}, {name})
                    service = next(each for each in documents if each["kind"] == "Service")
                    self.assertEqual(service["spec"]["selector"], {"app": name})
                    self.assertEqual(service["spec"]["ports"],
                                     [{"name": "http", "port": 80, "targetPort": 80}])
                    rule = documents[-1]["spec"]["rules"][0]
                    if target == "gateway-api":
                        self.assertEqual(rule["backendRefs"], [{"name": name, "port": 80}])
                        continue
                    self.assertEqual(rule["http"]["paths"][0]["backend"],
                                     {"service": {"name": name, "port": {"name": "http"}}})
                    self.assertEqual(rule.get("host"), "auth.example.com" if options else None)

    def test_google_s_balancer_has_a_cookie_of_its_own_and_sees_pods(self):
        config, service, _ = self.documents("gke")
        self.assertEqual(config["spec"]["sessionAffinity"]["affinityType"], "GENERATED_COOKIE")
        self.assertEqual(config["spec"]["healthCheck"]["requestPath"], "/readyz")
        annotations = service["metadata"]["annotations"]
        self.assertEqual(json.loads(annotations["cloud.google.com/neg"]), {"ingress": True})
        self.assertEqual(json.loads(annotations["cloud.google.com/backend-config"]),
                         {"default": config["metadata"]["name"]})


if __name__ == "__main__":
    main(sys.modules[__name__])
