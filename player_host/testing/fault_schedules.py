"""Which fault each request meets: a value that goes through JSON and comes from a seed."""

import json
from random import Random
from typing import Final

import cattrs
from attrs import field, frozen

from player_host.errors import UsageError
from player_host.testing.fault_kinds import KINDS, Choose, Fault, FaultKind
from player_host.units import ByteCount

LONGEST: Final = 6
MAX_FAULTS: Final = 10_000
SMALLEST_BODY: Final = ByteCount(64)
LARGEST_BODY: Final = ByteCount(128 * 1024 * 1024)
SIZES: Final = tuple(map(ByteCount, (64, 5_000, 66_000, 300_000)))
"""Lengths on either side of the bounds at which a download changes its ways."""

_CONVERTER: Final = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)


def check_size(size: ByteCount) -> None:
    """Refuse a body that is too short to have versions, or too long to be kept in memory.

    Raises:
        UsageError: it is.
    """
    if not SMALLEST_BODY <= size <= LARGEST_BODY:
        bounds = f"{SMALLEST_BODY} to {LARGEST_BODY}"
        raise UsageError(f"a body of {size} bytes, not {bounds}", where="fault store")


@frozen
class FaultSchedule:
    """One fault for each request, in the order of their arrival; then sound answers.

    Attributes:
        faults: the n-th is met by the n-th request. Requests that follow a redirect of the store
            itself are answered without one.
        again: begin anew at the end of the faults: a store that never gets sound.
        seed: the bytes of the body, and of its later versions, follow from it.
        size: how long the body is, in every version.
        digests: sound answers carry `Repr-Digest`.

    Raises:
        UsageError: too many faults, or a size out of bounds.
    """

    faults: tuple[Fault, ...] = ()
    again: bool = False
    seed: int = 0
    size: ByteCount = field(default=ByteCount(100_000))
    digests: bool = False

    def __attrs_post_init__(self) -> None:
        if len(self.faults) > MAX_FAULTS:
            raise UsageError(f"more than {MAX_FAULTS} faults", where="fault schedule")
        check_size(self.size)

    def fault_of(self, number: int) -> Fault | None:
        """Return what the request of this number meets, counted from 0; None: a sound answer."""
        if self.again and self.faults:
            return self.faults[number % len(self.faults)]
        return self.faults[number] if number < len(self.faults) else None

    @classmethod
    def drawn(cls, seed: int, *, digests: bool = False) -> "FaultSchedule":
        """Return the schedule of a seed: the same one on every machine.

        Args:
            seed: any whole number.
            digests: sound answers carry a digest, and faults that only a digest can tell occur.
        """
        # Not for secrets: a seed has to give the same faults again.
        return cls.chosen(Random(seed).randint, digests=digests)  # noqa: S311

    @classmethod
    def chosen(cls, choose: Choose, *, digests: bool = False) -> "FaultSchedule":
        """Return a schedule of which every choice is made by a function.

        Args:
            choose: draws a number between two bounds, both included.
            digests: as for `drawn`.
        """
        size = SIZES[choose(0, len(SIZES) - 1)]
        kinds = [kind for kind, row in KINDS.items() if digests or not row.needs_digest]
        # Most others end a download: with them alone, few schedules would be gone through.
        survived = [kind for kind in kinds if KINDS[kind].at or KINDS[kind].needs_range]
        faults: list[Fault] = []
        for _ in range(choose(0, LONGEST)):
            some = survived if choose(0, 3) else kinds
            kind = some[choose(0, len(some) - 1)]
            faults += _before(kind, size, choose)
            faults.append(Fault.drawn(kind, size, choose))
        seed = choose(0, 2**32 - 1)
        return cls(tuple(faults), seed=seed, size=size, digests=digests)

    def to_json(self) -> str:
        """Return the schedule as one line of JSON; what has its default is left away."""
        return json.dumps(_CONVERTER.unstructure(self))

    @classmethod
    def from_json(cls, text: str) -> "FaultSchedule":
        """Return the schedule that a line of JSON describes.

        Raises:
            UsageError: it describes none.
        """
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"no fault schedule: {error}", where="JSON") from error
        if not isinstance(data, dict):
            raise UsageError("no fault schedule: no object", where="JSON")
        try:
            return _CONVERTER.structure(data, cls)
        except (cattrs.BaseValidationError, UsageError) as error:
            reasons = "; ".join(cattrs.transform_error(error))
            raise UsageError(f"no fault schedule: {reasons}", where="JSON") from error


SOUND: Final = FaultSchedule()
"""No fault at all."""


def _before(kind: FaultKind, size: ByteCount, choose: Choose) -> list[Fault]:
    """Return what makes a client ask for the rest, as a fault of ranges is met by none else."""
    return [Fault.drawn(FaultKind.CUT, size, choose)] if KINDS[kind].needs_range else []
