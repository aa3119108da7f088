"""The process of a plug-in dies: in a call, between calls, again and again."""

import pytest

from partner_api.calls import (
    Download,
    DownloadTrackComplete,
    GetContentPartnerInfo,
    PartnerCall,
    SetCallback,
)
from partner_api.hresult import E_UNEXPECTED, RPC_E_SERVER_DIED, S_OK
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable

pytestmark = pytest.mark.anyio

DEATHS = {
    "Exits": "ended with exit status 3",
    "IsKilled": "was killed by SIGKILL",
    "Segfaults": "was killed by SIGSEGV",
}


@pytest.mark.requirement("T1-THR-06")
@pytest.mark.parametrize("death", DEATHS)
async def test_a_death_in_download_abandons_its_tracks_and_resuming_asks_a_new_instance(
    survival, death
):
    async with survival.open(f"deaths:{death}") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        assert stage.states(request) == [TrackState.ABANDONED] * 3
        await stage.resume(request)
        assert stage.codes(Download) == [RPC_E_SERVER_DIED, S_OK]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.loses(DEATHS[death])
        conversation = [type(entry.call) for entry in stage.called(PartnerCall)]
        assert conversation[:3] == [SetCallback, GetContentPartnerInfo, Download]
        assert conversation[3:5] == [SetCallback, Download]


@pytest.mark.requirement("T1-THR-06")
async def test_a_track_that_was_accepted_before_a_death_in_download_is_completed(survival):
    async with survival.open("deaths:Exits", place="DownloadTrack") as stage:
        await stage.activate()
        request = await stage.download()
        accepted, *others = stage.states(request)
        assert (accepted, others) == (TrackState.COMPLETED, [TrackState.ABANDONED] * 2)
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.loses("exit status 3")


@pytest.mark.requirement("T1-THR-06")
@pytest.mark.parametrize("death", DEATHS)
async def test_a_completion_in_which_the_process_died_is_repeated_to_a_new_instance(
    survival, death
):
    async with survival.open(f"deaths:{death}", place="DownloadTrackComplete") as stage:
        await stage.activate()
        request = await stage.download()
        assert sorted(stage.codes(DownloadTrackComplete)) == [S_OK, S_OK, S_OK, RPC_E_SERVER_DIED]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]
        await stage.loses(DEATHS[death])


async def test_the_last_restart_of_the_budget_is_waited_for(survival):
    place, host = "DownloadTrackComplete", {"restarts": 1}
    async with survival.open("deaths:Exits", place=place, host=host) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


async def test_a_completion_that_ends_three_instances_is_undeliverable(survival):
    async with survival.open("deaths:Exits", place="DownloadTrackComplete", times=3) as stage:
        await stage.activate()
        request = await stage.download("track:70")
        assert stage.states(request) == [TrackState.UNDELIVERABLE]
        assert stage.attachments == [True] * 3
        await stage.loses(*["exit status 3"] * 3)


async def test_an_idle_plug_in_that_dies_is_started_anew_for_the_next_call(survival):
    async with survival.open("deaths:Exits", place="idle") as stage:
        await stage.activate()
        await stage.download()
        survival.signal_idle(stage.partner)
        await stage.loses("exit status 3")
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


async def test_beyond_its_budget_a_plug_in_is_not_started_anew(survival):
    async with survival.open("deaths:Exits", times=0, host={"restarts": 2}) as stage:
        await stage.activate()
        for _ in range(4):
            request = await stage.download()
            assert stage.states(request) == [TrackState.ABANDONED] * 3
        assert stage.codes(Download) == [RPC_E_SERVER_DIED] * 3
        assert stage.attachments == [True] * 3
        await stage.loses(*["exit status 3"] * 3)


@pytest.mark.requirement("T1-LIFE-13")
@pytest.mark.parametrize("place", ["constructor", "SetCallback"])
@pytest.mark.parametrize("death", DEATHS)
async def test_a_plug_in_that_dies_while_it_is_started_is_unavailable(survival, death, place):
    async with survival.open(f"deaths:{death}", place=place) as stage:
        with pytest.raises(PartnerUnavailable, match=DEATHS[death]) as caught:
            await stage.activate()
        assert str(caught.value).startswith(f"partner {stage.partner}: ")
        assert "\n" not in str(caught.value)
        assert stage.player.active is None
        ends = [RPC_E_SERVER_DIED] if place == "SetCallback" else []
        assert stage.codes(SetCallback) == ends


async def test_a_plug_in_that_dies_at_its_first_question_is_started_anew_at_once(survival):
    async with survival.open("deaths:Exits", place="GetContentPartnerInfo") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(GetContentPartnerInfo)[0] == RPC_E_SERVER_DIED
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


@pytest.mark.requirement("T1-LIFE-02")
async def test_a_plug_in_that_dies_in_its_release_has_been_released(survival):
    async with survival.open("deaths:Exits", place="release") as stage:
        await stage.activate()
        await stage.download()
        await stage.player.deactivate()
        assert stage.attachments == [True, False]
        assert stage.codes(SetCallback) == [S_OK, RPC_E_SERVER_DIED]


@pytest.mark.parametrize("place", ["Download", "DownloadTrackComplete"])
async def test_leaving_the_interpreter_is_an_exception_like_any_other(survival, place):
    async with survival.open("deaths:LeavesTheInterpreter", place=place) as stage:
        await stage.activate()
        request = await stage.download()
        faulted = stage.returns(Download if place == "Download" else DownloadTrackComplete)[0]
        assert (faulted.hr, "SystemExit: 3" in faulted.reason) == (E_UNEXPECTED, True)
        state = TrackState.VOID if place == "Download" else TrackState.COMPLETED
        assert stage.states(request) == [state] * 3
        assert stage.losses == []


async def test_a_plug_in_that_closes_its_wire_is_lost(survival):
    async with survival.open("deaths:ClosesDescriptors") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.loses("its process")


async def test_after_its_budget_a_call_finds_nobody_and_says_so(survival):
    async with survival.open("deaths:Exits", times=0, host={"restarts": 0}) as stage:
        await stage.activate()
        await stage.download()
        await stage.download()
        assert await stage.player.explain(E_UNEXPECTED) == ""
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]


async def test_a_plug_in_that_cannot_be_made_anew_keeps_nobody_waiting(survival):
    async with survival.open("deaths:StartsOnce", host={"restarts": 2}) as stage:
        await stage.activate()
        request = await stage.download()
        for _ in range(3):
            await stage.resume(request)
            assert stage.states(request) == [TrackState.ABANDONED] * 3
        assert stage.attachments == [True]
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]


async def test_completions_that_nobody_is_left_to_hear_stay_for_the_next_session(survival):
    host = {"restarts": 1}
    async with survival.open(
        "deaths:StartsOnce", place="DownloadTrackComplete", host=host
    ) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.FINISHED] * 3
        assert stage.codes(DownloadTrackComplete) == [RPC_E_SERVER_DIED]
