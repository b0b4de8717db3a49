#!/usr/bin/env python3
"""Holds the floors of docs/architecture.md.

Usage: check_floors.py PROJECT_DIRECTORY

Reads every file under src/ and include/ and reports, one line each, where
  - a module includes a higher floor, or a neighbour on its own;
  - a public header includes what only the library's own code may see;
  - a file of floors 0 to 5 reaches for the world outside: a clock, a thread, a socket, a file, the
    environment, or randomness that no seed decides.
"""

import pathlib
import re
import sys

# The modules, by directory under src/. Neighbours on one floor do not know each other.
FLOORS = {
    "base": 0,
    "session": 1,
    "table": 2,
    "membership": 4,
    "ring": 3,
    "replication": 4,
    "node": 5,
    "wire": 6,
    "transport": 7,
    "discovery": 7,
    "runtime": 8,
    "admin": 9,
    "store": 10,
    "prometheus": 11,
}
HIGHEST_PURE_FLOOR = 5

# The public headers, by path under include/sojourn/ ("detail/" stands for all below it): the floor
# whose code may include them.
PUBLIC_HEADERS = {
    "export.h": 0,
    "library_version.h": 0,
    "cluster_state.h": 1,
    "companions.h": 1,
    "cookie.h": 1,
    "session.h": 1,
    "session_id.h": 1,
    "tracing.h": 1,
    "version.h": 1,
    "view.h": 1,
    # Plain values: the transport reads its part of the options, the runtime counts in the metrics.
    "discovery.h": 7,
    "options.h": 7,
    "health.h": 8,
    "metrics.h": 8,
    "event.h": 8,
    "subscription.h": 8,
    "detail/": 10,
    "store.h": 10,
    "sync_store.h": 10,
    "prometheus.h": 11,
    "prometheus_export.h": 11,
}

# Code generated from proto/sojourn/v1: for those who make bytes of structs, and above.
PROTO_PREFIX = "sojourn/v1/"
PROTO_FLOOR = FLOORS["wire"]

# Headers that no pure floor includes, and what each would bring in.
IMPURE_HEADERS = {
    r"asio(\.hpp|/.*)": "the event loop",
    r"atomic|condition_variable|future|latch|mutex|pthread\.h": "threads",
    r"semaphore|shared_mutex|stop_token|thread|barrier": "threads",
    r"absl/synchronization/.*": "threads",
    r"base/(mutex|spin_lock)\.h": "threads",
    r"absl/time/clock\.h|ctime|time\.h": "a clock",
    r"arpa/.*|netdb\.h|netinet/.*|poll\.h": "sockets",
    r"fcntl\.h|filesystem|fstream": "files",
    r"cstdio|iostream|stdio\.h": "files",
    r"csignal|signal\.h|sys/.*|unistd\.h": "the operating system",
    r"google/protobuf/.*": "the wire format",
    r"grpc(\+\+|pp)?/.*": "the network",
    r"absl/random/.*|openssl/rand\.h|random": "randomness without the seed",
}

# Words that no pure floor uses, and what each would bring in.
IMPURE_WORDS = {
    r"(::now|\babsl::Now)\s*\(": "a clock",
    r"\b(clock_gettime|gettimeofday|localtime\w*|gmtime\w*|std::time)\s*\(": "a clock",
    r"\bstd::(this_thread|j?thread|async|(shared_|recursive_)?mutex|atomic\w*)\b": "threads",
    r"\bstd::(lock_guard|unique_lock|scoped_lock|condition_variable\w*)\b": "threads",
    r"\babsl::Mutex\b|\bthread_local\b": "threads",
    r"\b(secure_)?getenv\b": "the environment",
    r"\b(fopen|std::(c(out|err|in|log)|[io]?fstream))\b|\bf?printf\s*\(": "files",
    r"\b(random_device|RAND_(priv_)?bytes|getrandom|getentropy)\b": "randomness without the seed",
    r"\b(absl::(Insecure)?BitGen|std::mt19937\w*|std::s?rand)\b": "randomness without the seed",
}

