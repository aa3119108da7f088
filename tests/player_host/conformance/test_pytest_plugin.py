"""The kit in pytest: real test runs of an author, and how each verdict ends a test."""

import os
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve, frozen

from player_host.conformance.conducting import (
    SCENARIOS,
    Ending,
    Told,
    shared_run,
    told_of,
)
from player_host.conformance.judge import Result
from player_host.conformance.offers import Offer
from player_host.conformance.pytest_plugin import ConformanceWarning, end_test
from player_host.conformance.running import Order
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.selection import checked_requirements
from player_host.conformance.verdicts import Finding, Outcome, Verdict
from player_host.errors import PlayerHostError
from player_host.settings import PartnerSettings

pytestmark = pytest.mark.long

PLUG_IN = """
from pathlib import Path

from sample_partners.zoo.base import Exhibit


class Contoso(Exhibit):
    def __init__(self, context):
        super().__init__(context)
        with Path(__file__).with_name("lives").open("a") as lives:
            lives.write("one more\\n")
"""
CONTOSO = "shop:Contoso"
TWICE = "sample_partners.zoo.answers:SaysItTwice"
ABSENT = "shop:Fabrikam"

NAMED = 'pytest_plugins = ["player_host.conformance.pytest_plugin"]\n'
FIXTURE = "".join(f'["{name}"]\ntracks = [1, 2]\n' for name in (CONTOSO, TWICE, ABSENT))
SELECTED = "T1-DL-07 or T1-DL-09 or T1-PRC-05 or scenarios"


@frozen
class TestRun:
    """A test run of an author's, and what it printed."""

    __test__ = False

    folder: Path
    status: int
    out: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def outcome(self, partner: str, check: str) -> str:
        """Return the word before an item's name, as `-v` prints it."""
        found = [line.split() for line in self.lines if line.startswith("[gw")]
        (words,) = (words for words in found if words[-1] == f"conformance::{partner}::{check}")
        return words[-2]


