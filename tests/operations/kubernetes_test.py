#!/usr/bin/env python3
"""The manifests of packaging/kubernetes: valid by the published schemas, and true of each other.

Usage: kubernetes_test.py ROOT GATEHOUSE SCRATCH_DIRECTORY

The schemas come from npm; without it only the rest is checked, and the exit status is 77.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT, GATEHOUSE, SCRATCH = (Path(argument).resolve() for argument in sys.argv[1:4])
MANIFESTS = ROOT / "packaging/kubernetes"
SCHEMAS = Path(__file__).resolve().parent / "schemas"


def install_schemas():
    directory = SCRATCH / "schemas"
    directory.mkdir(parents=True, exist_ok=True)
    lock = directory / "package-lock.json"
    installed = directory / "node_modules/.package-lock.json"
    is_current = installed.exists() and lock.read_bytes() == (SCHEMAS / lock.name).read_bytes()
    for file in SCHEMAS.iterdir():
        if file.is_file():
            shutil.copy(file, directory)
    if not is_current:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"],
                       cwd=directory, check=True, timeout=110)
    return directory


def read(directory):
    files = sorted(MANIFESTS.glob("*/*.yaml"))
    output = subprocess.run(["node", directory / "validate.cjs", *files], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    answer = json.loads(output)
    return answer["documents"], answer["problems"]


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


def relations(documents):
    """What no schema can see."""
    named = [each for each in documents if each["kind"] != "Kustomization"]

    def one(kind, name):
        found = [each for each in named if (each["kind"], each["metadata"]["name"]) == (kind, name)]
        assert len(found) == 1, f"{kind} {name}: {len(found)} of them"
        return found[0]

    stateful = one("StatefulSet", "gatehouse")["spec"]
    pod = stateful["template"]["spec"]
    container, = pod["containers"]
    headless = one("Service", "gatehouse-members")["spec"]
    caddyfile = (MANIFESTS / "base/Caddyfile").read_text()
    directive = lambda name: re.search(rf"^\s*{name} (\S+)", caddyfile, re.M).group(1)

    labels = stateful["template"]["metadata"]["labels"]
    selectors = [stateful["selector"]["matchLabels"], headless["selector"],
                 one("Service", "gatehouse")["spec"]["selector"],
                 one("PodDisruptionBudget", "gatehouse")["spec"]["selector"]["matchLabels"],
                 one("NetworkPolicy", "gatehouse")["spec"]["podSelector"]["matchLabels"]]
    yield "every selector finds the pods", all(each.items() <= labels.items() for each in selectors)

    yield "members find each other before they are ready", (
        headless["clusterIP"] == "None" and headless["publishNotReadyAddresses"]
        and stateful["serviceName"] == "gatehouse-members"
        and stateful["podManagementPolicy"] == "Parallel"
        and directive("dns").startswith("gatehouse-members."))
    yield "more than half of the replicas begin a cluster", (
        int(directive("bootstrap_expect")) * 2 > stateful["replicas"])

    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    paths = {kind: container[kind]["httpGet"]["path"] for kind in ("livenessProbe", "readinessProbe")}
    hook = container["lifecycle"]["preStop"]["httpGet"]
    gets = [container["livenessProbe"]["httpGet"], container["readinessProbe"]["httpGet"], hook]
    yield "probes and hook ask for the right stage", (
        paths == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}
        and hook["path"].startswith("/safe?wait=") and all(each["port"] in ports for each in gets))
    wait = int(hook["path"].partition("=")[2])
    stopping = seconds(directive("shutdown_delay")) + seconds(directive("grace_period"))
    yield "there is time for hook, delay and handing over", (
        wait + stopping < pod["terminationGracePeriodSeconds"])
    noticed = (container["readinessProbe"]["periodSeconds"]
               * container["readinessProbe"]["failureThreshold"])
    yield "everything is served until the probe has noticed", (
        seconds(directive("shutdown_delay")) > noticed)
    yield "one member at a time is missing", (
        one("PodDisruptionBudget", "gatehouse")["spec"]["maxUnavailable"] == 1)

    policy = one("NetworkPolicy", "gatehouse")["spec"]
    yield "the policy names ports that there are", all(
        each["port"] in ports or each["port"] in (*ports.values(), 53)
        for rule in policy["ingress"] + policy["egress"] for each in rule["ports"])
    yield "only members reach members", [
        "from" in rule for rule in policy["ingress"]
        for each in rule["ports"] if each["port"] == "members"] == [True]

    certificate = one("Certificate", "gatehouse-members")["spec"]
    needed = {f"gatehouse-{i}.{directive('cluster')}" for i in range(stateful["replicas"])}
    volumes = {each["name"]: each for each in pod["volumes"]}
    yield "the certificate names every member of the cluster", needed <= set(certificate["dnsNames"])
    yield "the certificate is for both ends", {"client auth", "server auth"} <= set(certificate["usages"])
    yield "what is issued is what is mounted", (
        volumes["members"]["secret"]["secretName"] == certificate["secretName"])
    issuers = {each["metadata"]["name"] for each in named if each["kind"] == "Issuer"}
    yield "every issuer exists", all(each["spec"]["issuerRef"]["name"] in issuers
                                     for each in named if each["kind"] == "Certificate")
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    yield "every volume is mounted where the configuration looks", (
        set(mounts) == set(volumes) and all(path in caddyfile or name == "configuration"
                                            for name, path in mounts.items()))
    variables = {each["name"] for each in container["env"]}
    asked = set(re.findall(r"\{\$(\w+)\}", caddyfile))
    yield "every variable without a default is set", asked <= variables

    yield "the pod has no rights", (
        pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
        and container["securityContext"]["capabilities"]["drop"] == ["ALL"]
        and not container["securityContext"]["allowPrivilegeEscalation"])


def kustomizations():
    """Each names files that exist, and leaves none of its directory out."""
    for file in sorted(MANIFESTS.glob("*/kustomization.yaml")):
        listed = set(re.findall(r"^\s+- ([\w./-]+)$", file.read_text(), re.M))
        here = {each.name for each in file.parent.iterdir()} - {"kustomization.yaml"}
        yield f"{file.parent.name} names what there is", (
            all((file.parent / each).exists() for each in listed)
            and here == {each for each in listed if not each.startswith("..")})


def configuration():
    """gatehouse itself reads the Caddyfile of the ConfigMap, with the files that pods mount."""
    members, users = SCRATCH / "members", SCRATCH / "users"
    subprocess.run([ROOT / "tests/support/make-certificates", members, "gatehouse", "gatehouse-0"], check=True)
    for source, target in (("gatehouse-0.pem", "tls.crt"), ("gatehouse-0.key", "tls.key"), ("ca.pem", "ca.crt")):
        shutil.copy(members / source, members / target)
    users.mkdir(exist_ok=True)
    (users / "users.json").write_text('{"version": "1.0.0", "users": []}')
    result = subprocess.run(
        [GATEHOUSE, "--config", MANIFESTS / "base/Caddyfile", "--check"], text=True, capture_output=True,
        env={**os.environ, "POD_NAME": "gatehouse-0", "POD_IP": "10.0.0.1", "POD_NAMESPACE": "default",
             "GATEHOUSE_KEY": "k" * 32, "MEMBERS": str(members), "USERS": str(users)})
    yield f"gatehouse accepts the Caddyfile {result.stderr}", result.returncode == 0


def main():
    SCRATCH.mkdir(parents=True, exist_ok=True)
    if shutil.which("npm") is None or shutil.which("node") is None:
        print("SKIPPED: without node and npm there are no schemas")
        return 77
    documents, problems = read(install_schemas())
    problems += [name for checks in (relations(documents), kustomizations(), configuration())
                 for name, holds in checks if not holds]
    print("\n".join(f"wrong: {each}" for each in problems) or f"{len(documents)} documents are right")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
