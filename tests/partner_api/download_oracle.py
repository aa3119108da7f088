"""What a download must do, told from its whole history; a second opinion on the state machine.

The oracle keeps the list of everything that happened and reads the answer to each question out
of that list anew. It has no states and no tables, and knows nothing of the machine under test.
"""

import re
from enum import Enum, auto

from attrs import frozen

from partner_api.hresult import E_INVALIDARG, HRESULT, RPC_E_DISCONNECTED, S_FALSE, S_OK

COMPLETION_ATTEMPTS = 3


class Kind(Enum):
    """What one DownloadTrack says."""

    GRANTED = auto()
    UNUSABLE_URL = auto()
    UNLICENSED = auto()
    REFUSED = auto()
    MALFORMED = auto()


class Fact(Enum):
    """What else can happen to one track or, without a track, to a whole transaction."""

    OPENED = auto()
    CALLED = auto()
    RETURNED_SUCCESS = auto()
    RETURNED_FAILURE = auto()
    TRANSFER_ENDED = auto()
    COMPLETION_CALLED = auto()
    COMPLETION_RETURNED = auto()
    COMPLETION_LOST = auto()
    COMPLETION_NOT_MADE = auto()
    DEADLINE = auto()
    CANCELLED = auto()
    REPLACED = auto()


GIVES_UP_UNANSWERED = {Fact.RETURNED_FAILURE, Fact.DEADLINE, Fact.CANCELLED, Fact.REPLACED}
ACCEPTED_KINDS = {Kind.GRANTED, Kind.UNUSABLE_URL}


@frozen
class Entry:
    """One line of the history. `track_id` is None where a whole transaction is meant."""

    cookie: int
    track_id: int | None
    what: Fact | Kind
    hr: HRESULT = S_OK


@frozen
class Prediction:
    """What the player answers to a DownloadTrack, and what the call leads to."""

    answer: HRESULT
    transfer: bool = False
    completion: bool = False
    broken: bool = False
    """Whether the partner broke a clause with the call."""


NO_EFFECT = Prediction(E_INVALIDARG, broken=True)
REPEATED = Prediction(S_FALSE)
ABSOLUTE_URL = re.compile(r"https?://[^/?#]", re.IGNORECASE)


def kind_of(url: str | None, params: str | None, hr: int, licensed: int) -> Kind:
    """Say what a DownloadTrack means; a failure code needs neither licence nor URL."""
    if params is not None and len(params.encode("utf-16-le", "surrogatepass")) > 1024 * 1024:
        return Kind.MALFORMED
    if hr >= 0x8000_0000:
        return Kind.REFUSED
    if licensed >= 0x8000_0000:
        return Kind.UNLICENSED
    return Kind.GRANTED if ABSOLUTE_URL.match(url or "") else Kind.UNUSABLE_URL


