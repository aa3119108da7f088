"""A plug-in does not come to an end: in a call, or when its process should."""

import pytest

from partner_api.calls import (
    Download,
    DownloadTrackComplete,
    GetContentPartnerInfo,
    SetCallback,
    UpdateDeviceComplete,
)
from partner_api.hresult import E_NOTIMPL, RPC_E_DISCONNECTED, RPC_E_TIMEOUT, S_OK
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable
from player_host.plugins import surrogate
from player_host.units import Seconds

pytestmark = [pytest.mark.anyio, pytest.mark.long]

HANGS = ["Sleeps", "Spins", "HoldsTheInterpreter", "IgnoresSignals"]


@pytest.mark.parametrize("hang", HANGS)
async def test_a_hang_in_download_ends_at_the_deadline_and_the_instance_with_it(
    survival, shorten, hang
):
    shorten(Download)
    async with survival.open(f"hangs:{hang}") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_TIMEOUT]
        assert stage.states(request) == [TrackState.ABANDONED] * 3
        await stage.loses("Download did not return within 0.5 s")
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


async def test_tracks_accepted_before_a_hang_in_download_are_transferred_and_completed(
    survival, shorten
):
    shorten(Download)
    async with survival.open("hangs:Sleeps", place="DownloadTrack") as stage:
        await stage.activate()
        request = await stage.download()
        accepted, *others = stage.states(request)
        assert (accepted, others) == (TrackState.COMPLETED, [TrackState.ABANDONED] * 2)


@pytest.mark.parametrize("hang", ["Sleeps", "HoldsTheInterpreter"])
async def test_a_completion_that_hangs_is_repeated_to_a_new_instance(survival, shorten, hang):
    shorten(DownloadTrackComplete)
    async with survival.open(f"hangs:{hang}", place="DownloadTrackComplete") as stage:
        await stage.activate()
        request = await stage.download()
        assert sorted(stage.codes(DownloadTrackComplete)) == [S_OK, S_OK, S_OK, RPC_E_TIMEOUT]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]


@pytest.mark.requirement("T1-THR-03")
async def test_a_hang_on_one_of_several_threads_ends_the_instance_with_all_of_them(
    survival, shorten
):
    shorten(DownloadTrackComplete, times=3)
    place = "DownloadTrackComplete"
    async with survival.open("hangs:SleepsOnOneOfItsThreads", place=place) as stage:
        await stage.activate()
        request = await stage.download()
        assert RPC_E_TIMEOUT in stage.codes(DownloadTrackComplete)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.loses("DownloadTrackComplete did not return within 0.5 s")


@pytest.mark.requirement("T1-LIFE-13")
@pytest.mark.parametrize("hang", ["Sleeps", "HoldsTheInterpreter"])
async def test_a_plug_in_that_hangs_in_its_constructor_is_unavailable(survival, hang):
    host = {"call_deadline": 0.5}
    async with survival.open(f"hangs:{hang}", place="constructor", host=host) as stage:
        with pytest.raises(PartnerUnavailable, match=r"was not made within 0\.5 s"):
            await stage.activate()
        assert stage.player.active is None


@pytest.mark.requirement("T1-LIFE-13")
@pytest.mark.parametrize("hang", ["Sleeps", "HoldsTheInterpreter"])
async def test_a_plug_in_that_hangs_in_set_callback_is_unloaded(survival, shorten, hang):
    shorten(SetCallback)
    async with survival.open(f"hangs:{hang}", place="SetCallback") as stage:
        with pytest.raises(PartnerUnavailable, match="SetCallback ended with RPC_E_TIMEOUT"):
            await stage.activate()
        assert stage.codes(SetCallback) == [RPC_E_TIMEOUT]
        assert stage.player.active is None


async def test_a_hang_at_the_first_question_costs_an_instance_and_no_more(survival, shorten):
    shorten(GetContentPartnerInfo)
    async with survival.open("hangs:Sleeps", place="GetContentPartnerInfo") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(GetContentPartnerInfo)[0] == RPC_E_TIMEOUT
        assert stage.states(request) == [TrackState.COMPLETED] * 3


@pytest.mark.requirement("T1-LIFE-02")
@pytest.mark.parametrize("hang", ["Sleeps", "HoldsTheInterpreter"])
async def test_a_hang_in_the_release_does_not_keep_the_player(survival, shorten, hang):
    async with survival.open(f"hangs:{hang}", place="release") as stage:
        await stage.activate()
        await stage.download()
        shorten(SetCallback)
        await stage.player.deactivate()
        assert stage.codes(SetCallback) == [S_OK, RPC_E_TIMEOUT]


@pytest.fixture
def short_grace(monkeypatch):
    """Let a process that was told to end have half a second for it."""
    monkeypatch.setattr(surrogate, "EXIT_GRACE", Seconds(0.5))


@pytest.mark.parametrize("hang", ["hangs:HangsAtExit", "hangs:KeepsThreads"])
async def test_a_process_that_does_not_end_by_itself_is_ended(survival, short_grace, log, hang):
    async with survival.open(hang) as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        await stage.player.deactivate()
        assert stage.attachments == [True, False]
        assert stage.codes(SetCallback) == [S_OK, S_OK]
        assert "partner.did_not_end" in [event["event"] for event in log.events]


@pytest.mark.requirement("T1-LIFE-04")
async def test_calls_after_the_release_are_disconnected_and_not_recorded(
    survival, short_grace, wait_until
):
    async with survival.open("hangs:OutlivesItsRelease") as stage:
        await stage.activate()
        await wait_until(lambda: stage.codes(UpdateDeviceComplete), "it calls")
        await stage.player.deactivate()
        assert set(stage.codes(UpdateDeviceComplete)) <= {E_NOTIMPL, RPC_E_DISCONNECTED}
        released = stage.end_of(stage.called(SetCallback)[-1])
        assert [call for call in stage.called() if call.number > released] == []
