"""Which server a balancer chooses, and the table of docs/balancers.md that says so."""

import json
import os
import re
import time
from pathlib import Path

from harness import COOKIE, request

COLUMNS = ("No cookie", "Cookie", "Odd cookies", "Two cookies", "GET, owner killed",
           "POST, owner killed", "Login, owner killed", "Owner back", "Drained")
DOCUMENT = Path(os.environ["BALANCERS_DOCUMENT"])


class Visitor:
    """Asks a balancer for what every server answers at once, and sees who does."""

    def __init__(self, port, ports):
        self.port = port
        # Some balancers tell the name, and some the address.
        self._names = {**{name: name for name in ports},
                       **{f"127.0.0.1:{at}": name for name, at in ports.items()}}

    def _ask(self, method, cookie, query, headers):
        headers = [("Cookie", line) for line in headers]
        if cookie is not None:
            headers.append(("Cookie", f"{COOKIE}={cookie}"))
        # GET is answered 200. POST is no method for it, which a server says for itself.
        return request(self.port, method, "/healthz" + query, headers,
                       b"" if method == "POST" else None)

    def _who(self, answer, expected):
        assert answer.status == expected, (answer.status, answer.body)
        # The last of those that were tried.
        return self._names[answer["X-Answered-By"].split(", ")[-1]]

    def get(self, cookie=None, query="", headers=()):
        """The name of the server that answered."""
        return self._who(self._ask("GET", cookie, query, headers), 200)

    def post(self, cookie=None, query="", headers=()):
        return self._who(self._ask("POST", cookie, query, headers), 405)

    def seconds_until_answered(self, method, cookie):
        """0 if the first request was, otherwise how long the balancer said 503 itself. A request that
        it sent on a connection whose end it had not noticed yet is answered 502, and not sent again:
        it does not count, and there can be one."""
        started = time.monotonic()
        first = True
        answer = self._ask(method, cookie, "", ())
        if answer.status == 502:
            answer = self._ask(method, cookie, "", ())
        while answer.status == 503:
            first = False
            assert time.monotonic() < started + 10, answer.body
            time.sleep(0.05)
            answer = self._ask(method, cookie, "", ())
        assert answer.status in (200, 405), answer.status
        return 0 if first else time.monotonic() - started


class Row:
    """What was found out about one balancer."""

    def __init__(self):
        self._found = {}

    def found(self, column, what):
        assert column in COLUMNS and column not in self._found
        self._found[column] = what

    @property
    def cells(self):
        return [self._found.get(column) for column in COLUMNS]

    def text(self, target, version):
        return f"| `{target}` | {version} | " + " | ".join(map(str, self.cells)) + " |"

    def leave_in(self, directory, target, version):
        directory.mkdir(parents=True, exist_ok=True)
        facts = {"target": target, "version": version, **self._found}
        (directory / f"{target}.json").write_text(json.dumps(facts, indent=2) + "\n")


def documented(target):
    """The cells that the document has for a balancer, without its name and version; None if there
    is no such row or the columns are others."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")]
            for line in DOCUMENT.read_text().splitlines() if re.match(r"\| *(`|Target)", line)]
    heads = [row for row in rows if row[:2] == ["Target", "Version"]]
    if not heads or tuple(heads[0][2:]) != COLUMNS:
        return None
    return next((row[2:] for row in rows if row[0] == f"`{target}`" and len(row) == len(heads[0])),
                None)
