#!/usr/bin/env python3
"""Shows on this machine's loopback what Sojourn does for an auth server with several replicas.

Run by ./demo, which builds what this needs. Every step is checked; the exit status is 0 only if all
of them held.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

from loopback.browser import Browser, request
from loopback.haproxy import HAProxy
from loopback.servers import ANA, COOKIE, Cluster

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class StepFailed(Exception):
    pass


def expect(condition, otherwise):
    if not condition:
        raise StepFailed(otherwise)


def coloured(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def title(text):
    print("\n" + coloured("1;36", text))


def say(text):
    print(textwrap.fill(" ".join(text.split()), 78, initial_indent="  ", subsequent_indent="  "))


def tell_calls(calls, requests, why):
    lookups, writes = calls
    print("\n  " + coloured("1", f"Asked another server: {lookups} lookups and {writes} writes "
                                 f"in {requests} requests"))
    say(why)


def shortened(cookie):
    id, owner = cookie.split(".")
    return f"{id[:6]}...{id[-2:]}.{coloured('1;33', owner)}"


class Story:
    """Prints a line for each request: what was asked, who answered, and what that means."""

    def __init__(self):
        self.requests = 0

    def step(self, answer, status, words):
        self.requests += 1
        server = answer["X-Answered-By"]
        print(f"  {self.requests:>2}  {answer.method:<4} {answer.path:<14}  "
              f"{coloured('1;33', server)}  {answer.status}  {words}")
        expect(answer.status == status,
               f"{status} was expected, not {answer.status}:\n{answer.body}")
        expect(server, "the balancer did not say who answered")
        return answer

    def cookie(self, browser, words):
        print(f"      {COOKIE}={shortened(browser.cookies[COOKIE])}  {words}")


def sign_in(story, browser):
    """Through the pages, as a browser does. Ends at the portal's page, which is returned."""
    page = story.step(browser.get("/auth/login"), 200, "the page asks for a name")
    answer = story.step(browser.submit(page, username=ANA.name), 303,
                        f'"{ANA.name}": a login begins')
    login = browser.cookies[COOKIE]
    story.cookie(browser, "<id>.<who holds it>")

    expect(answer["Location"] == "/auth/password", "the way does not lead to the password")
    page = story.step(browser.get("/auth/password"), 200, "the page asks for a password")
    answer = story.step(browser.submit(page, password=ANA.password), 303, "it is right: signed in")
    session = browser.cookies[COOKIE]
    story.cookie(browser, "a new id, the same holder")
    expect(session.split(".")[0] != login.split(".")[0], "the id has not changed")
    expect(session.split(".")[1] == login.split(".")[1], "the holder has changed")

    expect(answer["Location"] == "/auth/portal", "the way does not lead to the portal")
    portal = story.step(browser.get("/auth/portal"), 200, f"Welcome, {ANA.full_name}")
    expect(portal.page.heading == f"Welcome, {ANA.full_name}", "somebody else is welcomed")
    return portal


def ask_who_am_i(story, browser):
    answer = browser.get("/auth/whoami", accept="application/json")
    words = json.loads(answer.body) if answer.status == 200 else {}
    story.step(answer, 200, f"\"{words.get('sub')}\", says {words.get('answered_by')}")
    expect(words["sub"] == ANA.name, "it is somebody else")
    expect(words["answered_by"] == answer["X-Answered-By"], "somebody else answered")


def remote_calls_during(cluster, action):
    before = cluster.remote_calls()
    action()
    after = cluster.remote_calls()
    return after["lookups"] - before["lookups"], after["writes"] - before["writes"]


def introduce(cluster, plain, sticky):
    title("Three auth servers that share their sessions")
    say("""Each gatehouse embeds Sojourn. There is no database and no Redis: every session is in the
        memory of two of the three, and its id says which.""")
    print()
    for member in cluster:
        print(f"  {member.name}   browsers: 127.0.0.1:{member.port}   "
              f"other members, by gRPC: 127.0.0.1:{member.peer_port}")
    print(f"  HAProxy, taking turns:          127.0.0.1:{plain.port}")
    print(f"  HAProxy, reading the cookie:    127.0.0.1:{sticky.port}")


