"""What the end-to-end tests have in common: a cluster for each class, and signing in.

Each test file is a program: FILE [CLASS...]. ctest says in the environment which gatehouse to run
(GATEHOUSE), where files may be put (END_TO_END_DIRECTORY), and where the package `loopback` is
(PYTHONPATH). Exit status 77: something that is needed is not installed.
"""

import faulthandler
import json
import os
import shutil
import sys
import unittest
from pathlib import Path

from loopback.browser import Browser, patiently, request
from loopback.processes import wait_until
from loopback.servers import ANA, COOKIE, Cluster

GATEHOUSE = Path(os.environ["GATEHOUSE"])
DIRECTORY = Path(os.environ["END_TO_END_DIRECTORY"])
# A little less than ctest's patience, so that it is this program that ends its children.
SECONDS_MAX = 100


class EndToEnd(unittest.TestCase):
    """A directory of its own, which stays when a test failed: it has the programs' logs."""

    needs = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = DIRECTORY / cls.__name__
        shutil.rmtree(cls.directory, ignore_errors=True)
        cls.directory.mkdir(parents=True)
        cls.failed = False

    @classmethod
    def tearDownClass(cls):
        if not cls.failed:
            shutil.rmtree(cls.directory, ignore_errors=True)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
            print(f"The logs are in {self.directory}", file=sys.stderr)


class WithCluster(EndToEnd):
    """One cluster for all tests of a class. It must stop as asked when they are done."""

    @classmethod
    def cluster_options(cls):
        return {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cluster = cls.enterClassContext(
            Cluster(GATEHOUSE, cls.directory / "cluster", **cls.cluster_options()))

    @classmethod
    def tearDownClass(cls):
        statuses = cls.cluster.stop()
        if any(statuses.values()):
            raise AssertionError(f"exit statuses after SIGTERM: {statuses}")
        super().tearDownClass()

    @property
    def ports(self):
        return {member.name: member.port for member in self.cluster}

    def anywhere(self):
        """A browser whose requests take turns over all members."""
        return Browser(*self.ports.values())

    def assert_connected(self):
        others = len(self.ports) - 1
        wait_until(lambda: all(each.status()["store"]["members_connected"] == others
                               for each in self.cluster), "all members are connected")

    def assert_all_well(self):
        """Somebody can sign in, and every member knows them."""
        browser = self.anywhere()
        sign_in(browser)
        for _ in self.ports:
            self.assertEqual(whoami(browser)["sub"], ANA.name)


def begin_login(browser, person=ANA, query=""):
    """As far as the page that asks for the password, which is returned."""
    page = browser.get("/auth/login" + query)
    assert page.status == 200, page
    page = browser.follow(browser.submit(page, username=person.name))
    assert page.status == 200 and page.page.heading == "Enter your password", page
    return page


def sign_in(browser, person=ANA, query=""):
    """From the login page to the portal, which is returned."""
    portal = browser.follow(browser.submit(begin_login(browser, person, query),
                                           password=person.password))
    assert portal.status == 200, portal
    return portal


def sign_out(browser, portal):
    return browser.follow(browser.submit(portal))


def whoami(browser):
    """The answer as JSON; None if nobody has signed in."""
    answer = browser.get("/auth/whoami", accept="application/json")
    assert answer.status in (200, 401), answer
    return json.loads(answer.body) if answer.status == 200 else None


def whoami_at(port, cookie, patience=0):
    """The status that a server gives to this cookie, and the body. It is asked again for so many
    seconds if it says that it cannot say now."""
    return patiently(lambda: request(port, "GET", "/auth/whoami", [
        ("Accept", "application/json"), ("Cookie", f"{COOKIE}={cookie}")]), patience)


def main(module):
    faulthandler.dump_traceback_later(SECONDS_MAX, exit=True)
    loader = unittest.TestLoader()
    suite = (loader.loadTestsFromNames(sys.argv[1:], module) if sys.argv[1:]
             else loader.loadTestsFromModule(module))
    classes = {type(test) for group in suite for test in
               (group if isinstance(group, unittest.TestSuite) else [group])}
    missing = sorted({program for each in classes for program in each.needs
                      if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None})
    if missing:
        print("SKIPPED, because this is not installed: " + ", ".join(missing))
        sys.exit(77)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)
