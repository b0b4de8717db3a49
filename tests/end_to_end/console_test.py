#!/usr/bin/env python3
"""The console in a real browser, while sessions are ended and a member is killed.
browser/console_test.js says what happens there."""

import signal
import sys

import chromium
from harness import WithCluster, main


class Console(WithCluster):
    needs = chromium.NEEDS

    @classmethod
    def cluster_options(cls):
        return {"portal_line": "console on\n\t\t\tadmin roles app/admin"}  # which ana has

    def test_in_chromium(self):
        self.cluster.wait_safe()
        victim = self.cluster["auth-2"]

        chromium.run(self, "console_test.js", f"http://127.0.0.1:{self.cluster['auth-0'].port}",
                     f"http://127.0.0.1:{self.cluster['auth-1'].port}", str(victim.pid))

        self.assertEqual(victim.wait(), -signal.SIGKILL)
        # So that all can stop as asked.
        self.cluster.start("auth-2").wait_ready()
        log = self.cluster["auth-0"].output()
        self.assertRegex(log, r"audit: ana at 127\.0\.0\.1: revoke session '[\w-]+' of subject 'ben': "
                              "done")
        self.assertRegex(log, "audit: ana at 127.0.0.1: revoke all sessions of subject 'ben': "
                              "1 session ended")


if __name__ == "__main__":
    main(sys.modules[__name__])
