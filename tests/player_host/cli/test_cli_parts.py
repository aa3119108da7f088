"""The parts of the command line that need no process: words, codes, statuses, lines."""

import io
import sys
import threading
from collections import Counter
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from partner_api.calls import Download, DownloadTrack, DownloadTrackComplete, Return, SetCallback
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import TransactionType
from partner_api.hresult import E_ABORT, E_FAIL, HRESULT, S_OK
from partner_api.transaction import TrackState
from player_host import errors
from player_host.cli.conversation import conversation
from player_host.cli.demo_acts import ACTS, deviations
from player_host.cli.desk import Desk, make_console
from player_host.cli.downloads import status_text
from player_host.cli.following import (
    Settled,
    SettledTracks,
    follow,
    progress_text,
    remaining_time,
)
from player_host.cli.outcome import MEANINGS, ExitStatus, problem_of, tell
from player_host.cli.reports import Outcome, RequestReport, TrackReport, outcome_of, worst
from player_host.cli.wording import count_text, duration_text, shown, size_text
from player_host.database import Database
from player_host.downloads.ledger import RequestRow
from player_host.downloads.progress import DownloadProgress
from player_host.transcript import Called, Returned
from player_host.units import ByteCount, Seconds

REFUSED = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
UNAVAILABLE = HRESULT.named("NS_E_WMP_SERVER_UNAVAILABLE")
NOT_ACQUIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")


@given(st.text(st.characters(codec=None)))
def test_whatever_a_store_writes_is_shown_as_printable_text(text):
    assert shown(text).isprintable()
    assert shown(text).encode().decode() == shown(text)


def test_titles_in_other_scripts_are_shown_as_they_are():
    assert shown("音楽の庭, Élégie") == "音楽の庭, Élégie"
    assert shown("\x1b]0;owned\x07\u202egnp.exe\ud800") == (
        "\\x1b]0;owned\\x07\\u202egnp.exe\\ud800"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (25_663, "25.7 kB"),
        (999_950, "1.0 MB"),
        (10**15, "1000.0 TB"),
    ],
)
def test_sizes_are_told_in_decimal_units(size, text):
    assert size_text(size) == text


def test_durations_and_counts_are_told_as_people_write_them():
    assert (duration_text(4), duration_text(3_725.2)) == ("0:04", "1:02:05")
    assert (count_text(1, "track"), count_text(0, "track")) == ("1 track", "0 tracks")
    assert (count_text(1, "entry"), count_text(2, "entry")) == ("1 entry", "2 entries")


@pytest.mark.parametrize(
    ("state", "hr", "outcome"),
    [
        (TrackState.COMPLETED, S_OK, Outcome.DOWNLOADED),
        (TrackState.COMPLETED, None, Outcome.DOWNLOADED),
        (TrackState.COMPLETED, E_FAIL, Outcome.FAILED),
        (TrackState.COMPLETED, E_ABORT, Outcome.CANCELLED),
        (TrackState.REFUSED, REFUSED, Outcome.REFUSED),
        (TrackState.REFUSED, UNAVAILABLE, Outcome.STORE_FAILED),
        (TrackState.UNLICENSED, NOT_ACQUIRED, Outcome.NO_LICENSE),
        (TrackState.ABANDONED, E_ABORT, Outcome.WAITING),
        (TrackState.EXPIRED, E_ABORT, Outcome.EXPIRED),
    ],
)
def test_each_end_of_a_track_has_its_word(state, hr, outcome):
    assert outcome_of(state, hr) is outcome


@pytest.mark.parametrize("state", TrackState)
def test_every_state_of_a_track_has_a_word(state):
    assert outcome_of(state, E_FAIL) in Outcome


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([Outcome.DOWNLOADED, Outcome.REFUSED], ExitStatus.DONE),
        ([Outcome.DOWNLOADED, Outcome.WAITING], ExitStatus.PARTIAL),
        ([Outcome.CANCELLED], ExitStatus.PARTIAL),
        ([Outcome.STORE_FAILED], ExitStatus.FAILED),
        ([Outcome.WAITING, Outcome.NO_LICENSE], ExitStatus.FAILED),
        ([Outcome.UNDELIVERABLE], ExitStatus.FAILED),
        ([Outcome.EXPIRED], ExitStatus.FAILED),
    ],
)
def test_the_status_of_a_request_follows_its_worst_track(outcomes, status):
    assert report(*outcomes).status is status


