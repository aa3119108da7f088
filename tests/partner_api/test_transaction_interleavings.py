"""Every order in which three tracks can be answered and completed, around Download's return."""

from collections.abc import Iterator
from itertools import combinations_with_replacement
from math import factorial

import pytest
from attrs import frozen
from download_oracle import DownloadOracle, Fact, Kind

from partner_api.hresult import E_FAIL, E_INVALIDARG, HRESULT, S_FALSE, S_OK
from partner_api.transaction import (
    Action,
    DownloadTransaction,
    Track,
    TrackEvent,
    TransactionState,
)

COOKIE = 0
TRACKS = (1, 2, 3)
KINDS = (Kind.GRANTED, Kind.UNUSABLE_URL, Kind.UNLICENSED, Kind.REFUSED)
LICENSE_CODE = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
OUTCOMES = {
    Kind.GRANTED: S_OK,
    Kind.UNUSABLE_URL: E_INVALIDARG,
    Kind.UNLICENSED: LICENSE_CODE,
    Kind.REFUSED: E_FAIL,
}
ACCEPTED = {Kind.GRANTED, Kind.UNUSABLE_URL}
RETURN = 0
"""The place of Download's return among the steps; the others are the numbers of the tracks."""


@frozen
class Position:
    """A point of a conversation. `steps` says how far each track has come; 0 is Download."""

    download: DownloadTransaction
    oracle: DownloadOracle
    kinds: dict[int, Kind]
    steps: dict[int, int]
    lengths: dict[int, int]
    """1 until the answer was accepted; then the completion's call and return follow."""
    returns: HRESULT

    @classmethod
    def start(cls, kinds: tuple[Kind, ...], returns: HRESULT) -> "Position":
        download = DownloadTransaction(COOKIE, dict.fromkeys(TRACKS, 1))
        download.download_called()
        oracle = DownloadOracle()
        oracle.opened(COOKIE, list(TRACKS))
        oracle.note(COOKIE, Fact.CALLED)
        steps = dict.fromkeys((RETURN, *TRACKS), 0)
        kind_of = dict(zip(TRACKS, kinds, strict=True))
        return cls(download, oracle, kind_of, steps, dict.fromkeys(TRACKS, 1), returns)

    def possible(self) -> Iterator[int]:
        """Who can take the next step: its answer, its completion call, its completion return."""
        if not self.steps[RETURN]:
            yield RETURN
        for track_id in TRACKS:
            if self.steps[track_id] < self.lengths[track_id]:
                yield track_id

    def after(self, who: int) -> "Position":
        """Return the point after the step; this one stays as it is."""
        oracle = DownloadOracle()
        oracle.lists = self.oracle.lists
        oracle.history = list(self.oracle.history)
        steps = {**self.steps, who: self.steps[who] + 1}
        position = Position(
            copied(self.download), oracle, self.kinds, steps, dict(self.lengths), self.returns
        )
        position.step(who)
        return position

    def step(self, who: int) -> None:
        if who == RETURN:
            self.download_returns()
        elif self.steps[who] == 1:
            self.answer(who)
        elif self.steps[who] == 2:
            self.call_completion(who)
        else:
            self.return_completion(who)
        if self.download.state is TransactionState.ENDED:
            assert self.oracle.ended(COOKIE)

    def download_returns(self) -> None:
        fact = Fact.RETURNED_FAILURE if self.returns == E_FAIL else Fact.RETURNED_SUCCESS
        self.oracle.note(COOKIE, fact, hr=self.returns)
        assert self.download.download_returned(self.returns).violation is None

    def answer(self, track_id: int) -> None:
        kind = self.kinds[track_id]
        expected = self.oracle.answered(COOKIE, track_id, kind, OUTCOMES[kind])
        verdict = self.download.answered(track_id, TrackEvent[kind.name], OUTCOMES[kind])
        assert verdict.answer == expected.answer
        assert (verdict.action is Action.TRANSFER) == expected.transfer
        assert (verdict.action is Action.COMPLETE) == expected.completion
        assert (verdict.violation is not None) == expected.broken
        if expected.transfer or expected.completion:
            self.lengths[track_id] = 3

    def call_completion(self, track_id: int) -> None:
        if self.oracle.transferring(COOKIE, track_id):
            verdict = self.download.happened(track_id, TrackEvent.TRANSFER_ENDED, S_OK)
            self.oracle.note(COOKIE, Fact.TRANSFER_ENDED, track_id)
            assert (verdict.action, verdict.violation) == (Action.COMPLETE, None)
        assert self.oracle.may_complete(COOKIE, track_id)
        verdict = self.download.happened(track_id, TrackEvent.COMPLETION_CALLED)
        self.oracle.note(COOKIE, Fact.COMPLETION_CALLED, track_id)
        assert (verdict.action, verdict.violation) == (Action.NOTHING, None)

    def return_completion(self, track_id: int) -> None:
        assert self.oracle.in_completion(COOKIE, track_id)
        verdict = self.download.happened(track_id, TrackEvent.COMPLETION_RETURNED)
        self.oracle.note(COOKIE, Fact.COMPLETION_RETURNED, track_id)
        assert (verdict.action, verdict.violation) == (Action.NOTHING, None)


