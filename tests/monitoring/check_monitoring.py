#!/usr/bin/env python3
"""Checks that documents, dashboard and alert rules speak of the metrics that there are.

Usage: check_monitoring.py PRINT_METRICS PROJECT_DIRECTORY

PRINT_METRICS is a program that prints all metrics as Prometheus reads them. docs/metrics.md has a table
of them: all of them, with their types and labels, and alerts that the rules have; and it names each
alert. What the dashboard and the rules query has to be exported, with the labels and their values.
"""

import json
import pathlib
import re
import subprocess
import sys

import yaml

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
QUERIED = re.compile(r"\b(sojourn_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")
ROW = re.compile(r"^\| `(sojourn_\w+)` \| (\w+) \| ([^|]*)\| [^|]*\| ([^|]*)\|$", re.M)

# What Prometheus itself adds.
OF_PROMETHEUS = {"job", "instance", "le"}
# Labels whose values no program can know before.
OPEN = {"peer"}


class Exported:
    """What the component exports: types by family, and of each sample's name its labels' values."""

    def __init__(self, text):
        self.types = {}
        self.values = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.types[name] = kind
            elif line and not line.startswith("#"):
                name, labels = SAMPLE.match(line).groups()
                values = self.values.setdefault(name, {})
                for label, value in LABEL.findall(labels or ""):
                    values.setdefault(label, set()).add(value)

    def labels_of(self, family):
        names = [family] if family in self.values else [family + "_bucket"]
        return set(self.values[names[0]]) - OF_PROMETHEUS


def problems_of_query(exported, query):
    """What a query asks for that is not exported."""
    labels = set(OF_PROMETHEUS)
    for name, matchers in QUERIED.findall(query):
        if name not in exported.values:
            yield f"{name} is not exported"
            continue
        known = exported.values[name]
        labels |= set(known)
        for label, operator, wanted in MATCHER.findall(matchers):
            if label in OF_PROMETHEUS or label in OPEN:
                continue
            if label not in known:
                yield f"{name} has no label {label}"
            else:
                wanted = wanted.split("|") if operator in ("=~", "!~") else [wanted]
                for value in set(wanted) - known[label]:
                    yield f"{name}: {label} is never {value}"
    for group in GROUPED.findall(query):
        for label in (each.strip() for each in group.split(",")):
            if label not in labels:
                yield f"there is no label {label} to group by"


def check_document(exported, text, alerts):
    rows = {name: (kind, set(re.findall(r"`(\w+)`", labels)), cell)
            for name, kind, labels, cell in ROW.findall(text)}
    for name in sorted(exported.types.keys() - rows.keys()):
        yield f"{name} is not in the table"
    for name in sorted(rows.keys() - exported.types.keys()):
        yield f"{name} is in the table and not exported"
    named = set()
    for name in rows.keys() & exported.types.keys():
        kind, labels, cell = rows[name]
        if kind != exported.types[name]:
            yield f"{name} is a {exported.types[name]}"
        if labels != exported.labels_of(name):
            yield f"{name} has the labels {sorted(exported.labels_of(name))}"
        for alert in re.findall(r"\w+", cell):
            named.add(alert)
            if alert not in alerts:
                yield f"{name}: there is no alert {alert}"
            elif not re.search(rf"\b{name}(_bucket)?\b", alerts[alert]):
                yield f"{name}: {alert} does not ask for it"
    for alert in sorted(alerts.keys() - named):
        yield f"the alert {alert} is not in the table"


def dashboard_queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            # What Grafana puts in.
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["query"]["query"]


def findings(exported, project):
    rules = yaml.safe_load((project / "packaging/prometheus/sojourn.rules.yml").read_text())
    alerts = {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}
    tested = yaml.safe_load((project / "packaging/prometheus/sojourn.rules.test.yml").read_text())
    tests = [test for each in tested["tests"] for test in each["alert_rule_test"]]
    fired = {test["alertname"] for test in tests if test.get("exp_alerts")}

    for alert, query in alerts.items():
        for problem in problems_of_query(exported, query):
            yield f"sojourn.rules.yml: {alert}: {problem}"
    for test in tested["tests"]:
        for series in test["input_series"]:
            for problem in problems_of_query(exported, series["series"]):
                yield f"sojourn.rules.test.yml: {test['name']}: {problem}"
    for alert in sorted(alerts.keys() - fired):
        yield f"sojourn.rules.test.yml: {alert} is never seen to fire"

    dashboard = json.loads((project / "packaging/grafana/sojourn.json").read_text())
    for title, query in dashboard_queries(dashboard):
        for problem in problems_of_query(exported, query):
            yield f"sojourn.json: {title}: {problem}"
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(ids) != len(set(ids)):
        yield "sojourn.json: two panels have one id"

    for problem in check_document(exported, (project / "docs/metrics.md").read_text(), alerts):
        yield f"docs/metrics.md: {problem}"


def main():
    program, project = sys.argv[1:]
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    found = list(findings(Exported(output), pathlib.Path(project)))
    for finding in found:
        print(finding)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
