"""Every cell of the two tables, written out from the rules and driven through a transaction."""

from collections.abc import Callable, Iterator

import pytest

from partner_api.hresult import E_ABORT, E_FAIL, E_INVALIDARG, HRESULT, S_FALSE, S_OK
from partner_api.transaction import (
    ANSWERS,
    TRACK_TABLE,
    TRANSACTION_TABLE,
    Action,
    DownloadTransaction,
    Party,
    Reply,
    TrackEvent,
    TrackState,
    TrackStep,
    TransactionEvent,
    TransactionState,
    TransactionStep,
    Verdict,
)

LICENSE_CODE = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
TRACK, OTHER, OFTEN = 7, 8, 1000

# A cell is [next state] [reply] [action] [!clause]. What is left out: the track stays where it
# is, there is no call to answer, nothing to do, all in order. `~` is a further answer: it has no
# effect, and gets S_FALSE as long as the track is listed often enough (T1-DL-38, T1-DL-39).
ANSWER_CELLS = """
state         | GRANTED              | UNUSABLE_URL              | UNLICENSED               | REFUSED       | MALFORMED
unanswered    | accepted ok transfer | finished ok complete !11  | unlicensed licence !17   | refused ok    | refused invalid !07
accepted      | ~                    | ~                         | ~                        | ~             | ~
finished      | ~                    | ~                         | ~                        | ~             | ~
completing    | ~                    | ~                         | ~                        | ~             | ~
refused       | ~                    | ~                         | ~                        | ~             | ~
unlicensed    | ~                    | ~                         | ~                        | ~             | ~
completed     | ~                    | ~                         | ~                        | ~             | ~
undeliverable | ~                    | ~                         | ~                        | ~             | ~
void          | invalid !35          | invalid !35               | invalid !35              | invalid !35   | invalid !35
expired       | invalid !07          | invalid !07               | invalid !07              | invalid !07   | invalid !07
cancelled     | ~                    | ~                         | ~                        | ~             | ~
abandoned     | invalid !09          | invalid !09               | invalid !09              | invalid !09   | invalid !09
"""  # noqa: E501 - a table

PLAYER_CELLS = """
state         | TRANSFER_ENDED    | COMPLETION_CALLED | COMPLETION_RETURNED | COMPLETION_LOST   | LAST_COMPLETION_LOST | COMPLETION_NOT_MADE
unanswered    | !16               | !42               | !42                 | !42               | !42                  | !42
accepted      | finished complete | !42               | !42                 | !42               | !42                  | !42
finished      | !16               | completing        | !42                 | !42               | !42                  | !42
completing    | !16               | !42               | completed           | finished complete | undeliverable        | finished complete
refused       | !16               | !34               | !42                 | !42               | !42                  | !42
unlicensed    | !16               | !34               | !42                 | !42               | !42                  | !42
completed     | !16               | !42               | !42                 | !42               | !42                  | !42
undeliverable | !16               | !42               | !42                 | !42               | !42                  | !42
void          | !16               | !42               | !42                 | !42               | !42                  | !42
expired       | !16               | !42               | !42                 | !42               | !42                  | !42
cancelled     | !16               | !42               | !42                 | !42               | !42                  | !42
abandoned     | !16               | !42               | !42                 | !42               | !42                  | !42
"""  # noqa: E501 - a table

SCOPE_CELLS = """
state         | DOWNLOAD_FAILED | DEADLINE_PASSED | CANCELLED              | PARTNER_REPLACED
unanswered    | void            | expired !07     | cancelled              | abandoned
accepted      |                 |                 | finished stop_transfer |
finished      |                 |                 |                        |
completing    |                 |                 |                        |
refused       |                 |                 |                        |
unlicensed    |                 |                 |                        |
completed     |                 |                 |                        |
undeliverable |                 |                 |                        |
void          |                 |                 |                        |
expired       |                 |                 |                        |
cancelled     |                 |                 |                        |
abandoned     |                 |                 |                        |
"""

TRANSACTION_CELLS = """
state  | DOWNLOAD_CALLED | DOWNLOAD_SUCCEEDED | DOWNLOAD_FAILED | ALL_SETTLED
drawn  | called          | !04                | !04             |
called | !45             | open               | void            |
open   | !45             | !04                | !04             | ended
void   | !45             | !04                | !04             | ended
ended  | !45             | !04                | !04             |
"""