def test_several_requests_have_the_status_of_the_worst():
    assert worst([]) is ExitStatus.DONE
    assert worst([ExitStatus.PARTIAL, ExitStatus.DONE]) is ExitStatus.PARTIAL
    assert worst([ExitStatus.PARTIAL, ExitStatus.FAILED]) is ExitStatus.FAILED


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NothingSelected("x"), ExitStatus.NOTHING_SELECTED),
        (errors.SettingsError("x"), ExitStatus.USAGE),
        (errors.UnknownItem("x"), ExitStatus.USAGE),
        (errors.HomeInUse("x"), ExitStatus.USAGE),
        (errors.DatabaseTooNew("x"), ExitStatus.USAGE),
        (errors.DatabaseDamaged("x"), ExitStatus.HOST_FAULT),
        (errors.StorageError("x"), ExitStatus.HOST_FAULT),
        (errors.PartnerUnavailable("x"), ExitStatus.FAILED),
        (errors.CatalogError("x"), ExitStatus.FAILED),
        (errors.TransferError("x"), ExitStatus.FAILED),
        (ZeroDivisionError("x"), ExitStatus.HOST_FAULT),
        (ExceptionGroup("g", [ExceptionGroup("h", [errors.MediaError("x")])]), ExitStatus.FAILED),
        (ExceptionGroup("g", [errors.MediaError("x"), KeyError("y")]), ExitStatus.HOST_FAULT),
    ],
)
def test_each_error_has_its_status(error, status):
    assert problem_of(error).status is status


def test_every_status_is_explained():
    assert set(MEANINGS) == set(ExitStatus)


def test_an_unexpected_error_is_told_with_how_to_report_it_and_without_a_traceback():
    said = io.StringIO()
    status = tell(Desk(err=Console(file=said, width=400)), ZeroDivisionError("by zero"))
    assert status == 4
    assert "a fault of player-host itself: ZeroDivisionError: by zero" in said.getvalue()
    assert "--verbose" in said.getvalue()
    assert "Traceback" not in said.getvalue()


def test_a_message_cannot_write_escape_sequences():
    said = io.StringIO()
    tell(Desk(err=Console(file=said, width=400)), errors.UsageError("a\x1b[2Jb", where="[bold]"))
    assert "a\\x1b[2Jb" in said.getvalue()
    assert "where: [bold]" in said.getvalue()


def test_a_call_that_ended_at_once_is_one_line_and_a_later_end_its_own():
    entries = [
        Called(1, 0.0, SetCallback(attached=True), None),
        Returned(2, 0.1, 1, Return(S_OK)),
        Called(3, 0.2, Download(one_track(), 7), 1),
        Called(4, 0.3, DownloadTrack(7, "http://s/a/1.mp3?q=1", 1, "p", S_OK), 1),
        Returned(5, 0.4, 4, Return(S_OK)),
        Returned(6, 0.5, 3, Return(E_FAIL)),
    ]
    assert [str(line) for line in conversation(entries)] == [
        "    1  player   SetCallback(TRUE) = S_OK",
        "    3  player   Download([loose: 1], 7)",
        "    4  partner  DownloadTrack(7, 'http://s/a/1.mp3?q=1', 1, 'p', S_OK) = S_OK",
        "    6  player   ... Download of 3 = E_FAIL",
    ]


def test_settled_tracks_are_heard_from_the_conversation():
    heard = SettledTracks()
    say(heard, 1, DownloadTrack(7, "http://s/1", 1, None, S_OK), S_OK)
    say(heard, 3, DownloadTrack(7, None, 2, None, REFUSED), S_OK)
    say(heard, 5, DownloadTrack(7, "http://s/3", 3, None, S_OK), NOT_ACQUIRED)
    say(heard, 7, DownloadTrackComplete(S_OK, 1, None), E_FAIL)
    assert heard.take() == [
        Settled(9, 2, Outcome.REFUSED, REFUSED),
        Settled(9, 3, Outcome.NO_LICENSE, NOT_ACQUIRED),
        Settled(9, 1, Outcome.DOWNLOADED, S_OK),
    ]
    assert heard.take() == []


