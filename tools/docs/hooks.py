"""What the site adds to docs/: pages that are written elsewhere, and what their links lead to.

Documents link to files of the source tree, as one reads them there. In the site such a file is a copy
below source/, so that every link leads somewhere and can be checked. A directory is a list of its
files there.
"""

import posixpath
import re
import shutil
import sys
from pathlib import Path

from mkdocs.structure.files import File

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))
import pages_from_headers

ROOT = Path(__file__).resolve().parents[2]
# Documents elsewhere that are pages of the site, by their names in it.
ELSEWHERE = {"examples/gatehouse/README.md": "gatehouse.md", "packaging/README.md": "packages.md",
             "CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
# What lies in docs/ and is neither a page nor shown on one: programs, models.
NO_PAGES = (".py", ".pml")
LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")
FENCED = re.compile(r"(^```.*?^```)", re.M | re.S)

_sources = set()
_generated = {}


def on_config(config):
    """Of the pages that the order names, those that there are; and after them those that it does not
    name."""
    generated = {*ELSEWHERE.values(), *pages_from_headers.PAGES}
    exists = lambda page: page in generated or (ROOT / "docs" / page).exists()
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    config["nav"].append({"Project": [
        {"Changes": "changelog.md"}, {"Contributing": "contributing.md"},
        {"Decisions": [{each.read_text().splitlines()[0].lstrip("# "): f"decisions/{each.name}"}
                       for each in decisions]}]})
    config["nav"] = [each for each in (_existing(entry, exists) for entry in config["nav"]) if each]
    listed = set(_pages(config["nav"]))
    others = sorted(str(each.relative_to(ROOT / "docs")) for each in (ROOT / "docs").rglob("*.md"))
    others = [each for each in others if each not in listed]
    if others:
        config["nav"].append({"More": others})
    return config


def _pages(nav):
    for entry in nav:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else _pages(target)


def _existing(entry, exists):
    (title, target), = entry.items()
    if isinstance(target, str):
        return entry if exists(target) else None
    inner = [each for each in (_existing(each, exists) for each in target) if each]
    return {title: inner} if inner else None


def on_files(files, config):
    target = Path(config["site_dir"]).parent / "generated"
    shutil.rmtree(target, ignore_errors=True)
    for source, page in ELSEWHERE.items():
        _add(files, config, target, page, (ROOT / source).read_text(), source)
    for page, make in pages_from_headers.PAGES.items():
        _add(files, config, target, page, make(ROOT), f"docs/{page}")
    for page in list(files):
        if page.src_path.endswith(".md"):
            _add_sources(files, config, target, page)
    for file in list(files):
        if file.src_path.endswith(NO_PAGES):
            files.remove(file)
    return files


def _add(files, config, target, page, text, source):
    path = target / page
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    _generated[page] = source
    # What stands there in the tree says only where to read instead.
    if stands_there := files.get_file_from_path(page):
        files.remove(stands_there)
    files.append(File(page, str(target), config["site_dir"], config["use_directory_urls"]))


def _add_sources(files, config, target, page):
    """Copies of what a page links to, and what is no page."""
    source = _generated.get(page.src_path, f"docs/{page.src_path}")
    for part in FENCED.split(Path(page.abs_src_path).read_text())[::2]:  # not in code
        for match in LINK.finditer(part):
            path = _target(match.group(2), source)
            if path is None or path in _sources or not _site_path(path).startswith("source/"):
                continue
            _sources.add(path)
            _add(files, config, target, _site_path(path), _text_of(path), path)


def _text_of(path):
    if (ROOT / path).is_dir():
        names = sorted(each.relative_to(ROOT) for each in (ROOT / path).rglob("*") if each.is_file())
        return "\n".join(map(str, names)) + "\n"
    return (ROOT / path).read_text()


def on_page_markdown(markdown, page, config, files):
    source = _generated.get(page.file.src_path, f"docs/{page.file.src_path}")
    parts = FENCED.split(markdown)
    for at in range(0, len(parts), 2):
        parts[at] = LINK.sub(lambda match: _redirect(match, source, page.file.src_path), parts[at])
    return "".join(parts)


def _target(link, source):
    """The path in the tree that a link of `source` leads to; None if it leads elsewhere."""
    if re.match(r"[a-z]+:", link):
        return None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    exists = (ROOT / path).exists() or path.removeprefix("docs/") in pages_from_headers.PAGES
    return path if exists else None


def _redirect(match, source, page):
    """A link as it is written in `source`, as it must be in `page`."""
    before, target, fragment, after = match.groups()
    path = _target(target, source)
    if path is None:
        return match.group(0)  # mkdocs says so if it is broken
    relative = posixpath.relpath(_site_path(path), posixpath.dirname(page) or ".")
    return f"{before}{relative}{fragment or ''}{after}"


def _site_path(path):
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    if path == "docs/decisions":
        return "decisions/0001-first-view-by-unanimity.md"
    if path.startswith("docs/") and (path.endswith(".md") or (ROOT / path).is_file()) and (
            not path.endswith(NO_PAGES)):
        return path.removeprefix("docs/")
    # Browsers show text, and save what they do not know.
    return f"source/{path}.txt"
