"""What the rounds say: rates, ratios in the same round, and the bounds that they are held to."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from fetch_rounds.clients import ARIA2C, CLIENTS, CURL, DURABLE, FAST, UNSYNCED, Measured
from fetch_rounds.sets import SETS, FileSet

MEGABYTE: Final = 1_000_000
PEAK_BOUND: Final = 150 * MEGABYTE

Rounds = Mapping[str, Sequence[Measured]]
"""The runs of each client, in the order of the rounds."""


@frozen
class Bound:
    """How many times as fast as a peer a policy has to be with a set."""

    wanted: FileSet
    policy: str
    peer: str
    least: float


BOUNDS: Final = (
    Bound(SETS["small"], FAST, CURL, 1.0),
    Bound(SETS["medium"], FAST, CURL, 2.2),
    Bound(SETS["medium"], FAST, UNSYNCED, 2.5),
    Bound(SETS["large"], FAST, CURL, 2.0),
    Bound(SETS["tls"], FAST, CURL, 1.4),
    Bound(SETS["small"], DURABLE, ARIA2C, 2.0),
    Bound(SETS["medium"], DURABLE, ARIA2C, 3.2),
)


@frozen
class Spread:
    """A median, with the least and the greatest of the rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> "Spread":
        """Return that of some numbers."""
        return cls(statistics.median(numbers), min(numbers), max(numbers))


@frozen
class Ratio:
    """How many times as fast one client was as another, round by round.

    Attributes:
        client: ours.
        peer: the other one.
        spread: from the start of both processes to their ends.
        at_work: the median without the start of ours.
        least: the bound for the median of `spread`, where there is one.
    """

    client: str
    peer: str
    spread: Spread
    at_work: float
    least: float | None

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps the bound, if there is one."""
        return self.least is None or self.spread.median >= self.least


@frozen
class Outcome:
    """What the rounds say of one set."""

    wanted: FileSet
    rounds: Rounds

    def rate(self, client: str) -> Spread:
        """Return a client's rate in megabytes a second."""
        return Spread.of(
            [self.wanted.total / MEGABYTE / one.seconds for one in self.rounds[client]]
        )

    def busy(self, client: str) -> float:
        """Return the median of a client's processor time, in seconds."""
        return statistics.median(one.busy for one in self.rounds[client])

    def start(self, client: str) -> float:
        """Return the median of the seconds before a client of ours began its work."""
        return statistics.median(one.start for one in self.rounds[client])

    def peak(self, client: str) -> int:
        """Return the most memory that a client had in any round, in bytes."""
        return max(one.peak for one in self.rounds[client])

    def ratios(self) -> Iterator[Ratio]:
        """Yield the ratio of each policy to each peer."""
        ours = [name for name in self.rounds if CLIENTS[name].is_ours]
        for name in ours:
            for peer in self.rounds:
                if peer not in ours:
                    yield self._ratio(name, peer)

    def _ratio(self, client: str, peer: str) -> Ratio:
        pairs = [*zip(self.rounds[client], self.rounds[peer], strict=True)]
        spread = Spread.of([theirs.seconds / own.seconds for own, theirs in pairs])
        at_work = [theirs.seconds / (own.seconds - own.start) for own, theirs in pairs]
        fitting = (b for b in BOUNDS if (b.wanted, b.policy, b.peer) == (self.wanted, client, peer))
        least = next((bound.least for bound in fitting), None)
        return Ratio(client, peer, spread, statistics.median(at_work), least)

    def misses(self) -> list[str]:
        """Return the bounds that are not kept, in words."""
        slow = [
            f"{self.wanted}: {ratio.client} / {ratio.peer} is {ratio.spread.median:.2f},"
            f" not {ratio.least}"
            for ratio in self.ratios()
            if not ratio.is_reached
        ]
        large = [
            f"{self.wanted}: {name} has {self.peak(name) / MEGABYTE:.0f} MB at its peak"
            for name in self.rounds
            if CLIENTS[name].is_ours and self.peak(name) > PEAK_BOUND
        ]
        return slow + large

    def to_json(self) -> dict[str, Any]:
        """Return all of it, with the figures of every round."""
        return {
            "set": self.wanted.name,
            "files": self.wanted.count,
            "size": self.wanted.size,
            "tls": self.wanted.is_secure,
            "clients": {name: self._client_to_json(name) for name in self.rounds},
            "ratios": [_ratio_to_json(ratio) for ratio in self.ratios()],
        }

    def _client_to_json(self, name: str) -> dict[str, Any]:
        return {
            "median_mb_per_s": round(self.rate(name).median, 1),
            "seconds": [round(one.seconds, 3) for one in self.rounds[name]],
            "start_seconds": [round(one.start, 3) for one in self.rounds[name]],
            "processor_seconds": [round(one.busy, 3) for one in self.rounds[name]],
            "peak_bytes": self.peak(name),
        }


def _ratio_to_json(ratio: Ratio) -> dict[str, Any]:
    return {
        "client": ratio.client,
        "peer": ratio.peer,
        "median": round(ratio.spread.median, 3),
        "least": round(ratio.spread.least, 3),
        "greatest": round(ratio.spread.greatest, 3),
        "median_without_start": round(ratio.at_work, 3),
        "bound": ratio.least,
    }


def show(outcome: Outcome) -> None:
    """Print the tables of one set."""
    print(f"\n{outcome.wanted}")
    heads = f"{'MB/s':>8}{'min - max':>16}{'files/s':>10}{'start s':>9}{'busy s':>9}{'peak MB':>9}"
    print(f"  {'':18}{heads}")
    for name in outcome.rounds:
        print(f"  {name:18}{_client_text(outcome, name)}")
    for ratio in outcome.ratios():
        label = f"{ratio.client} / {ratio.peer}"
        print(f"  {label:28}{_ratio_text(ratio)}")


def _client_text(outcome: Outcome, name: str) -> str:
    rate = outcome.rate(name)
    spread = f"{rate.least:.0f} - {rate.greatest:.0f}"
    files = rate.median * MEGABYTE / outcome.wanted.size
    start = f"{outcome.start(name):.2f}" if CLIENTS[name].is_ours else ""
    used = f"{outcome.busy(name):9.2f}{outcome.peak(name) / MEGABYTE:9.0f}"
    return f"{rate.median:8.0f}{spread:>16}{files:10.0f}{start:>9}{used}"


def _ratio_text(ratio: Ratio) -> str:
    spread = f"{ratio.spread.least:.2f} - {ratio.spread.greatest:.2f}"
    text = f"{ratio.spread.median:5.2f} times ({spread}); {ratio.at_work:.2f} without the start"
    if ratio.least is None:
        return text
    return f"{text}; bound {ratio.least}: {'kept' if ratio.is_reached else 'NOT KEPT'}"
