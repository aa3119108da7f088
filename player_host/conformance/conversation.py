"""A transcript as a conversation: calls with their ends, lives of the plug-in, downloads.

Checks look at what stands here, and at nothing else; `reader` makes it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import Factory, define, field, frozen

from partner_api.calls import (
    Call,
    Download,
    DownloadTrack,
    Faulted,
    PartnerCall,
    Return,
)
from partner_api.hresult import HRESULT
from partner_api.transaction import (
    DownloadTransaction,
    TrackEvent,
    TrackState,
    Verdict,
    Violation,
)
from player_host.plugins.instance import LOST
from player_host.transcript import Lost, Returned

DEFAULT_ANSWER_DEADLINE_S: Final = 600.0
LONGEST_DEADLINE_S: Final = 1e9
_NONE: Final[frozenset[int]] = frozenset()
KILLED_ON_PURPOSE: Final = "killed by the schedule"
"""How the reason of a loss begins that is not the plug-in's own."""


@frozen(eq=False)
class Exchange:
    """A call and its end.

    Attributes:
        number: of the call's entry.
        at: when it was made, in seconds since the transcript began.
        call: the record.
        life: the plug-in's life in which it was made; 0 for the first.
        chain: the ledger's transaction to which it belongs.
    """

    number: int
    at: float
    call: Call
    life: int
    chain: int | None
    _end: list[Returned] = field(factory=list, repr=False)

    @property
    def returned(self) -> Return | None:
        """How it ended; None while it did not."""
        return self._end[0].returned if self._end else None

    @property
    def ended_at(self) -> float | None:
        """When it ended."""
        return self._end[0].at if self._end else None

    @property
    def ended_line(self) -> int | None:
        """The entry of its end."""
        return self._end[0].number if self._end else None

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return None if self.ended_at is None else self.ended_at - self.at

    @property
    def hr(self) -> HRESULT | None:
        """The code with which it ended."""
        return None if self.returned is None else self.returned.hr

    @property
    def was_lost(self) -> bool:
        """Whether it ended with the plug-in's instance."""
        return isinstance(self.returned, Faulted) and self.returned.hr in LOST

    def end(self, returned: Returned) -> None:
        """Note how it ended; of several ends the first counts."""
        self._end.append(returned)


@frozen(eq=False)
class Answer:
    """One `DownloadTrack`, or an attempt at one.

    Attributes:
        exchange: the call, a `DownloadTrack` or a `MalformedAnswer`.
        talk: the download to which its cookie belongs; None for an unknown cookie.
        said: what the table says to it: the Player's answer, and the clause that it breaks.
        before: where the track stood; None for a track that is not in the list.
        event: what it means; None where it belongs to no download.
        licensed: whether a licence had been delivered for it.
    """

    exchange: Exchange
    talk: "DownloadTalk | None"
    said: Verdict
    before: TrackState | None
    event: TrackEvent | None
    licensed: bool

    @property
    def cookie(self) -> int | None:
        """The cookie that it names."""
        return getattr(self.exchange.call, "cookie", None)

    @property
    def track_id(self) -> int | None:
        """The track that it names."""
        return getattr(self.exchange.call, "track_id", None)

    @property
    def grant(self) -> DownloadTrack | None:
        """The call, if it orders a download."""
        call = self.exchange.call
        return call if isinstance(call, DownloadTrack) and call.hr.succeeded else None


@define(eq=False)
class DownloadTalk:
    """One `Download` and what belongs to it.

    Attributes:
        exchange: the call.
        machine: where its tracks stand at the end.
        answers: in order, repetitions among them.
        completions: in order, repetitions among them.
        orders: the answer that counts, for each track that is to be downloaded.
        ended_at: when the life of the plug-in ended in which it was called.
        died: whether that life ended by the plug-in's own fault.
    """

    exchange: Exchange
    machine: DownloadTransaction
    answers: list[Answer] = Factory(list)
    completions: list[Exchange] = Factory(list)
    orders: dict[int, Answer] = Factory(dict)
    ended_at: float = 0.0
    died: bool = False

    @property
    def call(self) -> Download:
        """The call."""
        call = self.exchange.call
        assert isinstance(call, Download)
        return call

    @property
    def cookie(self) -> int:
        """Its cookie."""
        return self.call.cookie

    @property
    def unanswered(self) -> list[int]:
        """The tracks that never got an answer, in the order of the list."""
        return [track.track_id for track in self.machine if not track.answers]


@frozen(eq=False)
class Breach:
    """A clause that the Player broke, and where."""

    line: int
    violation: Violation

    def __str__(self) -> str:
        """Return the clause, the place and what was done there, for people."""
        broken = self.violation
        return f"its Player broke {broken.clause} at line {self.line}: {broken.what}"


@define(eq=False)
class Conversation:
    """What a transcript says, in order.

    Attributes:
        facts: what the transcript's header says of the circumstances.
        complete: whether the transcript has a sound end.
        exchanges: every call.
        downloads: every `Download` with a list.
        answers: every answer, also those that belong to no download.
        heard: when the plug-in made a call.
        losses: every loss of the plug-in's instance.
        player_breaches: what the Player did against the table.
    """

    facts: Mapping[str, Any]
    complete: bool
    exchanges: list[Exchange] = Factory(list)
    downloads: list[DownloadTalk] = Factory(list)
    answers: list[Answer] = Factory(list)
    heard: list[float] = Factory(list)
    losses: list[Lost] = Factory(list)
    player_breaches: list[Breach] = Factory(list)
    ended_at: float = 0.0

    def of(self, *kinds: type[Call]) -> Iterator[Exchange]:
        """Yield the calls of some kinds."""
        return (exchange for exchange in self.exchanges if isinstance(exchange.call, kinds))

    def numbers(self, fact: str) -> frozenset[int]:
        """Return what a fact lists; nothing where it is missing, or lists no numbers."""
        found = self.facts.get(fact)
        if not isinstance(found, list | tuple):
            return _NONE
        return frozenset(n for n in found if isinstance(n, int) and not isinstance(n, bool))

    @property
    def answer_deadline_s(self) -> float:
        """How long a plug-in had for its answers."""
        deadline = self.facts.get("answer_deadline", DEFAULT_ANSWER_DEADLINE_S)
        if isinstance(deadline, int | float) and 0 <= deadline <= LONGEST_DEADLINE_S:
            return float(deadline)
        return DEFAULT_ANSWER_DEADLINE_S

    def is_overdue(self, talk: DownloadTalk) -> bool:
        """Whether a download had all the time that there is for answers.

        The time runs from `Download`; on the kit's own stage anew from each sign of life, so that
        a partner may be slow, and not while a call of the Player is under way, for how long that
        takes is judged elsewhere.
        """
        silence = self.facts.get("silence_deadline")
        if isinstance(silence, int | float):
            return any(gap >= silence for gap in self._silences(talk))
        return talk.ended_at - talk.exchange.at >= self.answer_deadline_s

    def _silences(self, talk: DownloadTalk) -> Iterator[float]:
        """Yield how long a partner said nothing, in the time of a download."""
        begin, end = talk.exchange.at, talk.ended_at
        spans = [(at, at) for at in self.heard if begin < at < end]
        for exchange in self.of(PartnerCall):
            over = end if exchange.ended_at is None else exchange.ended_at
            if exchange.at < end and over > begin:
                spans.append((exchange.at, over))
        quiet_since = begin
        for since, until in sorted(spans):
            yield since - quiet_since
            quiet_since = max(quiet_since, until)
        yield end - quiet_since