class AlmostRecorded:
    """A Player whose last track is settled, and whose plug-in's thread still holds the lock."""

    active = "proseware"

    def __init__(self, database: Database, heard: SettledTracks) -> None:
        self.database = database
        self._heard = heard
        self._held, self._waited = threading.Event(), threading.Event()
        self.plugin = threading.Thread(target=self._answer)

    async def wait(self, request_ids: list[int]) -> None:
        self.plugin.start()
        self._held.wait()
        self._waited.set()

    def transaction_ids(self, request_ids: list[int]) -> frozenset[int]:
        return frozenset({9})

    def _answer(self) -> None:
        with self.database.lock:
            self._held.set()
            self._waited.wait()
            threading.Event().wait(0.2)  # the other thread is to look in between
            say(self._heard, 1, DownloadTrackComplete(S_OK, 1, None), S_OK)


def test_the_line_of_the_last_track_waits_until_its_return_is_recorded(tmp_path: Path):
    said, heard = io.StringIO(), SettledTracks()
    player = AlmostRecorded(Database.open(tmp_path / "player.db"), heard)
    desk = Desk(err=Console(file=said, width=400))
    anyio.run(follow, desk, player, heard, [1])
    player.plugin.join()
    player.database.close()
    assert said.getvalue() == "track 1 downloaded\n"


def test_a_download_stands_in_the_list_with_its_outcomes():
    counts = Counter({Outcome.FAILED: 4, Outcome.DOWNLOADED: 8})
    assert status_text("done", counts) == "done, 8 downloaded, 4 failed"
    assert status_text("cancelling", Counter()) == "being cancelled"


def test_a_closed_standard_output_takes_everything(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    out = make_console()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    Desk(out=out).show("a result")
    assert sys.stdout.getvalue() == ""


def test_results_stay_with_the_stream_that_the_desk_was_made_with(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    first, desk = sys.stdout, Desk()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    desk.show_json([])
    assert (first.getvalue(), sys.stdout.getvalue()) == ("[]\n", "")


def test_the_remaining_time_counts_tracks_and_before_the_first_one_bytes():
    half = progress({TrackState.COMPLETED: 5, TrackState.ACCEPTED: 5}, 50, 100)
    none = progress({TrackState.ACCEPTED: 10}, 50, 100)
    assert remaining_time(half, Seconds(20.0)) == 20.0
    assert remaining_time(none, Seconds(20.0)) == 5.0
    assert progress_text(half, Seconds(20.0)) == "5/10 tracks  50 bytes  10 bytes/s  0:20 left"


def test_a_demo_that_comes_out_otherwise_says_in_what():
    act = ACTS[2]
    wrong = deviations(act, report(Outcome.DOWNLOADED, first=703))
    expected = "no licence (NS_E_WMP_DRM_LICENSE_NOTACQUIRED)"
    assert wrong == [
        f"track 703: expected {expected}, found downloaded (S_OK)",
        "track 703: it is downloaded and has no file",
    ]


def report(*outcomes: Outcome, first: int = 1) -> RequestReport:
    request = RequestRow(1, "proseware", "album:7", "2026-01-01T00:00:00+00:00", "done", {})
    tracks = enumerate(outcomes, start=first)
    return RequestReport(request, tuple(TrackReport(n, "", o, S_OK, None) for n, o in tracks))


def one_track() -> ContentContainerList:
    return ContentContainerList(
        TransactionType.DOWNLOAD, (ContentContainer.loose([ContentItem(1)]),)
    )


def say(heard: SettledTracks, number: int, call, answer: HRESULT) -> None:
    heard(Called(number, 0.0, call, 9))
    heard(Returned(number + 1, 0.0, number, Return(answer)))


def progress(counts: dict[TrackState, int], received: int, expected: int) -> DownloadProgress:
    return DownloadProgress(counts, ByteCount(received), ByteCount(expected), 10.0)
