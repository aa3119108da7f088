"""The kit measured: it is run over plug-ins whose faults are known, and its findings are scored.

The zoo is known by its table alone, `zoo.toml` of the sample partners: which plug-in breaks which
clause, what may show with it, and how short a conversation can show it.
"""

import tomllib
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import anyio
from attrs import evolve, frozen

from partner_api.enums import Capability
from partner_api.service_info import ServiceInfo
from player_host.clock import Clock
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.judge import together
from player_host.conformance.offers import Offer
from player_host.conformance.running import UNUSED_OFFER, Kind, Order, Progress, run
from player_host.conformance.runs import Run
from player_host.conformance.verdicts import Verdict
from player_host.errors import PartnerError, UsageError
from player_host.plugins.instance import Description
from player_host.settings import HostSettings, PartnerSettings
from player_host.units import Seconds

PACKAGE: Final = "sample_partners.zoo"
TABLE: Final = "zoo.toml"
OFFER: Final = Offer(
    tracks=tuple(range(1, 13)),
    refused=(9_000, 9_001, 9_002, 9_003),
    albums={7: (1, 2, 3, 4)},
    lists={3: (5, 6, 9_000)},
    signed_out={"account": ""},
    source="the zoo",
)
PATIENCE: Final = Seconds(0.75)
"""The exhibits answer from memory."""


@frozen
class Exhibit:
    """One plug-in of the zoo.

    Attributes:
        name: as `module:class`.
        primary: the requirement that it breaks; "" for one that breaks none.
        consequences: requirements that may show as broken too.
        calls: the least number of calls of the Player after which it shows.
    """

    name: str
    primary: str = ""
    consequences: frozenset[str] = frozenset()
    calls: int = 0


@frozen
class Score:
    """What the kit made of an exhibit.

    Attributes:
        exhibit: the plug-in.
        found: the requirements that were reported as roots, with whatever seed.
        missed: the seeds with which its fault was not found.
        verdict: of the primary requirement; None for a plug-in that breaks none.
        calls: how many calls the shortest conversation had; 0 where there is none.
        problem: why nothing can be said; "" where it can.
    """

    exhibit: Exhibit
    found: tuple[str, ...] = ()
    missed: tuple[int, ...] = ()
    verdict: Verdict | None = None
    calls: int = 0
    problem: str = ""

    @property
    def is_right(self) -> bool:
        """Whether its fault was found with each seed, and nothing else; nothing, if it has none."""
        return not (self.problem or self.missed or self.strange)

    @property
    def strange(self) -> tuple[str, ...]:
        """What was reported beside the fault and what may show with it."""
        allowed = {self.exhibit.primary, *self.exhibit.consequences}
        return tuple(name for name in self.found if name not in allowed)

    @property
    def is_short(self) -> bool:
        """Whether the counterexample is within one call of the shortest, if it was shortened."""
        return not self.calls or self.calls <= self.exhibit.calls + 1


