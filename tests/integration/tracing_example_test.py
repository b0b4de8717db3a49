#!/usr/bin/env python3
"""Runs the tracing example: the request's trace goes from the member that was asked to the owner.

Usage: tracing_example_test.py PROGRAM
"""

import json
import socket
import subprocess
import sys

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
REQUEST = "00f067aa0ba902b7"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def spans(lines):
    """(service, span) of each line."""
    for line in lines:
        resource, = json.loads(line)["resourceSpans"]
        scope, = resource["scopeSpans"]
        span, = scope["spans"]
        yield resource["resource"]["attributes"][0]["value"]["stringValue"], span


def main():
    output = subprocess.run([sys.argv[1], *free_ports(2)], check=True, stdout=subprocess.PIPE,
                            timeout=60, text=True).stdout
    of_request = {span["name"]: (service, span) for service, span in spans(output.splitlines())
                  if span["traceId"] == TRACE}
    assert of_request.keys() == {"sojourn.get", "sojourn.serve get"}, of_request
    service, call = of_request["sojourn.get"]
    assert (service, call["kind"], call["parentSpanId"]) == ("auth-1", 3, REQUEST), call
    service, serve = of_request["sojourn.serve get"]
    assert (service, serve["kind"], serve["parentSpanId"]) == ("auth-0", 2, call["spanId"]), serve
    assert int(call["startTimeUnixNano"]) <= int(serve["endTimeUnixNano"])


if __name__ == "__main__":
    main()
