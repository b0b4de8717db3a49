"""Pages that are made of the public headers, whose comments are the contract: what a user reads there
and here cannot differ."""

import re

_STRUCT = re.compile(r"((?:^//.*\n)*)^struct (?:SOJOURN_EXPORT )?(\w+) \{\n((?:.*\n)*?)^\};", re.M)
_ENUM = re.compile(r"((?:^//.*\n)*)^enum class (\w+)(?: : [\w:]+)? \{\n((?:.*\n)*?)^\};", re.M)
_ENUMERATOR = re.compile(r"((?:^  //.*\n)*)^  (k\w+)", re.M)
_MEMBER = re.compile(r"((?:^  //.*\n)*)^  ([\w:<>, ]+?) (\w+) = (.*?);(?:  // (.*))?$", re.M)


def _text(comment):
    """A comment as Markdown: its lines joined, its names in code."""
    text = " ".join(line.strip().removeprefix("//").strip() for line in comment.splitlines())
    parts = re.split(r"(`[^`]*`)", text.replace("|", "\\|"))
    for at in range(0, len(parts), 2):  # what is not in code yet
        part = re.sub(r"(\[a-z0-9\]\([^ ]*\)\?|(?:\w+::)+\w+(?:\(\))?|\bk[A-Z]\w+|\b[a-z]+_[a-z_]+(?:\(\))?)",
                      r"`\1`", parts[at])
        parts[at] = part.replace("<", "&lt;")
    return "".join(parts)


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
            "[Gatehouse's configuration](../../examples/gatehouse/README.md#configuration) has directives for "
            "them.", ""]
    for header in ("options.h", "discovery.h", "cookie.h"):
        text = (root / "include/sojourn" / header).read_text()
        for comment, name, body in _STRUCT.findall(text):
            members = _MEMBER.findall(body)
            if len(members) != len(re.findall(r"^  [^/\s].*=", body, re.M)):
                raise ValueError(f"{header}: there are members of {name} that this does not understand")
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
        for comment, name, body in _ENUM.findall(text):
            page += [f"## {name}", "", _text(comment), "", "| Value | Meaning |", "|---|---|"]
            page += [f"| `{value}` | {_text(before)} |" for before, value in _ENUMERATOR.findall(body)]
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
             "page: the session may well live. What is too large, or one session too many of its subject "
             "(`kResourceExhausted` of a write), does not pass by itself: tell people |",
             "| `kDataLoss` | The login page, and tell people why: their session may have been lost with all copies. "
             "See [Disaster](../how-to/disaster.md) |",
             "| `kAborted` | Read again and decide again; somebody else changed the session |",
             "| `kInvalidArgument`, `kFailedPrecondition` | A mistake of the program, or a request that is not "
             "possible now: 400, and a line in the log |", "",
             "A write that ended with `kDeadlineExceeded` or `kCancelled` may have happened. To repeat a revocation is "
             "always right; to repeat a login makes a second session, of which the user's cookie names one.", ""]
    return "\n".join(page)


PAGES = {"reference/options.md": options, "reference/errors.md": errors}
