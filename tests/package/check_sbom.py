#!/usr/bin/env python3
"""Checks a bill of materials against what SPDX 2.3 requires of every document.

Usage: check_sbom.py FILE

Debian has neither SPDX's own tools nor its schema, so the rules stand here; the numbers are those of
the specification's clauses. Beyond it: every dependency has a version and a licence.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ID = re.compile(r"SPDXRef-[A-Za-z0-9.-]+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
CREATOR = re.compile(r"(Person|Organization|Tool): \S.*")
PURL = re.compile(r"pkg:[a-z]+/[A-Za-z0-9.+_-]+(@[A-Za-z0-9.+_-]+)?")
LICENCES = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "MIT"}
# The names that CMake finds dependencies by, and what their projects call them.
NAMES = {"absl": "abseil-cpp", "asio": "asio", "c-ares": "c-ares", "gRPC": "grpc",
         "OpenSSL": "openssl", "Protobuf": "protobuf", "xxHash": "xxhash"}


def document_problems(document):
    if document.get("spdxVersion") != "SPDX-2.3":
        yield "6.1 spdxVersion"
    if document.get("dataLicense") != "CC0-1.0":
        yield "6.2 dataLicense"
    if document.get("SPDXID") != "SPDXRef-DOCUMENT":
        yield "6.3 SPDXID"
    if not document.get("name"):
        yield "6.4 name"
    if not re.fullmatch(r"https://[^#\s]+", document.get("documentNamespace", "")):
        yield "6.5 documentNamespace"
    creation = document.get("creationInfo", {})
    if not creation.get("creators") or not all(map(CREATOR.fullmatch, creation["creators"])):
        yield "6.8 creators"
    if not TIME.fullmatch(creation.get("created", "")):
        yield "6.9 created"


def package_problems(package):
    name = package.get("name")
    if not name:
        yield "7.1 name"
    if not ID.fullmatch(package.get("SPDXID", "")):
        yield f"7.2 SPDXID of {name}"
    if not re.fullmatch(r"\d+(\.\d+)*", package.get("versionInfo", "")):
        yield f"7.3 version of {name}: {package.get('versionInfo')}"
    location = package.get("downloadLocation", "")
    if location not in ("NONE", "NOASSERTION") and not location.startswith("https://"):
        yield f"7.7 downloadLocation of {name}"
    if package.get("filesAnalyzed") is not False:
        yield f"7.8 filesAnalyzed of {name}: without files it must be false"
    if package.get("licenseDeclared") not in LICENCES:
        yield f"7.15 licence of {name}"
    for reference in package.get("externalRefs", []):
        if reference.get("referenceCategory") != "PACKAGE-MANAGER":
            yield f"7.21 category of {name}"
        if not PURL.fullmatch(reference.get("referenceLocator", "")):
            yield f"7.21 purl of {name}"


def relationship_problems(document):
    ids = [package["SPDXID"] for package in document["packages"]] + [document["SPDXID"]]
    if len(set(ids)) != len(ids):
        yield "an SPDXID is used twice"
    ours = "SPDXRef-Package-sojourn"
    triples = {(each["spdxElementId"], each["relationshipType"], each["relatedSpdxElement"])
               for each in document["relationships"]}
    for source, _, target in triples:
        if source not in ids or target not in ids:
            yield f"11.1 {source} or {target} is no element"
    expected = {("SPDXRef-DOCUMENT", "DESCRIBES", ours)}
    expected |= {(ours, "DEPENDS_ON", id) for id in ids if id not in (ours, "SPDXRef-DOCUMENT")}
    if triples != expected:
        yield f"11.1 relationships: {triples ^ expected}"


def completeness_problems(document):
    """Every dependency of the library is in it. Those of its components are not its own."""
    text = (ROOT / "cmake/Dependencies.cmake").read_text()
    found = set(re.findall(r"find_package\((\S+)", text)) - {"Threads", "prometheus-cpp"}
    listed = {package["name"] for package in document["packages"]} - {"sojourn"}
    wanted = {NAMES.get(name, name) for name in found}
    if listed != wanted:
        yield f"lists {sorted(listed)}, and the build needs {sorted(wanted)}"


def main():
    document = json.loads(Path(sys.argv[1]).read_text())
    problems = [*document_problems(document),
                *(problem for package in document["packages"] for problem in package_problems(package)),
                *relationship_problems(document), *completeness_problems(document)]
    for package in document["packages"]:
        print(package["name"], package["versionInfo"], package["licenseDeclared"])
    for problem in problems:
        print("wrong:", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
