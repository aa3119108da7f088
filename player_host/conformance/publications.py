"""The judge of the catalogue that a partner publishes: a verdict for each clause that it shows.

What is found wrong, `player_host.catalog.inspection` says; here it gets its weight. What
installing refuses is a `FAIL` where the documents demand it and a `WARN` where this project
infers or settled it. What installing takes all the same, with a warning, is never more than a
`WARN`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from player_host.catalog.breaches import CatalogBreach
from player_host.catalog.inspection import Inspection, inspect_catalog
from player_host.conformance.judge import MOST_FINDINGS, Result, Results
from player_host.conformance.requirements import Level, Provenance, requirement, requirements
from player_host.conformance.verdicts import Finding, Outcome, Verdict

GROUPS: Final = frozenset({"T1-TSV", "T1-TRK", "T1-ALB", "T1-ART", "T1-GEN", "T1-LST", "T1-RFD"})
"""The groups of requirements about the tables."""

FURTHER: Final = ("T1-CON-13", "T1-CAT-07", "T1-CAT-17", "T1-CAT-22")
"""Requirements of other groups that a catalogue shows as well."""

ANNOUNCED: Final = "T1-CAT-03"
"""The requirement that a catalogue shows where it is known what was said of its version."""

_OF_THE_PLAYER: Final = "it is the Player's duty, not the partner's"
_OF_THE_COMPILER: Final = "it is about the compiler, and only what it made is published"
_TOLERANCE: Final = "it settles what the Player makes of a row; no row can break it"

UNSHOWN: Final[Mapping[str, str]] = {
    "T1-TRK-09": _OF_THE_PLAYER,
    "T1-TRK-10": _OF_THE_PLAYER,
    "T1-TRK-11": _OF_THE_PLAYER,
    "T1-GEN-03": _OF_THE_PLAYER,
    "T1-RFD-08": _OF_THE_PLAYER,
    "T1-TSV-08": _OF_THE_COMPILER,
    "T1-TSV-09": _OF_THE_COMPILER,
    "T1-TSV-10": _OF_THE_COMPILER,
    "T1-TSV-11": _OF_THE_COMPILER,
    "T1-TSV-12": _OF_THE_COMPILER,
    "T1-TSV-13": _OF_THE_COMPILER,
    "T1-TRK-13": _TOLERANCE,
    "T1-ALB-09": _TOLERANCE,
    "T1-LST-13": _TOLERANCE,
}
"""The requirements of the groups that no catalogue shows, and why."""


def judged_requirements() -> tuple[str, ...]:
    """Return the ids that every judgement of a catalogue has a result for."""
    of_tables = (row.id for row in requirements().values() if row.group in GROUPS)
    return (*(name for name in of_tables if name not in UNSHOWN), *FURTHER)


def judge_catalog(path: Path, announced_version: int | None = None) -> Results:
    """Return what a published catalogue says about each clause that it can show.

    Called by the runner, on a thread of its own: 100,000 tracks take seconds. The line of a
    finding is the number of its row.

    Args:
        path: what the partner offers to a Player that has no catalogue, as it is downloaded; or
            a folder with the eight tables. An update leaves the clauses about tables vacuous.
        announced_version: what `GetCatalogURL` said of its version; None where nobody asked.

    Raises:
        CatalogError: it cannot be read, so that nothing can be said about the partner.
    """
    return judge_inspection(inspect_catalog(path, announced_version))


def judge_inspection(inspection: Inspection) -> Results:
    """Return what an inspection says about each clause that it can show; pure."""
    announced = (ANNOUNCED,) if inspection.chances[ANNOUNCED] else ()
    return {name: _result(name, inspection) for name in (*judged_requirements(), *announced)}


def _result(name: str, inspection: Inspection) -> Result:
    found = [breach for breach in inspection.breaches if breach.requirement == name]
    found.sort(key=_gravity)
    return Result(
        name,
        _verdict(name, found, inspection),
        inspection.chances[name],
        tuple(map(_finding, found[:MOST_FINDINGS])),
        inspection.totals[name],
        _root(found),
    )


def _verdict(name: str, found: list[CatalogBreach], inspection: Inspection) -> Verdict:
    if found and not found[0].is_open:
        row = requirement(name)
        is_law = row.level is Level.MUST and row.provenance is Provenance.STATED
        return Verdict.FAIL if is_law and found[0].is_refusal else Verdict.WARN
    if found or not inspection.is_whole:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if inspection.chances[name] else Verdict.VACUOUS


def _gravity(breach: CatalogBreach) -> tuple[bool, bool]:
    return breach.is_open, breach.is_warning


def _root(found: list[CatalogBreach]) -> str:
    """Return of what the findings are consequences, where all of them are."""
    roots = [breach.follows_from for breach in found]
    return roots[0] if roots and all(roots) else ""


def _finding(breach: CatalogBreach) -> Finding:
    outcome = Outcome.OPEN if breach.is_open else Outcome.BROKEN
    return Finding(outcome, breach.row, str(breach))
