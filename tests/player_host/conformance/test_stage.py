"""The simulated Player, with plug-ins in processes: what happens is what is recorded."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from conformance_scripts import loose

from partner_api.calls import (
    Call,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    GetContentPartnerInfo,
    InfoReturned,
    Predeliver,
    SetCallback,
)
from partner_api.hresult import E_ABORT, E_FAIL, E_OUTOFMEMORY, HRESULT, S_OK
from player_host.clock import SystemClock
from player_host.conformance.judge import judge
from player_host.conformance.reader import read_conversation
from player_host.conformance.schedule import (
    AnswersFail,
    Ask,
    AskForWords,
    Attach,
    AwaitAnswers,
    Complete,
    CompleteAll,
    Detach,
    Event,
    Kill,
    LicensesFail,
    Request,
    Schedule,
    Together,
)
from player_host.conformance.stage import MOST_SILENCES, Setting, play
from player_host.conformance.verdicts import Verdict
from player_host.errors import PartnerUnavailable
from player_host.settings import HostSettings, PartnerSettings
from player_host.transcript import Called, Lost, Returned, Transcript, read_transcript
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

PATIENCE = Seconds(2.0)
FOR_SALE = 9_000
Play = Callable[..., Awaitable[Transcript]]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def played(tmp_path: Path) -> Play:
    """Play events to a plug-in of the zoo."""

    async def play_to(*events: Event, partner: str = "base:Exhibit") -> Transcript:
        reference = f"sample_partners.zoo.{partner}"
        settings = PartnerSettings(reference, tmp_path / "partners.toml", HostSettings())
        data_dir = tmp_path / "data"
        data_dir.mkdir()
        setting = Setting(settings, {}, data_dir, SystemClock(), PATIENCE)
        schedule = Schedule("a test", events, refused=(FOR_SALE,))
        return await play(schedule, setting, tmp_path / "transcript.jsonl")

    return play_to


def made(transcript: Transcript, kind: type[Call]) -> list[Any]:
    return [
        e.call for e in transcript.entries if isinstance(e, Called) and isinstance(e.call, kind)
    ]


def codes(transcript: Transcript, kind: type[Call]) -> list[HRESULT]:
    calls = {
        e.number for e in transcript.entries if isinstance(e, Called) and isinstance(e.call, kind)
    }
    ends = (e for e in transcript.entries if isinstance(e, Returned) and e.of in calls)
    return [end.returned.hr for end in ends]


def said_against(transcript: Transcript) -> set[str]:
    bad = {Verdict.FAIL, Verdict.WARN, Verdict.INCONCLUSIVE}
    return {name for name, result in judge(transcript).items() if result.verdict in bad}


async def test_a_download_is_answered_as_the_player_answers_and_completed_with_its_params(played):
    transcript = await played(
        Attach(), Request(5, loose(1, 2, FOR_SALE)), AwaitAnswers(5), CompleteAll(5), Detach()
    )
    answers = made(transcript, DownloadTrack)
    assert {answer.track_id for answer in answers} == {1, 2, FOR_SALE}
    assert codes(transcript, DownloadTrack) == [S_OK] * 3
    granted = {(a.track_id, a.params) for a in answers if a.hr.succeeded}
    completed = made(transcript, DownloadTrackComplete)
    assert {(one.track_id, one.params) for one in completed} == granted
    assert [call.attached for call in made(transcript, SetCallback)] == [True, False]
    assert said_against(transcript) == set()


async def test_the_file_holds_what_was_returned(played, tmp_path):
    transcript = await played(Attach(), Request(5, loose(1)), AwaitAnswers(5), Detach())
    kept = read_transcript(tmp_path / "transcript.jsonl")
    assert kept.complete
    assert kept.entries == transcript.entries
    assert judge(kept) == judge(transcript)


async def test_only_accepted_tracks_are_completed_and_each_once(played):
    transcript = await played(
        Attach(),
        Request(5, loose(1, FOR_SALE)),
        AwaitAnswers(5),
        Complete(5, FOR_SALE),
        Complete(5, 1, E_ABORT),
        Complete(5, 1),
        CompleteAll(5),
        CompleteAll(77),
        Detach(),
    )
    completed = made(transcript, DownloadTrackComplete)
    assert [(one.track_id, one.hr) for one in completed] == [(1, E_ABORT)]


async def test_an_answer_that_is_refused_on_purpose_is_neither_accepted_nor_held_against_anybody(
    played,
):
    transcript = await played(
        Attach(),
        AnswersFail(E_OUTOFMEMORY),
        Request(5, loose(1)),
        AwaitAnswers(5),
        AnswersFail(None),
        Request(6, loose(1)),
        AwaitAnswers(6),
        CompleteAll(5),
        CompleteAll(6),
        Detach(),
    )
    assert codes(transcript, DownloadTrack) == [E_OUTOFMEMORY, S_OK]
    assert len(made(transcript, DownloadTrackComplete)) == 1
    assert said_against(transcript) == set()


async def test_a_licence_store_that_fails_says_so(played):
    transcript = await played(
        Attach(), LicensesFail(E_FAIL), Request(5, loose(1)), AwaitAnswers(5), Detach()
    )
    assert codes(transcript, Predeliver) == [E_FAIL]
    (answer,) = made(transcript, DownloadTrack)
    assert answer.hr.failed
    assert said_against(transcript) == set()


async def test_a_process_that_is_killed_is_replaced_at_the_next_start(played):
    transcript = await played(
        Attach(),
        Request(5, loose(1)),
        Kill(),
        Request(6, loose(1)),
        Attach(),
        Request(7, loose(1)),
        AwaitAnswers(7),
        Detach(),
    )
    losses = [entry.reason for entry in transcript.entries if isinstance(entry, Lost)]
    assert losses == ["killed by the schedule"]
    assert [call.cookie for call in made(transcript, Download)] == [5, 7]
    assert said_against(transcript) == set()


async def test_failure_codes_are_asked_for_their_words(played):
    transcript = await played(
        Attach(), Request(5, loose(FOR_SALE)), AwaitAnswers(5), AskForWords(), Detach()
    )
    assert judge(transcript)["T1-DL-29"].verdict is Verdict.PASS


async def test_questions_are_asked_together(played):
    question = Ask(GetContentPartnerInfo("UserName"))
    transcript = await played(Attach(), Together((question, question, question)), Detach())
    ends = [e.returned for e in transcript.entries if isinstance(e, Returned)]
    assert sum(isinstance(end, InfoReturned) for end in ends) == 3


async def test_a_plug_in_that_cannot_be_loaded_is_unavailable(played):
    with pytest.raises(PartnerUnavailable, match="Nobody"):
        await played(Attach(), partner="base:Nobody")


async def test_what_comes_after_the_end_is_recorded(played):
    transcript = await played(
        Attach(), Request(5, loose(1, 2, 3)), Detach(), partner="lifecycle:GoesOnAfterItsRelease"
    )
    assert "T1-LIFE-04" in said_against(transcript)


REFUSING = """
from partner_api import Capability, ContentPartner, E_FAIL, ServiceInfo


