"""One run of the kit over one partner: scenarios side by side, suspicions confirmed, a verdict."""

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import evolve, field, frozen

from partner_api.calls import PartnerCall
from player_host.clock import Clock
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.confirming import Shown, confirm, shorten
from player_host.conformance.conversation import Breach
from player_host.conformance.counterexamples import counterexample
from player_host.conformance.exploring import explore
from player_host.conformance.judge import Result, Results, judge_conversation, together
from player_host.conformance.offer_use import OfferUse
from player_host.conformance.offers import Offer
from player_host.conformance.orders import short_schedules
from player_host.conformance.reader import read_conversation
from player_host.conformance.runs import Counterexample, Run, ScenarioRun
from player_host.conformance.scenarios import Scenario, for_offer, scenarios
from player_host.conformance.schedule import Needs, Schedule, requests
from player_host.conformance.staging import Cast, Staging
from player_host.conformance.turns import Turns
from player_host.conformance.verdicts import Verdict
from player_host.errors import NothingSelected, PartnerError, PlayerHostError
from player_host.log import get_logger
from player_host.plugins.instance import Description
from player_host.settings import PartnerSettings
from player_host.transcript import Transcript
from player_host.units import Seconds

SCENARIO_DEADLINE: Final = Seconds(120.0)
PATIENCE: Final = {"quick": Seconds(2.0), "full": Seconds(5.0), "exhaustive": Seconds(5.0)}

EXPLORED: Final = {"quick": 3, "full": 20, "exhaustive": 20}
"""How many walks are drawn."""

UNUSED_OFFER: Final = "offer"
"""The name under which a run says that nothing of the offer was granted."""

_log = get_logger(__name__)


class Kind(StrEnum):
    """Which of a profile's scenarios are played."""

    ALL = "all"
    NAMED = "named"
    DRAWN = "drawn"


@frozen
class Order:
    """What is to be run.

    Attributes:
        partner: the plug-in and how the host treats it.
        table: its settings.
        offer: what it is asked for.
        folder: where transcripts and the plug-in's folders are made; it exists and is empty.
        selected: the requirements that count.
        profile: `quick`, `full` or `exhaustive`.
        kind: which scenarios of the profile.
        scenarios: of those, only the ones of these names; all of them where there is none.
        seed: of everything that is drawn.
        jobs: how many scenarios run at the same time.
        expected: requirements that are known to fail, with the reason.
        is_shortened: whether counterexamples are shortened.
        confirmed: requirements whose breach was confirmed before, and need not be again.
        patience: how long the plug-in may be silent while it owes answers; None for the profile's.
        sample_store: whether its store is the sample store, started for the run.
        turns: of all that plays on this event loop.
    """

    partner: PartnerSettings
    table: Mapping[str, Any] = field(repr=False)
    offer: Offer
    folder: Path
    selected: frozenset[str]
    profile: str = "quick"
    kind: Kind = Kind.ALL
    scenarios: tuple[str, ...] = ()
    seed: int = 0
    jobs: int = 2
    expected: Mapping[str, str] = field(factory=dict)
    is_shortened: bool = True
    confirmed: frozenset[str] = frozenset()
    patience: Seconds | None = None
    sample_store: bool = False
    turns: Turns = field(factory=Turns, repr=False)


@frozen
class Progress:
    """How far a run is: told after each scenario and each confirmation."""

    done: int
    total: int
    what: str
    verdict: Verdict | None = None


async def run(
    order: Order, clock: Clock, description: Description, tell: Callable[[Progress], None]
) -> Run:
    """Run every scenario of a profile, confirm what looks broken, and say what was found.

    Args:
        order: what is to be run.
        clock: says what time it is.
        description: what the plug-in says of itself.
        tell: hears of each step; has to return at once.

    Raises:
        NothingSelected: the order names a scenario that there is not.
        PartnerError: the plug-in cannot be started.
    """
    return await _Running(order, clock, description, tell).run()


