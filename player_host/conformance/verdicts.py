"""What is said about a requirement, and about one place of a conversation."""

from enum import StrEnum
from typing import Final

from attrs import frozen


class Verdict(StrEnum):
    """What is said about one requirement."""

    PASS = "pass"  # noqa: S105 - a verdict
    """The conversation gave the clause a chance, and it was kept each time."""

    FAIL = "fail"
    """A `must` of the documents was broken."""

    WARN = "warn"
    """A `should` was not followed, or what this project infers or settled was broken."""

    INFO = "info"
    """The partner does without something that it may do without."""

    VACUOUS = "vacuous"
    """The conversation never gave the clause a chance."""

    UNIMPLEMENTED = "unimplemented"
    """The partner's capabilities say that it does not have this."""

    INCONCLUSIVE = "inconclusive"
    """There was a chance, and it cannot be said how it went."""

    ENGINE_ERROR = "engine error"
    """The host, the store or the kit failed: nothing is said about the partner."""

    KNOWN_BAD = "known bad"
    """It failed, as the file of expected failures says."""

    UNEXPECTED_PASS = "unexpected pass"  # noqa: S105 - a verdict
    """It passed, and the file of expected failures says that it fails."""


SEVEREST_FIRST: Final = (
    Verdict.FAIL,
    Verdict.WARN,
    Verdict.UNEXPECTED_PASS,
    Verdict.ENGINE_ERROR,
    Verdict.INCONCLUSIVE,
    Verdict.KNOWN_BAD,
    Verdict.PASS,
    Verdict.INFO,
    Verdict.UNIMPLEMENTED,
    Verdict.VACUOUS,
)
"""Of several conversations, that verdict counts which stands first here."""


class Outcome(StrEnum):
    """How it went at one place."""

    KEPT = "kept"
    BROKEN = "broken"
    TOO_SLOW = "too slow"
    """Slower than it should be, and not so slow that it is broken."""
    OPEN = "open"
    """It cannot be said: the conversation ended too early."""
    ABSENT = "absent"
    """The partner does without."""


@frozen
class Finding:
    """What one place of a conversation says about a clause.

    Attributes:
        outcome: how it went there.
        line: the entry of the transcript; 0 where it is none in particular.
        what: what was found, a sentence without its end; "" where the clause was kept.
        cookie: the download that it is about, if it is about one.
        track_id: the track that it is about, if it is about one.
        life: the life of the plug-in in which it was found; 0 for the first.
    """

    outcome: Outcome
    line: int = 0
    what: str = ""
    cookie: int | None = None
    track_id: int | None = None
    life: int = 0
