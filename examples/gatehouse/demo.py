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
import time
from pathlib import Path

from loopback.browser import Browser, patiently, request
from loopback.haproxy import HAProxy
from loopback.servers import ANA, COOKIE, Cluster

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


# Servers notice a death by the lease of a second; with this much a busy machine can tell its story.
SECONDS_MAX = 10


class StepFailed(Exception):
    pass


class Interrupted(BaseException):
    """A signal asks this program to end."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def expect(condition, otherwise):
    if not condition:
        raise StepFailed(otherwise)


def coloured(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOURS else text


def coloured_name(server):
    return coloured("1;33", server)


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
    return f"{id[:6]}...{id[-2:]}.{coloured_name(owner)}"


class Story:
    """Prints a line for each request: what was asked, who answered, and what that means."""

    def __init__(self):
        self.requests = 0

    def step(self, answer, status, words):
        self.requests += 1
        server = answer["X-Answered-By"]
        print(f"  {self.requests:>2}  {answer.method:<4} {answer.path:<14}  "
              f"{coloured_name(server)}  {answer.status}  {words}")
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
               and ids are drawn so that the server where a login begins holds it. Wrong passwords
               are counted elsewhere: for a name, which is not a session.""")


def ask_each(cluster, session):
    """Who would still let in somebody who comes with this cookie."""
    headers = [("Accept", "application/json"), ("Cookie", f"{COOKIE}={session}")]
    return [member.name for member in cluster if patiently(
        lambda: request(member.port, "GET", "/auth/whoami", headers), SECONDS_MAX).status != 401]


def restart(cluster, name):
    """As an operator would, with SIGTERM. Returns when the next one may be restarted."""
    started = time.monotonic()
    expect(cluster.restart(name) == 0, f"{name} did not stop as asked")
    print(f"      {coloured_name(name)} was told to stop, handed over, came back: "
          f"{time.monotonic() - started:.1f} s")


def act_3(cluster, balancer):
    """The browser goes on to the next acts, with its last page."""
    title("Act 3: the server that holds the session dies")
    story, browser = Story(), Browser(balancer.port, patience=SECONDS_MAX)
    sign_in(story, browser)
    session, holder = browser.cookies[COOKIE].split(".")

    print()
    say(f"kill -9 {holder}. It cannot say goodbye. The browser does not know, and asks:")
    print()
    cluster[holder].kill()
    killed = time.monotonic()
    ask_who_am_i(story, browser)
    seconds = time.monotonic() - killed
    same, successor = browser.cookies[COOKIE].split(".")
    story.cookie(browser, "the same session, a new holder")
    expect(same == session, "this is another session")
    expect(successor != holder, "the cookie still names the dead server")
    print("\n  " + coloured("1", f"Signed in still, after {seconds:.1f} s"))
    say(f"""{successor} had the second copy. It waits for up to a second, in which {holder} might still
        believe to be alive somewhere, and then answers for its sessions. The cookie says so.""")
    print()
    cluster.start(holder)
    cluster.wait_safe()
    say(f"{holder} was started again. It knows nothing, is given its share, and counts again.")
    return story, browser


def act_4(cluster, story, browser):
    title("Act 4: all servers are restarted, one after another")
    say("""Sessions are only in memory. Before a server stops, it hands over what it holds.""")
    print()
    session = browser.cookies[COOKIE].split(".")[0]
    for name in list(cluster.members):
        restart(cluster, name)
        ask_who_am_i(story, browser)
    expect(browser.cookies[COOKIE].split(".")[0] == session, "this is another session")
    print()
    say("""None of the processes that saw the password lives any more. Nobody had to sign in
        again.""")


def act_5(cluster, story, browser):
    title("Act 5: signing out, everywhere and for good")
    portal = story.step(browser.get("/auth/portal"), 200, "the page has a button")
    session = browser.cookies[COOKIE]
    answer = story.step(browser.submit(portal), 303, "signed out")
    expect(COOKIE not in browser.cookies, "the browser was not told to forget the cookie")
    expect(answer["Location"].startswith("/auth/login"), "the way does not lead to the login page")
    print()
    say("Somebody who kept the cookie tries it on each server, and after each restart:")
    print()
    for restarted in (None, *cluster.members):
        if restarted:
            restart(cluster, restarted)
        expect(not (found := ask_each(cluster, session)), f"the session lives on at {found}")
        print(f"      GET  /auth/whoami    {coloured_name(', '.join(cluster.members))}  401")
    print()
    say("""Copies travel with every restart. A deletion travels with them, so none of them brings
        a session back.""")


def stay(plain, sticky):
    title("It keeps running. Try it in a browser:")
    print(f"""
  http://127.0.0.1:{plain.port}/auth/login   (round robin)
  http://127.0.0.1:{sticky.port}/auth/login   (by the cookie)

  user       {ANA.name}
  password   {ANA.password}

  The portal says which server answered and which one holds the session.
  Its console shows the servers, and who holds what: /auth/console
  Press Ctrl-C to stop everything.
""", flush=True)
    try:
        while True:
            signal.pause()
    except Interrupted:
        print("\n  Stopping.", flush=True)


def show(program, directory, keep):
    # A server that is to stop says so a second before it does, and balancers turn away.
    with (Cluster(program, directory, global_line="shutdown_delay 1s",
                  portal_line="console on\n\t\t\tadmin roles app/admin") as cluster,
          HAProxy(directory, {each.name: each.port for each in cluster}, sticky=False) as plain,
          HAProxy(directory, {each.name: each.port for each in cluster}, sticky=True) as sticky):
        introduce(cluster, plain, sticky)
        act_1(cluster, plain)
        act_2(cluster, sticky)
        story, browser = act_3(cluster, sticky)
        act_4(cluster, story, browser)
        act_5(cluster, story, browser)
        if keep:
            stay(plain, sticky)
        statuses = cluster.stop()
    expect(not any(statuses.values()), f"the servers did not stop as asked: {statuses}")
    title("Every step held.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gatehouse", type=Path, required=True, help="the program to run")
    parser.add_argument("--keep", action="store_true",
                        help="leave it running until Ctrl-C or SIGTERM, and say where it is")
    arguments = parser.parse_args()

    def end(number, _):
        raise Interrupted(number)

    # SIGINT as well: whoever starts this in the background of a script starts it with that ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    with tempfile.TemporaryDirectory(prefix="sojourn-demo-") as directory:
        try:
            show(arguments.gatehouse, Path(directory), arguments.keep)
        except Interrupted as interrupted:
            return 128 + interrupted.number
        except Exception as problem:
            print("\n" + coloured("1;31", f"FAILED: {problem}"), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