class _Running:
    def __init__(
        self,
        order: Order,
        clock: Clock,
        description: Description,
        tell: Callable[[Progress], None],
    ) -> None:
        self._order = order
        self._clock = clock
        self._description = description
        self._tell = tell
        self._done = 0
        self._ran: dict[str, ScenarioRun] = {}
        self._calls: dict[str, int] = {}
        self._use = OfferUse(order.offer)
        self._playing = anyio.CancelScope()
        self._first = ""
        self._will_not_start: PartnerError | None = None
        patience = order.patience or PATIENCE[order.profile]
        cast = Cast(order.partner, order.table, order.offer)
        self._staging = Staging(cast, order.folder, clock, patience)

    async def run(self) -> Run:
        begin, started_at = time.monotonic(), self._clock.now()
        chosen = self._chosen()
        limiter = anyio.CapacityLimiter(self._order.jobs)
        self._first = chosen[0].name if chosen and chosen[0].schedule.needs == Needs() else ""
        async with anyio.create_task_group() as tasks:
            self._playing = tasks.cancel_scope
            for scenario in chosen:
                tasks.start_soon(self._run_scenario, scenario, len(chosen), limiter)
        if self._will_not_start is not None:
            raise self._will_not_start
        ran = [self._ran[scenario.name] for scenario in chosen]
        if self._use.problem:
            ran.append(ScenarioRun(UNUSED_OFFER, {}, problem=self._use.problem))
        results = self._only_selected(together(one.results for one in ran if one.is_sound))
        confirmed, counterexamples = await self._confirm(results, chosen)
        return Run(
            partner=self._order.partner.name,
            distribution=f"{self._description.distribution} {self._description.version}".strip(),
            profile=self._order.profile,
            seed=self._order.seed,
            started_at=started_at,
            seconds=time.monotonic() - begin,
            results={n: _weighed(result, self._order.expected) for n, result in confirmed.items()},
            scenarios=tuple(ran),
            counterexamples=counterexamples,
            environment=_environment(),
            fixture=_fixture(self._use),
        )

    def _chosen(self) -> tuple[Scenario, ...]:
        named = () if self._order.kind is Kind.DRAWN else scenarios(self._order.offer)
        drawn = () if self._order.kind is Kind.NAMED else self._drawn()
        every, names = (*named, *drawn), self._order.scenarios
        if not names:
            return tuple(one for one in every if one.is_quick or self._order.profile != "quick")
        for name in names:
            if name not in {one.name for one in every}:
                raise NothingSelected(
                    f"there is no scenario {name!r}",
                    remedy=f"There are: {', '.join(one.name for one in every)}",
                )
        return tuple(one for one in every if one.name in names)

    def _drawn(self) -> tuple[Scenario, ...]:
        """Return what the profile adds to the named scenarios."""
        order = self._order
        drawn = explore(order.offer, EXPLORED[order.profile], order.seed)
        orders = short_schedules(order.offer) if order.profile == "exhaustive" else ()
        return tuple(Scenario(for_offer(one, order.offer)) for one in (*drawn, *orders))

    async def _run_scenario(
        self, scenario: Scenario, total: int, limiter: anyio.CapacityLimiter
    ) -> None:
        async with limiter:
            begin = time.monotonic()
            ran = await self._attempt(scenario)
            self._ran[scenario.name] = evolve(ran, seconds=time.monotonic() - begin)
        self._done += 1
        verdict = _worst(ran.results) if ran.is_sound else None
        self._tell(Progress(self._done, total, scenario.name, verdict))

    async def _attempt(self, scenario: Scenario) -> ScenarioRun:
        """Play a scenario; whatever goes wrong on this side says nothing about the partner."""
        try:
            async with self._order.turns.beside_others():
                with anyio.fail_after(SCENARIO_DEADLINE):
                    transcript = await self._staging.play(scenario.schedule)
        except TimeoutError:
            problem = f"it was not over after {SCENARIO_DEADLINE:g} s"
        except PartnerError as error:
            problem = f"the plug-in could not be started: {error.what}"
            if scenario.name == self._first:
                self._will_not_start = error
                self._playing.cancel()
        except PlayerHostError as error:
            problem = str(error)
        except Exception as error:
            _log.error("conformance.scenario_failed", scenario=scenario.name, exc_info=error)
            problem = f"a fault of the kit: {type(error).__name__}: {error}"
        else:
            talk = read_conversation(transcript)
            if talk.player_breaches:
                return ScenarioRun(scenario.name, {}, problem=_own_fault(talk.player_breaches[0]))
            self._calls[scenario.name] = sum(1 for _ in talk.of(PartnerCall))
            if scenario.schedule.needs == Needs():
                self._use.note(talk)
            results = self._only_selected(judge_conversation(talk))
            return ScenarioRun(scenario.name, results, transcript=str(transcript.header["file"]))
        return ScenarioRun(scenario.name, {}, problem=problem)

    async def _confirm(
        self, results: Results, chosen: Iterable[Scenario]
    ) -> tuple[Results, tuple[Counterexample, ...]]:
        """Play again, alone, what looked broken; shorten what is."""
        confirmed, examples = dict(results), []
        roots = [result for result in results.values() if result.is_root]
        open_ones = [r for r in roots if r.requirement not in self._order.confirmed]
        for number, result in enumerate(open_ones, 1):
            shown = await self._confirmed(result, chosen)
            if shown is None:
                confirmed[result.requirement] = _unconfirmed(result)
            else:
                examples.append(self._example(shown))
            self._tell(Progress(number, len(open_ones), result.requirement, result.verdict))
        return confirmed, tuple(examples)

    async def _confirmed(self, result: Result, chosen: Iterable[Scenario]) -> Shown | None:
        for scenario in sorted(chosen, key=self._effort):
            found = self._ran[scenario.name].results.get(result.requirement)
            if found is None or not found.is_root:
                continue
            if CLAUSES[result.requirement].is_timed:
                async with self._order.turns.alone():
                    play = self._staging.play
                    shown = await confirm(scenario.schedule, result.requirement, play)
            else:
                shown = await confirm(scenario.schedule, result.requirement, self._play)
            if shown is not None:
                is_known = result.requirement in self._order.expected
                if self._order.is_shortened and not is_known:
                    return await shorten(shown, self._play)
                return shown
        return None

    async def _play(self, schedule: Schedule) -> Transcript:
        async with self._order.turns.beside_others():
            return await self._staging.play(schedule)

    def _effort(self, scenario: Scenario) -> tuple[int, int]:
        """Return how much a scenario takes: what shows in little is short sooner."""
        return len(requests(scenario.schedule)), self._calls.get(scenario.name, 0)

    def _example(self, shown: Shown) -> Counterexample:
        order = self._order
        return counterexample(order.partner.name, shown, sample_store=order.sample_store)

    def _only_selected(self, results: Results) -> Results:
        return {name: r for name, r in results.items() if name in self._order.selected}


