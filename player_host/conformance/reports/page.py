"""The report as one HTML file, for a browser without network: no script, no font, no picture.

`page.html.jinja` is the page, with `conversation.html.jinja` for a sequence diagram and `page.css`
for what it looks like: on a wide and on a narrow screen, in the dark, on paper.

Every text that the template shows goes through `shown` and then through the escaping of HTML; the
page's own policy forbids to load or to run anything, should both fail.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Final

from attrs import frozen
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from player_host.conformance.coverage import ClauseCoverage, Coverage, counted, coverage
from player_host.conformance.reports.diagram import Row, sequence_diagram
from player_host.conformance.reports.lines import Line, conversation_lines
from player_host.conformance.reports.overview import (
    MEANINGS,
    Root,
    counts,
    counts_text,
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
from player_host.conformance.runs import Counterexample, Run, ScenarioRun
from player_host.conformance.verdicts import Finding, Verdict

MOST_SHOWN: Final = 500
"""Of scenarios and of settings; the document for programs has more."""

_MOST_FINDINGS: Final = 10
_MOST_NAMES: Final = 8
_MOST_FILE_CHARACTERS: Final = 32 * 1024
_MOST_DIAGRAMS: Final = 40
_CODE: Final = Markup("<code>{}</code>")

_KINDS: Final[Mapping[Coverage, str]] = {
    Coverage.EXERCISED: "kept or broken at one place at least",
    Coverage.VACUOUS: "looked for, and nothing gave it a chance",
    Coverage.UNIMPLEMENTED: "the partner does without it",
    Coverage.UNOBSERVED: "nothing that the kit sees can show it",
    Coverage.UNTESTED: "not looked for, or it cannot be said how it went",
}


@frozen
class Breach:
    """What the page shows of a root.

    Attributes:
        root: the breach and what follows from it.
        findings: different things that were found, the first ones.
        scenarios: in which it was found, for people.
        conversation: the lines of the shortest conversation; none where there is none.
        diagram: the same as the rows of a sequence diagram.
        caption: of the diagram.
        test: a file for pytest.
    """

    root: Root
    findings: tuple[Finding, ...]
    scenarios: str
    conversation: tuple[Line, ...]
    diagram: tuple[Row, ...]
    caption: str
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
    covered = coverage(run.results)
    return _template().render(
        run=run,
        partner=shown(run.partner, NAME_CHARACTERS),
        distribution=shown(run.distribution, NAME_CHARACTERS),
        begun=run.started_at.isoformat(" ", "seconds").replace("+00:00", " UTC"),
        breaches=breaches,
        counts=counts(run),
        counts_text=counts_text,
        meanings=MEANINGS,
        coverage=_groups(covered),
        total=counted(covered),
        kinds=_KINDS,
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
        breakable=_breakable,
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
        diagram=sequence_diagram(lines),
        caption=_caption(example),
        test=escape(shown_block(example.test if example else "", _MOST_FILE_CHARACTERS)),
    )


def _caption(example: Counterexample | None) -> str:
    if example is None:
        return ""
    scenario, calls = shown(example.scenario, NAME_CHARACTERS), count_text(example.calls, "call")
    return f"The shortest conversation that shows it, found in {scenario}: {calls} of the Player"


def _groups(covered: Sequence[ClauseCoverage]) -> list[GroupCoverage]:
    clauses = groupby(covered, key=lambda one: one.requirement.group)
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


def _breakable(name: str) -> Markup:
    """Return a name that may go on in the next line after each of its parts."""
    return Markup("<wbr>").join(re.split(r"(?<=[.:/_-])", name))


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
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja")


def _source(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")


def _harmless(value: object) -> object:
    """Return what may stand in the page; for every value that the template shows."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return shown(value)
