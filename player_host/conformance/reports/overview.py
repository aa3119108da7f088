"""What every report begins with: roots before consequences, and the counts."""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from player_host.conformance.judge import Result
from player_host.conformance.reports.wording import NAME_CHARACTERS, SENTENCE_CHARACTERS, shown
from player_host.conformance.requirements import Level, Provenance, Requirement, requirements
from player_host.conformance.runs import Counterexample, Run
from player_host.conformance.verdicts import SEVEREST_FIRST, Finding, Verdict

AGAINST: Final = (Verdict.FAIL, Verdict.UNEXPECTED_PASS, Verdict.WARN)
"""What is reported first, each with its evidence."""

MEANINGS: Final[Mapping[Verdict, str]] = {
    Verdict.FAIL: "a duty that the documents state was broken",
    Verdict.UNEXPECTED_PASS: "it passed, and the file of expected failures says that it fails",
    Verdict.WARN: "advice was not followed, or a duty was broken that is inferred or settled here",
    Verdict.ENGINE_ERROR: "the host, the store or the kit failed",
    Verdict.INCONCLUSIVE: "there was a chance, and it cannot be said how it went",
    Verdict.KNOWN_BAD: "it failed, as the file of expected failures says",
    Verdict.PASS: "there was a chance, and the clause was kept each time",
    Verdict.INFO: "the partner does without something that it may do without",
    Verdict.UNIMPLEMENTED: "the partner's capabilities say that it does not have this",
    Verdict.VACUOUS: "nothing gave the clause a chance",
}
"""What a verdict says, for people; the severest first."""


@frozen
class Root:
    """A breach and what comes of it.

    Attributes:
        row: the clause.
        result: what is said about it.
        consequences: the breaches that it brought about, also by way of one another.
        counterexample: the shortest conversation that shows it, if there is one.
    """

    row: Requirement
    result: Result
    consequences: tuple[Result, ...]
    counterexample: Counterexample | None

    @property
    def what(self) -> str:
        """What was found, for people."""
        if self.counterexample is not None:
            return shown(self.counterexample.what, SENTENCE_CHARACTERS)
        return what_of(self.result)


def roots(run: Run) -> list[Root]:
    """Return the breaches that no other one brought about, the severest first."""
    causes = {name: _cause(result, run) for name, result in run.results.items()}
    examples = {one.requirement: one for one in reversed(run.counterexamples)}
    found = [
        Root(
            row_of(name),
            result,
            tuple(run.results[n] for n, cause in causes.items() if cause == name != n),
            examples.get(name),
        )
        for name, result in run.results.items()
        if result.verdict in AGAINST and causes[name] == name
    ]
    return sorted(found, key=lambda root: AGAINST.index(root.result.verdict))


def plugin_text(run: Run) -> str:
    """Return the partner's name, and whose plug-in it is where that is known."""
    name = shown(run.partner, NAME_CHARACTERS)
    if not run.distribution:
        return name
    return f"{name} ({shown(run.distribution, NAME_CHARACTERS)})"


def of_verdict(run: Run, verdict: Verdict) -> list[Result]:
    """Return the results with a verdict."""
    return [result for result in run.results.values() if result.verdict is verdict]


def counts(run: Run) -> dict[Verdict, int]:
    """Return how many requirements got which verdict, the severest first, without zeros."""
    found = {verdict: len(of_verdict(run, verdict)) for verdict in SEVEREST_FIRST}
    return {verdict: count for verdict, count in found.items() if count}


def counts_text(run: Run) -> str:
    """Return the counts on one line."""
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts(run).items())
    return said or "no requirement was judged"


def row_of(name: str) -> Requirement:
    """Return the row of a requirement, also of one that only another version of the kit has."""
    row = requirements().get(name)
    if row is not None:
        return row
    text = "This version of the kit has no such requirement."
    return Requirement(
        shown(name, NAME_CHARACTERS), "", Level.OPEN, "", text, "", Provenance.SETTLED, ""
    )


def what_of(result: Result) -> str:
    """Return what was found first, for people; what the verdict means where nothing was."""
    for finding in result.findings:
        if finding.what:
            return shown(finding.what)
    return MEANINGS[result.verdict]


def distinct(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that say something, each sentence once."""
    by_sentence: dict[str, Finding] = {}
    for finding in findings:
        if finding.what:
            by_sentence.setdefault(finding.what, finding)
    return list(by_sentence.values())


def place_text(finding: Finding) -> str:
    """Return where a finding was made; "" where it does not say."""
    named = (
        ("line", finding.line or None),
        ("download", finding.cookie),
        ("track", finding.track_id),
    )
    return ", ".join(f"{name} {number}" for name, number in named if number is not None)


def scenarios_against(run: Run, name: str) -> list[str]:
    """Return the names of the scenarios in which a requirement got the verdict of the run."""
    verdict = run.results[name].verdict
    return [
        shown(scenario.name, NAME_CHARACTERS)
        for scenario in run.scenarios
        if name in scenario.results and scenario.results[name].verdict is verdict
    ]


def _cause(result: Result, run: Run) -> str:
    """Return the root of a breach: the last in the chain that is reported itself.

    A document that somebody wrote by hand may lead in a circle: then a breach is its own root.
    """
    seen = [result.requirement]
    while result.follows_from:
        cause = run.results.get(result.follows_from)
        if cause is None or cause.verdict not in AGAINST:
            break
        if cause.requirement in seen:
            return seen[0]
        seen.append(cause.requirement)
        result = cause
    return seen[-1]