def act_1(cluster, balancer):
    title("Act 1: round robin, no stickiness at all")
    say("""Each request goes to the next server. Auth servers that keep logins to themselves fail
        here: the name arrives at one server and the password at another, which has never heard of
        this login. Here every server knows it.""")
    print()
    story, browser = Story(), Browser(balancer.port)

    def visit():
        sign_in(story, browser)
        for _ in cluster:
            ask_who_am_i(story, browser)

    calls = remote_calls_during(cluster, visit)
    servers = [answer["X-Answered-By"] for answer in browser.answers]
    expect(all(a != b for a, b in zip(servers, servers[1:])),
           "two requests in a row met the same server")
    expect(set(servers) == set(cluster.members), "not every server took part")
    expect(calls[0] > 0, "no server asked another: then how did it know the session?")
    tell_calls(calls, story.requests,
               """A server that does not hold a session asks the one that does, over one gRPC
               stream. It finds that one by hashing the id, so it never has to search.""")


def act_2(cluster, balancer):
    title("Act 2: the same, and the balancer reads the cookie")
    say("""The cookie is "<id>.<holder>". One line in HAProxy's configuration sends a request to the
        server that its cookie names, and asking around is saved as well. Nothing depends on it: an
        owner that is wrong, stale or missing costs one lookup.""")
    print()
    story, browser = Story(), Browser(balancer.port)

    def visit():
        sign_in(story, browser)
        for _ in cluster:
            ask_who_am_i(story, browser)

    calls = remote_calls_during(cluster, visit)
    holder = browser.cookies[COOKIE].split(".")[1]
    with_cookie = browser.answers[2:]
    expect(all(answer["X-Answered-By"] == holder for answer in with_cookie),
           "a request with a cookie went to another server than the holder")
    expect(calls == (0, 0), "a server asked another one: {} lookups, {} writes".format(*calls))
    tell_calls(calls, story.requests,
               f"""Since the cookie was there, only {holder} has answered. The login began on it,
               and ids are drawn so that the server where a login begins holds it.""")


def act_3(cluster, balancer):
    title("Act 3: signing out, everywhere at once")
    story, browser = Story(), Browser(balancer.port)
    portal = sign_in(story, browser)
    session = browser.cookies[COOKIE]
    answer = story.step(browser.submit(portal), 303, "signed out")
    expect(COOKIE not in browser.cookies, "the browser was not told to forget the cookie")
    expect(answer["Location"].startswith("/auth/login"), "the way does not lead to the login page")
    print()
    say("Now somebody who kept the cookie's value tries it on each server:")
    for member in cluster:
        status = request(member.port, "GET", "/auth/whoami", [
            ("Accept", "application/json"), ("Cookie", f"{COOKIE}={session}")]).status
        print(f"      GET  /auth/whoami    {coloured('1;33', member.name)}  {status}  "
              + ("not signed in" if status == 401 else "?"))
        expect(status == 401, "the session lives on")
    print()
    say(""""Gone" is said only by the holder, so no server can say otherwise from a stale copy.
        There is no token that stays valid until it expires.""")


def stay(plain, sticky):
    title("It keeps running. Try it in a browser:")
    print(f"""
  http://127.0.0.1:{plain.port}/auth/login   (round robin)
  http://127.0.0.1:{sticky.port}/auth/login   (by the cookie)

  user       {ANA.name}
  password   {ANA.password}

  The portal says which server answered and which one holds the session.
  Press Ctrl-C to stop everything.
""", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("\n  Stopping.")


def show(program, directory, keep):
    with (Cluster(program, directory) as cluster,
          HAProxy(directory, {each.name: each.port for each in cluster}, sticky=False) as plain,
          HAProxy(directory, {each.name: each.port for each in cluster}, sticky=True) as sticky):
        introduce(cluster, plain, sticky)
        act_1(cluster, plain)
        act_2(cluster, sticky)
        act_3(cluster, plain)
        if keep:
            stay(plain, sticky)
        statuses = cluster.stop()
    expect(not any(statuses.values()), f"the servers did not stop as asked: {statuses}")
    title("Every step held.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatehouse", type=Path, required=True, help="the program to run")
    parser.add_argument("--keep", action="store_true",
                        help="leave everything running until Ctrl-C, and say where it is")
    arguments = parser.parse_args()

    def end(number, _):
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    with tempfile.TemporaryDirectory(prefix="sojourn-demo-") as directory:
        try:
            show(arguments.gatehouse, Path(directory), arguments.keep)
        except KeyboardInterrupt:
            return 130
        except Exception as problem:
            print("\n" + coloured("1;31", f"FAILED: {problem}"), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
