"""The download conversation as two tables of states. No I/O, no clock, no threads.

The rules, in words
-------------------
* The player draws a cookie and calls `Download(container_list, cookie)`. From that moment, also
  before `Download` returned, the partner answers each track with `DownloadTrack` (T1-DL-07, -28),
  from any thread and in any order (T1-DL-40).
* The first answer for a track acts. Listed n times, a track may be answered n times; further
  permitted answers get S_FALSE, one more is a repetition and gets E_INVALIDARG (T1-DL-38, -39).
* A success code orders the download (T1-DL-14), if a licence was delivered before (T1-DL-17);
  without one the licence code is answered and the track is settled. A failure code settles the
  track, and no completion follows (T1-DL-15, -34).
* A success code with an unusable URL is accepted and settled by a failing completion (T1-DL-48).
* When a transfer ended, the player owes exactly one `DownloadTrackComplete` (T1-DL-19, -42). Any
  HRESULT it returns means delivered. If the partner died in the call, it is repeated to a new
  instance, at most three attempts in all; then the track is undeliverable. A call that was never
  made, because the partner died before it, is no attempt.
* If `Download` returns a failure code, what was accepted goes on, the rest is void (T1-DL-35).
* Tracks unanswered at the deadline are settled with E_ABORT (T1-DL-44); a new instance of the
  partner knows no old cookie, so what its predecessor left unanswered is abandoned, and the user's
  request for it survives.
* A transaction ends when `Download` has returned, every track was answered and every accepted
  track completed; its cookie then still answers S_FALSE to permitted repeats (T1-DL-43).
* After `SetCallback(None)` every answer gets RPC_E_DISCONNECTED (T1-LIFE-04).

Two parties read these tables: the host drives an instance, and asks it for the HRESULT of every
answer; a monitor feeds a second instance with what it sees and collects the violations. A monitor
that does not see the transfers feeds `TRANSFER_ENDED` just before each first completion.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from attrs import frozen

from partner_api.calls import DownloadTrack
from partner_api.content import ContentContainerList
from partner_api.hresult import (
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    RPC_E_DISCONNECTED,
    S_FALSE,
    S_OK,
)

MAX_PARAMS_BYTES: Final = 1024 * 1024
MAX_URL_CHARACTERS: Final = 32 * 1024
MAX_COMPLETION_ATTEMPTS: Final = 3


class Party(Enum):
    """Whose fault a violation is."""

    PLAYER = "player"
    PARTNER = "partner"


class TransactionState(Enum):
    """Where a transaction stands."""

    DRAWN = "drawn"
    CALLED = "called"
    OPEN = "open"
    VOID = "void"
    ENDED = "ended"


class TransactionEvent(Enum):
    """What moves a transaction."""

    DOWNLOAD_CALLED = "Download is called"
    DOWNLOAD_SUCCEEDED = "Download returned a success code"
    DOWNLOAD_FAILED = "Download returned a failure code"
    ALL_SETTLED = "every track is settled"


class TrackState(Enum):
    """Where a track stands. The last nine are settled: nothing more will happen to the track."""

    UNANSWERED = "unanswered"
    ACCEPTED = "accepted"
    FINISHED = "finished"
    COMPLETING = "completing"
    REFUSED = "refused"
    UNLICENSED = "unlicensed"
    COMPLETED = "completed"
    UNDELIVERABLE = "undeliverable"
    VOID = "void"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen to the track."""
        return self not in _UNSETTLED


_UNSETTLED = frozenset(
    {TrackState.UNANSWERED, TrackState.ACCEPTED, TrackState.FINISHED, TrackState.COMPLETING}
)


class TrackEvent(Enum):
    """What happens to a track: the first five are the partner's answers, by what they say."""

    GRANTED = "DownloadTrack: success code, usable URL, licence delivered"
    UNUSABLE_URL = "DownloadTrack: success code, licence delivered, no usable URL"
    UNLICENSED = "DownloadTrack: success code, no usable licence"
    REFUSED = "DownloadTrack: failure code"
    MALFORMED = "DownloadTrack: arguments out of bounds"
    TRANSFER_ENDED = "the transfer ended"
    COMPLETION_CALLED = "DownloadTrackComplete is called"
    COMPLETION_RETURNED = "DownloadTrackComplete returned"
    COMPLETION_LOST = "the partner died in DownloadTrackComplete"
    LAST_COMPLETION_LOST = "the partner died in the last attempt"
    COMPLETION_NOT_MADE = "the partner died before DownloadTrackComplete was its turn"
    DOWNLOAD_FAILED = "Download returned a failure code"
    DEADLINE_PASSED = "the time for answers is over"
    CANCELLED = "the user cancelled"
    PARTNER_REPLACED = "a new instance of the partner started"


