"""Pages that are made of the public headers, whose comments are the contract: what a user reads there
and here cannot differ."""

import re

_STRUCT = re.compile(r"((?:^//.*\n)*)^struct (?:SOJOURN_EXPORT )?(\w+) \{\n(.*?)^\};", re.M | re.S)
_MEMBER = re.compile(r"((?:^  //.*\n)*)^  ([\w:<>, ]+?) (\w+) = (.*?);(?:  // (.*))?$", re.M)


def _text(comment):
    """A comment as Markdown: its lines joined, its names in code."""
    lines = [line.strip().removeprefix("//").strip() for line in comment.splitlines()]
    text = " ".join(lines)
    text = re.sub(r"(\[a-z0-9\]\([^ ]*\)\?)", r"`\1`", text)
    text = text.replace("<", "&lt;").replace("|", "\\|")
    text = re.sub(r"(?<![`\w])((?:\w+::)+\w+(?:\(\))?|k[A-Z]\w+)", r"`\1`", text)
    return re.sub(r"(?<![`\w:])([a-z]+_[a-z_]+(?:\(\))?)(?![\w`])", r"`\1`", text)


def _default(text):
    text = text.strip()
    if text == "{}":
        return ""
    return "`" + text.replace("std::chrono::", "").replace("|", "\\|") + "`"


def options(root):
    page = ["# Options", "",
            "Made of the headers [`options.h`](../../include/sojourn/options.h), "
            "[`discovery.h`](../../include/sojourn/discovery.h) and "
            "[`cookie.h`](../../include/sojourn/cookie.h). An option without a default here is empty by default. "
            "[Gatehouse's configuration](../../examples/gatehouse/README.md#configuration) has a directive for "
            "each.", ""]
    for header in ("options.h", "discovery.h", "cookie.h"):
        text = (root / "include/sojourn" / header).read_text()
        for comment, name, body in _STRUCT.findall(text):
            members = _MEMBER.findall(body)
            if not members:
                continue
            page += [f"## {name}", "", _text(comment), "", "| Option | Type | Default | Meaning |",
                     "|---|---|---|---|"]
            meaning = ""
            for before, type_, member, default, after in members:
                meaning = _text(before) or after or meaning  # some share the comment of the one before
                kind = type_.replace("std::", "").replace("chrono::", "").strip()
                page.append(f"| `{member}` | `{kind}` | {_default(default)} | {meaning} |")
            page.append("")
    return "\n".join(page)


def errors(root):
    text = (root / "include/sojourn/store.h").read_text()
    block = re.search(r"// Errors mean one thing each, in every call:\n((?://.*\n)+?)class", text).group(1)
    rows = re.findall(r"//   (k\w+) +(.*(?:\n// {6,}.*)*)", block)
    page = ["# Errors", "",
            "Every call answers with an `absl::Status`, or a value in its place. Each code means one thing, in every "
            "call; the message is for operators, and names the thing. From "
            "[`store.h`](../../include/sojourn/store.h):", "", "| Code | Meaning |", "|---|---|"]
    page += [f"| `{code}` | {_text(meaning)} |" for code, meaning in rows]
    page += ["", "## What to answer a browser", "",
             "| Code | Answer |", "|---|---|",
             "| `kNotFound` | \"Not signed in\": 401, or the login page. Only the owner of a session says so, so it is "
             "true |",
             "| `kUnavailable`, `kDeadlineExceeded`, `kResourceExhausted` | 503 with `Retry-After`, never the login "
             "page: the session may well live |",
             "| `kDataLoss` | The login page, and tell people why: their session may have been lost with all copies. "
             "See [Disaster](../how-to/disaster.md) |",
             "| `kAborted` | Read again and decide again; somebody else changed the session |",
             "| `kInvalidArgument`, `kFailedPrecondition` | A mistake of the program, or a request that is not "
             "possible now: 400, and a line in the log |", "",
             "A write that ended with `kDeadlineExceeded` or `kCancelled` may have happened. To repeat a revocation is "
             "always right; to repeat a login makes a second session, of which the user's cookie names one.", ""]
    return "\n".join(page)


PAGES = {"reference/options.md": options, "reference/errors.md": errors}
