"""Numbers of several rounds, ours beside a peer's, and whether a target holds."""

import dataclasses
import statistics
from typing import Optional

from .machine import ROUNDS_SPREAD_MAX, spread

HOLDS = "holds"
MISSES = "misses"
TOO_NOISY = "too noisy to judge"
NO_PEER = "no peer"
REPORTED = "reported"
NOT_JUDGED = "not judged"


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound of the ratio of ours to the peer's, or of our own number."""

    limit: float
    at_least: bool
    of_ours: bool = False

    def is_met_by(self, value):
        return value >= self.limit if self.at_least else value <= self.limit

    def margin(self, value):
        """1 at the limit, more beyond it on the good side."""
        if self.at_least:
            return value / self.limit if self.limit else float("inf")
        return self.limit / value if value else float("inf")

    def __str__(self):
        return ("≥ " if self.at_least else "≤ ") + f"{self.limit:,g}"


def at_least(limit, of_ours=False):
    return Target(limit, True, of_ours)


def at_most(limit, of_ours=False):
    return Target(limit, False, of_ours)


@dataclasses.dataclass
class Comparison:
    """One line of the table: a number of each round, ours and the peer's of the same round."""

    what: str
    unit: str
    ours: list
    peer: Optional[list] = None
    peer_name: str = ""
    target: Optional[Target] = None
    noise: tuple = ()  # what was seen of the machine meanwhile
    # Ours of each round while nothing happens. Where that misses the target as well, a miss says nothing.
    in_calm: Optional[list] = None
    judged: bool = True  # no: too little was measured
    series: Optional[dict] = None  # more of ours, by size: {"1000": [each round]}

    @property
    def ours_median(self):
        return statistics.median(self.ours)

    @property
    def peer_median(self):
        return statistics.median(self.peer) if self.peer else None

    @property
    def ratio(self):
        return self.ours_median / self.peer_median if self.peer_median else None

    @property
    def ratios(self):
        """Of each round."""
        if not self.peer or not all(self.peer):
            return []
        return [ours / peer for ours, peer in zip(self.ours, self.peer)]

    @property
    def value(self):
        """What is judged."""
        return self.ours_median if self.target and self.target.of_ours else self.ratio

    @property
    def values(self):
        return self.ours if self.target and self.target.of_ours else self.ratios

    @property
    def complaints(self):
        found = list(self.noise)
        sides = [("ours", self.ours), (self.peer_name or "the peer", self.peer or [])]
        for name, rounds in sides:
            if len(rounds) > 1 and spread(rounds) > ROUNDS_SPREAD_MAX:
                found.append(f"rounds of {name} varied by {spread(rounds):.0%}")
        return found

    @property
    def verdict(self):
        """Noise only matters where the rounds do not agree: if all of them are on one side of the
        target, so is the answer."""
        if self.target is None:
            return REPORTED
        if not self.values:
            return NO_PEER
        if not self.judged:
            return NOT_JUDGED
        met = [self.target.is_met_by(value) for value in self.values]
        if self.complaints and any(met) and not all(met):
            return TOO_NOISY
        if not self.target.is_met_by(self.value) and self._calm_misses():
            return TOO_NOISY
        return HOLDS if self.target.is_met_by(self.value) else MISSES

    def _calm_misses(self):
        calm = [ours / peer for ours, peer in zip(self.in_calm or [], self.peer or []) if peer]
        return bool(calm) and not self.target.is_met_by(statistics.median(calm))

    def as_json(self):
        verdict = self.verdict
        values = self.values or self.ratios
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": self.ours_median,
            "peer": self.peer_median,
            "ratio": self.ratio,
            "low": min(values) if values else None,
            "high": max(values) if values else None,
            "target": self.target.limit if self.target else None,
            "holds": {HOLDS: True, MISSES: False}.get(verdict),
            "verdict": verdict,
            "target_is": _describe(self.target),
            "against": self.peer_name,
            "rounds": {"ours": self.ours, "peer": self.peer},
            "noise": self.complaints,
            **({"series": self.series} if self.series else {}),
        }


def _describe(target):
    if target is None:
        return None
    bound = "at least" if target.at_least else "at most"
    return f"{bound}, of {'ours' if target.of_ours else 'the ratio'}"


def the_hardest(comparisons):
    """The one that decides about a row: what misses before what cannot be judged, before what
    holds; among equals the one that is nearest to its limit, or farthest beyond it."""
    order = [MISSES, TOO_NOISY, NO_PEER, HOLDS, NOT_JUDGED, REPORTED]

    def hardness(comparison):
        judged = comparison.target is not None and comparison.value is not None
        margin = comparison.target.margin(comparison.value) if judged else 0.0
        return order.index(comparison.verdict), margin

    return min(comparisons, key=hardness)
