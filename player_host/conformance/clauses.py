"""Checks: one function for a clause, pure, from a conversation to what it says about the clause.

    @clause("T1-DL-09")
    def an_answer_carries_the_cookie_of_its_download(talk: Conversation) -> Findings:
        for answer in talk.answers:
            yield kept(answer) if answer.talk else broken(answer, "no download has the cookie ...")

A check yields one finding for each place at which the conversation gave the clause a chance. One
that yields nothing is vacuous: it never counts as kept.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from attrs import frozen

from player_host.conformance.conversation import Answer, Conversation, DownloadTalk, Exchange
from player_host.conformance.verdicts import Finding, Outcome

Findings = Iterator[Finding]
Check = Callable[[Conversation], Findings]


@frozen
class Clause:
    """A requirement and the function that judges it.

    Attributes:
        requirement: its id.
        check: yields what a conversation says about it.
        is_timed: whether it is about time, so that a busy machine can make it look broken.
        capability: without which a partner does not have it; 0 for all partners.
        takes: what gives it a chance, where not every run does; "" where that is plain.
    """

    requirement: str
    check: Check
    is_timed: bool = False
    capability: int = 0
    takes: str = ""


CLAUSES: Final[dict[str, Clause]] = {}
"""Every check, by requirement; filled by the modules of `checks`."""


def clause(
    requirement: str, *, is_timed: bool = False, capability: int = 0, takes: str = ""
) -> Callable[[Check], Check]:
    """Register a check.

    Raises:
        ValueError: the requirement has one.
    """

    def register(check: Check) -> Check:
        if requirement in CLAUSES:
            raise ValueError(f"{requirement} has a check: {CLAUSES[requirement].check.__name__}")
        CLAUSES[requirement] = Clause(requirement, check, is_timed, capability, takes)
        return check

    return register


def kept(place: Exchange | Answer | DownloadTalk, track_id: int | None = None) -> Finding:
    """Return that the clause was kept at a place."""
    return _finding(Outcome.KEPT, place, "", track_id)


def broken(
    place: Exchange | Answer | DownloadTalk,
    what: str,
    track_id: int | None = None,
    *,
    line: int | None = None,
) -> Finding:
    """Return that the clause was broken at a place.

    Args:
        place: the call that broke it, or where the missing call was owed.
        what: what was found, a sentence without its end.
        track_id: the track, where the place does not say it.
        line: the entry, where it is not that of the call: that of its end, for example.
    """
    return _finding(Outcome.BROKEN, place, what, track_id, line)


def too_slow(place: Exchange, what: str) -> Finding:
    """Return that something took longer than it should, if not so long that it is broken."""
    return _finding(Outcome.TOO_SLOW, place, what, None)


def still_open(
    place: Exchange | Answer | DownloadTalk, what: str, track_id: int | None = None
) -> Finding:
    """Return that the conversation ended before it could be said."""
    return _finding(Outcome.OPEN, place, what, track_id)


def absent(place: Exchange, what: str) -> Finding:
    """Return that the partner does without."""
    return _finding(Outcome.ABSENT, place, what, None)


def judged(place: Exchange | Answer | DownloadTalk, is_kept: bool, what: str) -> Finding:
    """Return that the clause was kept at a place, or that it was broken there."""
    return kept(place) if is_kept else broken(place, what)


def listed(track_ids: Iterable[int], most: int = 8) -> str:
    """Return the numbers of some tracks, for a message."""
    ids = list(track_ids)
    shown = ", ".join(map(str, ids[:most]))
    return shown if len(ids) <= most else f"{shown} and {len(ids) - most} more"


def _finding(
    outcome: Outcome,
    place: Exchange | Answer | DownloadTalk,
    what: str,
    track_id: int | None,
    line: int | None = None,
) -> Finding:
    exchange = place if isinstance(place, Exchange) else place.exchange
    cookie = getattr(exchange.call, "cookie", None)
    if track_id is None and not isinstance(place, DownloadTalk):
        track_id = getattr(exchange.call, "track_id", None)
    number = exchange.number if line is None else line
    return Finding(outcome, number, what, cookie, track_id, exchange.life)
