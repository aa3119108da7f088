"""The real program in processes of its own, a home folder, and a real store."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from attrs import frozen

from sample_partners.proseware.process import StoreProcess

DEADLINE_S = 40.0
Output = int | IO[str]


@frozen
class Ended:
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@frozen
class Program:
    """`player-host` on one home folder."""

    home: Path

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process that uses the same home folder."""
        return environment(self.home)

    def run(self, *words: str, out: Output = subprocess.PIPE, **variables: str) -> Ended:
        with self.start(*words, out=out, **variables) as process:
            return ended(process)

    def start(
        self, *words: str, out: Output = subprocess.PIPE, **variables: str
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "player_host", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=self.variables | variables,
        )

    def json(self, *words: str) -> Any:
        return self.run(*words, "--json").document

    def wait_until(self, reached: Callable[[list[Any]], bool]) -> None:
        """Look at `downloads list` until it shows what is waited for."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if (self.home / "player.db").exists() and reached(self.json("downloads", "list")):
                return
        pytest.fail("the downloads never came that far")


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "FORCE_COLOR"}}
    return kept | {"PLAYER_HOST_HOME": str(home), "PYTHONUTF8": "1", "PYTHONWARNINGS": "default"}


def ended(process: "subprocess.Popen[str]") -> Ended:
    out, err = process.communicate(timeout=DEADLINE_S)
    return Ended(process.returncode, out, err)


def settings_for(url: str, **changes: str) -> str:
    settings = {"store_url": url, "account": "demo", "password": "demo"} | changes
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    return "\n".join(["[proseware.host]", 'network = "loopback"', "[proseware.settings]", *lines])


@pytest.fixture(scope="session")
def running_store() -> Iterator[StoreProcess]:
    with StoreProcess() as store:
        yield store


@pytest.fixture
def store(running_store: StoreProcess) -> StoreProcess:
    running_store.clear_faults()
    return running_store


@pytest.fixture
def empty_home(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


@pytest.fixture(scope="session")
def program_at() -> type[Program]:
    """Make the program on a home folder that several tests share."""
    return Program


@pytest.fixture
def program(tmp_path: Path, store: StoreProcess) -> Program:
    """A home folder whose settings name the store."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "partners.toml").write_text(settings_for(store.url), "utf-8")
    return Program(home)


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory, running_store: StoreProcess) -> Program:
    """A home folder with an album and a mixed list; for tests that change nothing."""
    home = tmp_path_factory.mktemp("stocked")
    (home / "partners.toml").write_text(settings_for(running_store.url), "utf-8")
    program = Program(home)
    running_store.clear_faults()
    assert program.run("download", "proseware", "album:7").status == 0
    assert program.run("download", "proseware", "list:3").status == 0
    return program
