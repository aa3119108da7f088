"""A track whose URL expired is asked for anew once, and its bytes are kept for exactly as long."""

from itertools import count

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api.content import ContentContainerList
from partner_api.enums import TransactionType
from partner_api.hresult import E_FAIL, HRESULT, S_OK
from partner_api.transaction import TrackEvent, TrackState
from player_host.downloads.book import TrackKey
from player_host.downloads.ledger import Order

GONE = HRESULT.from_http_status(410)
NUMBERS = count()
ANSWER = Order("http://shop/x", "p")


class Desk:
    """Does to one request what a session does to it."""

    def __init__(self, new_book, ledger, container_list):
        self.new_book, self.ledger = new_book, ledger
        self.book = new_book()
        self.partner = f"shop {next(NUMBERS)}"
        self.request_id = ledger.open_request(self.partner, "album:1")
        self.opened = set()
        self.latest = {}
        self.open(container_list)

    @property
    def state(self):
        return self.ledger.request(self.request_id).state

    def open(self, container_list):
        transaction = self.book.open(self.request_id, container_list)
        self.book.call_download(transaction)
        self.book.download_returned(transaction, S_OK)
        self.opened.add(transaction.id)
        for track in transaction.machine:
            self.latest[track.track_id] = TrackKey(transaction.id, track.track_id)

    def state_of(self, track_id):
        tracks = self.ledger.tracks(self.latest[track_id].transaction_id)
        return next(track.state for track in tracks if track.track_id == track_id)

    def answer(self, track_id, event=TrackEvent.GRANTED, hr=S_OK):
        key = self.latest[track_id]
        self.book.machine(key.transaction_id).answered(track_id, event, hr)
        order = ANSWER if event is TrackEvent.GRANTED else None
        self.ledger.note_answer(key.transaction_id, self.book.track(key), order)
        self.ledger.settle_request(self.request_id)

    def expire(self, track_id):
        self.book.expired(self.latest[track_id], GONE)

    def complete(self, track_id, end=TrackEvent.COMPLETION_RETURNED):
        for event in (TrackEvent.COMPLETION_CALLED, end):
            self.book.happened(self.latest[track_id], event)

    def renew(self, track_id):
        order = self.ledger.expired.order(*self.latest[track_id])
        assert order is not None
        assert order[0] == self.request_id
        self.open(order[1])

    def die(self):
        """Go on in a new session, with a new instance of the plug-in."""
        self.book = self.new_book()
        for number, request_id, cookie in self.ledger.unsettled_transactions(self.partner):
            self.book.take_over(number, request_id, cookie)


@pytest.fixture
def desk(new_book, ledger, order):
    return lambda *track_ids: Desk(new_book, ledger, order(*track_ids))


@pytest.fixture
def due(desk):
    """A request with one track that is to be asked for anew."""
    made = desk(1)
    made.answer(1)
    made.expire(1)
    made.complete(1)
    return made


def expired_of(desk, track_id=1):
    return desk.ledger.expired, desk.latest[track_id]


@pytest.mark.requirement("T1-DL-20", "T1-DL-22")
def test_an_expiry_is_completed_with_the_code_and_the_params_of_the_answer(desk):
    made = desk(1)
    made.answer(1)
    made.expire(1)
    (track,) = made.ledger.tracks(made.latest[1].transaction_id)
    assert (track.state, track.hr) == (TrackState.FINISHED, GONE)
    assert made.ledger.order(*made.latest[1]) == Order(None, "p")


def test_a_track_is_due_once_its_completion_returned(desk):
    made = desk(1)
    made.answer(1)
    made.expire(1)
    expired, key = expired_of(made)
    assert expired.order(*key) is None
    assert expired.due(made.partner) == []
    made.complete(1)
    assert expired.due(made.partner) == [key]
    assert expired.due("another") == []
    assert (made.state, expired.has_expired(*key)) == ("open", True)


@pytest.mark.requirement("T1-DL-42")
def test_a_track_of_which_the_plug_in_cannot_be_told_is_not_asked_for_anew(desk):
    made = desk(1)
    made.answer(1)
    made.expire(1)
    for _ in range(3):
        made.complete(1, TrackEvent.COMPLETION_LOST)
    expired, key = expired_of(made)
    assert made.state_of(1) is TrackState.UNDELIVERABLE
    assert expired.order(*key) is None
    assert (made.state, expired.partials()) == ("done", set())


def test_the_store_is_asked_for_one_occurrence_with_its_container(new_book, ledger, album):
    containers = (album(1, 11), album(2, 12, 13, 12), album(3, 12))
    made = Desk(new_book, ledger, ContentContainerList(TransactionType.DOWNLOAD, containers))
    made.answer(12)
    made.expire(12)
    made.complete(12)
    _, again = ledger.expired.order(*made.latest[12])
    wanted = evolve(containers[1], items=containers[1].items[:1])
    assert again == ContentContainerList(TransactionType.DOWNLOAD, (wanted,))


