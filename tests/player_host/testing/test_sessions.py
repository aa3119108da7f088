"""What a test may ask a session's transcript, and what it is told when that is not so."""

from pathlib import Path

import pytest

from partner_api import E_FAIL, E_INVALIDARG, S_FALSE, S_OK
from partner_api.calls import (
    Buy,
    DownloadTrack,
    DownloadTrackComplete,
    GetCatalogVersion,
    Return,
    SetCallback,
)
from player_host.clock import SystemClock
from player_host.testing import SessionTranscript
from player_host.transcript import TranscriptWriter

URL = "http://127.0.0.1/a.mp3"


def written(path: Path, *entries: object) -> SessionTranscript:
    """A transcript of calls, each with its return; a call alone has not ended; text is a loss."""
    writer = TranscriptWriter(path, partner="shop", session_id=1, clock=SystemClock())
    for entry in entries:
        match entry:
            case str(reason):
                writer.lost(reason)
            case (call, returned):
                writer.returned(writer.called(call), returned)
            case call:
                writer.called(call)
    writer.close()
    return SessionTranscript.read(path)


@pytest.fixture
def session(tmp_path: Path) -> SessionTranscript:
    return written(
        tmp_path / "session.jsonl",
        (SetCallback(attached=True), Return(S_OK)),
        (DownloadTrack(1, URL, 701, "p", S_OK), Return(S_OK)),
        (DownloadTrack(1, URL, 702, "p", S_OK), Return(E_INVALIDARG)),
        "it ended by itself",
        (DownloadTrackComplete(S_OK, 701, "p"), Return(S_FALSE)),
        DownloadTrackComplete(E_FAIL, 702, "p"),
    )


def told(check, *arguments, **named) -> str:
    with pytest.raises(AssertionError) as raised:
        check(*arguments, **named)
    return str(raised.value)


def test_calls_are_found_by_kind_and_by_their_arguments(session):
    both = session.should_show(DownloadTrackComplete)
    assert both.times(2).calls == (
        DownloadTrackComplete(S_OK, 701, "p"),
        DownloadTrackComplete(E_FAIL, 702, "p"),
    )
    assert both.returns == (Return(S_FALSE),)
    failed = session.should_show(DownloadTrackComplete, hr=E_FAIL, params="p")
    assert failed.times(1).calls == (DownloadTrackComplete(E_FAIL, 702, "p"),)
    session.should_not_show(Buy)
    session.should_not_show(DownloadTrackComplete, track_id=703)


def test_the_session_shows_every_call_and_every_loss(session):
    kinds = [type(call) for call in session.calls]
    assert kinds == [SetCallback, *[DownloadTrack] * 2, *[DownloadTrackComplete] * 2]
    assert session.losses == ("it ended by itself",)
    assert str(session).splitlines() == [
        "    1  player   SetCallback(TRUE) = S_OK",
        "    3  partner  DownloadTrack(1, 'http://127.0.0.1/a.mp3', 701, 'p', S_OK) = S_OK",
        "    5  partner  DownloadTrack(1, 'http://127.0.0.1/a.mp3', 702, 'p', S_OK) = E_INVALIDARG",
        "    7  host     the plug-in was lost: it ended by itself",
        "    8  player   DownloadTrackComplete(S_OK, 701, 'p') = S_FALSE",
        "   10  player   DownloadTrackComplete(E_FAIL, 702, 'p')",
    ]


def test_a_missing_call_is_told_with_the_calls_of_its_kind(session):
    words = told(session.should_show, DownloadTrackComplete, track_id=703)
    assert words.splitlines() == [
        "the session has no DownloadTrackComplete(track_id=703); its calls of that kind:",
        "    8  player   DownloadTrackComplete(S_OK, 701, 'p') = S_FALSE",
        "   10  player   DownloadTrackComplete(E_FAIL, 702, 'p')",
    ]


def test_a_missing_kind_is_told_with_the_whole_conversation(session):
    words = told(session.should_show, Buy)
    assert words == f"the session has no Buy; its conversation:\n{session}"


def test_a_call_that_should_not_be_there_is_shown(session):
    words = told(session.should_not_show, DownloadTrack, track_id=702)
    assert words.splitlines() == [
        "the session has DownloadTrack(track_id=702):",
        "    5  partner  DownloadTrack(1, 'http://127.0.0.1/a.mp3', 702, 'p', S_OK) = E_INVALIDARG",
    ]


def test_a_wrong_number_of_calls_is_told_with_the_calls(session):
    words = told(session.should_show(SetCallback).times, 2)
    assert words.splitlines() == [
        "the session has SetCallback 1 time(s), not 2:",
        "    1  player   SetCallback(TRUE) = S_OK",
    ]


def test_another_answer_or_none_is_told_with_the_calls(session):
    answered = session.should_show(DownloadTrack, track_id=701).answered_with(S_OK)
    assert answered.returns == (Return(S_OK),)
    assert "not each ended with S_OK:\n    3" in told(
        session.should_show(DownloadTrack).answered_with, S_OK
    )
    assert "not each ended with S_FALSE" in told(
        session.should_show(DownloadTrackComplete).answered_with, S_FALSE
    )


def test_a_slip_of_the_pen_is_no_failure_of_the_plug_in(session):
    with pytest.raises(TypeError, match="DownloadTrackComplete has no track; its fields are: hr"):
        session.should_not_show(DownloadTrackComplete, track=701)
    with pytest.raises(TypeError, match="GetCatalogVersion has no hr; its fields are: none"):
        session.should_show(GetCatalogVersion, hr=0)


def test_a_session_that_still_runs_is_shown_so_far(session):
    lines = session.path.read_bytes().splitlines(keepends=True)
    session.path.write_bytes(b"".join(lines[:3]) + lines[3][:10])
    so_far = SessionTranscript.read(session.path)
    so_far.should_show(SetCallback).times(1).answered_with(S_OK)
    so_far.should_not_show(DownloadTrack)
    assert not so_far.transcript.complete


def test_of_a_long_conversation_a_message_shows_the_beginning(tmp_path: Path):
    many = [DownloadTrack(1, URL, track_id, None, S_OK) for track_id in range(50)]
    words = told(written(tmp_path / "long.jsonl", *many).should_show, Buy).splitlines()
    assert (len(words), words[-1]) == (42, "  and 10 lines more")
