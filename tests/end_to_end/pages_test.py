#!/usr/bin/env python3
"""The pages in a real browser, behind HAProxy without stickiness. browser/pages_test.js says what
happens there."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from harness import DIRECTORY, WithCluster, main
from loopback.haproxy import HAProxy
from loopback.processes import Process

SOURCES = Path(__file__).resolve().parent / "browser"


def install_driver(directory):
    """playwright-core, from npm's cache if it is there, next to a copy of the script."""
    directory.mkdir(parents=True, exist_ok=True)
    installed = directory / "node_modules" / ".package-lock.json"
    lock = (SOURCES / "package-lock.json").read_bytes()
    is_current = (installed.exists() and (directory / "package-lock.json").exists() and
                  (directory / "package-lock.json").read_bytes() == lock)
    for file in SOURCES.iterdir():
        shutil.copy(file, directory)
    if not is_current:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
            cwd=directory, check=True, timeout=80,
            env={**os.environ, "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1"})


class Pages(WithCluster):
    needs = ("haproxy", "node", "npm", "chromium")

    @classmethod
    def cluster_options(cls):
        return {"portal_line": "admin roles app/admin"}  # which ana has

    def test_in_chromium(self):
        driver = DIRECTORY / "browser"
        pictures = DIRECTORY / "pictures"
        pictures.mkdir(exist_ok=True)
        install_driver(driver)
        # Whatever the browser writes goes into this test's directory.
        home = {name: str(self.directory) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME",
                                                       "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}

        with HAProxy(self.directory, self.ports, sticky=False) as balancer:
            node = Process("node", ["node", driver / "pages_test.js",
                                    f"http://127.0.0.1:{balancer.port}", pictures],
                           self.directory / "node.log", home, on_our_death=signal.SIGTERM)
            try:
                status = node.wait(80)
            finally:
                node.stop()

        self.assertEqual(status, 0, node.output())


if __name__ == "__main__":
    main(sys.modules[__name__])
