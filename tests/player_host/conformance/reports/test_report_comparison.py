"""Two runs side by side: what counts as fixed, broken, changed, and what else differs."""

import json
from pathlib import Path

import pytest
from attrs import evolve
from report_runs import NASTY, a_run, every_verdict, found, judged_run, nasty_run
from report_runs import result as result_of

from player_host.conformance.reports.comparison import (
    Change,
    Direction,
    compare,
    comparison_lines,
    comparison_to_data,
)
from player_host.conformance.reports.document import run_from_text, run_to_text
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Verdict

COOKIE = "T1-DL-09"


def run_with(verdict: Verdict | None) -> Run:
    if verdict is None:
        return a_run()
    findings = [found("the cookie")] if verdict in {Verdict.FAIL, Verdict.WARN} else []
    return a_run(result_of(COOKIE, verdict, *findings))


def change(before: Verdict | None, after: Verdict | None) -> Change:
    (one,) = compare(run_with(before), run_with(after)).changes
    return one


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        (Verdict.PASS, Verdict.FAIL, Direction.BROKEN),
        (Verdict.PASS, Verdict.WARN, Direction.BROKEN),
        (Verdict.VACUOUS, Verdict.FAIL, Direction.BROKEN),
        (Verdict.INCONCLUSIVE, Verdict.FAIL, Direction.BROKEN),
        (Verdict.WARN, Verdict.FAIL, Direction.BROKEN),
        (None, Verdict.FAIL, Direction.BROKEN),
        (Verdict.FAIL, Verdict.PASS, Direction.FIXED),
        (Verdict.WARN, Verdict.PASS, Direction.FIXED),
        (Verdict.KNOWN_BAD, Verdict.UNEXPECTED_PASS, Direction.FIXED),
        (Verdict.FAIL, Verdict.WARN, Direction.CHANGED),
        (Verdict.FAIL, Verdict.VACUOUS, Direction.CHANGED),
        (Verdict.FAIL, Verdict.INCONCLUSIVE, Direction.CHANGED),
        (Verdict.FAIL, Verdict.KNOWN_BAD, Direction.CHANGED),
        (Verdict.KNOWN_BAD, Verdict.FAIL, Direction.CHANGED),
        (Verdict.FAIL, None, Direction.CHANGED),
        (Verdict.PASS, Verdict.VACUOUS, Direction.CHANGED),
        (Verdict.VACUOUS, Verdict.PASS, Direction.CHANGED),
        (None, Verdict.PASS, Direction.CHANGED),
    ],
)
def test_only_what_failed_and_passes_now_is_fixed(
    before: Verdict | None, after: Verdict | None, direction: Direction
) -> None:
    assert change(before, after).direction is direction


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_that_stayed_is_the_same(verdict: Verdict) -> None:
    found_out = compare(run_with(verdict), run_with(verdict))
    assert found_out.changes == ()
    assert found_out.same == {verdict: 1}


def test_a_change_says_what_was_found_now_else_what_was_found_before() -> None:
    assert change(Verdict.PASS, Verdict.FAIL).what == "the cookie"
    assert change(Verdict.FAIL, Verdict.PASS).what == "before: the cookie"
    assert change(Verdict.PASS, Verdict.VACUOUS).what == ""


def test_a_run_is_like_itself(tmp_path: Path) -> None:
    run = judged_run(tmp_path)
    found_out = compare(run, run_from_text(run_to_text(run), where="report.json"))
    assert (found_out.changes, found_out.circumstances) == ((), ())
    assert sum(found_out.same.values()) == len(run.results)


def test_people_read_what_broke_first() -> None:
    before = a_run(
        result_of("T1-DL-06", Verdict.FAIL, found("slow")), result_of(COOKIE, Verdict.PASS)
    )
    after = a_run(
        result_of("T1-DL-06", Verdict.PASS), result_of(COOKIE, Verdict.FAIL, found("the cookie"))
    )
    assert comparison_lines(compare(before, after)) == [
        "contoso (contoso-tunes 1.2) -> contoso (contoso-tunes 1.2): FAIL -> FAIL",
        "1 broken, 1 fixed, 0 changed, 0 same",
        "BROKEN T1-DL-09: pass -> fail: the cookie",
        "FIXED T1-DL-06: fail -> pass: before: slow",
    ]


def test_a_requirement_that_one_run_did_not_judge_is_shown_as_that() -> None:
    lines = comparison_lines(compare(run_with(None), run_with(Verdict.PASS)))
    assert "CHANGED T1-DL-09: not judged -> pass" in lines


def test_what_else_differs_is_told() -> None:
    before = a_run()
    after = a_run(
        seed=8,
        profile="full",
        environment={"player-host": "0.2.0", "python": "3.11.9"},
        fixture={},
        scenarios=(ScenarioRun("mixed", {}),),
    )
    assert comparison_lines(compare(before, after))[2:] == [
        "not alike: profile: quick -> full",
        "not alike: seed: 7 -> 8",
        "not alike: scenarios of one alone: album -> mixed",
        "not alike: environment player-host: 0.1.0 -> 0.2.0",
        "not alike: fixture containers: album:7 -> -",
    ]


def test_programs_get_the_same() -> None:
    data = comparison_to_data(compare(run_with(Verdict.PASS), run_with(Verdict.FAIL)))
    assert data["broken"] == [
        {
            "requirement": COOKIE,
            "before": "pass",
            "after": "fail",
            "what_before": "",
            "what_after": "the cookie",
        }
    ]
    assert (data["fixed"], data["changed"], data["same"]) == ([], [], {})
    assert data["before"] == {"run": "contoso (contoso-tunes 1.2)", "verdict": "pass"}
    assert data["circumstances"] == []


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_breaks_a_comparison(nasty: str) -> None:
    run = nasty_run(nasty)
    for found_out in (
        compare(run, every_verdict()),
        compare(every_verdict(), run),
        compare(run, evolve(run, environment={}, fixture={})),
    ):
        lines = comparison_lines(found_out)
        assert all(line.isprintable() for line in lines)
        assert sum(map(len, lines)) < 20_000
        json.dumps(comparison_to_data(found_out), ensure_ascii=False).encode("utf-8")