def read_zoo() -> tuple[Exhibit, ...]:
    """Return the exhibits in the order of the table.

    Raises:
        UsageError: the sample partners are not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise UsageError(
            "the zoo is not installed",
            where=PACKAGE,
            remedy="Install the whole distribution: pip install 'content-partner[host]'",
        )
    tables = tomllib.loads((Path(spec.origin).parent / TABLE).read_text("utf-8"))
    return tuple(_exhibit(table) for table in tables["exhibits"])


async def measure(
    exhibits: tuple[Exhibit, ...],
    clock: Clock,
    folder: Path,
    tell: Callable[[Score, int, int], None],
    *,
    seeds: tuple[int, ...] = (0,),
    jobs: int = 2,
    scenarios: tuple[str, ...] = (),
    is_shortened: bool = True,
) -> tuple[Score, ...]:
    """Run the kit over exhibits and score what it finds.

    The named scenarios, which are the same with every seed, are played once, and what is drawn is
    played for each seed.

    Args:
        exhibits: which; one at least.
        clock: says what time it is.
        folder: where transcripts are made; it exists.
        tell: hears of each score, with its number and how many there are.
        seeds: of what is drawn.
        jobs: how many exhibits are run at the same time.
        scenarios: only those of these names; all of the profile `quick` where there is none.
        is_shortened: whether counterexamples are shortened, which takes most of the time.
    """
    common = Order(
        partner=_settings(exhibits[0], folder),
        table={},
        offer=OFFER,
        folder=folder,
        selected=frozenset(CLAUSES),
        scenarios=scenarios,
        jobs=1,
        is_shortened=is_shortened,
        patience=PATIENCE,
    )
    scores: dict[str, Score] = {}
    limiter = anyio.CapacityLimiter(jobs)

    async def score(number: int, exhibit: Exhibit) -> None:
        async with limiter:
            own = folder / f"{number:03}"
            own.mkdir()
            order = evolve(common, partner=_settings(exhibit, own), folder=own)
            scores[exhibit.name] = await _scored(exhibit, order, seeds, clock)
        tell(scores[exhibit.name], len(scores), len(exhibits))

    async with anyio.create_task_group() as tasks:
        for number, exhibit in enumerate(exhibits):
            tasks.start_soon(score, number, exhibit)
    return tuple(scores[exhibit.name] for exhibit in exhibits)


def _settings(exhibit: Exhibit, folder: Path) -> PartnerSettings:
    return PartnerSettings(exhibit.name, folder / "partners.toml", HostSettings())


async def _scored(exhibit: Exhibit, order: Order, seeds: tuple[int, ...], clock: Clock) -> Score:
    try:
        named = await _ran(evolve(order, kind=Kind.NAMED), clock)
        walks = evolve(order, kind=Kind.DRAWN, confirmed=_roots(named))
        drawn = {}
        for seed in () if order.scenarios else seeds:
            drawn[seed] = await _ran(evolve(walks, seed=seed), clock)
    except PartnerError as error:
        return Score(exhibit, problem=error.what)
    score = _score(exhibit, named, drawn)
    return score if order.is_shortened else evolve(score, calls=0)


async def _ran(order: Order, clock: Clock) -> Run:
    """Carry out an order in a folder of its own."""
    folder = order.folder / f"{order.kind}-{order.seed}"
    folder.mkdir()
    return await run(evolve(order, folder=folder), clock, _NOBODY, _hear_nothing)


def _score(exhibit: Exhibit, named: Run, drawn: Mapping[int, Run]) -> Score:
    runs, primary = (named, *drawn.values()), exhibit.primary
    played = [one for found in runs for one in found.scenarios if one.name != UNUSED_OFFER]
    unsound = [one.problem for one in played if not one.is_sound]
    score = Score(
        exhibit,
        found=tuple(sorted(frozenset[str]().union(*map(_roots, runs)))),
        problem="; ".join(unsound[:1]),
    )
    if not primary:
        return score
    examples = [one for found in runs for one in found.counterexamples]
    return evolve(
        score,
        missed=_missed(primary, named, drawn),
        verdict=together(found.results for found in runs)[primary].verdict,
        calls=next((one.calls for one in examples if one.requirement == primary), 0),
    )


def _missed(primary: str, named: Run, drawn: Mapping[int, Run]) -> tuple[int, ...]:
    """Return the seeds with which a fault is not found: what is named is played with each."""
    if primary in _roots(named):
        return ()
    found = drawn or {named.seed: named}
    return tuple(seed for seed, one in found.items() if primary not in _roots(one))


def _roots(found: Run) -> frozenset[str]:
    results = found.results.items()
    return frozenset(name for name, result in results if result.is_root)


def _exhibit(table: Mapping[str, Any]) -> Exhibit:
    return Exhibit(
        name=table["name"],
        primary=table.get("primary", ""),
        consequences=frozenset(table.get("consequences", ())),
        calls=table.get("calls", 0),
    )


def _hear_nothing(_progress: Progress) -> None:
    """Tell nobody: an exhibit is one step of its own."""


_NOBODY: Final = Description("", ServiceInfo("Zoo", "Zoo", Capability.CONTENT_PARTNER))
