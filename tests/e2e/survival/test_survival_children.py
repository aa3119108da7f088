"""A plug-in starts processes of its own: they end with it."""

import os
import threading

import psutil
import pytest

from partner_api.calls import Download
from partner_api.hresult import RPC_E_SERVER_DIED, RPC_E_TIMEOUT
from partner_api.transaction import TrackState

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork"),
]


@pytest.mark.parametrize("miniature", ["StartsAProgram", "Forks", "Daemonises"])
async def test_what_a_plug_in_started_ends_with_it(survival, miniature):
    async with survival.open(f"children:{miniature}") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert len(survival.living(stage.partner)) == 2
        await stage.player.deactivate()
        await survival.finds_no_process(stage.partner)
        assert stage.losses == []


async def test_what_a_plug_in_started_ends_when_the_plug_in_is_given_up(survival, shorten):
    shorten(Download)
    async with survival.open("children:StartsAProgramAndHangs") as stage:
        await stage.activate()
        await stage.download()
        assert stage.codes(Download) == [RPC_E_TIMEOUT]
        await survival.finds_no_process(stage.partner)


async def test_a_fork_that_keeps_the_wire_open_does_not_hide_the_death_of_the_plug_in(survival):
    async with survival.open("children:ForksAndExits") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [RPC_E_SERVER_DIED]
        await survival.finds_no_process(stage.partner)
        await stage.resume(request)
        assert stage.states(request) == [TrackState.COMPLETED] * 3


async def test_a_process_that_left_the_session_lives_on_and_costs_the_player_nothing(survival):
    async with survival.open("children:LeavesTheSession") as stage:
        await stage.activate()
        await stage.download()
        escaped = survival.home.plugin_data(stage.partner) / "escaped"
        program = psutil.Process(int(escaped.read_text()))
        try:
            await stage.player.deactivate()
            assert program.is_running()
            names = [thread.name for thread in threading.enumerate()]
            assert not [name for name in names if name.endswith(("-stdout", "-stderr"))]
        finally:
            program.kill()
