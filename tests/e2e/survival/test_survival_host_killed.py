"""The Player is killed with SIGKILL: whatever its plug-in is doing, nothing of it stays behind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).with_name("survival_player.py")
LINUX_ONLY = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends a process that lets no other thread run"
)


@pytest.fixture
def doomed(survival, catalog):
    """Starts a Player in a process of its own; whatever is left of it is ended with the test."""
    players = []

    def start(miniature: str, **settings: object) -> tuple["subprocess.Popen[bytes]", str]:
        name = f"sample_partners.miniatures.{miniature}"
        survival.configure(name, {}, settings)
        player = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(survival.home.path), str(catalog), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        players.append(player)
        return player, name

    yield start
    for player in players:
        player.kill()
        player.communicate()


BUSY = [
    pytest.param("hangs:Sleeps", "constructor", 1),
    pytest.param("hangs:Sleeps", "SetCallback", 1),
    pytest.param("hangs:Sleeps", "Download", 1),
    pytest.param("hangs:IgnoresSignals", "Download", 1),
    pytest.param("hangs:HoldsTheInterpreter", "Download", 1, marks=LINUX_ONLY),
    pytest.param("hangs:HoldsTheInterpreter", "constructor", 1, marks=LINUX_ONLY),
    pytest.param("floods:FloodsCallbacks", "Download", 1),
    pytest.param("children:StartsAProgramAndHangs", "Download", 2),
    pytest.param("children:StartsAProgramAndHangs", "DownloadTrackComplete", 2),
]


@pytest.mark.parametrize(("miniature", "place", "processes"), BUSY)
async def test_a_plug_in_ends_with_its_player_whatever_it_is_doing(
    survival, doomed, wait_until, miniature, place, processes
):
    player, name = doomed(miniature, place=place)
    misbehaved = survival.home.plugin_data(name) / "misbehaved"
    await wait_until(_any_of(player, misbehaved.exists), "the plug-in misbehaves")
    await wait_until(lambda: len(survival.processes(name)) == processes, "its processes run")
    assert len(survival.living(name)) == processes
    player.kill()
    player.wait()
    await survival.finds_no_process(name)


@pytest.mark.parametrize(
    ("miniature", "processes"),
    [
        ("miniature:Miniature", 1),
        ("children:StartsAProgram", 2),
        ("children:Forks", 2),
        ("children:Daemonises", 2),
        ("hangs:KeepsThreads", 1),
        ("hangs:HangsAtExit", 1),
        ("floods:PrintsWithoutEnd", 1),
    ],
)
async def test_a_plug_in_ends_with_its_player_when_nothing_is_left_to_do(
    survival, doomed, miniature, processes
):
    player, name = doomed(miniature)
    assert player.stdout.readline() == b"done\n"
    assert len(survival.living(name)) == processes
    player.kill()
    player.wait()
    await survival.finds_no_process(name)


def _any_of(player: "subprocess.Popen[bytes]", condition: Callable[[], bool]) -> Callable[[], bool]:
    """Wait for a condition, but not longer than for the Player's end."""

    def met() -> bool:
        assert player.poll() is None, "the Player has ended by itself"
        return condition()

    return met
