#!/usr/bin/env python3
"""The pages in a real browser, behind HAProxy without stickiness. browser/pages_test.js says what
happens there."""

import sys

import chromium
from harness import WithCluster, main
from loopback.haproxy import HAProxy


class Pages(WithCluster):
    needs = ("haproxy", *chromium.NEEDS)

    @classmethod
    def cluster_options(cls):
        return {"portal_line": "admin roles app/admin"}  # which ana has

    def test_in_chromium(self):
        with HAProxy(self.directory, self.ports, sticky=False) as balancer:
            chromium.run(self, "pages_test.js", f"http://127.0.0.1:{balancer.port}")


if __name__ == "__main__":
    main(sys.modules[__name__])
