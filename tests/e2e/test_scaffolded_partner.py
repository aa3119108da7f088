"""A new package, installed as its author would into an environment of its own, works there."""

import json
import os
import shlex
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from filelock import FileLock

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
NAME = "contoso-tunes"
INSTALL_DEADLINE_S = 500
DEADLINE_S = 200
CONFORMANCE_DEADLINE_S = 500
SUITE = "tests/test_conformance.py::TestContosoTunes"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


@frozen
class Environment:
    """A virtual environment with the Player, and the package that was written there."""

    python: Path
    package: Path

    def run(self, *words: str, deadline_s: float = DEADLINE_S) -> str:
        """Run its Python in the package's folder and return what it printed."""
        ended = subprocess.run(
            [str(self.python), *words],
            cwd=self.package,
            env=clean_variables(self.python),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=deadline_s,
            check=False,
        )
        assert ended.returncode == 0, f"{words}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def player_host(self, *words: str, deadline_s: float = DEADLINE_S) -> Any:
        """Run the program and return its document."""
        return json.loads(self.run("-m", "player_host", *words, "--json", deadline_s=deadline_s))


def clean_variables(python: Path) -> dict[str, str]:
    """Return the variables of a shell in which the environment was activated, and none of ours."""
    foreign = ("PYTEST_", "PYTHON", "COVERAGE_", "PLAYER_HOST_", "VIRTUAL_ENV")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "PYTHONUTF8": "1"}


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment: the Player in its wheel, a new package, installed in place.

    Made once, also where several workers share the tests.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    bin_folder = "Scripts" if sys.platform == "win32" else "bin"
    made = Environment(folder / "author" / bin_folder / "python", folder / NAME)
    with FileLock(folder / "author.lock"):
        if not (folder / "author.made").exists():
            make(made)
            (folder / "author.made").touch()
    return made


def make(environment: Environment) -> None:
    venv.create(environment.python.parents[1], clear=True, with_pip=True)
    outside = Environment(environment.python, environment.package.parent)
    pinned = ("--only-binary", ":all:", "--require-hashes", "-r")
    outside.run(*PIP, *pinned, str(ROOT / "requirements/dev.txt"), deadline_s=INSTALL_DEADLINE_S)
    without_registry = ("--no-deps", "--no-build-isolation")
    outside.run(*PIP, *without_registry, str(ROOT))
    outside.player_host("new-partner", NAME)
    environment.run(*PIP, *without_registry, "-e", ".")


def test_its_entry_point_is_found(environment: Environment):
    partners = {one["name"]: one for one in environment.player_host("partners")}
    assert partners[NAME]["status"] == "ready", partners[NAME]["reason"]
    assert partners[NAME]["distribution"] == NAME
    assert partners[NAME]["service_info"]["key"] == "ContosoTunes"


def test_its_own_tests_pass(environment: Environment):
    printed = environment.run("-m", "pytest", "-p", "no:cacheprovider", "-m", "not conformance")
    assert " passed" in printed
    assert "skipped" not in printed


def test_its_own_tests_hold_it_to_the_protocol(environment: Environment):
    strictly = ("-W", "error::player_host.conformance.pytest_plugin.ConformanceWarning")
    chosen = ("-p", "no:cacheprovider", "-rA", "-m", "conformance")
    printed = environment.run("-m", "pytest", *chosen, *strictly)
    for check in ("T1-DL-07", "T1-DL-17", "T1-DL-29", "T1-TSV-01", "scenarios"):
        assert f"PASSED {SUITE}::test_conformance[{check}]" in printed


def test_the_check_of_plug_ins_finds_nothing_wrong(environment: Environment):
    (checked,) = environment.player_host("partners", "check", NAME)
    assert checked["status"] == "ready"
    assert checked["findings"] == []


@pytest.fixture
def store_double(environment: Environment) -> Iterator[str]:
    """The store double as a process, as its author starts it; its URL."""
    process = subprocess.Popen(
        [str(environment.python), "-m", "contoso_tunes.double", "--port", "0"],
        cwd=environment.package,
        env=clean_variables(environment.python),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        words = process.stdout.readline().replace(";", " ").split()
        yield next(word for word in words if word.startswith("http://"))
        process.terminate()


@pytest.fixture
def home(environment: Environment, store_double: str, tmp_path: Path) -> Path:
    """The package's home to try it out in, for the store double that runs."""
    settings = (environment.package / "my-player" / "partners.toml").read_text("utf-8")
    assert "http://127.0.0.1:8080" in settings
    settings = settings.replace("http://127.0.0.1:8080", store_double)
    (tmp_path / "partners.toml").write_text(settings, "utf-8")
    return tmp_path


def readme_commands(environment: Environment, home: Path) -> list[list[str]]:
    """Return what follows `player-host` in the package's README, with another home."""
    readme = (environment.package / "README.md").read_text("utf-8").splitlines()
    commands = (shlex.split(line) for line in readme if line.endswith(" --home my-player"))
    return [[*words[1:-1], str(home)] for words in commands if "FILE" not in words]


def test_it_passes_the_whole_kit(environment: Environment, home: Path):
    (words,) = (words for words in readme_commands(environment, home) if "conformance" in words)
    report = environment.player_host(*words, deadline_s=CONFORMANCE_DEADLINE_S)
    assert report["verdict"] == "pass"
    verdicts = {one["requirement"]: one["verdict"] for one in report["results"]}
    assert {name for name, verdict in verdicts.items() if verdict in {"fail", "warn"}} == set()
    scenarios = {one["name"] for one in report["scenarios"]}
    assert {"mixed", "album", "not logged in", "store down", "catalogue"} <= scenarios


def test_the_commands_of_its_readme_end_with_music_in_the_library(
    environment: Environment, home: Path
):
    commands = readme_commands(environment, home)
    assert any("download" in words for words in commands)
    for words in commands:
        if "conformance" not in words:
            environment.run("-m", "player_host", *words)
    library = environment.player_host("library", "list", "--home", str(home))
    assert [item["partner"] for item in library["items"]] == ["ContosoTunes"] * 3
