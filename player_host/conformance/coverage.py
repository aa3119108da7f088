"""What the results of a run cover: which of the partner's duties were put to the test, and why not.

Pure, like the judge: reports show it, and so do the verbs about the catalogue.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from attrs import frozen

from player_host.conformance.clauses import CLAUSES
from player_host.conformance.judge import Result, Results
from player_host.conformance.publications import judged_requirements
from player_host.conformance.requirements import Requirement, requirements
from player_host.conformance.verdicts import Verdict

PARTNER: Final = "partner"
"""The actor whose duties the kit judges."""

GROUPS: Final = (
    "T1-DL",
    "T1-LIFE",
    "T1-THR",
    "T1-CON",
    "T1-PRC",
    "T1-HR",
    "T1-TSV",
    "T1-TRK",
    "T1-ALB",
    "T1-ART",
    "T1-GEN",
    "T1-LST",
    "T1-RFD",
    "T1-CAT",
    "T1-INFO",
    "T1-ITEM",
)
"""The groups of requirements that the kit judges: the download and what surrounds it."""


class Coverage(StrEnum):
    """How far a requirement was put to the test."""

    EXERCISED = "exercised"
    """It was kept or broken at one place at least."""

    VACUOUS = "vacuous"
    """It was looked for, and nothing gave it a chance."""

    UNIMPLEMENTED = "unimplemented"
    """The partner does without it."""

    UNOBSERVED = "unobserved"
    """Nothing that the kit sees can show it."""

    UNTESTED = "untested"
    """It was not looked for, or it cannot be said how it went."""


@frozen
class ClauseCoverage:
    """How far one requirement was put to the test.

    Attributes:
        requirement: the row of the catalogue.
        coverage: how far.
        reason: why no further, a clause; "" where it was exercised.
        chances: at how many places it could be judged.
    """

    requirement: Requirement
    coverage: Coverage
    reason: str = ""
    chances: int = 0


def coverage(results: Results) -> tuple[ClauseCoverage, ...]:
    """Return what results cover of the partner's duties, in the order of the catalogue.

    Called by reports, with the results of one conversation or of several together. A requirement
    that is missing from the results was not looked for.
    """
    return tuple(_covered(row, results.get(row.id)) for row in duties())


def counted(clauses: Iterable[ClauseCoverage]) -> Mapping[Coverage, int]:
    """Return how many requirements are covered how far; every kind of coverage has its number."""
    counts = Counter(clause.coverage for clause in clauses)
    return {kind: counts[kind] for kind in Coverage}


def duties() -> tuple[Requirement, ...]:
    """Return the partner's rows of the groups that the kit judges, in the catalogue's order."""
    rows = requirements().values()
    return tuple(row for row in rows if row.actor == PARTNER and row.group in GROUPS)


@cache
def published() -> frozenset[str]:
    """Return the requirements that are judged by the published catalogue, by id."""
    return frozenset(judged_requirements())


def why_unchecked(row: Requirement) -> str:
    """Return why no check judges a requirement, a clause; "" where one does."""
    if row.id in CLAUSES or row.id in published():
        return ""
    if row.actor != PARTNER:
        return "it is the Player's duty, not the partner's"
    if row.unobserved:
        return row.unobserved
    if row.group not in GROUPS:
        return f"the kit does not judge the group {row.group} yet"
    return "it has no check yet"


def what_it_takes(name: str) -> str:
    """Return what gives a requirement a chance, where not every run does; "" otherwise."""
    return CLAUSES[name].takes if name in CLAUSES else ""


def _covered(row: Requirement, result: Result | None) -> ClauseCoverage:
    if result is not None:
        kind, reason = _tested(result)
        if kind is Coverage.VACUOUS and (takes := what_it_takes(row.id)):
            reason = f"{reason}: it takes {takes}"
        return ClauseCoverage(row, kind, reason, result.chances)
    reason = why_unchecked(row)
    if reason:
        kind = Coverage.UNOBSERVED if row.unobserved else Coverage.UNTESTED
        return ClauseCoverage(row, kind, reason)
    return ClauseCoverage(row, Coverage.UNTESTED, "it was not looked for in this run")


def _tested(result: Result) -> tuple[Coverage, str]:
    if result.verdict is Verdict.ENGINE_ERROR:
        return Coverage.UNTESTED, "the host, the store or the kit failed"
    if result.verdict in _WENT_SOMEHOW or result.chances > result.total:
        return Coverage.EXERCISED, ""
    return _WENT_NOWHERE[result.verdict]


_WENT_SOMEHOW: Final = frozenset(
    {Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.KNOWN_BAD, Verdict.UNEXPECTED_PASS}
)

_WENT_NOWHERE: Final = {
    Verdict.VACUOUS: (Coverage.VACUOUS, "nothing gave it a chance"),
    Verdict.UNIMPLEMENTED: (
        Coverage.UNIMPLEMENTED,
        "the partner's capabilities say that it does without",
    ),
    Verdict.INFO: (Coverage.UNIMPLEMENTED, "the partner did without it each time"),
    Verdict.INCONCLUSIVE: (Coverage.UNTESTED, "it cannot be said how it went"),
}
