"""A run of the kit from beginning to end: what a partner offers, its scenarios, its catalogue.

`running` plays scenarios; here is what comes before and after them, for whoever has an `Order` and
wants a `Run`. Test runs of several processes share one run, and take their endings from it.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from attrs import evolve, frozen
from filelock import FileLock

from player_host.clock import Clock, SystemClock
from player_host.conformance.judge import Result, Results
from player_host.conformance.offers import Offer, read_offers
from player_host.conformance.publications import judge_catalog, judged_requirements
from player_host.conformance.reports.document import run_from_text, run_to_text
from player_host.conformance.reports.overview import AGAINST, Root, roots, what_of
from player_host.conformance.reports.text import root_lines
from player_host.conformance.reports.wording import shown, some_of
from player_host.conformance.running import Order, Progress, joined, run
from player_host.conformance.runs import Run
from player_host.conformance.shopping import Shopped, shop
from player_host.conformance.stage import Setting
from player_host.conformance.verdicts import Verdict
from player_host.errors import (
    CatalogError,
    NothingSelected,
    PartnerCallFailed,
    PlayerHostError,
    TransferError,
    UsageError,
    only_cause,
)
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Description
from player_host.plugins.output import Scrubber
from player_host.settings import PartnerSettings, file_name_of
from player_host.units import Seconds

FIXTURE: Final = "conformance.toml"
PATIENCE: Final = Seconds(5.0)
"""How long a plug-in may be silent when it is asked for its catalogue."""

SCENARIOS: Final = "scenarios"
"""The check, beside those of requirements, that every scenario says something."""

MOST_PROBLEMS: Final = 5
"""So many scenarios that say nothing are told."""


class Ending(StrEnum):
    """How the test of a check ends."""

    PASSED = "passed"
    WARNED = "warned"
    SKIPPED = "skipped"
    EXPECTED = "expected"
    """It failed, and was expected to."""
    FAILED = "failed"


@frozen
class Told:
    """How the test of a check ends, and what it says; the first line is a summary."""

    ending: Ending
    words: str = ""


def offer_of(name: str, fixture: Path | None, folders: Iterable[Path]) -> Offer:
    """Return what a fixture file says of a partner; an empty offer where no file does.

    Args:
        name: the partner's.
        fixture: the file, where one was named.
        folders: where `conformance.toml` is looked for otherwise, one after the other.

    Raises:
        UsageError: the file is wrong, or the one that was named says nothing of the partner.
    """
    if fixture is not None:
        offers = read_offers(fixture)
        if name not in offers:
            raise UsageError(f"the fixture has no table for {name!r}", where=str(fixture))
        return offers[name]
    for path in (folder / FIXTURE for folder in folders):
        if path.is_file() and (found := read_offers(path).get(name)) is not None:
            return found
    return Offer(())


async def conduct(
    order: Order, clock: Clock, scratch: Path, tell: Callable[[Progress], None]
) -> Run:
    """Carry out an order, with what the partner publishes.

    Args:
        order: what is to be run; with an empty offer, the catalogue says what there is.
        clock: says what time it is.
        scratch: where files are made that nobody needs afterwards; it exists and is empty.
        tell: hears of each step, on the event loop; has to return at once.

    Raises:
        PartnerError: the plug-in cannot be loaded.
        NothingSelected: nothing is on offer, or the order names a scenario that there is not.
    """
    description = await _described(order.partner)
    offer, published, problem = await _shopped(order, clock, scratch)
    order = evolve(order, offer=offer)
    found = await run(order, clock, description, tell)
    return joined(found, published, problem, order)


def shared_run(folder: Path, name: str, order: Order) -> Run:
    """Return the run that the first process makes and all others read; for test runs.

    Whoever comes meanwhile waits. A failure is shared as well. Not to be called where an event
    loop runs.

    Args:
        folder: belongs to this test run alone, and is the same in all of its processes.
        name: what they have in common, such as a partner's name.
        order: what is to be run; its folder is made here.

    Raises:
        PlayerHostError: the order cannot be carried out; the message says why.
        OSError: the folder cannot be written.
    """
    own = folder / file_name_of(name)
    report, problem = own / "report.json", own / "problem.txt"
    own.mkdir(parents=True, exist_ok=True)
    with FileLock(own / "lock"):
        if not report.exists() and not problem.exists():
            _carry_out(order, own, report, problem)
    if problem.exists():
        raise PlayerHostError(problem.read_text("utf-8"))
    return run_from_text(report.read_text("utf-8"), where=str(report))


def told_of(check: str, found: Run, expected: Mapping[str, str]) -> Told:
    """Return how the test of a check ends.

    Args:
        check: a requirement; or `SCENARIOS`, for verdicts that rest on a part of the scenarios
            must not look like those that rest on all.
        found: the run.
        expected: requirements that are known to fail, with the reason.
    """
    if check == SCENARIOS:
        return _told_of_scenarios(found)
    result = found.results.get(check)
    if result is None:
        return _told_without_result(check, found)
    if result.verdict in AGAINST:
        return _told_of_breach(result, found, expected)
    if result.verdict in {Verdict.INCONCLUSIVE, Verdict.ENGINE_ERROR}:
        return _inconclusive(f"{check}: {what_of(result)}", found)
    if result.verdict is Verdict.KNOWN_BAD:
        return Told(Ending.EXPECTED, expected.get(check) or what_of(result))
    ending = Ending.PASSED if result.verdict is Verdict.PASS else Ending.SKIPPED
    return Told(ending, f"{result.verdict}: {what_of(result)}")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _told_of_breach(result: Result, found: Run, expected: Mapping[str, str]) -> Told:
    root = _root_of(result, found)
    words = "\n".join(root_lines(root, found))
    if result.verdict is Verdict.UNEXPECTED_PASS:
        reason = expected.get(result.requirement, "")
        return Told(Ending.FAILED, f"{words}\n  expected to fail: {reason}")
    if result.verdict is Verdict.FAIL and root.result.verdict is not Verdict.FAIL:
        return Told(Ending.FAILED, words)  # it must not hide behind a root that only warns
    if result.requirement != root.row.id:
        return Told(Ending.SKIPPED, f"follows from {root.row.id}: {what_of(result)}")
    return Told(Ending.FAILED if result.verdict is Verdict.FAIL else Ending.WARNED, words)


def _root_of(result: Result, found: Run) -> Root:
    return next(root for root in roots(found) if result in (root.result, *root.consequences))


def _told_of_scenarios(found: Run) -> Told:
    silent = sum(not one.is_sound for one in found.scenarios)
    if not silent:
        return Told(Ending.PASSED)
    return _inconclusive(f"{silent} of {len(found.scenarios)} scenarios say nothing", found)


def _told_without_result(name: str, found: Run) -> Told:
    if any(not one.is_sound for one in found.scenarios):
        return _inconclusive(f"{name} was not judged", found)
    return Told(Ending.SKIPPED, "the partner offers no catalogue that shows it")


def _inconclusive(what: str, found: Run) -> Told:
    silent = [shown(f"{one.name}: {one.problem}") for one in found.scenarios if not one.is_sound]
    lines = [f"INCONCLUSIVE, which is no breach: {what}"]
    if silent:
        lines.append(f"  scenarios that say nothing: {some_of(silent, MOST_PROBLEMS)}")
    return Told(Ending.FAILED, "\n".join(lines))


def _carry_out(order: Order, own: Path, report: Path, problem: Path) -> None:
    """Run in a folder of its own: a process that was killed may have left one behind."""
    begun = Path(tempfile.mkdtemp(prefix="run-", dir=own))
    transcripts, scratch = begun / "transcripts", begun / "scratch"
    for made in (transcripts, scratch):
        made.mkdir()
    order = evolve(order, folder=transcripts)
    try:
        text = run_to_text(anyio.run(partial(conduct, order, SystemClock(), scratch, _say_nothing)))
    except* PlayerHostError as group:
        _write(problem, str(only_cause(group)))
    else:
        _write(report, text)


def _write(path: Path, text: str) -> None:
    """Write a file that is there as a whole, or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    draft.replace(path)


