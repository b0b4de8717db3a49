#!/usr/bin/env python3
"""Checks that every link of a built site leads somewhere in it.

Usage: check_links.py SITE_DIRECTORY

Anchors count. Links to other sites are not followed. What Doxygen wrote is only a target: its own links
are its own affair.
"""

import sys
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name in ("id", "name") and value:
                self.anchors.add(value)


def main():
    site = Path(sys.argv[1]).resolve()
    pages = {file: Page(file.read_text()) for file in site.rglob("*.html")}
    ours = [file for file in pages if "api" not in file.relative_to(site).parts[:-1]]
    count, broken = 0, []
    for file in ours:
        for link in pages[file].links:
            url = urllib.parse.urlsplit(link)
            # The page for what is not found does not know where it will be shown from.
            if url.scheme or url.netloc or file.name == "404.html":
                continue
            count += 1
            path = urllib.parse.unquote(url.path)
            target = (file.parent / path).resolve() if path else file
            if target.is_dir():
                target /= "index.html"
            if not target.is_relative_to(site) or not target.exists():
                broken.append(f"{file.relative_to(site)}: {link} leads nowhere")
            elif target in pages and url.fragment and url.fragment not in pages[target].anchors:
                broken.append(f"{file.relative_to(site)}: {link}: no such place on that page")
    print("\n".join(broken) or f"{count} links of {len(ours)} pages lead somewhere")
    return 1 if broken or not count else 0


if __name__ == "__main__":
    sys.exit(main())
