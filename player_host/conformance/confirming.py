"""From a suspicion to the shortest conversation that shows it.

A clause that looked broken is played again, in fresh processes, with the schedule alone: what does
not show each time is inconclusive, never a failure. Then events and tracks are left out, one after
the other, for as long as the clause is still broken and the budget lasts.
"""

from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Final

from attrs import evolve, frozen

from partner_api.calls import PartnerCall
from partner_api.content import ContentContainerList
from player_host.conformance.judge import Result, judge
from player_host.conformance.schedule import (
    Attach,
    AwaitAnswers,
    Event,
    Request,
    Schedule,
    Together,
    requests,
    without,
)
from player_host.conformance.verdicts import Finding, Outcome
from player_host.transcript import Called, Transcript

REPLAYS: Final = 3
MOST_PLAYS: Final = 80

Play = Callable[[Schedule], Awaitable[Transcript]]
"""Plays a schedule to a fresh process."""


@frozen
class Shown:
    """A conversation in which a clause is broken."""

    schedule: Schedule
    transcript: Transcript
    result: Result

    @property
    def finding(self) -> Finding:
        """The first breach."""
        return next(one for one in self.result.findings if one.outcome in _SHOWN)

    @property
    def calls(self) -> int:
        """How many calls of the Player it has."""
        return sum(
            isinstance(entry, Called) and isinstance(entry.call, PartnerCall)
            for entry in self.transcript.entries
        )


async def confirm(schedule: Schedule, requirement: str, play: Play) -> Shown | None:
    """Return the last of three conversations that all show a breach; None if one does not."""
    shown = None
    for _ in range(REPLAYS):
        shown = await _attempt(schedule, requirement, play)
        if shown is None:
            return None
    return shown


async def shorten(shown: Shown, play: Play, *, budget: int = MOST_PLAYS) -> Shown:
    """Return a conversation of which nothing more can be left out within the budget.

    It shows the breach each time, as the one that it was made of: else that one is returned.

    Args:
        shown: where to begin.
        play: plays a schedule to a fresh process.
        budget: so many plays at the most, before the shortest is confirmed.
    """
    confirmed, left, is_shorter = shown, budget, True
    while is_shorter and left:
        is_shorter = False
        for cuts in (_fewer_events, _fewer_tracks):
            shorter, left = await _cut(shown, cuts, play, left)
            is_shorter = is_shorter or shorter is not shown
            shown = shorter
    if shown is confirmed:
        return confirmed
    return await confirm(shown.schedule, shown.result.requirement, play) or confirmed


async def _cut(
    shown: Shown, cuts: Callable[[Shown], Iterator[Schedule]], play: Play, budget: int
) -> tuple[Shown, int]:
    """Cut for as long as something can be cut; return what is left, and what of the budget."""
    while budget:
        current = shown.schedule
        shorter = (one for one in cuts(shown) if one != current)
        for candidate in islice(shorter, budget):
            budget -= 1
            found = await _attempt(candidate, shown.result.requirement, play)
            if found is not None:
                shown = found
                break
        else:
            break
    return shown, budget


async def _attempt(schedule: Schedule, requirement: str, play: Play) -> Shown | None:
    transcript = await play(schedule)
    result = judge(transcript)[requirement]
    if not result.is_root:
        return None
    return Shown(schedule, transcript, result)


def _fewer_events(shown: Shown) -> Iterator[Schedule]:
    """Yield schedules with fewer events: the boldest cuts first.

    The wait for answers is no call and stays with its download: else chance decides what is seen.
    """
    schedule, cookie = shown.schedule, shown.finding.cookie
    if cookie is not None and _cookies(schedule) - {cookie}:
        yield _only(schedule, {cookie})
    places = [n for n, e in enumerate(schedule.events) if n and not isinstance(e, AwaitAnswers)]
    size = len(places) // 2
    while size:
        for start in range(len(places) - size, -1, -size):
            yield _tidy(without(schedule, places[start : start + size]))
        size //= 2
    if places and isinstance(schedule.events[0], Attach):
        # A later start makes an earlier one superfluous.
        yield _tidy(without(schedule, [0]))
    for place, event in enumerate(schedule.events):
        if isinstance(event, Together):
            for n in range(len(event.events)):
                fewer = (*event.events[:n], *event.events[n + 1 :])
                yield _tidy(_with(schedule, place, Together(fewer)))


def _fewer_tracks(shown: Shown) -> Iterator[Schedule]:
    """Yield schedules whose lists are shorter: the boldest cuts first."""
    for place, event in enumerate(shown.schedule.events):
        for less in _with_fewer_tracks(event):
            yield _with(shown.schedule, place, less)


def _with_fewer_tracks(event: Event) -> Iterator[Event]:
    if isinstance(event, Request) and event.items is not None:
        for items in _fewer_items(event.items):
            yield evolve(event, items=items)
    if isinstance(event, Together):
        for n, inner in enumerate(event.events):
            for less in _with_fewer_tracks(inner):
                yield Together((*event.events[:n], less, *event.events[n + 1 :]))


def _tidy(schedule: Schedule) -> Schedule:
    """Return a schedule without what is about downloads that it does not request."""
    return _only(schedule, _cookies(schedule))


def _cookies(schedule: Schedule) -> set[int]:
    return {request.cookie for request in requests(schedule)}


def _only(schedule: Schedule, cookies: set[int]) -> Schedule:
    """Return a schedule without the events about other downloads than these."""
    return evolve(schedule, events=_about(schedule.events, {None, *cookies}))


def _about(events: tuple[Event, ...], cookies: set[int | None]) -> tuple[Event, ...]:
    kept: list[Event] = []
    for event in events:
        if isinstance(event, Together):
            inner = _about(event.events, cookies)
            kept += [Together(inner)] if inner else []
        elif getattr(event, "cookie", None) in cookies:
            kept.append(event)
    return tuple(kept)


def _with(schedule: Schedule, place: int, event: Event) -> Schedule:
    events = (*schedule.events[:place], event, *schedule.events[place + 1 :])
    return evolve(schedule, events=events)


def _fewer_items(items: ContentContainerList) -> Iterator[ContentContainerList]:
    containers = items.containers
    if len(containers) > 1:
        for n in range(len(containers)):
            yield evolve(items, containers=(*containers[:n], *containers[n + 1 :]))
    for n, container in enumerate(containers):
        size = len(container.items) // 2
        while size:
            for start in range(0, len(container.items), size):
                kept = (*container.items[:start], *container.items[start + size :])
                if kept:
                    less = evolve(container, items=kept)
                    yield evolve(items, containers=(*containers[:n], less, *containers[n + 1 :]))
            size //= 2


_SHOWN: Final = frozenset({Outcome.BROKEN, Outcome.TOO_SLOW})
