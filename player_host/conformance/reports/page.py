"""The report as one HTML file, for a browser without network: no script, no font, no picture.

Every text that the template shows goes through `shown` and then through the escaping of HTML; the
page's own policy forbids to load or to run anything, should both fail.
"""

from functools import cache
from importlib import resources
from itertools import groupby
from typing import Final

from attrs import frozen
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup, escape

from player_host.conformance.coverage import ClauseCoverage, Coverage, counted, coverage
from player_host.conformance.reports.diagram import sequence_diagram
from player_host.conformance.reports.lines import Line, conversation_lines
from player_host.conformance.reports.overview import (
    MEANINGS,
    Root,
    counts,
    distinct,
    place_text,
    roots,
    row_of,
    scenarios_against,
    what_of,
)
from player_host.conformance.reports.wording import (
    NAME_CHARACTERS,
    count_text,
    shown,
    shown_block,
    some_of,
)
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Finding, Verdict

MOST_SHOWN: Final = 500
"""Of scenarios and of settings; the document for programs has more."""

_MOST_FINDINGS: Final = 10
_MOST_NAMES: Final = 8
_MOST_FILE_CHARACTERS: Final = 32 * 1024
_MOST_DIAGRAMS: Final = 40
_CODE: Final = Markup("<code>{}</code>")


@frozen
class Breach:
    """What the page shows of a root.

    Attributes:
        root: the breach and what follows from it.
        findings: different things that were found, the first ones.
        scenarios: in which it was found, for people.
        conversation: the lines of the shortest conversation; none where there is none.
        diagram: the same as a picture; empty where there is none.
        test: a file for pytest.
    """

    root: Root
    findings: tuple[Finding, ...]
    scenarios: str
    conversation: tuple[Line, ...]
    diagram: Markup
    test: Markup


@frozen
class GroupCoverage:
    """The partner's duties of one group.

    Attributes:
        name: such as `T1-DL`.
        counts: how many are covered how far.
        untouched: those that were not exercised, with the reason.
    """

    name: str
    counts: dict[Coverage, int]
    untouched: tuple[ClauseCoverage, ...]


def page(run: Run) -> str:
    """Return the report of a run as an HTML document, to be written in UTF-8."""
    breaches = [_breach(root, run, i < _MOST_DIAGRAMS) for i, root in enumerate(roots(run))]
    return _template().render(
        run=run,
        breaches=breaches,
        counts=counts(run),
        meanings=MEANINGS,
        coverage=_groups(run),
        kinds=list(Coverage),
        scenarios=run.scenarios[:MOST_SHOWN],
        scenarios_left=len(run.scenarios) - MOST_SHOWN,
        environment=dict(list(run.environment.items())[:MOST_SHOWN]),
        fixture=dict(list(run.fixture.items())[:MOST_SHOWN]),
        results=list(run.results.values())[: 2 * MOST_SHOWN],
        tone=_tone,
        what_of=what_of,
        row_of=row_of,
        place_text=place_text,
        count_text=count_text,
        said=_said,
        clause=_clause,
    )


def _breach(root: Root, run: Run, is_drawn: bool) -> Breach:
    name, example = root.result.requirement, root.counterexample
    lines: tuple[Line, ...] = ()
    if example is not None and is_drawn:
        lines = tuple(conversation_lines(example.entries, example.line))
    return Breach(
        root=root,
        findings=tuple(distinct(root.result.findings)[:_MOST_FINDINGS]),
        scenarios=some_of(scenarios_against(run, name), _MOST_NAMES),
        conversation=lines,
        diagram=sequence_diagram(lines, f"{root.row.id}: {root.what}") if lines else Markup(),
        test=escape(shown_block(example.test if example else "", _MOST_FILE_CHARACTERS)),
    )


def _groups(run: Run) -> list[GroupCoverage]:
    clauses = groupby(coverage(run.results), key=lambda one: one.requirement.group)
    return [_group(name, tuple(rows)) for name, rows in clauses]


def _group(name: str, rows: tuple[ClauseCoverage, ...]) -> GroupCoverage:
    untouched = tuple(one for one in rows if one.coverage is not Coverage.EXERCISED)
    return GroupCoverage(name, dict(counted(rows)), untouched)


def _said(scenario: ScenarioRun) -> str:
    """Return what a scenario says, for people."""
    if not scenario.is_sound:
        return f"says nothing: {shown(scenario.problem)}"
    judged = [one for one in scenario.results.values() if one.verdict is not Verdict.VACUOUS]
    against = [
        f"{one.verdict} {shown(one.requirement, NAME_CHARACTERS)}"
        for one in judged
        if _tone(one.verdict) in {"bad", "doubtful"}
    ]
    return some_of(against, _MOST_NAMES) or f"{count_text(len(judged), 'clause')} judged, all well"


def _clause(text: str) -> Markup:
    """Return the text of a clause, in which names of the protocol stand between backticks."""
    parts = shown(text).split("`")
    said = (_CODE.format(one) if i % 2 else escape(one) for i, one in enumerate(parts))
    return Markup().join(said)


def _tone(verdict: Verdict) -> str:
    """Return the class of a verdict, which has a colour; the word says the same."""
    if verdict in {Verdict.FAIL, Verdict.UNEXPECTED_PASS}:
        return "bad"
    if verdict in {Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.ENGINE_ERROR, Verdict.KNOWN_BAD}:
        return "doubtful"
    return "good" if verdict is Verdict.PASS else "neutral"


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = (resources.files(__package__) / "page.html.jinja").read_text("utf-8")
    return environment.from_string(text)


def _harmless(value: object) -> object:
    """Return what may stand in the page; for every value that the template shows."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return shown(value)