class Refusing(ContentPartner):
    service_info = ServiceInfo("Refusing", "Refusing", Capability.CONTENT_PARTNER)

    def SetCallback(self, callback):
        return E_FAIL

    def Download(self, container_list, cookie):
        return E_FAIL

    def DownloadTrackComplete(self, hr, track_id, params):
        return E_FAIL
"""


@pytest.mark.requirement("T1-LIFE-13")
async def test_a_plug_in_whose_set_callback_fails_is_asked_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "refusing.py").write_text(REFUSING)
    monkeypatch.chdir(tmp_path)
    settings = PartnerSettings("refusing:Refusing", tmp_path / "partners.toml", HostSettings())
    setting = Setting(settings, {}, tmp_path, SystemClock(), PATIENCE)
    events = (Attach(), Request(5, loose(1)), AwaitAnswers(5), Detach())
    transcript = await play(Schedule("a test", events), setting, tmp_path / "a.jsonl")
    assert [call.attached for call in made(transcript, SetCallback)] == [True]
    assert made(transcript, Download) == []
    assert read_conversation(transcript).player_breaches == []


async def test_a_plug_in_that_never_answers_is_not_waited_for_without_end(played) -> None:
    requests = [Request(cookie, loose(1)) for cookie in range(1, 21)]
    waits = [AwaitAnswers(cookie) for cookie in range(1, 21)]
    silent = "answers:LeavesTheLastOut"
    transcript = await played(Attach(), *requests, *waits, Detach(), partner=silent)
    assert judge(transcript)["T1-DL-07"].verdict is Verdict.FAIL
    assert transcript.entries[-1].at < (MOST_SILENCES + 2) * PATIENCE