ANSWERS: Final = frozenset(
    {
        TrackEvent.GRANTED,
        TrackEvent.UNUSABLE_URL,
        TrackEvent.UNLICENSED,
        TrackEvent.REFUSED,
        TrackEvent.MALFORMED,
    }
)


class Action(Enum):
    """What the host has to do after a step."""

    NOTHING = "nothing"
    TRANSFER = "transfer the track"
    COMPLETE = "call DownloadTrackComplete"
    STOP_TRANSFER = "stop the transfer, then call DownloadTrackComplete with E_ABORT"


class Reply(Enum):
    """How `DownloadTrack` is answered. Only the partner's answers have a reply."""

    NONE = "no call to answer"
    ACCEPT = "S_OK"
    LICENSE_CODE = "the code of the licence store"
    INVALID = "E_INVALIDARG"
    IF_PERMITTED = "S_FALSE within the track's occurrences, else E_INVALIDARG"


@frozen
class TrackStep:
    """One cell of the track table."""

    next: TrackState
    reply: Reply = Reply.NONE
    action: Action = Action.NOTHING
    clause: str = ""
    """The clause that this event breaks in this state; empty where it is in order."""


@frozen
class TransactionStep:
    """One cell of the transaction table."""

    next: TransactionState
    clause: str = ""


def _unsettled_track_table() -> dict[tuple[TrackState, TrackEvent], TrackStep]:
    s, e, step = TrackState, TrackEvent, TrackStep
    return {
        (s.UNANSWERED, e.GRANTED): step(s.ACCEPTED, Reply.ACCEPT, Action.TRANSFER),
        (s.UNANSWERED, e.UNUSABLE_URL): step(
            s.FINISHED, Reply.ACCEPT, Action.COMPLETE, clause="T1-DL-11"
        ),
        (s.UNANSWERED, e.UNLICENSED): step(s.UNLICENSED, Reply.LICENSE_CODE, clause="T1-DL-17"),
        (s.UNANSWERED, e.REFUSED): step(s.REFUSED, Reply.ACCEPT),
        (s.UNANSWERED, e.MALFORMED): step(s.REFUSED, Reply.INVALID, clause="T1-DL-07"),
        (s.UNANSWERED, e.DOWNLOAD_FAILED): step(s.VOID),
        (s.UNANSWERED, e.DEADLINE_PASSED): step(s.EXPIRED, clause="T1-DL-07"),
        (s.UNANSWERED, e.CANCELLED): step(s.CANCELLED),
        (s.UNANSWERED, e.PARTNER_REPLACED): step(s.ABANDONED),
        (s.ACCEPTED, e.TRANSFER_ENDED): step(s.FINISHED, action=Action.COMPLETE),
        (s.ACCEPTED, e.DOWNLOAD_FAILED): step(s.ACCEPTED),
        (s.ACCEPTED, e.DEADLINE_PASSED): step(s.ACCEPTED),
        (s.ACCEPTED, e.CANCELLED): step(s.FINISHED, action=Action.STOP_TRANSFER),
        (s.ACCEPTED, e.PARTNER_REPLACED): step(s.ACCEPTED),
        (s.FINISHED, e.COMPLETION_CALLED): step(s.COMPLETING),
        (s.FINISHED, e.DOWNLOAD_FAILED): step(s.FINISHED),
        (s.FINISHED, e.DEADLINE_PASSED): step(s.FINISHED),
        (s.FINISHED, e.CANCELLED): step(s.FINISHED),
        (s.FINISHED, e.PARTNER_REPLACED): step(s.FINISHED),
        (s.COMPLETING, e.COMPLETION_RETURNED): step(s.COMPLETED),
        (s.COMPLETING, e.COMPLETION_LOST): step(s.FINISHED, action=Action.COMPLETE),
        (s.COMPLETING, e.LAST_COMPLETION_LOST): step(s.UNDELIVERABLE),
        (s.COMPLETING, e.COMPLETION_NOT_MADE): step(s.FINISHED, action=Action.COMPLETE),
        (s.COMPLETING, e.DOWNLOAD_FAILED): step(s.COMPLETING),
        (s.COMPLETING, e.DEADLINE_PASSED): step(s.COMPLETING),
        (s.COMPLETING, e.CANCELLED): step(s.COMPLETING),
        (s.COMPLETING, e.PARTNER_REPLACED): step(s.COMPLETING),
    }


