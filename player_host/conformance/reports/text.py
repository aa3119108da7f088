"""The report for people: plain lines, the breaches first, then what else there is to say."""

from collections.abc import Iterator
from typing import Final

from player_host.conformance.coverage import what_it_takes
from player_host.conformance.judge import Result
from player_host.conformance.reports.lines import conversation_lines
from player_host.conformance.reports.overview import (
    MEANINGS,
    Root,
    counts_text,
    distinct,
    of_verdict,
    place_text,
    plugin_text,
    roots,
    row_of,
    scenarios_against,
    what_of,
)
from player_host.conformance.reports.wording import (
    NAME_CHARACTERS,
    count_text,
    shown,
    some_of,
    wrapped,
)
from player_host.conformance.runs import Counterexample, Run
from player_host.conformance.verdicts import Verdict

_MOST_FINDINGS: Final = 3
_MOST_SCENARIOS: Final = 20
_MOST_NAMES: Final = 4

_WITH_REASONS: Final = (Verdict.ENGINE_ERROR, Verdict.INCONCLUSIVE, Verdict.KNOWN_BAD, Verdict.INFO)
_WITH_NAMES: Final = (Verdict.UNIMPLEMENTED, Verdict.VACUOUS)


def report_lines(run: Run) -> list[str]:
    """Return the report of a run; no line has anything in it but printable characters."""
    lines = list(_summary(run))
    for root in roots(run):
        lines += ["", *root_lines(root, run)]
    lines += ["", *_rest(run)]
    return lines


def root_lines(root: Root, run: Run) -> Iterator[str]:
    """Yield a breach: the clause, what was found, the conversation, what follows from it."""
    row, result = root.row, root.result
    yield f"{result.verdict.upper()} {row.id}  ({row.level}, {row.provenance})"
    yield from wrapped(f'"{row.text}"', "  ", "")
    yield from wrapped(f"found: {root.what}", "  ")
    yield from _further(root)
    names = scenarios_against(run, result.requirement)
    if names:
        yield from wrapped(f"in: {some_of(names, _MOST_NAMES)}", "  ")
    for consequence in root.consequences:
        said = f"{consequence.verdict.upper()} {shown(consequence.requirement, NAME_CHARACTERS)}"
        yield from wrapped(f"follows from it: {said}: {what_of(consequence)}", "  ")
    if result.follows_from:
        cause = run.results.get(result.follows_from)
        said = "not in this report" if cause is None else str(cause.verdict)
        yield f"  follows from {shown(result.follows_from, NAME_CHARACTERS)} ({said})"
    if root.counterexample is not None:
        yield from _conversation(root.counterexample)


def _summary(run: Run) -> Iterator[str]:
    yield f"{plugin_text(run)}: {run.verdict.upper()}"
    scenarios = count_text(len(run.scenarios), "scenario")
    profile = shown(run.profile, NAME_CHARACTERS)
    yield counts_text(run)
    yield f"profile {profile}, seed {run.seed}, {scenarios}, {run.seconds:.1f} s"


def _further(root: Root) -> Iterator[str]:
    """Yield what else was found, and at which places where no conversation shows it."""
    result = root.result
    if root.counterexample is None:
        places = filter(None, map(place_text, result.findings))
        at = some_of(dict.fromkeys(places), _MOST_FINDINGS)
        if at:
            yield from wrapped(f"at: {at}", "  ")
    said = [shown(f.what) for f in distinct(result.findings) if shown(f.what) != root.what]
    for what in said[: _MOST_FINDINGS - 1]:
        yield from wrapped(f"also: {what}", "  ")
    if result.total > 1:
        yield f"  {count_text(result.total, 'finding')} at {count_text(result.chances, 'place')}"


def _conversation(example: Counterexample) -> Iterator[str]:
    scenario = shown(example.scenario, NAME_CHARACTERS)
    calls = count_text(example.calls, "call")
    yield f"  the shortest conversation, found in {scenario}, {calls} of the Player:"
    for line in conversation_lines(example.entries, example.line):
        yield f"  {line}"


def _rest(run: Run) -> Iterator[str]:
    """Yield what is not against the partner, and the scenarios that say nothing."""
    yield f"{len(of_verdict(run, Verdict.PASS))} passed"
    for verdict in _WITH_REASONS:
        found = of_verdict(run, verdict)
        if found:
            yield from _titled(verdict, found)
            for result in found:
                yield from wrapped(f"{_id(result)}: {what_of(result)}", "  ")
    for verdict in _WITH_NAMES:
        found = of_verdict(run, verdict)
        if found:
            yield from _titled(verdict, found)
            yield from wrapped(", ".join(map(_named, found)), "  ", "")
    silent = [scenario for scenario in run.scenarios if not scenario.is_sound]
    if silent:
        every = count_text(len(run.scenarios), "scenario")
        yield f"{len(silent)} of {every} cannot be relied on"
    for scenario in silent[:_MOST_SCENARIOS]:
        name = shown(scenario.name, NAME_CHARACTERS)
        yield from wrapped(f"{name}: {shown(scenario.problem)}", "  ")
    if len(silent) > _MOST_SCENARIOS:
        yield f"  and {len(silent) - _MOST_SCENARIOS} more"


def _titled(verdict: Verdict, found: list[Result]) -> Iterator[str]:
    yield f"{len(found)} {verdict} ({MEANINGS[verdict]})"


def _named(result: Result) -> str:
    takes = what_it_takes(result.requirement) if result.verdict is Verdict.VACUOUS else ""
    return f"{_id(result)} (it takes {takes})" if takes else _id(result)


def _id(result: Result) -> str:
    return row_of(result.requirement).id
