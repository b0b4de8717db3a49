"""Somebody with several sessions, and what the pages about sessions say."""

import re

from harness import COOKIE, WithCluster, sign_in, whoami_at
from loopback.servers import ANA, BEN, Person

ROOT = Person("root", "a key under the mat", "Rita Root", "root@example.com",
              "app/user authp/admin")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CURL = "curl/7.88.1"


def listed(answer):
    """The rows of a list of sessions: whether it is the one that looks, the device, the handle, and
    the facts."""
    rows = re.findall(r'<li( class="this")?>\s*<h2>([^<]*).*?</h2>(.*?)'
                      r'name="session" value="([^"]*)"', answer.body, re.DOTALL)
    return [{"this": bool(this), "device": device.strip(), "handle": handle,
             "facts": dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", facts))}
            for this, device, facts, handle in rows]


def fields_of(answer, action, **fields):
    """Where the form with that action goes and what it holds."""
    form = next(form for form in answer.page.forms
                if form.fields.get("action") == action and
                all(form.fields.get(name) == value for name, value in fields.items()))
    return form.action, form.fields


def do(browser, answer, action, **fields):
    """What comes of pressing the button of that form, redirects followed."""
    return browser.follow(browser.post(*fields_of(answer, action, **fields)))


class Sessions(WithCluster):
    """Somebody with several sessions, at whichever servers."""

    portal_lines = ()
    sojourn_line = ""

    @classmethod
    def cluster_options(cls):
        return {"people": (ANA, BEN, ROOT), "portal_line": "\n\t\t\t".join(cls.portal_lines),
                "sojourn_line": cls.sojourn_line}

    def setUp(self):
        self.ids = []

    def tearDown(self):
        # Whatever happened, no id has reached a log.
        logs = self.cluster.logs()
        for id in self.ids:
            self.assertNotIn(id, logs)

    def signed_in(self, person=ANA, agent=None):
        """A browser at whose session the test may look."""
        browser = self.anywhere()
        if agent:
            send = browser._send
            browser._send = lambda method, path, headers, body=None: send(
                method, path, {**headers, "User-Agent": agent}, body)
        sign_in(browser, person)
        self.remember_id(browser)
        return browser

    def remember_id(self, browser):
        # What the store calls it: without the key's name, the signature and the owner.
        self.ids.append(browser.cookies[COOKIE].split(".")[0][1:33])

    def assert_dead(self, cookie):
        for port in self.ports.values():
            self.assertEqual(whoami_at(port, cookie).status, 401)

    def assert_alive(self, cookie):
        for port in self.ports.values():
            self.assertEqual(whoami_at(port, cookie).status, 200)

    def end_all_of(self, person):
        browser = self.anywhere()
        sign_in(browser, person)
        do(browser, browser.get("/auth/sessions"), "everywhere")