_SCOPE_EVENTS = (
    TrackEvent.DOWNLOAD_FAILED,
    TrackEvent.DEADLINE_PASSED,
    TrackEvent.CANCELLED,
    TrackEvent.PARTNER_REPLACED,
)

_LATE_ANSWER = {
    TrackState.VOID: (Reply.INVALID, "T1-DL-35"),
    TrackState.EXPIRED: (Reply.INVALID, "T1-DL-07"),
    TrackState.ABANDONED: (Reply.INVALID, "T1-DL-09"),
    TrackState.CANCELLED: (Reply.IF_PERMITTED, ""),
}

_BROKEN_BY_PLAYER = {
    TrackEvent.TRANSFER_ENDED: "T1-DL-16",
    TrackEvent.COMPLETION_CALLED: "T1-DL-42",
    TrackEvent.COMPLETION_RETURNED: "T1-DL-42",
    TrackEvent.COMPLETION_LOST: "T1-DL-42",
    TrackEvent.LAST_COMPLETION_LOST: "T1-DL-42",
    TrackEvent.COMPLETION_NOT_MADE: "T1-DL-42",
}


def _complete_track_table() -> dict[tuple[TrackState, TrackEvent], TrackStep]:
    """Fill the cells that follow a rule: settled tracks stay, late answers, the player's faults."""
    table = _unsettled_track_table()
    for state in TrackState:
        for event in ANSWERS:
            reply, clause = _LATE_ANSWER.get(state, (Reply.IF_PERMITTED, ""))
            table.setdefault((state, event), TrackStep(state, reply, clause=clause))
        for event in _SCOPE_EVENTS:
            table.setdefault((state, event), TrackStep(state))
        for event, clause in _BROKEN_BY_PLAYER.items():
            table.setdefault((state, event), TrackStep(state, clause=clause))
    for state in (TrackState.REFUSED, TrackState.UNLICENSED):
        key = (state, TrackEvent.COMPLETION_CALLED)
        table[key] = TrackStep(state, clause="T1-DL-34")
    return table


TRACK_TABLE: Final[Mapping[tuple[TrackState, TrackEvent], TrackStep]] = _complete_track_table()
"""Every state of a track with every event."""


def _transaction_table() -> dict[tuple[TransactionState, TransactionEvent], TransactionStep]:
    s, e, step = TransactionState, TransactionEvent, TransactionStep
    return {
        (s.DRAWN, e.DOWNLOAD_CALLED): step(s.CALLED),
        (s.DRAWN, e.DOWNLOAD_SUCCEEDED): step(s.DRAWN, clause="T1-DL-04"),
        (s.DRAWN, e.DOWNLOAD_FAILED): step(s.DRAWN, clause="T1-DL-04"),
        (s.DRAWN, e.ALL_SETTLED): step(s.DRAWN),
        (s.CALLED, e.DOWNLOAD_CALLED): step(s.CALLED, clause="T1-DL-45"),
        (s.CALLED, e.DOWNLOAD_SUCCEEDED): step(s.OPEN),
        (s.CALLED, e.DOWNLOAD_FAILED): step(s.VOID),
        (s.CALLED, e.ALL_SETTLED): step(s.CALLED),
        (s.OPEN, e.DOWNLOAD_CALLED): step(s.OPEN, clause="T1-DL-45"),
        (s.OPEN, e.DOWNLOAD_SUCCEEDED): step(s.OPEN, clause="T1-DL-04"),
        (s.OPEN, e.DOWNLOAD_FAILED): step(s.OPEN, clause="T1-DL-04"),
        (s.OPEN, e.ALL_SETTLED): step(s.ENDED),
        (s.VOID, e.DOWNLOAD_CALLED): step(s.VOID, clause="T1-DL-45"),
        (s.VOID, e.DOWNLOAD_SUCCEEDED): step(s.VOID, clause="T1-DL-04"),
        (s.VOID, e.DOWNLOAD_FAILED): step(s.VOID, clause="T1-DL-04"),
        (s.VOID, e.ALL_SETTLED): step(s.ENDED),
        (s.ENDED, e.DOWNLOAD_CALLED): step(s.ENDED, clause="T1-DL-45"),
        (s.ENDED, e.DOWNLOAD_SUCCEEDED): step(s.ENDED, clause="T1-DL-04"),
        (s.ENDED, e.DOWNLOAD_FAILED): step(s.ENDED, clause="T1-DL-04"),
        (s.ENDED, e.ALL_SETTLED): step(s.ENDED),
    }