def joined(found: Run, published: Results, problem: str, order: Order) -> Run:
    """Return a run with what the published catalogue says.

    Args:
        found: the run.
        published: the results of the catalogue; empty where there is none.
        problem: why there is none; "" where there is one.
        order: what was to be run.
    """
    if not published and not problem:
        return found
    chosen = {
        name: _weighed(result, order.expected)
        for name, result in published.items()
        if name in order.selected
    }
    results = together((found.results, chosen))
    scenario = ScenarioRun("catalogue", chosen, problem=problem)
    return evolve(found, results=results, scenarios=(*found.scenarios, scenario))


def _own_fault(breach: Breach) -> str:
    """Say what the simulated Player did wrong: nothing is said about the partner then."""
    return f"a fault of the kit: {breach}"


def _unconfirmed(result: Result) -> Result:
    """Return what is said of a breach that does not show each time.

    A clause about time has been played alone now: the best of three counts.
    """
    if CLAUSES[result.requirement].is_timed:
        return Result(result.requirement, Verdict.PASS, result.chances)
    return evolve(result, verdict=Verdict.INCONCLUSIVE)


def _weighed(result: Result, expected: Mapping[str, str]) -> Result:
    """Weigh a result against the file of expected failures."""
    if result.requirement not in expected:
        return result
    if result.is_broken:
        return evolve(result, verdict=Verdict.KNOWN_BAD)
    if result.verdict is Verdict.PASS:
        return evolve(result, verdict=Verdict.UNEXPECTED_PASS)
    return result


def _worst(results: Results) -> Verdict:
    found = {result.verdict for result in results.values()}
    order = (Verdict.FAIL, Verdict.WARN, Verdict.INCONCLUSIVE)
    mildest = Verdict.VACUOUS if found <= {Verdict.VACUOUS} else Verdict.PASS
    return next((verdict for verdict in order if verdict in found), mildest)


def _environment() -> dict[str, str]:
    return {
        "player-host": version("content-partner"),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }


def _fixture(use: OfferUse) -> dict[str, str]:
    offer = use.offer
    return {
        "source": offer.source,
        "tracks": str(len(offer.tracks)),
        "granted": str(len(use.granted)),
        "refused": str(len(offer.refused)),
        "albums": str(len(offer.albums)),
        "lists": str(len(offer.lists)),
    }
