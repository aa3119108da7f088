"""What is said about a partner as a whole."""

from datetime import UTC, datetime

import pytest

from player_host.conformance.judge import Result
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Verdict


def run(*verdicts: Verdict, problem: str = "") -> Run:
    results = {f"T1-DL-0{n}": Result(f"T1-DL-0{n}", one) for n, one in enumerate(verdicts, 1)}
    return Run(
        partner="contoso",
        distribution="",
        profile="quick",
        seed=0,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.0,
        results=results,
        scenarios=(ScenarioRun("album", results, problem=problem),),
    )


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((Verdict.PASS, Verdict.VACUOUS), Verdict.PASS),
        ((Verdict.PASS, Verdict.WARN), Verdict.WARN),
        ((Verdict.WARN, Verdict.FAIL, Verdict.PASS), Verdict.FAIL),
        ((Verdict.PASS, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE),
        ((Verdict.INFO, Verdict.UNIMPLEMENTED), Verdict.PASS),
    ],
)
def test_the_severest_verdict_counts(verdicts: tuple[Verdict, ...], whole: Verdict) -> None:
    assert run(*verdicts).verdict is whole


def test_where_nothing_had_a_chance_nobody_conforms() -> None:
    assert run(Verdict.VACUOUS, Verdict.VACUOUS).verdict is Verdict.INCONCLUSIVE


def test_a_scenario_that_says_nothing_leaves_the_rest_inconclusive() -> None:
    assert run(Verdict.PASS, problem="no store").verdict is Verdict.INCONCLUSIVE
    assert run(Verdict.FAIL, problem="no store").verdict is Verdict.FAIL
