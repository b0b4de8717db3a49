"""Scripts of browser/ that drive Chromium, and where they find what they need."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from harness import DIRECTORY
from loopback.processes import Process

SOURCES = Path(__file__).resolve().parent / "browser"
NEEDS = ("node", "npm", "chromium")


def _install_driver(directory):
    """playwright-core, from npm's cache if it is there, next to a copy of the scripts."""
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


def run(test, script, *arguments):
    """Runs the script with these arguments and the directory for pictures. `test` fails with what it
    says if it fails; its directory takes whatever the browser writes."""
    driver = DIRECTORY / "browser"
    pictures = DIRECTORY / "pictures"
    pictures.mkdir(exist_ok=True)
    _install_driver(driver)
    home = {name: str(test.directory) for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME",
                                                   "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    node = Process("node", ["node", driver / script, *arguments, pictures],
                   test.directory / "node.log", home, on_our_death=signal.SIGTERM)
    try:
        status = node.wait(80)
    finally:
        node.stop()
    test.assertEqual(status, 0, node.output())
