"""The book: machine and ledger step together, and survive the session."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api.hresult import E_ABORT, E_FAIL, HRESULT, S_OK
from partner_api.transaction import ANSWERS, Action, TrackEvent, TrackState, TransactionState
from player_host.downloads.book import TrackKey, Work
from player_host.downloads.ledger import Order

TRACKS = (1, 2, 3)


@pytest.fixture
def begun(new_book, ledger, order):
    """A book with one transaction whose `Download` was called."""

    def begin(*track_ids):
        book = new_book()
        transaction = book.open(ledger.open_request("shop", "album:1"), order(*track_ids))
        book.call_download(transaction)
        return book, transaction

    return begin


def grant(book, ledger, transaction, *track_ids):
    for track_id in track_ids:
        transaction.machine.answered(track_id, TrackEvent.GRANTED, S_OK)
        track = book.track(TrackKey(transaction.id, track_id))
        ledger.note_answer(transaction.id, track, Order("http://shop/x", "p"))


def on_disk(ledger, transaction):
    return [
        (t.track_id, t.state, t.answers, t.attempts, t.hr) for t in ledger.tracks(transaction.id)
    ]


def in_memory(transaction):
    return sorted((t.track_id, t.state, t.answers, t.attempts, t.hr) for t in transaction.machine)


def left_to_do(book):
    return book.work.take(100)


def test_an_opened_transaction_is_on_the_disk_under_its_cookie(begun, ledger, database):
    book, transaction = begun(1, 2)
    row = database.row("SELECT cookie, state FROM transactions WHERE id = ?", (transaction.id,))
    assert (row["cookie"], row["state"]) == (transaction.machine.cookie, "called")
    assert book.of_cookie(row["cookie"]) is transaction
    assert on_disk(ledger, transaction) == in_memory(transaction)


@pytest.mark.requirement("T1-DL-45")
def test_no_cookie_of_a_session_is_drawn_twice(new_book, ledger, order, monkeypatch):
    draws = iter([7, 7, 7, 8])
    monkeypatch.setattr("player_host.downloads.book.secrets.randbelow", lambda _: next(draws))
    book = new_book()
    request_id = ledger.open_request("shop", "x")
    assert [book.open(request_id, order(1)).machine.cookie for _ in range(2)] == [7, 8]


@pytest.mark.requirement("T1-DL-35")
def test_a_failed_download_voids_what_was_not_answered(begun, ledger):
    book, transaction = begun(1, 2)
    grant(book, ledger, transaction, 1)
    book.download_returned(transaction, E_FAIL)
    states = {t.track_id: t.state for t in ledger.tracks(transaction.id)}
    assert states == {1: TrackState.ACCEPTED, 2: TrackState.VOID}


def test_a_failed_download_leaves_the_row_of_a_file_that_was_just_published(
    begun, ledger, database
):
    book, transaction = begun(1, 2)
    grant(book, ledger, transaction, 1)
    with database.transaction() as connection:
        ledger.note_published(connection, transaction.id, 1, library_id=1)
    book.download_returned(transaction, E_FAIL)
    assert ledger.tracks(transaction.id)[0].state is TrackState.FINISHED


@pytest.mark.requirement("T1-DL-43")
def test_the_request_is_closed_with_the_last_track_of_its_last_transaction(begun, ledger):
    book, transaction = begun(1)
    grant(book, ledger, transaction, 1)
    book.download_returned(transaction, S_OK)
    key = TrackKey(transaction.id, 1)
    for event in (TrackEvent.TRANSFER_ENDED, TrackEvent.COMPLETION_CALLED):
        book.happened(key, event, S_OK)
        assert ledger.request(transaction.request_id).state == "open"
    book.happened(key, TrackEvent.COMPLETION_RETURNED)
    assert ledger.request(transaction.request_id).state == "done"
    assert transaction.machine.state is TransactionState.ENDED


TAKEN_OVER = [
    (TrackState.UNANSWERED, 0, TrackState.ABANDONED, None),
    (TrackState.ACCEPTED, 0, TrackState.ACCEPTED, Action.TRANSFER),
    (TrackState.FINISHED, 0, TrackState.FINISHED, Action.COMPLETE),
    (TrackState.FINISHED, 2, TrackState.FINISHED, Action.COMPLETE),
    (TrackState.COMPLETING, 1, TrackState.FINISHED, Action.COMPLETE),
    (TrackState.COMPLETING, 2, TrackState.FINISHED, Action.COMPLETE),
    (TrackState.COMPLETING, 3, TrackState.UNDELIVERABLE, None),
    (TrackState.REFUSED, 0, TrackState.REFUSED, None),
    (TrackState.COMPLETED, 1, TrackState.COMPLETED, None),
]


@pytest.mark.requirement("T1-DL-42", "T1-DL-53")
@pytest.mark.parametrize(("state", "attempts", "after", "action"), TAKEN_OVER)
def test_a_later_session_goes_on_where_a_dead_one_stopped(
    begun, new_book, ledger, state, attempts, after, action
):
    _, transaction = begun(1, 2)
    track, other = transaction.machine
    track.state, track.attempts = state, attempts
    other.state = TrackState.ACCEPTED
    ledger.note_tracks(transaction.id, [track, other])

    book = new_book()
    taken = book.take_over(transaction.id, transaction.request_id, transaction.machine.cookie)
    assert book.track(TrackKey(transaction.id, 1)).state is after
    assert on_disk(ledger, taken) == in_memory(taken)
    expected = [Work(TrackKey(transaction.id, 1), action)] if action else []
    assert left_to_do(book) == [*expected, Work(TrackKey(transaction.id, 2), Action.TRANSFER)]


@pytest.mark.requirement("T1-DL-36")
def test_a_cookie_of_an_earlier_session_is_unknown(begun, new_book):
    _, transaction = begun(1)
    cookie = transaction.machine.cookie
    book = new_book()
    book.take_over(transaction.id, transaction.request_id, cookie)
    assert book.of_cookie(cookie) is None
    assert not book.session.knows(cookie)


def test_what_nobody_answered_keeps_the_request_open(begun, new_book, ledger, order):
    _, transaction = begun(1, 2)
    new_book().take_over(transaction.id, transaction.request_id, transaction.machine.cookie)
    assert {t.hr for t in ledger.tracks(transaction.id)} == {E_ABORT}
    assert ledger.request(transaction.request_id).state == "open"
    assert ledger.abandoned(transaction.request_id) == order(1, 2)


EVENTS = st.sampled_from([e for e in TrackEvent if e not in ANSWERS])
STEPS = st.lists(
    st.tuples(st.sampled_from(TRACKS), EVENTS, st.sampled_from([S_OK, E_FAIL, HRESULT(1)])),
    max_size=30,
)
FOR_ALL = (TrackEvent.CANCELLED, TrackEvent.PARTNER_REPLACED, TrackEvent.DEADLINE_PASSED)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(steps=STEPS)
def test_machine_and_ledger_never_disagree(begun, ledger, steps):
    book, transaction = begun(*TRACKS)
    grant(book, ledger, transaction, 1, 2)
    book.download_returned(transaction, S_OK)
    for track_id, event, hr in steps:
        if event in FOR_ALL:
            book.for_every_track(transaction, event)
        else:
            book.happened(TrackKey(transaction.id, track_id), event, hr)
        assert on_disk(ledger, transaction) == in_memory(transaction)