REPLIES = {
    "ok": Reply.ACCEPT,
    "licence": Reply.LICENSE_CODE,
    "invalid": Reply.INVALID,
    "~": Reply.IF_PERMITTED,
}


def cells(table: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the state, the event and the words of every cell."""
    header, *rows = [
        [cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()
    ]
    for state, *row in rows:
        for event, cell in zip(header[1:], row, strict=True):
            yield state, event, cell.split()


def clause_of(words: list[str]) -> str:
    return next((f"T1-DL-{word[1:]}" for word in words if word.startswith("!")), "")


def track_step(state: TrackState, words: list[str]) -> TrackStep:
    states = {member.value: member for member in TrackState}
    actions = {member.name.lower(): member for member in Action}
    return TrackStep(
        next=next((states[word] for word in words if word in states), state),
        reply=next((REPLIES[word] for word in words if word in REPLIES), Reply.NONE),
        action=next((actions[word] for word in words if word in actions), Action.NOTHING),
        clause=clause_of(words),
    )


def expected_tracks() -> dict[tuple[TrackState, TrackEvent], TrackStep]:
    return {
        (TrackState(state), TrackEvent[event]): track_step(TrackState(state), words)
        for table in (ANSWER_CELLS, PLAYER_CELLS, SCOPE_CELLS)
        for state, event, words in cells(table)
    }


def expected_transactions() -> dict[tuple[TransactionState, TransactionEvent], TransactionStep]:
    return {
        (TransactionState(state), TransactionEvent[event]): TransactionStep(
            TransactionState(next((w for w in words if not w.startswith("!")), state)),
            clause_of(words),
        )
        for state, event, words in cells(TRANSACTION_CELLS)
    }


TRACKS = expected_tracks()
TRANSACTIONS = expected_transactions()


def cell_name(value: object) -> str:
    return value.name if isinstance(value, TrackState | TrackEvent) else ""


def test_every_state_of_a_track_meets_every_event() -> None:
    assert set(TRACKS) == {(state, event) for state in TrackState for event in TrackEvent}
    assert len(TRACKS) == 12 * 15


def test_every_state_of_a_transaction_meets_every_event() -> None:
    every = {(state, event) for state in TransactionState for event in TransactionEvent}
    assert set(TRANSACTIONS) == every
    assert len(TRANSACTIONS) == 5 * 4


@pytest.mark.parametrize(("state", "event"), TRACKS, ids=cell_name)
def test_a_cell_of_the_track_table_is_as_the_rules_say(
    state: TrackState, event: TrackEvent
) -> None:
    assert TRACK_TABLE[state, event] == TRACKS[state, event]
    assert len(TRACK_TABLE) == len(TRACKS)


@pytest.mark.parametrize(("state", "event"), TRANSACTIONS)
def test_a_cell_of_the_transaction_table_is_as_the_rules_say(
    state: TransactionState, event: TransactionEvent
) -> None:
    assert TRANSACTION_TABLE[state, event] == TRANSACTIONS[state, event]
    assert len(TRANSACTION_TABLE) == len(TRANSACTIONS)


# --- the same cells through a transaction ------------------------------------------------------


def answer(download: DownloadTransaction, event: TrackEvent, track_id: int = TRACK) -> Verdict:
    hr = LICENSE_CODE if event is TrackEvent.UNLICENSED else E_FAIL
    return download.answered(track_id, event, S_OK if event is TrackEvent.GRANTED else hr)


def happen(*events: TrackEvent) -> Callable[[DownloadTransaction], None]:
    """Let things happen to the track that are in order, one after the other."""

    def run(download: DownloadTransaction) -> None:
        for event in events:
            verdict = answer(download, event) if event in ANSWERS else step(download, event)
            assert verdict.violation is None or verdict.violation.fault is Party.PARTNER

    return run


def step(download: DownloadTransaction, event: TrackEvent) -> Verdict:
    return download.happened(TRACK, event, E_ABORT)


E = TrackEvent
LOST = (E.COMPLETION_CALLED, E.COMPLETION_LOST)
WAYS: dict[TrackState, Callable[[DownloadTransaction], None]] = {
    TrackState.UNANSWERED: happen(),
    TrackState.ACCEPTED: happen(E.GRANTED),
    TrackState.FINISHED: happen(E.GRANTED, E.TRANSFER_ENDED),
    TrackState.COMPLETING: happen(E.GRANTED, E.TRANSFER_ENDED, E.COMPLETION_CALLED),
    TrackState.REFUSED: happen(E.REFUSED),
    TrackState.UNLICENSED: happen(E.UNLICENSED),
    TrackState.COMPLETED: happen(E.UNUSABLE_URL, E.COMPLETION_CALLED, E.COMPLETION_RETURNED),
    TrackState.UNDELIVERABLE: happen(E.GRANTED, E.TRANSFER_ENDED, *LOST, *LOST, *LOST),
    TrackState.VOID: lambda download: (download.download_returned(E_FAIL), None)[1],
    TrackState.EXPIRED: happen(E.DEADLINE_PASSED),
    TrackState.CANCELLED: happen(E.CANCELLED),
    TrackState.ABANDONED: happen(E.PARTNER_REPLACED),
}


def download_in(state: TrackState, occurrences: int = OFTEN) -> DownloadTransaction:
    """Return a called transaction of two tracks, the first of them brought into the state."""
    download = DownloadTransaction(0, {TRACK: occurrences, OTHER: 1})
    download.download_called()
    WAYS[state](download)
    assert state_of(download) is state
    return download


def state_of(download: DownloadTransaction, track_id: int = TRACK) -> TrackState:
    track = download.track(track_id)
    assert track is not None
    return track.state


@pytest.mark.parametrize("state", TrackState, ids=cell_name)
@pytest.mark.parametrize("event", [e for e in TrackEvent if e in ANSWERS], ids=cell_name)
@pytest.mark.requirement(
    "T1-DL-14", "T1-DL-15", "T1-DL-16", "T1-DL-36", "T1-DL-38", "T1-DL-39", "T1-DL-43", "T1-DL-44"
)
def test_an_answer_gets_the_reply_and_the_effect_of_its_cell(
    state: TrackState, event: TrackEvent
) -> None:
    download = download_in(state)
    cell = TRACKS[state, event]
    replies = {
        Reply.ACCEPT: S_OK,
        Reply.INVALID: E_INVALIDARG,
        Reply.LICENSE_CODE: LICENSE_CODE,
        Reply.IF_PERMITTED: S_FALSE,
    }
    verdict = answer(download, event)
    assert (verdict.answer, verdict.action) == (replies[cell.reply], cell.action)
    assert state_of(download) is cell.next
    assert state_of(download, OTHER) in {TrackState.UNANSWERED, TrackState.VOID}
    assert blamed(verdict) == ((cell.clause, Party.PARTNER) if cell.clause else None)


def blamed(verdict: Verdict) -> tuple[str, Party] | None:
    if verdict.violation is None:
        return None
    assert verdict.violation.what
    return verdict.violation.clause, verdict.violation.fault


REPEATS = [cell for cell in TRACKS if TRACKS[cell].reply is Reply.IF_PERMITTED]


@pytest.mark.parametrize(("state", "event"), REPEATS, ids=cell_name)
@pytest.mark.requirement("T1-DL-38", "T1-DL-39", "T1-DL-43")
def test_one_answer_more_than_the_track_is_listed_is_a_repetition(
    state: TrackState, event: TrackEvent
) -> None:
    download = download_in(state, occurrences=1)
    if state is TrackState.CANCELLED:  # no answer was used up
        assert answer(download, event) == Verdict(S_FALSE)
    before = download.unsettled
    verdict = answer(download, event)
    assert (verdict.answer, verdict.action) == (E_INVALIDARG, Action.NOTHING)
    assert blamed(verdict) == ("T1-DL-07", Party.PARTNER)
    assert (state_of(download), download.unsettled) == (state, before)


@pytest.mark.parametrize("listed", [1, 2, 3, 10])
@pytest.mark.requirement("T1-DL-39")
def test_a_track_listed_n_times_is_answered_n_times_and_not_once_more(listed: int) -> None:
    download = DownloadTransaction(1, {TRACK: listed})
    download.download_called()
    answers = [answer(download, E.GRANTED).answer for _ in range(listed + 2)]
    assert answers == [S_OK, *[S_FALSE] * (listed - 1), E_INVALIDARG, E_INVALIDARG]


@pytest.mark.parametrize("state", TrackState, ids=cell_name)
@pytest.mark.parametrize("event", [e for e in TrackEvent if e not in ANSWERS], ids=cell_name)
@pytest.mark.requirement("T1-DL-16", "T1-DL-19", "T1-DL-34", "T1-DL-42", "T1-DL-44", "T1-DL-53")
def test_what_happens_to_a_track_has_the_effect_of_its_cell(
    state: TrackState, event: TrackEvent
) -> None:
    download = download_in(state)
    settled_before = state in SETTLED
    cell = TRACKS[state, event]
    verdict = (
        step(download, event) if event is not E.COMPLETION_LOST else lost_early(download, state)
    )
    assert (verdict.answer, verdict.action) == (None, cell.action)
    assert state_of(download) is cell.next
    fault = Party.PARTNER if event is E.DEADLINE_PASSED else Party.PLAYER
    assert blamed(verdict) == ((cell.clause, fault) if cell.clause else None)
    newly_settled = cell.next in SETTLED and not settled_before
    others = 0 if state is TrackState.VOID else 1
    assert download.unsettled == others + (not settled_before) - newly_settled


def lost_early(download: DownloadTransaction, state: TrackState) -> Verdict:
    verdict = step(download, E.COMPLETION_LOST)
    track = download.track(TRACK)
    assert track is not None
    assert track.attempts == {
        TrackState.COMPLETING: 1,
        TrackState.COMPLETED: 1,
        TrackState.UNDELIVERABLE: 3,
    }.get(state, 0)
    return verdict


SETTLED = {
    TrackState.REFUSED,
    TrackState.UNLICENSED,
    TrackState.COMPLETED,
    TrackState.UNDELIVERABLE,
    TrackState.VOID,
    TrackState.EXPIRED,
    TrackState.CANCELLED,
    TrackState.ABANDONED,
}


def test_a_track_is_settled_where_nothing_more_will_happen_to_it() -> None:
    assert {state for state in TrackState if state.settled} == SETTLED


def test_the_five_answers_are_those_of_download_track() -> None:
    assert {event for event in TrackEvent if event.value.startswith("DownloadTrack:")} == ANSWERS


def settle(download: DownloadTransaction) -> None:
    for track in list(download):
        if track.state is TrackState.UNANSWERED:
            answer(download, E.REFUSED, track.track_id)
        elif track.state is TrackState.ACCEPTED:
            for event in (E.TRANSFER_ENDED, E.COMPLETION_CALLED, E.COMPLETION_RETURNED):
                download.happened(track.track_id, event, S_OK)


def transaction_in(state: TransactionState) -> DownloadTransaction:
    """Return a transaction in the state, its track accepted, or completed at the end."""
    download = DownloadTransaction(3, {TRACK: 1})
    if state is TransactionState.DRAWN:
        return download
    download.download_called()
    answer(download, E.GRANTED)
    if state is TransactionState.CALLED:
        return download
    download.download_returned(E_FAIL if state is TransactionState.VOID else S_FALSE)
    if state is TransactionState.ENDED:
        settle(download)
    return download


def all_settled(download: DownloadTransaction) -> Verdict:
    if download.state is TransactionState.DRAWN:
        download.for_every_track(E.CANCELLED, E_ABORT)
    elif download.state is TransactionState.ENDED:
        step(download, E.CANCELLED)
    settle(download)
    return Verdict(None)


DRIVERS: dict[TransactionEvent, Callable[[DownloadTransaction], Verdict]] = {
    TransactionEvent.DOWNLOAD_CALLED: DownloadTransaction.download_called,
    TransactionEvent.DOWNLOAD_SUCCEEDED: lambda download: download.download_returned(S_FALSE),
    TransactionEvent.DOWNLOAD_FAILED: lambda download: download.download_returned(E_FAIL),
    TransactionEvent.ALL_SETTLED: all_settled,
}


@pytest.mark.parametrize(("state", "event"), TRANSACTIONS)
@pytest.mark.requirement("T1-DL-43", "T1-DL-45")
def test_a_transaction_steps_as_its_cell_says(
    state: TransactionState, event: TransactionEvent
) -> None:
    download = transaction_in(state)
    assert download.state is state
    before = [track.state for track in download]
    cell = TRANSACTIONS[state, event]
    verdict = DRIVERS[event](download)
    assert download.state is cell.next
    assert (verdict.answer, verdict.action) == (None, Action.NOTHING)
    assert blamed(verdict) == ((cell.clause, Party.PLAYER) if cell.clause else None)
    if cell.clause:
        assert [track.state for track in download] == before
    if event is TransactionEvent.ALL_SETTLED:
        assert download.unsettled == 0
