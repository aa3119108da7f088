"""A plug-in takes more memory than there is for it."""

import sys

import pytest

from partner_api.calls import Download, DownloadTrackComplete, Faulted
from partner_api.hresult import E_OUTOFMEMORY, RPC_E_SERVER_DIED, RPC_E_TIMEOUT, S_OK
from partner_api.transaction import TrackState

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the platform has no RLIMIT_AS that holds"),
]

LIMITED = {"memory_limit_mib": 512}


async def test_a_call_that_runs_out_of_memory_says_so_and_the_instance_goes_on(survival):
    async with survival.open("memory:Allocates", host=LIMITED) as stage:
        await stage.activate()
        request = await stage.download()
        (returned,) = stage.returns(Download)
        assert returned == Faulted(E_OUTOFMEMORY, "Download ran out of memory")
        assert stage.states(request) == [TrackState.VOID] * 3
        again = await stage.download()
        assert stage.states(again) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


async def test_a_completion_that_runs_out_of_memory_was_delivered(survival):
    async with survival.open(
        "memory:Allocates", place="DownloadTrackComplete", host=LIMITED
    ) as stage:
        await stage.activate()
        request = await stage.download()
        assert sorted(stage.codes(DownloadTrackComplete)) == [S_OK, S_OK, E_OUTOFMEMORY]
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_a_plug_in_that_leaks_until_nothing_is_left_does_not_take_the_player_along(survival):
    host = LIMITED | {"call_deadline": 10}
    async with survival.open("memory:Leaks", host=host) as stage:
        await stage.activate()
        request = await stage.download()
        ends = set(stage.codes(Download) + stage.codes(DownloadTrackComplete))
        assert ends & {E_OUTOFMEMORY, RPC_E_SERVER_DIED, RPC_E_TIMEOUT}
        assert ends <= {E_OUTOFMEMORY, RPC_E_SERVER_DIED, RPC_E_TIMEOUT, S_OK}
        await stage.resume(request)
        assert set(stage.states(request)) <= {
            TrackState.COMPLETED,
            TrackState.VOID,
            TrackState.UNDELIVERABLE,
        }
