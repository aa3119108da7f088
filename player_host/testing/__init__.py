"""For plug-in authors with a host: pytest fixtures for a real Player in a temporary home.

Name the module in the `conftest.py` at the root of the tests; it loads nowhere by itself, since
an entry point would load it into every test run of the environment, of whatever project::

    pytest_plugins = ["player_host.testing"]

Then a test reads::

    def test_an_album_is_downloaded(player_home, proseware_store):
        player_home.configure("proseware", settings=proseware_store.settings)
        assert player_home.run("download", "proseware", "album:7").status == 0
        player_home.should_have_filed("Platform One", artist="Morning Trains")
        player_home.transcript().should_show(DownloadTrackComplete, hr=S_OK).times(12)

Fixtures: `player_home` (a `PlayerHome` for each test) and `proseware_store` (the sample store, a
process of its own for the whole run, without faults at the start of each test). Plug-ins are
tested without a host by `partner_api.testing`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import pytest
except ImportError as error:
    raise ImportError(
        "player_host.testing is made of pytest fixtures, and pytest is not installed:"
        " pip install pytest",
        name="pytest",
    ) from error

from player_host.testing.home import PlayerHome, ProgramRun
from player_host.testing.sessions import SessionTranscript, ShownCalls

if TYPE_CHECKING:
    from player_host.sample_store import SampleStore

__all__ = [
    "PlayerHome",
    "ProgramRun",
    "SessionTranscript",
    "ShownCalls",
    "player_home",
    "proseware_store",
]


@pytest.fixture
def player_home(tmp_path: Path) -> PlayerHome:
    """Return a home folder of the test's own, in which nothing is configured."""
    return PlayerHome.make(tmp_path / "player-home")


@pytest.fixture(scope="session")
def _proseware_process() -> "Iterator[SampleStore]":
    from player_host.sample_store import running_store  # noqa: PLC0415 - few tests need a store

    with running_store() as store:
        yield store


@pytest.fixture
def proseware_store(_proseware_process: "SampleStore") -> "SampleStore":
    """Return the running sample store, with no faults switched on."""
    _proseware_process.clear_faults()
    return _proseware_process
