"""What the ledger remembers, and what it says of it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api.content import ContentContainerList
from partner_api.enums import TransactionType
from partner_api.hresult import E_ABORT, S_OK
from partner_api.transaction import DownloadTransaction, TrackState, TransactionState
from player_host.downloads.ledger import Order
from player_host.errors import StorageError, UsageError


@pytest.fixture
def session(ledger):
    return ledger.open_session("shop", "transcript.jsonl")


@pytest.fixture
def opened(ledger, session):
    """Open a transaction of a request; a new request where none is named."""
    cookies = iter(range(1_000))

    def make(container_list, request_id=None, partner="shop"):
        request_id = request_id or ledger.open_request(partner, "album:1")
        machine = DownloadTransaction.for_list(next(cookies), container_list)
        transaction_id = ledger.open_transaction(request_id, session, machine, container_list)
        return request_id, transaction_id, machine

    return make


def note(ledger, transaction_id, machine, states):
    for track_id, state in states.items():
        machine.track(track_id).state = state
    ledger.note_tracks(transaction_id, machine)


def states_of(ledger, transaction_id):
    return {track.track_id: track.state.value for track in ledger.tracks(transaction_id)}


@pytest.mark.requirement("T1-DL-22", "T1-DL-24")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(params=st.none() | st.text(st.characters(codec=None, categories=None)))
def test_params_come_back_as_the_code_units_that_they_were(ledger, opened, order, params):
    _, transaction_id, machine = opened(order(1))
    ledger.note_answer(transaction_id, machine.track(1), Order("http://shop/1", params))
    assert units(ledger.order(transaction_id, 1).params) == units(params)


def units(text):
    return None if text is None else text.encode("utf-16-le", "surrogatepass")


@pytest.mark.parametrize("params", [None, "", "\0", "a\ud800b", "\udc00\ud800", "é\U0001f3b5"])
def test_odd_params_are_kept(ledger, opened, order, params):
    _, transaction_id, machine = opened(order(1))
    ledger.note_answer(transaction_id, machine.track(1), Order(None, params))
    assert ledger.order(transaction_id, 1) == Order(None, params)


def test_a_track_comes_back_with_everything_that_was_noted(ledger, opened, order):
    _, transaction_id, machine = opened(order(7, 7, 8))
    track = machine.track(7)
    track.state, track.answers, track.attempts, track.hr = TrackState.FINISHED, 2, 1, E_ABORT
    ledger.note_tracks(transaction_id, [track])
    found, other = ledger.tracks(transaction_id)
    assert (found.track_id, found.occurrences, found.answers) == (7, 2, 2)
    assert (found.state, found.attempts, found.hr) == (TrackState.FINISHED, 1, E_ABORT)
    assert (other.state, other.occurrences, other.hr) == (TrackState.UNANSWERED, 1, None)


def test_only_unsettled_transactions_of_the_partner_are_taken_over(ledger, opened, order):
    request, waiting, machine = opened(order(1, 2))
    note(ledger, waiting, machine, {1: TrackState.COMPLETED, 2: TrackState.FINISHED})
    _, settled, machine = opened(order(3))
    note(ledger, settled, machine, {3: TrackState.COMPLETED})
    opened(order(4), partner="another")
    assert ledger.unsettled_transactions("shop") == [(waiting, request, 0)]


def test_what_was_abandoned_is_asked_for_with_its_containers(ledger, opened, album):
    whole = ContentContainerList(
        TransactionType.DOWNLOAD, (album(1, 11, 12), album(2, 21), album(3, 31))
    )
    request_id, transaction_id, machine = opened(whole)
    s = TrackState
    lost = {11: s.COMPLETED, 12: s.ABANDONED, 21: s.REFUSED, 31: s.ABANDONED}
    note(ledger, transaction_id, machine, lost)
    again = ledger.abandoned(request_id)
    assert again == ContentContainerList(TransactionType.DOWNLOAD, (album(1, 12), album(3, 31)))


def test_a_request_that_lacks_no_answer_is_not_asked_for_again(ledger, opened, order):
    request_id, transaction_id, machine = opened(order(1))
    note(ledger, transaction_id, machine, {1: TrackState.COMPLETED})
    assert ledger.abandoned(request_id) is None


def test_a_track_that_was_asked_for_anew_counts_once(ledger, opened, order):
    request_id, first, machine = opened(order(1, 2))
    note(ledger, first, machine, {1: TrackState.ABANDONED, 2: TrackState.COMPLETED})
    _, second, _ = opened(order(1), request_id)
    assert ledger.abandoned(request_id) is None
    rows = {row.track_id: row.transaction_id for row in ledger.track_rows(request_id)}
    assert rows == {1: second, 2: first}
    counts = ledger.request(request_id).counts
    assert counts == {TrackState.COMPLETED: 1, TrackState.UNANSWERED: 1}


def test_asking_anew_for_one_request_leaves_another_alone(ledger, opened, order):
    other, transaction_id, machine = opened(order(1))
    note(ledger, transaction_id, machine, {1: TrackState.ABANDONED})
    opened(order(1))
    assert ledger.abandoned(other) == order(1)


@pytest.mark.parametrize("state", [s for s in TrackState if not s.settled] + [TrackState.ABANDONED])
def test_a_request_with_something_to_do_is_not_closed(ledger, opened, order, state):
    request_id, transaction_id, machine = opened(order(1, 2))
    note(ledger, transaction_id, machine, {1: TrackState.COMPLETED, 2: state})
    assert not ledger.settle_request(request_id)
    assert ledger.request(request_id).state == "open"


@pytest.mark.parametrize(("before", "after"), [("open", "done"), ("cancelling", "cancelled")])
def test_a_request_with_nothing_to_do_is_closed(ledger, opened, order, before, after):
    request_id, transaction_id, machine = opened(order(1))
    note(ledger, transaction_id, machine, {1: TrackState.COMPLETED})
    ledger.set_request_state(request_id, before)
    assert ledger.settle_request(request_id)
    assert ledger.request(request_id).state == after


def test_only_abandoned_tracks_are_cancelled_on_paper(ledger, opened, order):
    request_id, transaction_id, machine = opened(order(1, 2))
    note(ledger, transaction_id, machine, {1: TrackState.ABANDONED, 2: TrackState.ACCEPTED})
    ledger.cancel_abandoned(request_id)
    assert states_of(ledger, transaction_id) == {1: "cancelled", 2: "accepted"}


@pytest.mark.requirement("T1-DL-26")
@pytest.mark.parametrize("state", list(TrackState))
def test_only_an_accepted_track_is_finished_by_its_publication(
    ledger, database, opened, order, state
):
    _, transaction_id, machine = opened(order(1))
    note(ledger, transaction_id, machine, {1: state})
    with database.transaction() as connection:
        ledger.note_published(connection, transaction_id, 1, library_id=5)
    expected = "finished" if state is TrackState.ACCEPTED else state.value
    assert states_of(ledger, transaction_id) == {1: expected}


def test_requests_are_told_apart_by_partner_and_state(ledger):
    mine, gone, theirs = (ledger.open_request(p, "x") for p in ("shop", "shop", "other"))
    for request_id in (mine, theirs):
        ledger.set_request_state(request_id, "cancelling")
    ledger.set_request_state(gone, "done")
    still_open = ledger.open_request("shop", "x")
    assert ledger.cancelling("shop") == [mine]
    assert ledger.cancelling("other") == [theirs]
    assert ledger.unclosed_requests("shop") == [mine, still_open]


def test_an_unknown_request_is_an_error_that_says_where_to_look(ledger):
    with pytest.raises(UsageError, match="no download 9") as caught:
        ledger.request(9)
    assert "downloads list" in caught.value.remedy


def test_a_step_of_the_caller_that_fails_takes_the_rows_with_it(ledger, database, opened, order):
    _, transaction_id, machine = opened(order(1))
    machine.track(1).state = TrackState.COMPLETED

    def settle_and_fail():
        with database.transaction():
            ledger.note_tracks(transaction_id, machine)
            ledger.note_transaction(transaction_id, TransactionState.ENDED, S_OK)
            raise StorageError("the disk is full")

    with pytest.raises(StorageError):
        settle_and_fail()
    assert states_of(ledger, transaction_id) == {1: "unanswered"}
    assert database.row("SELECT state, hr FROM transactions")["state"] == "drawn"
