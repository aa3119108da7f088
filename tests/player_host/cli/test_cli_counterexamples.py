"""A counterexample says itself what it needs: played again, it breaks the same clause."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FIXTURE = """
tracks = [1, 2, 3]
refused = [9000]
albums = { 7 = [1, 2] }
"""
SIGNED_OUT = """
["%s".signed_out]
account = ""
"""

CASES = (
    ("answers:GrantsWhatIsForSale", "T1-DL-08", "mixed", "fail"),
    ("facts:GreetsNobody", "T1-INFO-14", "not logged in", "warn"),
)
"""An exhibit, the clause that it breaks, a scenario that shows it, and what is said then."""


@pytest.mark.parametrize(("exhibit", "clause", "scenario", "verdict"), CASES)
def test_it_is_broken_again_for_the_same_reason(
    program, tmp_path: Path, exhibit: str, clause: str, scenario: str, verdict: str
) -> None:
    name = f"sample_partners.zoo.{exhibit}"
    program.home.mkdir(exist_ok=True)
    fixture = program.home / "conformance.toml"
    fixture.write_text(f'["{name}"]{FIXTURE}{SIGNED_OUT % name}')
    report = tmp_path / "report"
    words = ("--scenario", scenario, "-k", clause, "--report", str(report))
    assert program.run("conformance", "run", name, *words, "--json").document["verdict"] == verdict
    file = clause.lower().replace("-", "_")

    schedule = str(report / f"{file}.schedule.json")
    again = program.run("conformance", "replay", schedule, "--json")
    assert (again.status, again.document["outcome"]) == (1, "broken")

    test = report / f"test_{file}.py"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(test)],
        env=program.variables,
        cwd=report,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 1
    assert f"AssertionError: {clause} is {verdict}: " in ended.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [((), "no partner"), (("--partner", "proseware"), "no requirement")],
)
def test_a_schedule_that_is_no_counterexample_does_not_say_whose_it_is(
    program, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    schedule = tmp_path / "a.schedule.json"
    schedule.write_text('{"format": "content-partner schedule", "version": 1, "events": []}')
    ended = program.run("conformance", "replay", str(schedule), *words)
    assert ended.status == 3
    assert told in ended.err


def test_settings_that_nobody_gives_are_asked_for(program, tmp_path: Path) -> None:
    schedule = tmp_path / "a.schedule.json"
    schedule.write_text(
        '{"format": "content-partner schedule", "version": 1, "events": [],'
        ' "needs": {"signed_out": true}}'
    )
    name = "sample_partners.zoo.base:Exhibit"
    ended = program.run(
        "conformance", "replay", str(schedule), "--partner", name, "--requirement", "T1-INFO-14"
    )
    assert ended.status == 5
    assert f"[{name}.signed_out]" in ended.err


def test_a_partner_with_the_sample_store_is_replayed_with_it(program, tmp_path: Path) -> None:
    schedule = tmp_path / "a.schedule.json"
    schedule.write_text(
        '{"format": "content-partner schedule", "version": 1, "needs": {"signed_out": true},'
        ' "events": [{"event": "Attach"}, {"event": "Ask", "call": "GetContentPartnerInfo",'
        ' "arguments": {"info_name": "UserName"}}, {"event": "Detach"}]}'
    )
    words = (
        str(schedule),
        "--partner",
        "proseware",
        "--requirement",
        "T1-INFO-14",
        "--sample-store",
    )
    ended = program.run("conformance", "replay", *words, "--json")
    assert (ended.status, ended.document["outcome"]) == (0, "fixed")
