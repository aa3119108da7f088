"""What became of each URL of `player-host fetch`, for people and for programs."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import define, field

from player_host.cli.fetching.wishes import Wanted, Wrong
from player_host.cli.outcome import ExitStatus, hr_to_json
from player_host.errors import PlayerHostError
from player_host.transfer import faults
from player_host.transfer.urls import redact_url
from player_host.units import ByteCount, Seconds


class Stage(StrEnum):
    """How far a URL is, in the words in which it is shown."""

    WAITING = "waiting"
    RUNNING = "running"
    FETCHED = "fetched"
    HERE = "already here"
    FAILED = "failed"
    SUSPENDED = "suspended"
    WRONG = "wrong"


GOOD: Final = frozenset({Stage.FETCHED, Stage.HERE})


@define(eq=False)
class FetchItem:
    """One URL on its way to a file; belongs to the event loop.

    Attributes:
        wanted: the URL.
        wished: the name that the URL gives to the file.
        name: of the file; another one where somebody took it meanwhile.
        received: bytes that have come; falls back where the transfer begins anew.
        total: bytes of the whole file, None while nobody knows.
        seconds: that it took.
        retries: attempts after the first.
        error: what ended it, where something did.
    """

    wanted: Wanted
    wished: str
    name: str
    stage: Stage = Stage.WAITING
    received: ByteCount = field(default=ByteCount(0))
    total: ByteCount | None = None
    sha256: str | None = None
    seconds: Seconds | None = None
    retries: int = 0
    error: PlayerHostError | None = None

    @property
    def is_good(self) -> bool:
        """Whether the whole file lies under its name."""
        return self.stage in GOOD

    def to_json(self) -> dict[str, Any]:
        """Return the keys of a URL in the document."""
        return {
            "url": redact_url(self.wanted.url),
            "line": self.wanted.line,
            "status": self.stage.value,
            "file": self.name if self.is_good else None,
            "size": self.total if self.is_good else None,
            "sha256": self.sha256 if self.is_good else None,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "retries": self.retries,
            "error": _error_to_json(self.error),
        }


def wrong_to_json(wrong: Wrong) -> dict[str, Any]:
    """Return the keys of a line that was no URL."""
    return {
        "url": wrong.error.where,
        "line": wrong.line,
        "status": Stage.WRONG.value,
        "file": None,
        "size": None,
        "sha256": None,
        "seconds": None,
        "retries": 0,
        "error": _error_to_json(wrong.error),
    }


def status_of(items: Sequence[FetchItem], wrong: Sequence[Wrong]) -> ExitStatus:
    """Return the exit status where nothing ended the command before its time."""
    good = sum(item.is_good for item in items)
    if good:
        return ExitStatus.DONE if good == len(items) and not wrong else ExitStatus.PARTIAL
    return ExitStatus.FAILED if items else ExitStatus.USAGE


def remedy_of(error: PlayerHostError) -> str:
    """Return what to do about an error, in the words of somebody who typed the URL."""
    if error.hr == faults.NETWORK_REFUSED.hr:
        return "Give the URL to which the server leads, if that place is meant"
    return error.remedy


def _error_to_json(error: PlayerHostError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    words = {"what": error.what, "where": error.where, "remedy": remedy_of(error)}
    return words | hr_to_json(error.hr)
