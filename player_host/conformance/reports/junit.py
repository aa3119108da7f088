# mypy: untyped-calls-exclude="junitparser"
"""The report for build servers: JUnit XML, one suite for a group, one case for a requirement.

A breach is a failure, what follows from it too. What cannot be said is an error. What had no
chance, or is expected to fail, is skipped. The scenarios are a suite of their own, for one that
says nothing must not look like one that passed.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, TestCase, TestSuite
from junitparser.junitparser import FinalResult, SystemOut

from player_host.conformance.judge import Result
from player_host.conformance.reports.overview import Root, roots, row_of, what_of
from player_host.conformance.reports.text import root_lines
from player_host.conformance.reports.wording import NAME_CHARACTERS, shown
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Verdict

_KINDS: Final[dict[Verdict, type[FinalResult]]] = {
    Verdict.FAIL: Failure,
    Verdict.UNEXPECTED_PASS: Failure,
    Verdict.INCONCLUSIVE: Error,
    Verdict.ENGINE_ERROR: Error,
    Verdict.KNOWN_BAD: Skipped,
    Verdict.UNIMPLEMENTED: Skipped,
    Verdict.VACUOUS: Skipped,
}
"""What is no success; WARN, INFO and PASS are."""


def junit_xml(run: Run) -> str:
    """Return the report of a run as JUnit XML, to be written in UTF-8."""
    report = JUnitXml(shown(run.partner, NAME_CHARACTERS))
    evidence = {root.result.requirement: root for root in roots(run)}
    ordered = sorted(run.results.values(), key=lambda one: row_of(one.requirement).group)
    for group, results in groupby(ordered, key=lambda one: row_of(one.requirement).group):
        cases = [_case(one, evidence.get(one.requirement), run) for one in results]
        report.append(_suite(group, cases, run))
    report.append(_suite("scenarios", [_scenario_case(one) for one in run.scenarios], run))
    report.update_statistics()
    text: bytes = report.tostring()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text.decode("utf-8")}\n'


def _suite(name: str, cases: list[TestCase], run: Run) -> TestSuite:
    suite = TestSuite(name or "others")
    suite.timestamp = run.started_at.isoformat(timespec="seconds")
    properties = Properties()
    for key, value in _circumstances(run):
        properties.add_property(Property(key, shown(value, NAME_CHARACTERS)))
    suite.append(properties)
    suite.add_testcases(cases)
    return suite


def _circumstances(run: Run) -> Iterator[tuple[str, str]]:
    yield "partner", run.partner
    yield "distribution", run.distribution
    yield "profile", run.profile
    yield "seed", str(run.seed)


def _case(result: Result, root: Root | None, run: Run) -> TestCase:
    row = row_of(result.requirement)
    case = TestCase(row.id, f"{shown(run.partner, NAME_CHARACTERS)}.{row.group}")
    kind = _KINDS.get(result.verdict)
    evidence = _evidence(result, root, run)
    if kind is not None:
        case.append(_final(kind, result, evidence))
    elif result.verdict is not Verdict.PASS:
        case.append(SystemOut(evidence))
    return case


def _final(kind: type[FinalResult], result: Result, evidence: str) -> FinalResult:
    message = what_of(result)
    if result.follows_from:
        message = f"follows from {shown(result.follows_from, NAME_CHARACTERS)}: {message}"
    final = kind(message, result.verdict.value)
    final.text = evidence
    return final


def _evidence(result: Result, root: Root | None, run: Run) -> str:
    if root is not None:
        return "\n".join(root_lines(root, run))
    return f"{result.verdict}: {what_of(result)}\n{row_of(result.requirement).text}"


def _scenario_case(scenario: ScenarioRun) -> TestCase:
    case = TestCase(shown(scenario.name, NAME_CHARACTERS), "scenarios", scenario.seconds)
    if not scenario.is_sound:
        case.append(Error(shown(scenario.problem), Verdict.ENGINE_ERROR.value))
    return case