async def _shopped(order: Order, clock: Clock, scratch: Path) -> tuple[Offer, Results, str]:
    """Return what is on offer, what the catalogue's file says, and why that says nothing."""
    given = order.offer
    if not given.is_empty and order.selected.isdisjoint(judged_requirements()):
        return given, {}, ""  # nobody asks for the catalogue, which may be large
    data_dir = scratch / "shopping"
    data_dir.mkdir()
    setting = Setting(order.partner, dict(order.table), data_dir, clock, PATIENCE)
    try:
        shopped = await shop(setting, clock, scratch)
    except (NothingSelected, PartnerCallFailed, TransferError) as error:
        if given.is_empty:
            raise
        return given, {}, "" if isinstance(error, NothingSelected) else error.what
    published, problem = await anyio.to_thread.run_sync(_published, shopped)
    if not given.is_empty:
        return given, published, problem
    kept = evolve(shopped.offer, signed_out=given.signed_out, store_setting=given.store_setting)
    return kept, published, problem


def _published(shopped: Shopped) -> tuple[Results, str]:
    """Return what the catalogue's file says; why it says nothing, where it is none."""
    try:
        return judge_catalog(shopped.package, shopped.announced_version), ""
    except CatalogError as error:
        return {}, error.what


async def _described(partner: PartnerSettings) -> Description:
    instance = await Loading(partner, False, Scrubber(partner.from_environment)).load()
    try:
        return instance.description
    finally:
        await instance.close()


def _say_nothing(_progress: Progress) -> None:
    """Tell nobody: a test run shows its own progress."""
