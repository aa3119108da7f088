"""A transcript as a conversation: calls with their ends, lives of the plug-in, downloads.

Nothing is judged here but by the table of `partner_api.transaction`, of which a second, read-only
instance runs along: it says for each answer what the Player has to say to it, and which clause it
breaks. Checks look at what stands here, and at nothing else.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from attrs import Factory, define, field, frozen

from partner_api.calls import (
    Call,
    CallbackCall,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    MalformedAnswer,
    PartnerCall,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.hresult import E_ABORT, E_UNEXPECTED, HRESULT, S_OK
from partner_api.licensing import Right
from partner_api.transaction import (
    Action,
    DownloadSession,
    DownloadTransaction,
    Party,
    Track,
    TrackEvent,
    TrackState,
    Verdict,
    Violation,
    classify_answer,
    is_usable_url,
    track_occurrences,
)
from partner_api.verdicts import EXPIRED, NOT_ACQUIRED, UNUSABLE
from player_host.plugins.instance import LOST
from player_host.transcript import Called, Lost, Returned, Transcript

DEFAULT_ANSWER_DEADLINE_S: Final = 600.0
KILLED_ON_PURPOSE: Final = "killed by the schedule"
"""How the reason of a loss begins that is not the plug-in's own."""

_WAITING: Final = frozenset({TrackState.ACCEPTED, TrackState.FINISHED})
_LICENSE_CODES: Final = frozenset({NOT_ACQUIRED, EXPIRED, UNUSABLE})


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
        lives: how many lives of the plug-in there were.
    """

    facts: Mapping[str, Any]
    complete: bool
    exchanges: list[Exchange] = Factory(list)
    downloads: list[DownloadTalk] = Factory(list)
    answers: list[Answer] = Factory(list)
    heard: list[float] = Factory(list)
    losses: list[Lost] = Factory(list)
    player_breaches: list[Breach] = Factory(list)
    lives: int = 1
    ended_at: float = 0.0

    def of(self, *kinds: type[Call]) -> Iterator[Exchange]:
        """Yield the calls of some kinds."""
        return (exchange for exchange in self.exchanges if isinstance(exchange.call, kinds))

    @property
    def answer_deadline_s(self) -> float:
        """How long a plug-in had for its answers."""
        deadline = self.facts.get("answer_deadline", DEFAULT_ANSWER_DEADLINE_S)
        return float(deadline) if isinstance(deadline, int | float) else DEFAULT_ANSWER_DEADLINE_S

    def is_overdue(self, talk: DownloadTalk) -> bool:
        """Whether a download had all the time that there is for answers.

        The time runs from `Download`; on the kit's own stage anew from each sign of life, so that
        a partner may be slow.
        """
        silence = self.facts.get("silence_deadline")
        if isinstance(silence, int | float):
            later = (at for at in self.heard if talk.exchange.at < at < talk.ended_at)
            moments = [talk.exchange.at, *later, talk.ended_at]
            return any(after - before >= silence for before, after in pairwise(moments))
        return talk.ended_at - talk.exchange.at >= self.answer_deadline_s


def read_conversation(transcript: Transcript) -> Conversation:
    """Return what a transcript says.

    Never raises for what a plug-in or a player did; `read_transcript` saw to it that every entry
    is one.
    """
    return _Reader(transcript).read()


class _Reader:
    def __init__(self, transcript: Transcript) -> None:
        facts = transcript.header.get("facts")
        self._talk = Conversation(facts if isinstance(facts, dict) else {}, transcript.complete)
        self._entries = transcript.entries
        self._session = DownloadSession()
        self._open: dict[int, Exchange] = {}
        self._by_cookie: dict[int, DownloadTalk] = {}
        self._by_chain: dict[int, DownloadTalk] = {}
        self._in_completion: dict[int, DownloadTalk] = {}
        self._licensed: set[int] = set()
        self._life = 0
        self._ended = False

    def read(self) -> Conversation:
        for entry in self._entries:
            self._talk.ended_at = entry.at
            if isinstance(entry, Called):
                self._called(entry)
            elif isinstance(entry, Returned):
                self._returned(entry)
            else:
                self._lost(entry)
        self._end_life(self._talk.ended_at, died=False)
        self._talk.lives = self._life + 1
        return self._talk

    def _called(self, entry: Called) -> None:
        call = entry.call
        if isinstance(call, SetCallback) and call.attached and self._ended:
            self._life, self._ended = self._life + 1, False
            self._session.connected = True
            for talk in self._talk.downloads:
                # A new instance knows no cookie of the one before.
                talk.machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)
        exchange = Exchange(entry.number, entry.at, call, self._life, entry.chain)
        self._talk.exchanges.append(exchange)
        self._open[entry.number] = exchange
        if isinstance(call, Download):
            self._download(exchange, call)
        elif isinstance(call, DownloadTrackComplete):
            self._completion(exchange, call)

    def _returned(self, entry: Returned) -> None:
        exchange = self._open.pop(entry.of, None)
        if exchange is None:
            return
        exchange.end(entry)
        call = exchange.call
        if isinstance(call, CallbackCall):
            self._talk.heard.append(entry.at)
        if isinstance(call, DownloadTrack | MalformedAnswer):
            self._answer(exchange)
        elif isinstance(call, Predeliver) and entry.returned.hr.succeeded:
            # The last one counts, as in the licence store.
            self._licensed.discard(call.license.content_id)
            if Right.PLAY in call.license.rights:
                self._licensed.add(call.license.content_id)
        elif isinstance(call, Download) and call.cookie in self._by_cookie:
            talk = self._by_cookie[call.cookie]
            if talk.exchange is exchange and not exchange.was_lost:
                self._note(entry.number, talk.machine.download_returned(entry.returned.hr))
        elif isinstance(call, DownloadTrackComplete):
            self._completed(exchange)
        elif isinstance(call, SetCallback) and not call.attached:
            self._session.disconnect()
            self._end_life(entry.at, died=False)

    def _lost(self, entry: Lost) -> None:
        self._talk.losses.append(entry)
        self._end_life(entry.at, died=not entry.reason.startswith(KILLED_ON_PURPOSE))

    def _end_life(self, at: float, *, died: bool) -> None:
        if self._ended:
            return
        self._ended = True
        for talk in self._talk.downloads:
            if talk.exchange.life != self._life:
                continue
            talk.ended_at, talk.died = at, died
            if died or self._session.connected:
                talk.machine.for_every_track(TrackEvent.PARTNER_REPLACED, E_ABORT)

    def _download(self, exchange: Exchange, call: Download) -> None:
        occurrences = {} if call.container_list is None else track_occurrences(call.container_list)
        talk = DownloadTalk(exchange, DownloadTransaction(call.cookie, occurrences))
        if self._session.knows(call.cookie):
            self._breach(exchange.number, "T1-DL-45", "the cookie was used before")
            return
        self._session.open(talk.machine)
        self._by_cookie[call.cookie] = talk
        if exchange.chain is not None:
            self._by_chain[exchange.chain] = talk
        self._talk.downloads.append(talk)
        self._note(exchange.number, talk.machine.download_called())

    def _answer(self, exchange: Exchange) -> None:
        call = exchange.call
        assert isinstance(call, DownloadTrack | MalformedAnswer)
        cookie, track_id = call.cookie, call.track_id
        talk = None if cookie is None else self._by_cookie.get(cookie)
        track = None if talk is None or track_id is None else talk.machine.track(track_id)
        before = None if track is None else track.state
        licensed = self._is_licensed(exchange, track_id)
        said, event = self._said(exchange, talk, licensed)
        answer = Answer(exchange, talk, said, before, event, licensed)
        self._talk.answers.append(answer)
        if talk is not None:
            talk.answers.append(answer)
            if track_id is not None and said.action in {Action.TRANSFER, Action.COMPLETE}:
                talk.orders[track_id] = answer
        self._compare(answer)

    def _compare(self, answer: Answer) -> None:
        """Note where the Player let pass what it had to refuse; it may refuse on purpose."""
        expected, hr = answer.said.answer, answer.exchange.hr
        if expected is None or expected.succeeded or hr is None or hr.failed:
            return
        clause = "T1-DL-36" if answer.talk is None else "T1-DL-38"
        if answer.talk is not None and answer.before is None:
            clause = "T1-DL-37"
        self._breach(
            answer.exchange.ended_line or 0, clause, f"{hr.name} where {expected.name} was due"
        )

    def _breach(self, line: int, clause: str, what: str) -> None:
        violation = Violation(clause, Party.PLAYER, what)
        self._talk.player_breaches.append(Breach(line, violation))

    def _said(
        self, exchange: Exchange, talk: DownloadTalk | None, licensed: bool
    ) -> tuple[Verdict, TrackEvent | None]:
        call, hr = exchange.call, exchange.hr or S_OK
        if isinstance(call, MalformedAnswer):
            if talk is None or call.track_id is None:
                return Verdict(E_UNEXPECTED), None
            event = TrackEvent.MALFORMED
            return talk.machine.answered(call.track_id, event, hr), event
        assert isinstance(call, DownloadTrack)
        found = self._session.find(call)
        if isinstance(found, Verdict):
            return found, None
        event = classify_answer(call, S_OK if licensed else hr if hr.failed else NOT_ACQUIRED)
        if hr.failed and event in {TrackEvent.GRANTED, TrackEvent.UNUSABLE_URL}:
            # The Player refused what it had to accept: the track was answered, and is settled.
            event = TrackEvent.REFUSED
        return found.answered(call.track_id, event, call.hr if call.hr.failed else hr), event

    def _is_licensed(self, exchange: Exchange, track_id: int | None) -> bool:
        if exchange.hr in _LICENSE_CODES:
            return False
        if self._talk.facts.get("fresh_licenses"):
            return track_id in self._licensed
        # A licence may have been kept from an earlier session: then the Player's word counts.
        return True

    def _completion(self, exchange: Exchange, call: DownloadTrackComplete) -> None:
        talk, track = self._completing(exchange, call)
        if talk is None or track is None:
            self._breach(exchange.number, "T1-DL-21", "nobody ordered this track")
            return
        self._check_report(exchange, call, talk)
        talk.completions.append(exchange)
        self._in_completion[exchange.number] = talk
        if track.state is TrackState.ACCEPTED:
            talk.machine.happened(call.track_id, TrackEvent.TRANSFER_ENDED, call.hr)
        said = talk.machine.happened(call.track_id, TrackEvent.COMPLETION_CALLED)
        self._note(exchange.number, said)

    def _check_report(
        self, exchange: Exchange, call: DownloadTrackComplete, talk: DownloadTalk
    ) -> None:
        """Compare a completion with the order that it is about."""
        order = talk.orders.get(call.track_id)
        grant = None if order is None else order.grant
        if grant is None:
            return
        if (grant.params or "") != (call.params or ""):
            self._breach(exchange.number, "T1-DL-22", "the params are not those of the answer")
        if call.hr.succeeded and not is_usable_url(grant.url):
            self._breach(exchange.number, "T1-DL-48", "a track without a usable URL succeeded")

    def _completing(
        self, exchange: Exchange, call: DownloadTrackComplete
    ) -> tuple[DownloadTalk | None, Track | None]:
        """Return the download that a completion belongs to: by chain, else by track and params."""
        if exchange.chain is not None:
            talk = self._by_chain.get(exchange.chain)
            return talk, None if talk is None else talk.machine.track(call.track_id)
        found = [
            (talk, track)
            for talk in self._talk.downloads
            if (track := talk.machine.track(call.track_id)) is not None
        ]
        waiting = [pair for pair in found if pair[1].state in _WAITING]
        fitting = [pair for pair in waiting if _has_params(pair[0], call)]
        return next(iter((*fitting, *waiting, *reversed(found))), (None, None))

    def _completed(self, exchange: Exchange) -> None:
        call = exchange.call
        assert isinstance(call, DownloadTrackComplete)
        talk = self._in_completion.pop(exchange.number, None)
        if talk is not None:
            lost = exchange.was_lost
            event = TrackEvent.COMPLETION_LOST if lost else TrackEvent.COMPLETION_RETURNED
            talk.machine.happened(call.track_id, event)

    def _note(self, line: int, said: Verdict) -> None:
        if said.violation is not None and said.violation.fault is Party.PLAYER:
            self._talk.player_breaches.append(Breach(line, said.violation))


def _has_params(talk: DownloadTalk, call: DownloadTrackComplete) -> bool:
    order = talk.orders.get(call.track_id)
    grant = None if order is None else order.grant
    return grant is not None and (grant.params or "") == (call.params or "")


def partner_calls(conversation: Conversation) -> Iterator[Exchange]:
    """Yield the calls of the Player into the plug-in."""
    return conversation.of(PartnerCall)


def callback_calls(conversation: Conversation) -> Iterator[Exchange]:
    """Yield the calls of the plug-in into the Player."""
    return conversation.of(CallbackCall)