TRANSACTION_TABLE: Final = _transaction_table()
"""Every state of a transaction with every event."""


@frozen
class Violation:
    """A clause that was broken, and by whom."""

    clause: str
    fault: Party
    what: str


@frozen
class Verdict:
    """What a step answers: the HRESULT for the caller, the host's next action, the breach."""

    answer: HRESULT | None
    action: Action = Action.NOTHING
    violation: Violation | None = None


class Track:
    """One distinct track of a transaction."""

    __slots__ = ("answers", "attempts", "hr", "occurrences", "state", "track_id")

    def __init__(self, track_id: int, occurrences: int) -> None:
        self.track_id = track_id
        self.occurrences = occurrences
        self.answers = 0
        self.attempts = 0
        self.state = TrackState.UNANSWERED
        self.hr: HRESULT | None = None
        """The outcome: why it was settled, or what the completion reports."""


class TransactionMark(NamedTuple):
    """Where a transaction and one of its tracks stood."""

    track: Track
    track_state: TrackState
    answers: int
    attempts: int
    hr: HRESULT | None
    state: TransactionState


class DownloadTransaction:
    """One `Download` and everything that it leads to.

    Not thread-safe: the host steps it under the player's lock.

    Args:
        cookie: the number that the player drew, 0 to 2^32-1.
        occurrences: each distinct track of the container list, and how often it is listed.
    """

    def __init__(self, cookie: int, occurrences: Mapping[int, int]) -> None:
        self.cookie = cookie
        self.state = TransactionState.DRAWN
        self._tracks = {t: Track(t, n) for t, n in occurrences.items()}
        self._unsettled = len(self._tracks)
        self.counts: Counter[TrackState] = Counter({TrackState.UNANSWERED: len(self._tracks)})
        """How many tracks are in each state."""

    @classmethod
    def for_list(cls, cookie: int, container_list: ContentContainerList) -> "DownloadTransaction":
        """Make the transaction of a container list."""
        return cls(cookie, track_occurrences(container_list))

    def __iter__(self) -> Iterator[Track]:
        return iter(self._tracks.values())

    def __len__(self) -> int:
        return len(self._tracks)

    def track(self, track_id: int) -> Track | None:
        """Return a track of the transaction, or None for a foreign one."""
        return self._tracks.get(track_id)

    @property
    def unsettled(self) -> int:
        """How many tracks something may still happen to."""
        return self._unsettled

    def download_called(self) -> Verdict:
        """Step: the player calls `Download`."""
        return self._step_transaction(TransactionEvent.DOWNLOAD_CALLED)

    def download_returned(self, hr: HRESULT) -> Verdict:
        """Step: `Download` returned; after a failure code what is unanswered is void."""
        event = (
            TransactionEvent.DOWNLOAD_SUCCEEDED
            if hr.succeeded
            else TransactionEvent.DOWNLOAD_FAILED
        )
        verdict = self._step_transaction(event)
        if hr.failed and verdict.violation is None:
            self.for_every_track(TrackEvent.DOWNLOAD_FAILED, hr)
        self._end_if_settled()
        return verdict

    def answered(self, track_id: int, event: TrackEvent, hr: HRESULT) -> Verdict:
        """Step: the partner called `DownloadTrack`.

        Args:
            track_id: the track that it named.
            event: one of `ANSWERS`, see `classify_answer`.
            hr: for `REFUSED` the partner's code, for `UNLICENSED` the licence store's, for
                `UNUSABLE_URL` the code that the completion will report.
        """
        track = self._tracks.get(track_id)
        if self.state is TransactionState.DRAWN:
            return _broken(E_INVALIDARG, "T1-DL-09", "the cookie was not given to the partner yet")
        if track is None:
            return _broken(E_INVALIDARG, "T1-DL-10", "the track is not in the list of this cookie")
        track.answers += 1
        step = TRACK_TABLE[track.state, event]
        if track.state is TrackState.UNANSWERED and event is not TrackEvent.GRANTED:
            track.hr = E_INVALIDARG if event is TrackEvent.MALFORMED else hr
        return self._answer(track, step, hr)

    def happened(self, track_id: int, event: TrackEvent, hr: HRESULT | None = None) -> Verdict:
        """Step: something that is no answer happened to one track.

        `COMPLETION_LOST` counts the attempts: the last one settles the track as undeliverable.
        """
        track = self._tracks[track_id]
        if event is TrackEvent.COMPLETION_LOST and track.attempts >= MAX_COMPLETION_ATTEMPTS:
            event = TrackEvent.LAST_COMPLETION_LOST
        step = TRACK_TABLE[track.state, event]
        if step.clause:
            fault = Party.PARTNER if event is TrackEvent.DEADLINE_PASSED else Party.PLAYER
            violation = Violation(step.clause, fault, f"{event.value} while {track.state.value}")
        else:
            violation = None
        if step.next is not track.state:
            self._note_outcome(track, event, hr)
        self._move(track, step.next)
        return Verdict(None, step.action, violation)

    def retract(self, track_id: int) -> None:
        """Take back an answer that the host could not commit; the track is unanswered again."""
        track = self._tracks[track_id]
        self._count(track.state, TrackState.UNANSWERED)
        track.state = TrackState.UNANSWERED
        track.answers -= 1
        track.hr = None
        if self.state is TransactionState.ENDED:
            self.state = TransactionState.OPEN

    def mark(self, track_id: int) -> "TransactionMark":
        """Return where the transaction and one of its tracks stand, for `take_back`."""
        track = self._tracks[track_id]
        return TransactionMark(
            track, track.state, track.answers, track.attempts, track.hr, self.state
        )

    def take_back(self, mark: "TransactionMark") -> None:
        """Take back what happened to one track since `mark`; for a judge that tries all orders."""
        track = mark.track
        if track.state is not mark.track_state:
            self._count(track.state, mark.track_state)
        track.state, track.answers = mark.track_state, mark.answers
        track.attempts, track.hr = mark.attempts, mark.hr
        self.state = mark.state

    def for_every_track(
        self, event: TrackEvent, hr: HRESULT, spared: frozenset[int] = frozenset()
    ) -> list[tuple[int, Verdict]]:
        """Step every track but those spared; return those that changed, with their verdicts."""
        changed = []
        for track in self._tracks.values():
            before = track.state
            if before.settled or track.track_id in spared:
                continue
            verdict = self.happened(track.track_id, event, hr)
            if track.state is not before:
                changed.append((track.track_id, verdict))
        return changed

    def restore(self, tracks: Iterable[Track], state: TransactionState) -> None:
        """Set what a ledger remembers; used by the host at its start, before any step."""
        self._tracks = {track.track_id: track for track in tracks}
        self.counts = Counter(track.state for track in self)
        self._unsettled = sum(not track.state.settled for track in self)
        self.state = state

    def _answer(self, track: Track, step: TrackStep, hr: HRESULT) -> Verdict:
        if step.reply is Reply.IF_PERMITTED:
            return self._answer_repeat(track)
        self._move(track, step.next)
        reply = hr if step.reply is Reply.LICENSE_CODE else _REPLIES[step.reply]
        if not step.clause:
            return _ACCEPTED[step.action] if reply == S_OK else Verdict(reply, step.action)
        what = f"{step.next.value} answer"
        return Verdict(reply, step.action, Violation(step.clause, Party.PARTNER, what))

    def _answer_repeat(self, track: Track) -> Verdict:
        if track.answers <= track.occurrences:
            return Verdict(S_FALSE)
        what = f"answer {track.answers} for a track that is listed {track.occurrences} time(s)"
        return _broken(E_INVALIDARG, "T1-DL-07", what)

    def _note_outcome(self, track: Track, event: TrackEvent, hr: HRESULT | None) -> None:
        if event is TrackEvent.COMPLETION_CALLED:
            track.attempts += 1
        elif event is TrackEvent.COMPLETION_NOT_MADE:
            track.attempts -= 1
        elif event in _OUTCOME_EVENTS:
            track.hr = E_FAIL if hr is None else hr

    def _move(self, track: Track, state: TrackState) -> None:
        if state is track.state:
            return
        self._count(track.state, state)
        track.state = state
        self._end_if_settled()

    def _count(self, before: TrackState, after: TrackState) -> None:
        self.counts[before] -= 1
        self.counts[after] += 1
        self._unsettled += before.settled - after.settled

    def _end_if_settled(self) -> None:
        if self._unsettled == 0:
            self._step_transaction(TransactionEvent.ALL_SETTLED)

    def _step_transaction(self, event: TransactionEvent) -> Verdict:
        step = TRANSACTION_TABLE[self.state, event]
        self.state = step.next
        if not step.clause:
            return _SILENT
        return Verdict(None, violation=Violation(step.clause, Party.PLAYER, event.value))


