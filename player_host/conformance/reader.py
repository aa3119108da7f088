"""Reads a transcript as a conversation.

A read-only instance of the table of `partner_api.transaction` runs along: it says for each answer
what the Player has to say to it, and which clause it breaks.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from partner_api.calls import (
    CallbackCall,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    MalformedAnswer,
    PartnerCall,
    Predeliver,
    SetCallback,
)
from partner_api.enums import TransactionType
from partner_api.hresult import E_ABORT, E_UNEXPECTED, S_OK
from partner_api.licensing import License
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
from partner_api.verdicts import EXPIRED, NOT_ACQUIRED, UNUSABLE, judge_grant
from player_host.conformance.conversation import (
    KILLED_ON_PURPOSE,
    Answer,
    Breach,
    Conversation,
    DownloadTalk,
    Exchange,
)
from player_host.transcript import Called, Lost, Returned, Transcript

_WAITING: Final = frozenset({TrackState.ACCEPTED, TrackState.FINISHED})
_LICENSE_CODES: Final = frozenset({NOT_ACQUIRED, EXPIRED, UNUSABLE})


def read_conversation(transcript: Transcript) -> Conversation:
    """Return what a transcript says.

    Never raises for what a plug-in or a player did; `read_transcript` saw to it that every entry
    is one.
    """
    return _Reader(transcript).read()


class _Standing(Enum):
    """How the plug-in stands to the callback."""

    NEW = auto()
    HAS_IT = auto()
    WOULD_NOT = auto()
    RELEASED_IT = auto()
    IS_LOST = auto()
    """What was on its way to a lost instance when that was noticed is no fault."""


_TOO_EARLY_OR_TOO_LATE: Final = {
    _Standing.NEW: ("T1-LIFE-01", "`SetCallback` was not called yet"),
    _Standing.WOULD_NOT: ("T1-LIFE-13", "`SetCallback` had failed"),
    _Standing.RELEASED_IT: ("T1-LIFE-11", "`SetCallback(None)` had been called"),
}


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
        self._licenses: dict[int, License] = {}
        self._started_at = _moment(transcript.header.get("started_at"))
        self._standing = _Standing.NEW
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
        if self._standing is _Standing.HAS_IT and self._talk.complete:
            self._breach(len(self._entries), "T1-LIFE-02", "`SetCallback(None)` was never called")
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
        if isinstance(call, PartnerCall):
            self._check_standing(exchange.number, call)
        if isinstance(call, Download):
            self._download(exchange, call)
        elif isinstance(call, DownloadTrackComplete):
            self._completion(exchange, call)

    def _check_standing(self, line: int, call: PartnerCall) -> None:
        if isinstance(call, SetCallback):
            self._standing = _Standing.HAS_IT if call.attached else _Standing.RELEASED_IT
        elif self._standing in _TOO_EARLY_OR_TOO_LATE:
            clause, why = _TOO_EARLY_OR_TOO_LATE[self._standing]
            self._breach(line, clause, f"`{call.method}` was called though {why}")

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
            self._licenses[call.license.content_id] = call.license
        elif isinstance(call, Download) and call.cookie in self._by_cookie:
            talk = self._by_cookie[call.cookie]
            if talk.exchange is exchange and not exchange.was_lost:
                self._note(entry.number, talk.machine.download_returned(entry.returned.hr))
        elif isinstance(call, DownloadTrackComplete):
            self._completed(exchange)
        elif isinstance(call, SetCallback) and not call.attached:
            self._session.disconnect()
            self._end_life(entry.at, died=False)
        elif isinstance(call, SetCallback) and entry.returned.hr.failed and not exchange.was_lost:
            self._standing = _Standing.WOULD_NOT

    def _lost(self, entry: Lost) -> None:
        self._talk.losses.append(entry)
        self._standing = _Standing.IS_LOST
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
        items = call.container_list
        if items is not None and items.transaction_type is not TransactionType.DOWNLOAD:
            self._breach(exchange.number, "T1-DL-05", "the list is not one to be downloaded")
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
            now = self._moment_of(exchange)
            license_ = None if track_id is None else self._licenses.get(track_id)
            return judge_grant(license_, now).succeeded
        # A licence may have been kept from an earlier session: then the Player's word counts.
        return True

    def _moment_of(self, exchange: Exchange) -> datetime:
        try:
            return self._started_at + timedelta(seconds=exchange.at)
        except OverflowError:
            return _NEVER

    def _completion(self, exchange: Exchange, call: DownloadTrackComplete) -> None:
        if self._is_of_an_earlier_session(exchange):
            return
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

    def _is_of_an_earlier_session(self, exchange: Exchange) -> bool:
        """Whether a completion is of what an earlier session ordered; the kit's stage has none."""
        is_unknown = exchange.chain is not None and exchange.chain not in self._by_chain
        return is_unknown and not self._talk.facts.get("fresh_licenses")

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


def _moment(text: object) -> datetime:
    """Return when a transcript began; the past where it does not say so: no licence ends then."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return _LONG_AGO
    return moment if moment.tzinfo else _LONG_AGO


_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
