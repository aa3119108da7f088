"""From a suspicion to the shortest conversation that shows it.

A clause that looked broken is played again, in fresh processes, with the schedule alone: what does
not show each time is inconclusive, never a failure. Then events and tracks are left out, one after
the other, for as long as the clause is still broken and the budget lasts.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from attrs import evolve, frozen

from partner_api.calls import PartnerCall
from partner_api.content import ContentContainerList
from player_host.conformance.judge import Result, judge
from player_host.conformance.schedule import Attach, Request, Schedule, Together, without
from player_host.conformance.verdicts import Finding, Outcome, Verdict
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
    confirmed, plays, is_shorter = shown, 0, True
    while is_shorter and plays < budget:
        is_shorter = False
        for candidate in _shorter(shown.schedule):
            if plays >= budget:
                break
            plays += 1
            found = await _attempt(candidate, shown.result.requirement, play)
            if found is not None:
                shown, is_shorter = found, True
                break
    if shown is confirmed:
        return confirmed
    return await confirm(shown.schedule, shown.result.requirement, play) or confirmed


async def _attempt(schedule: Schedule, requirement: str, play: Play) -> Shown | None:
    transcript = await play(schedule)
    result = judge(transcript)[requirement]
    if result.verdict not in {Verdict.FAIL, Verdict.WARN} or result.follows_from:
        return None
    return Shown(schedule, transcript, result)


def _shorter(schedule: Schedule) -> Iterator[Schedule]:
    """Yield schedules that are a little shorter: the boldest cuts first."""
    count = len(schedule.events)
    size = count // 2
    while size:
        for start in range(count - size, 0, -size):
            yield without(schedule, range(start, start + size))
        size //= 2
    if count > 1 and isinstance(schedule.events[0], Attach):
        # A later start makes an earlier one superfluous.
        yield without(schedule, [0])
    for place, event in enumerate(schedule.events):
        if isinstance(event, Together):
            for n in range(len(event.events)):
                fewer = (*event.events[:n], *event.events[n + 1 :])
                yield _with(schedule, place, Together(fewer))
        if isinstance(event, Request) and event.items is not None:
            for items in _fewer_items(event.items):
                yield _with(schedule, place, evolve(event, items=items))


def _with(schedule: Schedule, place: int, event: Request | Together) -> Schedule:
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