class DownloadSession:
    """Every transaction between one `SetCallback` and the `SetCallback(None)` that ends it.

    Answers what concerns no single transaction: unknown cookies and the time after the end.
    """

    def __init__(self) -> None:
        self._transactions: dict[int, DownloadTransaction] = {}
        self.connected = True

    def open(self, transaction: DownloadTransaction) -> None:
        """Add a transaction; its cookie must be new to the session (T1-DL-45)."""
        if transaction.cookie in self._transactions:
            raise ValueError(f"cookie {transaction.cookie} was used before in this session")
        self._transactions[transaction.cookie] = transaction

    def knows(self, cookie: object) -> bool:
        """Whether a cookie was drawn in this session."""
        return cookie in self._transactions

    def disconnect(self) -> None:
        """Step: `SetCallback(None)` was called."""
        self.connected = False

    def find(self, call: DownloadTrack) -> DownloadTransaction | Verdict:
        """Return the transaction that an answer belongs to, or the verdict if it has none."""
        if not self.connected:
            return _broken(RPC_E_DISCONNECTED, "T1-LIFE-04", "call after SetCallback(None)")
        transaction = self._transactions.get(call.cookie)
        if transaction is None:
            return _broken(E_INVALIDARG, "T1-DL-09", "the cookie is unknown")
        return transaction


