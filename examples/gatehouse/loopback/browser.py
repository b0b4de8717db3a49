"""What a browser does with this server's pages, without drawing them."""

import http.client
import itertools
import time
import urllib.parse
from dataclasses import dataclass, field
from html.parser import HTMLParser


class Page(HTMLParser):
    """The forms and the text of a page."""

    @dataclass
    class Form:
        action: str
        fields: dict = field(default_factory=dict)

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self.heading = ""
        self.alerts = []
        self._text_of = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append(self.Form(attributes["action"]))
        elif tag == "input" and self.forms and attributes.get("name"):
            if attributes.get("type") == "checkbox" and "checked" not in attributes:
                return
            self.forms[-1].fields[attributes["name"]] = attributes.get("value") or ""
        elif tag == "h1":
            self._text_of = "heading"
        elif attributes.get("role") == "alert":
            self.alerts.append("")
            self._text_of = "alert"

    def handle_endtag(self, tag):
        if tag in ("h1", "p"):
            self._text_of = None

    def handle_data(self, data):
        if self._text_of == "heading":
            self.heading += data
        elif self._text_of == "alert":
            self.alerts[-1] += data


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str
    path: str
    port: int
    method: str

    def __getitem__(self, name):
        """A header; empty if it is missing."""
        return self.headers.get(name, "")

    @property
    def page(self):
        return Page(self.body)

    @property
    def set_cookies(self):
        return self.headers.get_all("Set-Cookie", [])


def request(port, method, path, headers=(), body=None, timeout=10):
    """One request on a connection of its own. `headers` are pairs: names may repeat."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        headers = [*headers, ("Connection", "close")]
        connection.putrequest(method, path, skip_host=any(n == "Host" for n, _ in headers))
        if body is not None:
            headers.append(("Content-Length", str(len(body))))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
        return Answer(response.status, response.headers, text, path, port, method)
    finally:
        connection.close()


def patiently(ask, seconds):
    """What ask() returns: it is asked again while the answer is "try again" (503), or nobody
    answers, for at most so many seconds. 0: it is asked once."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask()
            if answer.status != 503 or time.monotonic() >= deadline:
                return answer
        except (OSError, http.client.HTTPException):
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.05)


class Browser:
    """Keeps cookies, fills in forms, and follows redirects.

    `ports` are those that requests go to, one after the other and then again: a single one for a
    balancer, several to be one's own. Cookies that want https are sent on loopback as well, as
    browsers do. Requests that are told to try again do so for `patience` seconds: long enough for a
    machine that is busy with other things, or for a member that has just died."""

    def __init__(self, *ports, patience=10):
        self._ports = itertools.cycle(ports)
        self.patience = patience
        self.origin = f"http://127.0.0.1:{ports[0]}"
        self.cookies = {}
        self.answers = []

    def get(self, path, accept="text/html", **headers):
        return self._send("GET", path, {"Accept": accept, **headers})

    def post(self, path, fields, **headers):
        return self._send("POST", path,
                          {"Accept": "text/html", "Origin": self.origin,
                           "Content-Type": "application/x-www-form-urlencoded", **headers},
                          urllib.parse.urlencode(fields).encode())

    def submit(self, answer, **fields):
        """Sends the first form of a page, with these fields filled in."""
        form = answer.page.forms[0]
        return self.post(form.action, {**form.fields, **fields})

    def follow(self, answer):
        """Goes where a redirect leads, until there is a page."""
        for _ in range(5):
            if answer.status not in (301, 302, 303, 307, 308):
                break
            url = urllib.parse.urlsplit(urllib.parse.urljoin(self.origin, answer["Location"]))
            answer = self.get(urllib.parse.urlunsplit(("", "", url.path, url.query, "")))
        return answer

    def _send(self, method, path, headers, body=None):
        headers = [(name.replace("_", "-"), value) for name, value in headers.items()]
        headers.append(("Host", self.origin.removeprefix("http://")))
        if self.cookies:
            headers.append(("Cookie", "; ".join(f"{n}={v}" for n, v in self.cookies.items())))
        answer = patiently(lambda: request(next(self._ports), method, path, headers, body),
                           self.patience)
        for line in answer.set_cookies:
            self._keep(line)
        self.answers.append(answer)
        return answer

    def _keep(self, line):
        pair, *attributes = [part.strip() for part in line.split(";")]
        name, _, value = pair.partition("=")
        if not value or "max-age=0" in [each.lower() for each in attributes]:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value
