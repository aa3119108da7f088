"""A plug-in says too much: to its outputs, to its log, to the Player."""

import pytest

from partner_api.calls import Download, UpdateDeviceComplete
from partner_api.hresult import E_NOTIMPL, RPC_E_CALL_REJECTED, RPC_E_SERVER_DIED, S_OK
from partner_api.transaction import TrackState
from player_host.plugins import port

pytestmark = pytest.mark.anyio

MOST_LINES = 3_000
"""Far below what the floods print, far above what the log lets pass in a minute and a half."""


def written(caplog):
    """What of a plug-in's output was logged, and how many lines were left out."""
    records = [record for record in caplog.records if record.name.startswith("partner.")]
    texts = [record.text for record in records if hasattr(record, "text")]
    return texts, sum(getattr(record, "lines", 0) for record in records)


@pytest.mark.parametrize("flood", ["FloodsStdout", "FloodsStderr", "FloodsLog"])
async def test_a_flood_of_output_is_cut_and_the_download_goes_on(survival, caplog, flood):
    async with survival.open(f"floods:{flood}") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [S_OK]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []
    passed, left_out = written(caplog)
    assert 0 < len(passed) < MOST_LINES
    assert len(passed) + left_out == 20_000


async def test_a_line_of_100_mb_is_cut_and_the_download_goes_on(survival, caplog):
    async with survival.open("floods:PrintsOneLongLine") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
    texts, _ = written(caplog)
    assert max(map(len, texts)) < 10_000
    assert sum(map(len, texts)) < 30_000_000


async def test_output_without_end_does_not_keep_a_download_from_its_end(survival):
    async with survival.open("floods:PrintsWithoutEnd") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


@pytest.fixture
def small_allowance(monkeypatch):
    """Let a flood be recognised after a few hundred calls, so that the test is short."""
    monkeypatch.setattr(port, "FIRST_ALLOWANCE", 200)
    monkeypatch.setattr(port, "CALLS_PER_SECOND", 1.0)
    monkeypatch.setattr(port, "MOST_REJECTED", 500)


async def test_calls_without_end_are_rejected_and_then_end_the_instance(survival, small_allowance):
    async with survival.open("floods:FloodsCallbacks") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        assert stage.states(request) == [TrackState.ABANDONED] * 3
        await stage.loses("did not stop making calls that were rejected")
        codes = stage.codes(UpdateDeviceComplete)
        assert set(codes) == {E_NOTIMPL, RPC_E_CALL_REJECTED}
        assert len(codes) < 400
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_calls_without_end_from_eight_threads_end_the_instance_too(
    survival, small_allowance, wait_until
):
    async with survival.open("floods:FloodsCallbacksOnThreads", place="idle") as stage:
        await stage.activate()
        survival.signal_idle(stage.partner)
        await stage.loses("did not stop making calls that were rejected")
        assert len(stage.codes(UpdateDeviceComplete)) < 400
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.attachments == [True, True]