def classify_answer(call: DownloadTrack, licensed: HRESULT) -> TrackEvent:
    """Say what a well-formed `DownloadTrack` means.

    Args:
        call: the partner's call.
        licensed: the licence store's verdict on the track: a success code, or why not. It is
            looked at only where the call has a success code (T1-DL-31).
    """
    if call.params is not None and not _within_bound(call.params):
        return TrackEvent.MALFORMED
    if call.hr.failed:
        return TrackEvent.REFUSED
    if licensed.failed:
        return TrackEvent.UNLICENSED
    if not is_usable_url(call.url):
        return TrackEvent.UNUSABLE_URL
    return TrackEvent.GRANTED


def is_usable_url(url: str | None) -> bool:
    """Whether a track URL is an absolute http or https URL of sane length (T1-DL-48)."""
    if not url or len(url) > MAX_URL_CHARACTERS or _NEVER_IN_A_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def track_occurrences(container_list: ContentContainerList) -> dict[int, int]:
    """Count how often each distinct track occurs in a container list (T1-DL-39)."""
    occurrences: dict[int, int] = {}
    for container in container_list:
        for item in container:
            occurrences[item.id] = occurrences.get(item.id, 0) + 1
    return occurrences


def _within_bound(params: str) -> bool:
    if len(params) * 4 <= MAX_PARAMS_BYTES:
        return True
    return len(params.encode("utf-16-le", "surrogatepass")) <= MAX_PARAMS_BYTES


def _broken(answer: HRESULT, clause: str, what: str) -> Verdict:
    return Verdict(answer, violation=Violation(clause, Party.PARTNER, what))


# urlsplit drops some of these without a word, and what is left would be another URL; half a
# surrogate pair has no bytes that could be sent.
_NEVER_IN_A_URL = re.compile(r"^ |[\x00-\x1f\x7f\ud800-\udfff]")
_SILENT = Verdict(None)
_REPLIES = {Reply.ACCEPT: S_OK, Reply.INVALID: E_INVALIDARG}
_ACCEPTED = {action: Verdict(S_OK, action) for action in Action}
_OUTCOME_EVENTS = frozenset(
    {
        TrackEvent.TRANSFER_ENDED,
        TrackEvent.DOWNLOAD_FAILED,
        TrackEvent.DEADLINE_PASSED,
        TrackEvent.CANCELLED,
        TrackEvent.PARTNER_REPLACED,
    }
)
