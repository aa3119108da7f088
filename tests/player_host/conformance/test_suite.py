"""The class of tests that an author inherits from, in test runs of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

PLUG_IN = """
from pathlib import Path

from sample_partners.zoo.base import Exhibit


class Contoso(Exhibit):
    def __init__(self, context):
        super().__init__(context)
        with Path(__file__).with_name("lives").open("a") as lives:
            lives.write(context.settings.account + "\\n")
"""

TESTS = """
import pytest

from player_host.testing.conformance import ConformanceSuite, Offer


class Short(ConformanceSuite):
    offer = Offer(tracks=(1, 2))
    scenarios = ("one track",)


class TestContoso(Short):
    partner = "shop:Contoso"
    expected = {"T1-DL-09": "cookies come with the next release"}

    @pytest.fixture(scope="class")
    @classmethod
    def conformance_settings(cls):
        return {"account": "somebody"}


class TestTwice(Short):
    partner = "sample_partners.zoo.answers:SaysItTwice"
    expected = {"T1-DL-07": "once is not enough"}
"""

WRONG = """
from player_host.testing.conformance import ConformanceSuite


class TestNobody(ConformanceSuite):
    pass


class TestMisspelt(ConformanceSuite):
    partner = "shop:Contoso"
    expected = {"T1-DL-7": "soon"}
"""


def run_tests(folder: Path, tests: str, *words: str) -> list[str]:
    (folder / "shop.py").write_text(PLUG_IN)
    (folder / "test_shop.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *words],
        cwd=folder,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("author")


@pytest.fixture(scope="module")
def shown(folder: Path) -> list[str]:
    """Two classes, two requirements, two processes; without the plug-in, with strict markers."""
    chosen = ("-k", "T1-DL-07 or T1-DL-09 or scenarios", "-m", "conformance")
    return run_tests(folder, TESTS, "--strict-markers", "-rA", "-n", "2", *chosen)


def outcome(shown: list[str], test: str) -> str:
    (line,) = (line for line in shown if f"::{test}" in line and not line.startswith("_"))
    return line.split()[0]


def test_a_test_for_each_requirement_passes_where_it_is_kept(shown: list[str]) -> None:
    assert outcome(shown, "TestContoso::test_conformance[T1-DL-07]") == "PASSED"
    assert outcome(shown, "TestTwice::test_conformance[T1-DL-09]") == "PASSED"
    assert outcome(shown, "TestTwice::test_conformance[scenarios]") == "PASSED"


def test_a_breach_that_is_expected_is_told_with_its_reason(shown: list[str]) -> None:
    assert outcome(shown, "TestTwice::test_conformance[T1-DL-07]") == "XFAIL"
    assert any(line.endswith("- once is not enough") for line in shown)


def test_what_passes_against_expectation_fails(shown: list[str]) -> None:
    assert outcome(shown, "TestContoso::test_conformance[T1-DL-09]") == "FAILED"
    assert "  expected to fail: cookies come with the next release" in shown


def test_the_plug_in_gets_the_settings_of_the_fixture_once_for_all_processes(
    shown: list[str], folder: Path
) -> None:
    assert "1 failed, 4 passed, 1 xfailed" in shown[-1]
    assert (folder / "lives").read_text().splitlines() == ["somebody"]


def test_a_class_that_makes_no_sense_is_told_when_it_is_collected(tmp_path: Path) -> None:
    lines = run_tests(tmp_path, WRONG)
    assert "the kit could not run: TestNobody: no partner is named" in lines
    assert any("there is no requirement 'T1-DL-7'. Near it are T1-DL-07" in one for one in lines)
    assert not any("Traceback" in one or one.startswith("E  ") for one in lines)