def copied(download: DownloadTransaction) -> DownloadTransaction:
    copy = DownloadTransaction(COOKIE, {})
    copy.restore([copied_track(track) for track in download], download.state)
    return copy


def copied_track(track: Track) -> Track:
    copy = Track(track.track_id, track.occurrences)
    copy.answers, copy.attempts = track.answers, track.attempts
    copy.state, copy.hr = track.state, track.hr
    return copy


def interleavings(position: Position) -> int:
    """Walk every conversation from here on, and return how many there are."""
    whos = list(position.possible())
    if not whos:
        assert position.oracle.ended(COOKIE)
        assert position.download.state is TransactionState.ENDED
        assert position.download.unsettled == 0
        return 1
    return sum(interleavings(position.after(who)) for who in whos)


def orders(*lengths: int) -> int:
    """In how many orders chains of these lengths can be merged."""
    product = 1
    for length in lengths:
        product *= factorial(length)
    return factorial(sum(lengths)) // product


ANSWERS = list(combinations_with_replacement(KINDS, len(TRACKS)))
"""Every combination of answers. The tracks are alike, so who gives which does not matter."""


def spelled(kinds: object) -> str:
    return ", ".join(kind.name for kind in kinds) if isinstance(kinds, tuple) else ""


@pytest.mark.parametrize("kinds", ANSWERS, ids=spelled)
@pytest.mark.requirement("T1-DL-19", "T1-DL-28", "T1-DL-34", "T1-DL-40", "T1-DL-41", "T1-DL-43")
def test_every_order_of_answers_completions_and_the_return_ends_as_the_oracle_says(
    kinds: tuple[Kind, ...],
) -> None:
    chains = [3 if kind in ACCEPTED else 1 for kind in kinds]
    assert interleavings(Position.start(kinds, S_FALSE)) == orders(1, *chains)


def test_three_granted_tracks_have_16800_orders() -> None:
    assert orders(1, 3, 3, 3) == 16_800
    assert (
        sum(orders(1, *(3 if k in ACCEPTED else 1 for k in kinds)) for kinds in ANSWERS) == 74_736
    )


ORDERS_AROUND_A_FAILURE = (24, 102, 800, 10_542)
"""By the number of accepting answers. What is answered after the failure takes one step only."""


@pytest.mark.parametrize("kinds", ANSWERS, ids=spelled)
@pytest.mark.requirement("T1-DL-35", "T1-DL-42", "T1-DL-43")
def test_every_order_around_a_failing_download_ends_as_the_oracle_says(
    kinds: tuple[Kind, ...],
) -> None:
    accepting = sum(kind in ACCEPTED for kind in kinds)
    expected = ORDERS_AROUND_A_FAILURE[accepting]
    assert interleavings(Position.start(kinds, E_FAIL)) == expected
