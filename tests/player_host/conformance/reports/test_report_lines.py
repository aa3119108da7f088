"""A conversation as lines: what is shown of calls and their ends, and which lines are left out."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_runs import CONVERSATION, OK, loose, said

from partner_api.calls import (
    RETURNS,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    GetContentIDsInLibrary,
    GetItemInfo,
    InfoReturned,
    PartnerNotify,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, PartnerNotification, TransactionType
from partner_api.hresult import E_FAIL, RPC_E_TIMEOUT, S_OK
from partner_api.licensing import License, Right
from partner_api.variant import Variant
from player_host.conformance.reports.calls import call_text, return_text
from player_host.conformance.reports.lines import MOST_LINES, Kind, conversation_lines


def test_a_call_and_the_end_that_comes_next_are_one_line() -> None:
    (line,) = conversation_lines(said((SetCallback(attached=True), OK)))
    assert (line.kind, line.number, line.by) == (Kind.CALL, 1, "player")
    assert line.what == "SetCallback(TRUE) = S_OK"


def test_an_end_that_comes_later_is_a_line_of_its_own() -> None:
    first, second, third, *_ = said(
        DownloadTrackComplete(S_OK, 70, None), (SetCallback(attached=False), OK)
    )
    late = Return(E_FAIL)
    entries = (first, second, third, type(third)(4, 0.4, 1, late))  # type: ignore[call-arg]
    lines = conversation_lines(entries)
    assert [line.kind for line in lines] == [Kind.CALL, Kind.CALL, Kind.RETURN]
    assert lines[0].answer == ""
    assert lines[2].what == "... DownloadTrackComplete of 1 = E_FAIL"
    assert lines[2].by == "player"


def test_the_end_of_a_call_that_is_not_there_is_shown_as_that() -> None:
    entries = said((SetCallback(attached=True), OK))[1:]
    (line,) = conversation_lines(entries)
    assert line.what == "... a call of 1 = S_OK"


def test_a_loss_is_a_line_with_its_reason() -> None:
    (line,) = conversation_lines(said("killed by signal 9"))
    assert (line.kind, line.by) == (Kind.LOSS, "host")
    assert line.text == "the plug-in was lost: killed by signal 9"


@pytest.mark.parametrize("number", [9, 10])
def test_a_line_is_marked_by_the_number_of_its_call_or_of_its_end(number: int) -> None:
    lines = conversation_lines(CONVERSATION, number)
    assert [line.number for line in lines if line.is_marked] == [9]
    assert str(lines[-1]).startswith("> ")


def test_the_number_nought_marks_nothing() -> None:
    assert not any(line.is_marked for line in conversation_lines(CONVERSATION, 0))


@settings(deadline=None)
@given(
    count=st.integers(0, 400),
    marked=st.integers(0, 500),
    most=st.integers(1, 80),
)
def test_so_many_lines_are_shown_and_the_others_are_counted(
    count: int, marked: int, most: int
) -> None:
    entries = said(*["gone"] * count)
    lines = conversation_lines(entries, marked, most)
    told = [line for line in lines if line.kind is not Kind.GAP]
    left_out = sum(int(line.text.split()[1]) for line in lines if line.kind is Kind.GAP)
    assert len(told) == min(count, most)
    assert len(told) + left_out == count
    assert [line.number for line in told] == sorted({line.number for line in told})
    assert any(line.is_marked for line in told) == (0 < marked <= count)


def test_a_long_conversation_shows_how_it_began_and_what_led_to_the_mark() -> None:
    lines = conversation_lines(said(*["gone"] * 500), 400)
    numbers = [line.number for line in lines if line.kind is not Kind.GAP]
    assert len(numbers) == MOST_LINES
    assert numbers[:3] == [1, 2, 3]
    assert {398, 399, 400, 401} <= set(numbers)


ALBUM = ContentContainer(LibraryLocation.ALBUM, 7, "$1", (ContentItem(70), ContentItem(71)))
UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (Download(loose(70, 71), 7), "Download([loose: 70, 71], 7)"),
        (Download(loose(), 7), "Download([loose: no tracks], 7)"),
        (Download(loose(*range(50)), 7), "Download([1 container, 50 tracks], 7)"),
        (
            Download(ContentContainerList(TransactionType.DOWNLOAD, (ALBUM,)), 7),
            "Download([CPAlbumID 7: 70, 71], 7)",
        ),
        (Download(None, 7), "Download(NULL, 7)"),
        (
            Predeliver(License(70, "K", frozenset({Right.PLAY}), UNTIL)),
            "Predeliver(70: key play until 2026-03-01)",
        ),
        (
            Predeliver(License(70, None, frozenset(), None, "md5=" + "0" * 32)),
            "Predeliver(70: unprotected no rights md5)",
        ),
        (
            Predeliver(License(70, None, frozenset(), None)),
            "Predeliver(70: unprotected no rights)",
        ),
        (
            DownloadTrack(7, "http://store.example/" + "a" * 60 + ".mp3", 70, "", S_OK),
            f"DownloadTrack(7, 'http://store.example/{'a' * 9}…{'a' * 26}.mp3', 70, '', S_OK)",
        ),
        (
            DownloadTrack(7, "http://store.example/70.mp3?" + "f" * 64, 70, "", S_OK),
            "DownloadTrack(7, 'http://store.example/70.mp3?…', 70, '', S_OK)",
        ),
        (GetItemInfo("AlbumArt", Variant.ui4(7)), "GetItemInfo('AlbumArt', 7)"),
        (GetItemInfo("AlbumArt", Variant.empty()), "GetItemInfo('AlbumArt', empty)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_is_shown_by_its_method_and_its_arguments(call: object, text: str) -> None:
    assert call_text(call) == text  # type: ignore[arg-type]


def test_a_constant_is_shown_by_its_documented_name() -> None:
    kind = next(iter(PartnerNotification))
    assert kind.documented_name in call_text(PartnerNotify(kind, Variant.empty()))


def test_an_end_shows_out_values_and_reasons() -> None:
    assert return_text(InfoReturned(S_OK, Variant.bstr("x"))) == "S_OK data='x'"
    assert return_text(Faulted(RPC_E_TIMEOUT, "it hung")) == "RPC_E_TIMEOUT (it hung)"
    ids = RETURNS["ContentIDsReturned"](S_OK, tuple(range(9)))
    assert return_text(ids) == "S_OK content_ids=[0, 1, 2, 3 and 5 more]"
    assert call_text(GetContentIDsInLibrary()) == "GetContentIDsInLibrary()"