class DownloadOracle:
    """The history of a session, and what follows from it."""

    def __init__(self) -> None:
        self.history: list[Entry] = []
        self.lists: dict[int, list[int]] = {}
        self.disconnected = False

    def opened(self, cookie: int, listed: list[int]) -> None:
        self.lists[cookie] = listed
        self.note(cookie, Fact.OPENED)

    def note(
        self, cookie: int, what: Fact, track_id: int | None = None, hr: HRESULT = S_OK
    ) -> None:
        self.history.append(Entry(cookie, track_id, what, hr))

    # --- the answer to a DownloadTrack ---

    def answered(self, cookie: int, track_id: int, kind: Kind, hr: HRESULT) -> Prediction:
        """Predict the answer, then add the call to the history.

        `hr` is the outcome that belongs to the kind: the partner's failure code, the licence
        store's code, or the code that stands for an unusable URL.
        """
        if self.disconnected:  # LIFE-04
            return Prediction(RPC_E_DISCONNECTED, broken=True)
        if not self.happened(cookie, Fact.CALLED):  # DL-36
            return NO_EFFECT
        if track_id not in self.lists[cookie]:  # DL-37
            return NO_EFFECT
        prediction = self._predict(cookie, track_id, kind, hr)
        self.history.append(Entry(cookie, track_id, kind, hr))
        return prediction

    def _predict(self, cookie: int, track_id: int, kind: Kind, hr: HRESULT) -> Prediction:
        earlier = len(self.answers(cookie, track_id))
        permitted = earlier < self.lists[cookie].count(track_id)
        reason = self.given_up(cookie, track_id)
        if reason is Fact.CANCELLED:  # nobody's fault; no row speaks of it
            return REPEATED if permitted else NO_EFFECT
        if reason is not None:  # DL-35, DL-36, DL-44
            return NO_EFFECT
        if earlier:  # DL-38, DL-39, DL-43
            return REPEATED if permitted else NO_EFFECT
        return {
            Kind.GRANTED: Prediction(S_OK, transfer=True),
            Kind.UNUSABLE_URL: Prediction(S_OK, completion=True, broken=True),
            Kind.UNLICENSED: Prediction(hr, broken=True),
            Kind.REFUSED: Prediction(S_OK),
            Kind.MALFORMED: NO_EFFECT,
        }[kind]

    # --- questions to the history ---

    def happened(self, cookie: int, what: Fact) -> bool:
        return any(entry.cookie == cookie and entry.what is what for entry in self.history)

    def returned(self, cookie: int) -> bool:
        return self.happened(cookie, Fact.RETURNED_SUCCESS) or self.happened(
            cookie, Fact.RETURNED_FAILURE
        )

    def about(self, cookie: int, track_id: int) -> list[Entry]:
        """Everything that happened to a track, in order."""
        return [e for e in self.history if e.cookie == cookie and e.track_id in {None, track_id}]

    def count(self, cookie: int, track_id: int, what: Fact) -> int:
        return sum(entry.what is what for entry in self.about(cookie, track_id))

    def answers(self, cookie: int, track_id: int) -> list[Entry]:
        """The partner's calls for a track."""
        return [e for e in self.about(cookie, track_id) if isinstance(e.what, Kind)]

    def given_up(self, cookie: int, track_id: int) -> Fact | None:
        """Why the player settled the track before any answer came, if it did."""
        for entry in self.about(cookie, track_id):
            if isinstance(entry.what, Kind):
                return None
            if entry.what in GIVES_UP_UNANSWERED:
                return entry.what
        return None

    def unanswered(self, cookie: int, track_id: int) -> bool:
        return self.given_up(cookie, track_id) is None and not self.answers(cookie, track_id)

    def accepted(self, cookie: int, track_id: int) -> bool:
        """Whether the player owes, or has made, a completion for the track (DL-19, DL-34)."""
        if self.given_up(cookie, track_id) is not None:
            return False
        return any(e.what in ACCEPTED_KINDS for e in self.answers(cookie, track_id)[:1])

    def transferring(self, cookie: int, track_id: int) -> bool:
        """Whether a transfer may be running: granted, and neither ended nor cancelled (DL-16)."""
        if not self.accepted(cookie, track_id):
            return False
        if self.answers(cookie, track_id)[0].what is not Kind.GRANTED:
            return False
        return not any(
            entry.what in {Fact.TRANSFER_ENDED, Fact.CANCELLED}
            for entry in self.about(cookie, track_id)
        )

    def in_completion(self, cookie: int, track_id: int) -> bool:
        """Whether a DownloadTrackComplete was called and did not come to an end."""
        called = self.count(cookie, track_id, Fact.COMPLETION_CALLED)
        ends = (Fact.COMPLETION_RETURNED, Fact.COMPLETION_LOST, Fact.COMPLETION_NOT_MADE)
        return called > sum(self.count(cookie, track_id, end) for end in ends)

    def reported(self, cookie: int, track_id: int) -> bool:
        """Whether the completion was delivered, or every attempt lost (DL-42)."""
        delivered = self.count(cookie, track_id, Fact.COMPLETION_RETURNED)
        lost = self.count(cookie, track_id, Fact.COMPLETION_LOST)
        return delivered > 0 or lost >= COMPLETION_ATTEMPTS

    def may_complete(self, cookie: int, track_id: int) -> bool:
        """Whether the player has to call DownloadTrackComplete now (DL-19, DL-42)."""
        return (
            self.accepted(cookie, track_id)
            and not self.transferring(cookie, track_id)
            and not self.in_completion(cookie, track_id)
            and not self.reported(cookie, track_id)
        )

    def settled(self, cookie: int, track_id: int) -> bool:
        """Whether nothing more will happen to the track."""
        if self.accepted(cookie, track_id):
            return self.reported(cookie, track_id)
        return not self.unanswered(cookie, track_id)

    def ended(self, cookie: int) -> bool:
        """Whether every track was answered and every accepted one completed (DL-43)."""
        return self.returned(cookie) and all(self.settled(cookie, t) for t in self.lists[cookie])

    def outcome(self, cookie: int, track_id: int) -> HRESULT | None:
        """The code that settled the track, or that its completion reports; None before."""
        about = self.about(cookie, track_id)
        if self.given_up(cookie, track_id) is not None:
            return next(e.hr for e in about if e.what in GIVES_UP_UNANSWERED)
        ends = {*Kind, Fact.TRANSFER_ENDED, Fact.CANCELLED} - {Kind.GRANTED}
        first = self.answers(cookie, track_id)[:1]
        if first and first[0].what is Kind.GRANTED:
            ends -= set(Kind)
        return next((e.hr for e in about if e.what in ends), None)
