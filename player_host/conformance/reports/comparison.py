"""Two runs side by side: what was fixed, what broke, what else changed."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from player_host.conformance.judge import Result
from player_host.conformance.reports.overview import plugin_text, what_of
from player_host.conformance.reports.wording import NAME_CHARACTERS, shown, some_of, wrapped
from player_host.conformance.runs import Run
from player_host.conformance.verdicts import Verdict

_MOST_SCENARIOS: Final = 4
_FAILING: Final = frozenset({Verdict.FAIL, Verdict.WARN, Verdict.KNOWN_BAD})
_PASSING: Final = frozenset({Verdict.PASS, Verdict.INFO, Verdict.UNEXPECTED_PASS})


class Direction(StrEnum):
    """How a verdict changed."""

    BROKEN = "broken"
    """It fails now, and did not fail before; or it is a duty now that is broken, not advice."""
    FIXED = "fixed"
    """It failed before, and passes now."""
    CHANGED = "changed"
    """All else: a clause that lost its chance is not fixed."""


@frozen
class Change:
    """A requirement of which the two runs say different things.

    Attributes:
        requirement: its id.
        direction: how it changed.
        before: what the first run says; None where it says nothing.
        after: what the second run says; None where it says nothing.
        what_before: what the first run found against it, for people; "" for nothing.
        what_after: what the second run found against it, for people; "" for nothing.
    """

    requirement: str
    direction: Direction
    before: Verdict | None
    after: Verdict | None
    what_before: str
    what_after: str

    @property
    def what(self) -> str:
        """What was found, for people: now, else before."""
        if self.what_after:
            return self.what_after
        return f"before: {self.what_before}" if self.what_before else ""


@frozen
class Circumstance:
    """What differs between the runs beside the partner's behaviour."""

    name: str
    before: str
    after: str


@frozen
class Comparison:
    """What differs between two runs.

    Attributes:
        names: partner and distribution of both runs, for people.
        verdicts: of both runs, as a whole.
        changes: the requirements whose verdict changed, in the order of the catalogue.
        same: how many requirements kept which verdict.
        circumstances: because of what else the runs may differ.
    """

    names: tuple[str, str]
    verdicts: tuple[Verdict, Verdict]
    changes: tuple[Change, ...]
    same: Mapping[Verdict, int] = field(factory=dict)
    circumstances: tuple[Circumstance, ...] = ()

    def of(self, direction: Direction) -> list[Change]:
        """Return the changes of one direction."""
        return [change for change in self.changes if change.direction is direction]


def compare(before: Run, after: Run) -> Comparison:
    """Return what differs between two runs."""
    changes: list[Change] = []
    same: dict[Verdict, int] = {}
    for name in dict.fromkeys((*before.results, *after.results)):
        old, new = before.results.get(name), after.results.get(name)
        if old is not None and new is not None and old.verdict is new.verdict:
            same[new.verdict] = same.get(new.verdict, 0) + 1
        else:
            changes.append(_change(name, old, new))
    return Comparison(
        names=(plugin_text(before), plugin_text(after)),
        verdicts=(before.verdict, after.verdict),
        changes=tuple(sorted(changes, key=lambda one: list(Direction).index(one.direction))),
        same=same,
        circumstances=tuple(_circumstances(before, after)),
    )


def comparison_lines(comparison: Comparison) -> list[str]:
    """Return a comparison for people; no line has anything in it but printable characters."""
    before, after = comparison.names
    verdicts = " -> ".join(verdict.upper() for verdict in comparison.verdicts)
    lines = wrapped(f"{before} -> {after}: {verdicts}")
    said = [f"{len(comparison.of(direction))} {direction}" for direction in Direction]
    lines.append(", ".join((*said, f"{sum(comparison.same.values())} same")))
    for one in comparison.circumstances:
        lines += wrapped(f"not alike: {one.name}: {one.before or '-'} -> {one.after or '-'}")
    for change in comparison.changes:
        verdict = f"{_verdict_text(change.before)} -> {_verdict_text(change.after)}"
        what = f": {change.what}" if change.what else ""
        name = shown(change.requirement, NAME_CHARACTERS)
        lines += wrapped(f"{change.direction.upper()} {name}: {verdict}{what}")
    return lines


def comparison_to_data(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON values, without half a surrogate pair in any text."""
    return {
        "before": {"run": comparison.names[0], "verdict": comparison.verdicts[0].value},
        "after": {"run": comparison.names[1], "verdict": comparison.verdicts[1].value},
        **{
            direction.value: [_change_to_data(one) for one in comparison.of(direction)]
            for direction in Direction
        },
        "same": {verdict.value: count for verdict, count in comparison.same.items()},
        "circumstances": [
            {"name": one.name, "before": one.before, "after": one.after}
            for one in comparison.circumstances
        ],
    }


def _change_to_data(change: Change) -> dict[str, Any]:
    return {
        "requirement": shown(change.requirement, NAME_CHARACTERS),
        "before": None if change.before is None else change.before.value,
        "after": None if change.after is None else change.after.value,
        "what_before": change.what_before,
        "what_after": change.what_after,
    }


def _change(name: str, old: Result | None, new: Result | None) -> Change:
    before = None if old is None else old.verdict
    after = None if new is None else new.verdict
    return Change(
        requirement=name,
        direction=_direction(before, after),
        before=before,
        after=after,
        what_before=_found(old),
        what_after=_found(new),
    )


def _found(result: Result | None) -> str:
    return "" if result is None or not result.findings else what_of(result)


def _direction(before: Verdict | None, after: Verdict | None) -> Direction:
    if after in _FAILING and before not in _FAILING:
        return Direction.BROKEN
    if (before, after) == (Verdict.WARN, Verdict.FAIL):
        return Direction.BROKEN
    if before in _FAILING and after in _PASSING:
        return Direction.FIXED
    return Direction.CHANGED


def _circumstances(before: Run, after: Run) -> list[Circumstance]:
    pairs: list[tuple[str, object, object]] = [
        ("partner", before.partner, after.partner),
        ("profile", before.profile, after.profile),
        ("seed", before.seed, after.seed),
        ("scenarios of one alone", _not_in(after, before), _not_in(before, after)),
        *_settings("environment", before.environment, after.environment),
        *_settings("fixture", before.fixture, after.fixture),
    ]
    return [
        Circumstance(*(shown(str(text), NAME_CHARACTERS) for text in (name, old, new)))
        for name, old, new in pairs
        if old != new
    ]


def _not_in(other: Run, run: Run) -> str:
    """Return the scenarios of a run that the other one does not have."""
    known = {scenario.name for scenario in other.scenarios}
    alone = (one.name for one in run.scenarios if one.name not in known)
    return some_of((shown(name, NAME_CHARACTERS) for name in alone), _MOST_SCENARIOS)


def _settings(
    title: str, before: Mapping[str, str], after: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    return [
        (f"{title} {name}", before.get(name, ""), after.get(name, ""))
        for name in dict.fromkeys((*before, *after))
    ]


def _verdict_text(verdict: Verdict | None) -> str:
    return "not judged" if verdict is None else verdict.value