def run_tests(folder: Path, *words: str) -> TestRun:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env=os.environ | {"PLAYER_HOST_HOME": str(folder / "home"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return TestRun(folder, done.returncode, done.stdout + done.stderr)


def project(folder: Path) -> Path:
    """Make an author's project that names the plug-in."""
    (folder / "conftest.py").write_text(NAMED)
    (folder / "conformance.toml").write_text(FIXTURE)
    (folder / "shop.py").write_text(PLUG_IN)
    return folder


@pytest.fixture
def author(tmp_path: Path) -> Path:
    return project(tmp_path)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> TestRun:
    """Three partners with one scenario each, in two processes; nobody changes it."""
    partners = [word for name in (CONTOSO, TWICE, ABSENT) for word in ("--partner", name)]
    options = ("--conformance-scenario", "one track", "-k", SELECTED, "-n", "2", "-v", "-rs")
    return run_tests(project(tmp_path_factory.mktemp("author")), *partners, *options)


# --- a test run ----------------------------------------------------------------------------------


def test_what_is_kept_passes_and_what_is_broken_fails(two_workers: TestRun) -> None:
    assert two_workers.outcome(CONTOSO, "T1-DL-07") == "PASSED"
    assert two_workers.outcome(TWICE, "T1-DL-09") == "PASSED"
    assert two_workers.outcome(TWICE, "T1-DL-07") == "FAILED"
    assert two_workers.outcome(TWICE, SCENARIOS) == "PASSED"


def test_a_failure_is_the_shortest_conversation_and_nothing_of_pytest(two_workers: TestRun) -> None:
    begin = two_workers.lines.index("FAIL T1-DL-07  (must, stated)")
    told = two_workers.lines[begin : begin + 20]
    assert any(line.startswith("  > ") and "DownloadTrack(" in line for line in told)
    assert not any("Traceback" in line or line.startswith("E  ") for line in two_workers.lines)


def test_what_had_no_chance_is_skipped_with_the_reason(two_workers: TestRun) -> None:
    assert two_workers.outcome(CONTOSO, "T1-PRC-05") == "SKIPPED"
    assert "vacuous: nothing gave the clause a chance" in two_workers.out


def test_a_plug_in_that_cannot_be_loaded_is_an_error_and_no_breach(two_workers: TestRun) -> None:
    assert two_workers.outcome(ABSENT, "T1-DL-07") == "ERROR"
    assert "module 'shop' has no attribute 'Fabrikam'" in two_workers.out
    assert "1 failed" in two_workers.lines[-1]


def test_the_scenarios_run_once_for_all_processes(two_workers: TestRun) -> None:
    workers = {line.split()[0] for line in two_workers.lines if line.startswith("[gw")}
    assert workers == {"[gw0]", "[gw1]"}
    assert (two_workers.folder / "lives").read_text().splitlines() == ["one more"]


def test_without_a_partner_nothing_is_collected_and_the_kit_is_not_loaded(author: Path) -> None:
    (author / "test_it.py").write_text(
        "import sys\n\n"
        "def test_it():\n"
        "    assert 'player_host.conformance.pytest_plugin' in sys.modules\n"
        "    assert 'player_host.conformance.running' not in sys.modules\n"
    )
    done = run_tests(author, "--strict-markers", "-v")
    assert "1 passed" in done.lines[-1]
    assert "conformance::" not in done.out


def test_checks_are_chosen_by_the_name_that_a_failure_shows_and_by_markers(author: Path) -> None:
    (author / "test_it.py").write_text("def test_it():\n    pass\n")
    advice, duty = (f"conformance::{CONTOSO}::{name}" for name in ("T1-DL-29", "T1-DL-07"))
    marked = ("-m", "conformance and should")
    done = run_tests(author, "--partner", CONTOSO, "--co", "-q", *marked, advice, duty)
    assert [line for line in done.lines if "::" in line] == [advice]
    assert f"1/{len(checked_requirements()) + 1} tests collected" in done.lines[-1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--partner", "nobody"), "no plug-in of this name is installed. Installed are: "),
        (("--partner", CONTOSO, f"conformance::{CONTOSO}::T1-DL-7"), "there is no such check: "),
        (
            ("--partner", CONTOSO, "--conformance-fixture", "gone.toml"),
            "gone.toml: the file cannot",
        ),
    ],
)
def test_wrong_usage_is_said_before_anything_runs(
    author: Path, words: tuple[str, ...], said: str
) -> None:
    done = run_tests(author, *words)
    assert done.status == pytest.ExitCode.USAGE_ERROR
    assert said in done.out
    assert len(done.lines) < 5


def test_a_failure_is_shared_as_a_result_is(tmp_path: Path) -> None:
    partner = PartnerSettings("sample_partners.zoo.base:Nobody", tmp_path / "partners.toml")
    order = Order(partner, {}, Offer((1,)), Path(), frozenset({"T1-DL-07"}))
    said = set()
    for _ in range(2):
        with pytest.raises(PlayerHostError) as caught:
            shared_run(tmp_path / "shared", "it", order)
        said.add(str(caught.value))
    assert len(said) == 1
    assert len(list((tmp_path / "shared" / "it").glob("run-*"))) == 1


# --- how a verdict ends a test -------------------------------------------------------------------

SOUND = ScenarioRun("one track", {})
SILENT = ScenarioRun("album", {}, problem="the store did not start")
REASONS = {"T1-DL-07": "the next release brings it"}


def result(name: str, verdict: Verdict, follows_from: str = "") -> Result:
    return Result(name, verdict, 1, (Finding(Outcome.BROKEN, 3, "seen so"),), 1, follows_from)


def found(*results: Result, scenario: ScenarioRun = SOUND) -> Run:
    return Run(
        partner="contoso",
        distribution="",
        profile="quick",
        seed=0,
        started_at=datetime(2030, 1, 1, tzinfo=UTC),
        seconds=1.0,
        results={one.requirement: one for one in results},
        scenarios=(scenario,),
    )


@pytest.mark.parametrize(
    ("verdict", "ending", "said"),
    [
        (Verdict.PASS, Ending.PASSED, "pass"),
        (Verdict.FAIL, Ending.FAILED, "FAIL T1-DL-07"),
        (Verdict.WARN, Ending.WARNED, "WARN T1-DL-07"),
        (Verdict.INFO, Ending.SKIPPED, "info: seen so"),
        (Verdict.VACUOUS, Ending.SKIPPED, "vacuous: seen so"),
        (Verdict.UNIMPLEMENTED, Ending.SKIPPED, "unimplemented: seen so"),
        (Verdict.INCONCLUSIVE, Ending.FAILED, "INCONCLUSIVE, which is no breach: T1-DL-07"),
        (Verdict.ENGINE_ERROR, Ending.FAILED, "INCONCLUSIVE, which is no breach: T1-DL-07"),
        (Verdict.KNOWN_BAD, Ending.EXPECTED, REASONS["T1-DL-07"]),
        (Verdict.UNEXPECTED_PASS, Ending.FAILED, f"expected to fail: {REASONS['T1-DL-07']}"),
    ],
)
def test_every_verdict_ends_a_test_in_its_own_way(
    verdict: Verdict, ending: Ending, said: str
) -> None:
    told = told_of("T1-DL-07", found(result("T1-DL-07", verdict)), REASONS)
    assert told.ending is ending
    assert said in told.words


def test_a_consequence_is_skipped_and_names_its_root() -> None:
    root, consequence = (
        result("T1-DL-07", Verdict.FAIL),
        result("T1-DL-39", Verdict.FAIL, "T1-DL-07"),
    )
    run = found(root, consequence)
    assert told_of("T1-DL-39", run, {}) == Told(Ending.SKIPPED, "follows from T1-DL-07: seen so")
    assert told_of("T1-DL-07", run, {}).ending is Ending.FAILED


@pytest.mark.parametrize("root", [Verdict.WARN, Verdict.KNOWN_BAD, None])
def test_a_breach_does_not_hide_behind_a_root_that_does_not_fail(root: Verdict | None) -> None:
    consequence = result("T1-DL-39", Verdict.FAIL, "T1-DL-07")
    roots = () if root is None else (result("T1-DL-07", root),)
    told = told_of("T1-DL-39", found(*roots, consequence), {})
    assert told.ending is Ending.FAILED
    assert "T1-DL-39" in told.words


def test_a_requirement_without_a_result_is_inconclusive_where_a_scenario_says_nothing() -> None:
    told = told_of("T1-DL-07", found(scenario=SILENT), {})
    assert told.ending is Ending.FAILED
    assert "album: the store did not start" in told.words
    assert told_of("T1-TSV-01", found(), {}).ending is Ending.SKIPPED


def test_a_scenario_that_says_nothing_fails_a_test_of_its_own() -> None:
    run = found(result("T1-DL-07", Verdict.PASS), scenario=SILENT)
    assert told_of("T1-DL-07", run, {}).ending is Ending.PASSED
    assert told_of(SCENARIOS, run, {}).ending is Ending.FAILED
    assert told_of(SCENARIOS, evolve(run, scenarios=(SOUND,)), {}).ending is Ending.PASSED


def test_a_warning_is_one_of_its_own_kind_and_fails_where_warnings_are_errors() -> None:
    told = Told(Ending.WARNED, "WARN T1-DL-29")
    with pytest.warns(ConformanceWarning, match="WARN T1-DL-29"):
        end_test(told)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConformanceWarning)
        with pytest.raises(pytest.fail.Exception, match="WARN T1-DL-29"):
            end_test(told)


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending.FAILED, pytest.fail.Exception),
        (Ending.SKIPPED, pytest.skip.Exception),
        (Ending.EXPECTED, pytest.xfail.Exception),
    ],
)
def test_an_ending_is_an_outcome_of_pytest(ending: Ending, outcome: type[BaseException]) -> None:
    with pytest.raises(outcome, match="so it is"):
        end_test(Told(ending, "so it is"))
    end_test(Told(Ending.PASSED))