# What a file may bring in all the same.
ALLOWED = {
    # The locks of the project, for the floors that have threads.
    "src/base/mutex.h": {"threads"},
    "src/base/spin_lock.cc": {"threads"},
    "src/base/spin_lock.h": {"threads"},
    # Threads compute with one key at the same time; what they compute does not depend on it.
    "src/base/crypto.cc": {"threads"},
    # Records are shared with the sessions that callers hold, on any thread: an atomic count.
    "src/session/record.h": {"threads"},
    # Local reads look sessions up from any thread while the owner of the table changes it.
    "src/table/table.cc": {"threads"},
    "src/table/table.h": {"threads"},
    # Local reads come from any thread and ask, without a lock, whether this member may answer.
    "src/replication/serving.h": {"threads"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# A string or character literal, or a comment. A digit before ' makes it a separator: 1'000.
IGNORED = re.compile(
    r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)


def without_comments_and_literals(text):
    """The text with the same lines, but only code in them."""
    return IGNORED.sub(lambda match: "\n" * match.group().count("\n"), text)


def public_floor(name):
    """The floor of a public header, given by its path under include/sojourn/; None if not listed."""
    if name.startswith("detail/"):
        name = "detail/"
    return PUBLIC_HEADERS.get(name)


def file_floor(path):
    """The floor of a file, given by its path in the project; None if it belongs to none."""
    if path.startswith("include/sojourn/"):
        return public_floor(path.removeprefix("include/sojourn/"))
    module = path.removeprefix("src/").split("/")[0]
    return FLOORS.get(module)


def check_include(path, floor, bracket, name):
    """What is wrong with one #include, in words; None if nothing is."""
    is_public_header = path.startswith("include/")

    if name.startswith(PROTO_PREFIX):
        if is_public_header:
            return f"a public header includes generated code, {name}"
        return higher(floor, PROTO_FLOOR, name)

    if name.startswith("sojourn/"):
        included = public_floor(name.removeprefix("sojourn/"))
        if included is None:
            return f"{name} is not listed in PUBLIC_HEADERS of check_floors.py"
        return higher(floor, included, name)

    module = name.split("/")[0]
    if bracket == '"':
        if is_public_header:
            return f"a public header includes {name}, which is not installed"
        if module not in FLOORS or "/" not in name:
            return f'{name} belongs to no module: write "module/{name}"'
        if FLOORS[module] == floor and module != path.split("/")[1]:
            return f"{name} is a neighbour on floor {floor}"
        return higher(floor, FLOORS[module], name)

    if is_public_header and re.match(r"grpc|google/|openssl/|xxhash", name):
        return f"a public header includes a private dependency, {name}"
    return None


def higher(floor, included, name):
    return f"{name} is on floor {included}, above {floor}" if included > floor else None


def impurities(included, code):
    """What one line would bring in: a list of (what, by which header or word)."""
    if included:
        return [(what, included) for pattern, what in IMPURE_HEADERS.items()
                if re.fullmatch(pattern, included)]
    matches = [(what, re.search(pattern, code)) for pattern, what in IMPURE_WORDS.items()]
    return [(what, match.group()) for what, match in matches if match]


def check_file(path, text):
    """All findings in one file: a list of (line number, words)."""
    floor = file_floor(path)
    if floor is None:
        where = "PUBLIC_HEADERS" if path.startswith("include/") else "FLOORS"
        return [(1, f"has no floor yet: list it in {where} of check_floors.py")]

    findings = []
    code_lines = without_comments_and_literals(text).splitlines()
    for number, (line, code) in enumerate(zip(text.splitlines(), code_lines), start=1):
        include = INCLUDE.match(line) if code.lstrip().startswith("#") else None
        bracket, included = include.groups() if include else (None, None)
        if included:
            wrong = check_include(path, floor, bracket, included)
            if wrong:
                findings.append((number, wrong))
        if floor <= HIGHEST_PURE_FLOOR:
            for what, by in impurities(included, code):
                if what not in ALLOWED.get(path, ()):
                    findings.append((number, f"{by} brings {what} to floor {floor}"))
    return findings


def check_project(project):
    """All findings in a project directory: a list of (path, line number, words)."""
    findings = []
    for directory in ("include", "src"):
        for file in sorted((project / directory).rglob("*")):
            if file.suffix in (".h", ".cc"):
                path = file.relative_to(project).as_posix()
                findings += [(path, *finding) for finding in check_file(path, file.read_text())]
    return findings


def main():
    project = pathlib.Path(sys.argv[1])
    findings = check_project(project)
    for path, number, words in findings:
        print(f"{path}:{number}: {words}")
    print(f"{len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