def test_the_new_transaction_goes_on_with_the_bytes_of_the_old_one(due):
    expired, old = expired_of(due)
    due.renew(1)
    new = due.latest[1]
    assert new != old
    assert expired.begun_in(*new) == old.transaction_id
    assert (expired.was_asked_again(*new), expired.was_asked_again(*old)) == (True, False)
    assert (expired.has_expired(*new), expired.has_expired(*old)) == (False, True)
    assert expired.order(*old) is None
    assert expired.partials() == {old}
    due.answer(1)
    assert expired.partials() == {old}
    assert expired.owner(*old) == new
    (row,) = due.ledger.track_rows(due.request_id)
    assert (row.transaction_id, row.asked_again) == (new.transaction_id, True)


def test_a_partial_whose_url_never_expired_is_that_of_its_own_track(desk):
    made = desk(1)
    expired, key = expired_of(made)
    assert expired.owner(*key) == key
    assert expired.begun_in(*key) == key.transaction_id
    assert not expired.was_asked_again(*key)


def test_what_a_dead_plug_in_did_not_answer_is_asked_for_with_the_same_bytes(due):
    expired, old = expired_of(due)
    due.renew(1)
    due.die()
    assert expired.partials() == {old}
    due.open(due.ledger.abandoned(due.request_id))
    assert expired.begun_in(*due.latest[1]) == old.transaction_id
    due.answer(1)
    assert expired.owner(*old) == due.latest[1]


@pytest.mark.requirement("T1-DL-34")
def test_a_refusal_closes_the_request_and_frees_the_bytes(due):
    due.renew(1)
    due.answer(1, TrackEvent.REFUSED, E_FAIL)
    assert (due.state, due.ledger.expired.partials()) == ("done", set())


def test_cancelling_ends_what_is_due(due):
    due.ledger.set_request_state(due.request_id, "cancelling")
    expired, key = expired_of(due)
    assert expired.order(*key) is None
    assert expired.due(due.partner) == []
    due.ledger.cancel_abandoned(due.request_id)
    due.ledger.settle_request(due.request_id)
    assert (due.state, expired.partials()) == ("cancelled", set())


TRACKS = (1, 2)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["grant", "refuse", "end", "expire", "complete", "lose", "renew", "die", "resume"]
        ),
        st.sampled_from(TRACKS),
    ),
    max_size=40,
)


def step(desk, kind, track_id):
    """Do a step where it can be done; what a Player does not do is left out."""
    state = desk.state_of(track_id)
    expired, key = expired_of(desk, track_id)
    if kind == "grant" and state is TrackState.UNANSWERED:
        desk.answer(track_id)
    elif kind == "refuse" and state is TrackState.UNANSWERED:
        desk.answer(track_id, TrackEvent.REFUSED, E_FAIL)
    elif kind == "end" and state is TrackState.ACCEPTED:
        desk.book.happened(key, TrackEvent.TRANSFER_ENDED, S_OK)
    elif kind == "expire" and state is TrackState.ACCEPTED and not expired.was_asked_again(*key):
        desk.expire(track_id)
    elif kind == "complete" and state is TrackState.FINISHED:
        desk.complete(track_id)
    elif kind == "lose" and state is TrackState.FINISHED:
        desk.complete(track_id, TrackEvent.COMPLETION_LOST)
    elif kind == "renew" and expired.order(*key) is not None:
        desk.renew(track_id)
    elif kind == "die" and desk.ledger.unsettled_transactions(desk.partner):
        desk.die()
    elif kind == "resume" and (lacking := desk.ledger.abandoned(desk.request_id)) is not None:
        desk.open(lacking)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(steps=STEPS)
def test_a_track_is_asked_for_anew_once_and_its_bytes_are_wanted_for_as_long(desk, steps):
    made = desk(*TRACKS)
    for kind, track_id in steps:
        step(made, kind, track_id)
        agrees(made)


def agrees(desk):
    """Check what has to be true between any two steps."""
    expired, rows = desk.ledger.expired, desk.ledger.track_rows(desk.request_id)
    assert sorted(row.track_id for row in rows) == sorted(TRACKS)
    wanted = {TrackState.UNANSWERED, TrackState.ABANDONED}
    needed = set()
    for row in rows:
        key = (row.transaction_id, row.track_id)
        begun = (expired.begun_in(*key), row.track_id)
        is_kept = row.asked_again and row.state in wanted
        is_told = expired.has_expired(*key) and row.state is TrackState.FINISHED
        if row.state is TrackState.ACCEPTED or is_kept or is_told:
            needed.add(begun)
        if row.state is TrackState.ACCEPTED:
            assert expired.owner(*begun) == key
    assert {found for found in expired.partials() if found[0] in desk.opened} == needed
    for track_id in TRACKS:
        assert sum(expired.has_expired(number, track_id) for number in desk.opened) <= 1
    open_states = {s for s in TrackState if not s.settled} | {TrackState.ABANDONED}
    assert (desk.state == "open") == any(row.state in open_states for row in rows)
