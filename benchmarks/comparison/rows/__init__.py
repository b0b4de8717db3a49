"""The rows of the table. Each is a function that measures and returns its Comparisons."""

import dataclasses
import importlib
from typing import Callable


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    what: str
    against: str
    measure: Callable  # of a Bench, to a list of Comparisons


ROWS = {}


def row(name, what, against):
    def register(measure):
        ROWS[name] = Row(name, what, against, measure)
        return measure

    return register


for _module in (
    "remote_get",
    "write",
    "local_get",
    "memory",
    "transfer",
    "expiry",
    "whole_way",
    "growth",
    "overload",
):
    importlib.import_module(f"{__name__}.{_module}")

ROWS = dict(sorted(ROWS.items(), key=lambda item: int(item[0][1:])))
