"""What an answer means, and what the session and the transaction keep of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api.calls import DownloadTrack, DownloadTrackComplete
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, TransactionType
from partner_api.hresult import (
    E_ABORT,
    E_ACCESSDENIED,
    E_FAIL,
    E_INVALIDARG,
    HRESULT,
    RPC_E_DISCONNECTED,
    RPC_E_SERVER_DIED,
    S_FALSE,
    S_OK,
)
from partner_api.transaction import (
    MAX_PARAMS_BYTES,
    MAX_URL_CHARACTERS,
    Action,
    DownloadSession,
    DownloadTransaction,
    Party,
    Track,
    TrackEvent,
    TrackState,
    TransactionState,
    Verdict,
    classify_answer,
    is_usable_url,
    track_occurrences,
)

URL = "https://store.example/7.wma"
LICENSE_CODE = HRESULT.named("NS_E_WMP_DRM_LICENSE_EXPIRED")
MEBIBYTE = 1024 * 1024
NOTE = "\U0001f3b5"
NOTE_AS_PAIR = "\ud83c\udfb5"
LONE = "\ud83c"

ANY_TEXT = st.text(st.characters(codec=None), max_size=40)
SUCCESSES = st.integers(0, 0x7FFF_FFFF).map(HRESULT)
FAILURES = st.integers(0x8000_0000, 0xFFFF_FFFF).map(HRESULT)


def call(
    url: str | None = URL,
    params: str | None = None,
    hr: int = S_OK,
    *,
    cookie: int = 0,
    track_id: int = 7,
) -> DownloadTrack:
    return DownloadTrack(cookie, url, track_id, params, HRESULT(hr))


# --- classify_answer ---------------------------------------------------------------------------


@settings(deadline=None)
@given(hr=SUCCESSES, licensed=SUCCESSES, params=st.none() | ANY_TEXT)
@pytest.mark.requirement("T1-DL-14", "T1-HR-01")
def test_any_success_code_with_a_licence_and_a_url_grants(
    hr: HRESULT, licensed: HRESULT, params: str | None
) -> None:
    assert classify_answer(call(params=params, hr=hr), licensed) is TrackEvent.GRANTED


@settings(deadline=None)
@given(hr=FAILURES, licensed=SUCCESSES | FAILURES, url=st.none() | ANY_TEXT | st.just(URL))
@pytest.mark.requirement("T1-DL-15", "T1-DL-31", "T1-HR-01")
def test_any_failure_code_refuses_whatever_the_licence_and_the_url(
    hr: HRESULT, licensed: HRESULT, url: str | None
) -> None:
    assert classify_answer(call(url=url, hr=hr), licensed) is TrackEvent.REFUSED


@settings(deadline=None)
@given(hr=SUCCESSES, licensed=FAILURES, url=st.none() | ANY_TEXT | st.just(URL))
@pytest.mark.requirement("T1-DL-17")
def test_a_success_code_without_a_licence_grants_nothing_whatever_the_url(
    hr: HRESULT, licensed: HRESULT, url: str | None
) -> None:
    assert classify_answer(call(url=url, hr=hr), licensed) is TrackEvent.UNLICENSED


@pytest.mark.parametrize("url", [None, "", "7.wma", "ftp://store.example/7.wma"])
@pytest.mark.requirement("T1-DL-48")
def test_a_success_code_with_a_licence_and_no_usable_url_fails_the_download(
    url: str | None,
) -> None:
    assert classify_answer(call(url=url), S_OK) is TrackEvent.UNUSABLE_URL


@pytest.mark.parametrize("hr", [S_OK, E_FAIL])
@pytest.mark.parametrize("licensed", [S_OK, LICENSE_CODE])
@pytest.mark.parametrize(
    "unit",
    ["a", "\0", "é", "\uffff", LONE],
    ids=["ascii", "nul", "accented", "last of the plane", "lone surrogate"],
)
def test_params_have_at_most_one_mebibyte_of_utf_16(
    unit: str, licensed: HRESULT, hr: HRESULT
) -> None:
    longest = unit * (MEBIBYTE // 2)
    assert classify_answer(call(params=longest, hr=hr), licensed) is not TrackEvent.MALFORMED
    assert classify_answer(call(params=longest + "a", hr=hr), licensed) is TrackEvent.MALFORMED


@pytest.mark.parametrize("note", [NOTE, NOTE_AS_PAIR], ids=["joined", "as two surrogates"])
def test_a_pair_of_surrogates_counts_as_the_two_units_it_is(note: str) -> None:
    longest = note * (MEBIBYTE // 4)
    assert MAX_PARAMS_BYTES == MEBIBYTE
    assert classify_answer(call(params=longest), S_OK) is TrackEvent.GRANTED
    assert classify_answer(call(params=longest + "a"), S_OK) is TrackEvent.MALFORMED


@pytest.mark.parametrize("quarter", [MEBIBYTE // 4 - 1, MEBIBYTE // 4, MEBIBYTE // 4 + 1])
def test_text_of_about_a_quarter_of_the_bound_fits_whatever_its_characters(quarter: int) -> None:
    assert classify_answer(call(params="a" * quarter), S_OK) is TrackEvent.GRANTED
    wide = classify_answer(call(params=NOTE * quarter), S_OK)
    assert (wide is TrackEvent.GRANTED) == (quarter <= MEBIBYTE // 4)


@settings(deadline=None)
@given(
    url=st.none() | ANY_TEXT,
    params=st.none() | ANY_TEXT,
    hr=SUCCESSES | FAILURES,
    licensed=SUCCESSES | FAILURES,
)
def test_every_record_of_an_answer_is_classified_as_one_of_the_answers(
    url: str | None, params: str | None, hr: HRESULT, licensed: HRESULT
) -> None:
    event = classify_answer(call(url=url, params=params, hr=hr), licensed)
    assert event.value.startswith("DownloadTrack:")


# --- is_usable_url -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://store.example/7.wma",
        "https://store.example/7.wma?ticket=a%20b#t=10",
        "https://store.example",
        "HTTPS://STORE.EXAMPLE/7.WMA",
        "http://127.0.0.1:8080/7",
        "http://[::1]:8080/7",
        "http://user:secret@store.example/7",
        "https://müsik.example/7",
        "https://store.example/a:b//c",
    ],
)
@pytest.mark.requirement("T1-DL-48")
def test_an_absolute_http_or_https_url_is_usable(url: str) -> None:
    assert is_usable_url(url)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        " ",
        "7.wma",
        "/tracks/7.wma",
        "//store.example/7.wma",
        "store.example/7.wma",
        "http:",
        "http:/store.example/7",
        "http://",
        "http:///7.wma",
        "http://:8080/7",
        "http://user@/7",
        "http://?ticket=1",
        "http://[::1/7",
        "http://[zz]/7",
        "file:///etc/passwd",
        "ftp://store.example/7",
        "httpx://store.example/7",
        "javascript:alert(1)",
        "data:audio/x-ms-wma,abc",
        "mms://store.example/7",
    ],
)
@pytest.mark.requirement("T1-DL-48")
def test_anything_else_is_not_usable(url: str | None) -> None:
    assert not is_usable_url(url)


@pytest.mark.parametrize("control", ["\0", "\t", "\n", "\r", "\x1f", "\x7f"], ids=ascii)
@pytest.mark.parametrize(
    "place", ["{}https://a/7", "ht{}tps://a/7", "https://a{}/7", "https://a/7{}"]
)
@pytest.mark.requirement("T1-DL-48")
def test_a_url_with_a_control_character_is_not_usable(place: str, control: str) -> None:
    assert is_usable_url(place.format(""))
    assert not is_usable_url(place.format(control))


def test_a_url_has_at_most_32768_characters() -> None:
    longest = "http://a/".ljust(32768, "x")
    assert len(longest) == MAX_URL_CHARACTERS
    assert is_usable_url(longest)
    assert not is_usable_url(longest + "x")


HOSTILE_URLS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "http:", "http://", "HTTPS://", "http://[", "//", "ftp://", " http://"]),
    ANY_TEXT,
    st.sampled_from(["", "/", "]", ":99999999", "@", "%", "\0", "\u2100", "\ufe13"]),
)


@settings(deadline=None)
@given(url=HOSTILE_URLS)
def test_no_url_raises_and_a_usable_one_starts_with_its_scheme(url: str) -> None:
    if is_usable_url(url):
        assert url.lower().startswith(("http://", "https://"))


@settings(deadline=None)
@given(
    host=st.from_regex(r"[a-z][a-z0-9-]{0,20}\.example", fullmatch=True),
    path=st.text("a/%7?", max_size=20),
)
def test_every_plain_url_of_the_web_is_usable(host: str, path: str) -> None:
    assert is_usable_url(f"https://{host}/{path}")


# --- params: kept unit for unit ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        (None, None),
        ("", ""),
        ("plain", "plain"),
        ("a\0b", "a\0b"),
        (LONE, LONE),
        ("\udfb5\ud83c", "\udfb5\ud83c"),
        (NOTE, NOTE),
        (NOTE_AS_PAIR, NOTE),
        (LONE + NOTE_AS_PAIR, LONE + NOTE),
    ],
    ids=ascii,
)
@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
def test_params_come_back_with_the_code_units_they_came_with(
    given_text: str | None, kept: str | None
) -> None:
    answer = call(params=given_text)
    assert answer.params == kept
    assert DownloadTrackComplete(S_OK, 7, answer.params).params == kept


@settings(deadline=None)
@given(params=ANY_TEXT)
@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
def test_no_code_unit_of_params_is_lost(params: str) -> None:
    kept = call(params=params).params
    assert kept is not None
    assert kept.encode("utf-16-le", "surrogatepass") == params.encode("utf-16-le", "surrogatepass")


# --- the list ----------------------------------------------------------------------------------


def loose(*track_ids: int) -> ContentContainer:
    return ContentContainer.loose(ContentItem(track_id) for track_id in track_ids)


def download_list(*containers: ContentContainer) -> ContentContainerList:
    return ContentContainerList(TransactionType.DOWNLOAD, containers)


@pytest.mark.requirement("T1-DL-39")
def test_occurrences_are_counted_over_all_containers_in_the_order_of_the_list() -> None:
    album = ContentContainer(LibraryLocation.ALBUM, 1, "$1", [ContentItem(9), ContentItem(3)])
    occurrences = track_occurrences(download_list(loose(3, 7, 3), album, loose(9, 3)))
    assert list(occurrences.items()) == [(3, 4), (7, 1), (9, 2)]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 0xFFFF_FFFF) | st.integers(0, 3), max_size=6), max_size=4))
@pytest.mark.requirement("T1-DL-39")
def test_every_track_is_counted_once_per_occurrence(track_ids: list[list[int]]) -> None:
    listed = [track_id for container in track_ids for track_id in container]
    counted = track_occurrences(download_list(*(loose(*ids) for ids in track_ids)))
    assert counted == {track_id: listed.count(track_id) for track_id in listed}


@pytest.mark.parametrize("containers", [(), (loose(),), (loose(), loose())])
@pytest.mark.requirement("T1-DL-43")
def test_a_list_without_tracks_ends_when_download_returned(
    containers: tuple[ContentContainer, ...],
) -> None:
    download = DownloadTransaction.for_list(5, download_list(*containers))
    assert (len(download), download.unsettled) == (0, 0)
    states = []
    download.download_called()
    states.append(download.state)
    download.download_returned(S_OK)
    states.append(download.state)
    assert states == [TransactionState.CALLED, TransactionState.ENDED]


def test_a_transaction_of_a_list_has_each_distinct_track_once() -> None:
    download = DownloadTransaction.for_list(5, download_list(loose(3, 7, 3)))
    assert [(track.track_id, track.occurrences) for track in download] == [(3, 2), (7, 1)]
    assert (download.cookie, len(download), download.unsettled) == (5, 2, 2)
    assert download.track(8) is None


# --- one transaction ---------------------------------------------------------------------------


def called(*track_ids: int) -> DownloadTransaction:
    download = DownloadTransaction(0, dict.fromkeys(track_ids, 1))
    assert download.download_called() == Verdict(None)
    return download


def state_of(download: DownloadTransaction, track_id: int) -> TrackState:
    track = download.track(track_id)
    assert track is not None
    return track.state


def clause_of(verdict: Verdict) -> str | None:
    if verdict.violation is None:
        return None
    assert verdict.violation.fault is Party.PARTNER
    return verdict.violation.clause


@pytest.mark.requirement("T1-DL-28")
def test_an_answer_before_download_returned_is_as_good_as_one_after() -> None:
    download = called(7, 8)
    assert download.answered(7, TrackEvent.GRANTED, S_OK) == Verdict(S_OK, Action.TRANSFER)
    download.download_returned(S_OK)
    assert download.answered(8, TrackEvent.GRANTED, S_OK) == Verdict(S_OK, Action.TRANSFER)


@pytest.mark.requirement("T1-DL-36")
def test_an_answer_before_download_was_called_has_no_effect() -> None:
    download = DownloadTransaction(0, {7: 1})
    verdict = download.answered(7, TrackEvent.GRANTED, S_OK)
    assert (verdict.answer, clause_of(verdict)) == (E_INVALIDARG, "T1-DL-09")
    download.download_called()
    assert download.answered(7, TrackEvent.GRANTED, S_OK).answer == S_OK


@pytest.mark.requirement("T1-DL-37")
def test_a_track_that_is_not_in_the_list_has_no_effect() -> None:
    download = called(7)
    verdict = download.answered(8, TrackEvent.GRANTED, S_OK)
    assert (verdict.answer, verdict.action) == (E_INVALIDARG, Action.NOTHING)
    assert clause_of(verdict) == "T1-DL-10"
    assert download.unsettled == 1


@pytest.mark.requirement("T1-DL-35")
def test_a_failing_download_voids_what_is_unanswered_and_leaves_what_was_accepted() -> None:
    download = called(7, 8, 9)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.answered(8, TrackEvent.REFUSED, E_ACCESSDENIED)
    download.download_returned(E_FAIL)
    assert [track.state for track in download] == [
        TrackState.ACCEPTED,
        TrackState.REFUSED,
        TrackState.VOID,
    ]
    assert [track.hr for track in download] == [None, E_ACCESSDENIED, E_FAIL]
    assert download.answered(9, TrackEvent.GRANTED, S_OK).answer == E_INVALIDARG
    assert (download.state, download.unsettled) == (TransactionState.VOID, 1)


@pytest.mark.requirement("T1-DL-35")
def test_a_failure_that_download_returns_a_second_time_voids_nothing() -> None:
    download = called(7)
    download.download_returned(S_OK)
    verdict = download.download_returned(E_FAIL)
    assert verdict.violation is not None
    assert verdict.violation.fault is Party.PLAYER
    assert state_of(download, 7) is TrackState.UNANSWERED


@pytest.mark.requirement("T1-DL-53")
def test_cancelling_stops_what_runs_and_settles_what_is_unanswered() -> None:
    download = called(7, 8, 9)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.answered(8, TrackEvent.UNUSABLE_URL, E_INVALIDARG)
    changed = download.for_every_track(TrackEvent.CANCELLED, E_ABORT)
    assert changed == [(7, Verdict(None, Action.STOP_TRANSFER)), (9, Verdict(None))]
    assert [track.hr for track in download] == [E_ABORT, E_INVALIDARG, E_ABORT]


def test_spared_tracks_are_left_as_they_are() -> None:
    download = called(7, 8)
    changed = download.for_every_track(TrackEvent.CANCELLED, E_ABORT, frozenset({7}))
    assert [track_id for track_id, _ in changed] == [8]
    assert state_of(download, 7) is TrackState.UNANSWERED


@pytest.mark.requirement("T1-DL-44")
def test_the_deadline_settles_what_is_unanswered_and_is_the_partners_fault() -> None:
    download = called(7, 8)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    ((track_id, verdict),) = download.for_every_track(TrackEvent.DEADLINE_PASSED, E_ABORT)
    assert (track_id, clause_of(verdict)) == (8, "T1-DL-07")
    assert [track.hr for track in download] == [None, E_ABORT]


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_is_attempted_three_times_and_no_more() -> None:
    download = called(7)
    download.download_returned(S_OK)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.happened(7, TrackEvent.TRANSFER_ENDED, S_OK)
    actions = []
    for _ in range(3):
        assert download.happened(7, TrackEvent.COMPLETION_CALLED).violation is None
        actions.append(download.happened(7, TrackEvent.COMPLETION_LOST, RPC_E_SERVER_DIED).action)
    assert actions == [Action.COMPLETE, Action.COMPLETE, Action.NOTHING]
    assert state_of(download, 7) is TrackState.UNDELIVERABLE
    assert download.state is TransactionState.ENDED


@pytest.mark.requirement("T1-DL-42")
def test_a_completion_that_was_never_made_is_no_attempt() -> None:
    download = called(7)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.happened(7, TrackEvent.TRANSFER_ENDED, E_ACCESSDENIED)
    for _ in range(4):
        download.happened(7, TrackEvent.COMPLETION_CALLED)
        download.happened(7, TrackEvent.COMPLETION_NOT_MADE)
    track = download.track(7)
    assert track is not None
    assert (track.state, track.hr, track.attempts) == (TrackState.FINISHED, E_ACCESSDENIED, 0)


@pytest.mark.requirement("T1-DL-20", "T1-DL-42")
def test_the_outcome_of_a_transfer_survives_a_lost_completion() -> None:
    download = called(7)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.happened(7, TrackEvent.TRANSFER_ENDED, E_ACCESSDENIED)
    download.happened(7, TrackEvent.COMPLETION_CALLED, RPC_E_SERVER_DIED)
    download.happened(7, TrackEvent.COMPLETION_LOST, RPC_E_SERVER_DIED)
    track = download.track(7)
    assert track is not None
    assert (track.state, track.hr, track.attempts) == (TrackState.FINISHED, E_ACCESSDENIED, 1)


def test_a_transfer_that_ended_without_a_code_counts_as_failed() -> None:
    download = called(7)
    download.answered(7, TrackEvent.GRANTED, S_OK)
    download.happened(7, TrackEvent.TRANSFER_ENDED)
    assert [track.hr for track in download] == [E_FAIL]


ANSWER_EVENTS = [
    (TrackEvent.GRANTED, S_OK),
    (TrackEvent.UNUSABLE_URL, E_INVALIDARG),
    (TrackEvent.UNLICENSED, LICENSE_CODE),
    (TrackEvent.REFUSED, E_FAIL),
    (TrackEvent.MALFORMED, E_INVALIDARG),
]


@pytest.mark.parametrize("returned", [False, True], ids=["before the return", "after the return"])
@pytest.mark.parametrize(("event", "hr"), ANSWER_EVENTS)
def test_an_answer_taken_back_leaves_the_track_and_the_transaction_as_they_were(
    event: TrackEvent, hr: HRESULT, returned: bool
) -> None:
    download = called(7)
    if returned:
        download.download_returned(S_OK)
    before = download.state
    first = download.answered(7, event, hr)
    download.retract(7)
    track = download.track(7)
    assert track is not None
    assert (track.state, track.answers, track.hr) == (TrackState.UNANSWERED, 0, None)
    assert (download.state, download.unsettled) == (before, 1)
    assert download.answered(7, event, hr) == first


def test_a_restored_transaction_goes_on_where_the_ledger_left_it() -> None:
    done, running = Track(7, 1), Track(8, 2)
    done.state, running.state, running.answers = TrackState.COMPLETED, TrackState.ACCEPTED, 1
    download = DownloadTransaction(0, {})
    download.restore([done, running], TransactionState.OPEN)
    assert (len(download), download.unsettled, download.state) == (2, 1, TransactionState.OPEN)
    assert download.answered(7, TrackEvent.GRANTED, S_OK).answer == S_FALSE
    assert download.answered(8, TrackEvent.GRANTED, S_OK).answer == S_FALSE
    assert download.answered(8, TrackEvent.GRANTED, S_OK).answer == E_INVALIDARG
    for event in (
        TrackEvent.TRANSFER_ENDED,
        TrackEvent.COMPLETION_CALLED,
        TrackEvent.COMPLETION_RETURNED,
    ):
        download.happened(8, event, S_OK)
    assert download.state is TransactionState.ENDED


# --- the session -------------------------------------------------------------------------------


@pytest.mark.parametrize("cookie", [0, 1, 0xFFFF_FFFF])
@pytest.mark.requirement("T1-DL-30", "T1-DL-46")
def test_a_session_finds_the_transaction_by_its_cookie(cookie: int) -> None:
    session = DownloadSession()
    download = DownloadTransaction(cookie, {7: 1})
    session.open(download)
    session.open(DownloadTransaction(5, {7: 1}))
    assert session.find(call(cookie=cookie)) is download
    assert session.knows(cookie)


@pytest.mark.requirement("T1-DL-36")
def test_an_unknown_cookie_is_an_invalid_argument() -> None:
    session = DownloadSession()
    verdict = session.find(call(cookie=0))
    assert isinstance(verdict, Verdict)
    assert (verdict.answer, clause_of(verdict)) == (E_INVALIDARG, "T1-DL-09")
    assert not session.knows(0)
    assert not session.knows(None)


@pytest.mark.requirement("T1-DL-45")
def test_a_cookie_is_never_drawn_twice_in_a_session() -> None:
    session = DownloadSession()
    session.open(DownloadTransaction(4, {}))
    with pytest.raises(ValueError, match="cookie 4 was used before"):
        session.open(DownloadTransaction(4, {7: 1}))


@pytest.mark.parametrize("cookie", [0, 99], ids=["known", "unknown"])
@pytest.mark.requirement("T1-LIFE-04", "T1-LIFE-11")
def test_after_the_callback_was_taken_away_every_answer_is_disconnected(cookie: int) -> None:
    session = DownloadSession()
    session.open(DownloadTransaction(0, {7: 1}))
    session.disconnect()
    verdict = session.find(call(cookie=cookie))
    assert isinstance(verdict, Verdict)
    assert (verdict.answer, clause_of(verdict)) == (RPC_E_DISCONNECTED, "T1-LIFE-04")
