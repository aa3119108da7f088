"""Carries out a run of the kit for the command line: the offer, the store, the report's files."""

import os
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from attrs import evolve

from player_host.cli.desk import Desk
from player_host.clock import SystemClock
from player_host.conformance.judge import Results
from player_host.conformance.offers import Offer, read_offers
from player_host.conformance.publications import judge_catalog
from player_host.conformance.reports.document import run_to_text
from player_host.conformance.reports.junit import junit_xml
from player_host.conformance.reports.page import page
from player_host.conformance.running import Order, Progress, joined, run
from player_host.conformance.runs import Run
from player_host.conformance.shopping import Shopped, shop
from player_host.conformance.stage import Setting
from player_host.errors import CatalogError, NothingSelected, StorageError, UsageError
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Description
from player_host.plugins.output import Scrubber
from player_host.sample_store import running_store
from player_host.settings import NetworkClass, PartnerSettings
from player_host.units import Seconds

FIXTURE: Final = "conformance.toml"
PATIENCE: Final = Seconds(5.0)


def carry_out(desk: Desk, order: Order, scratch: Path, *, sample_store: bool) -> Run:
    """Run what is ordered, with the partner's own settings or with those of the sample store.

    Args:
        desk: hears of the progress.
        order: what is to be run; its table is filled in here.
        scratch: a folder that is thrown away.
        sample_store: start the store Proseware for the run.

    Raises:
        PlayerHostError: the plug-in or the store cannot be started, or nothing is on offer.
    """
    if not sample_store:
        return _run(desk, evolve(order, table=order.partner.plugin), scratch)
    with running_store() as store:
        host = evolve(order.partner.host, network=NetworkClass.LOOPBACK)
        offer = evolve(
            order.offer, store_setting="store_url", signed_out={"password": "not-this-one"}
        )
        table = order.partner.plugin | store.settings
        partner = evolve(order.partner, host=host)
        return _run(desk, evolve(order, partner=partner, table=table, offer=offer), scratch)


def _run(desk: Desk, order: Order, scratch: Path) -> Run:
    return anyio.run(partial(_run_order, desk, order, scratch))


async def _run_order(desk: Desk, order: Order, scratch: Path) -> Run:
    clock = SystemClock()
    description = await _describe(order.partner)
    offer, published, problem = await _shopped(order, clock, scratch)
    order = evolve(order, offer=offer)
    found = await run(order, clock, description, partial(_tell, desk))
    return joined(found, published, problem, order)


async def _shopped(order: Order, clock: SystemClock, scratch: Path) -> tuple[Offer, Results, str]:
    """Return what is on offer, what the catalogue's file says, and why there is none."""
    data_dir = scratch / "shopping"
    data_dir.mkdir()
    setting = Setting(order.partner, dict(order.table), data_dir, clock, PATIENCE, {})
    given = order.offer
    try:
        shopped = await shop(setting, clock, scratch)
    except NothingSelected:
        if not given.tracks:
            raise
        return given, {}, ""
    published, problem = _published(shopped)
    if given.tracks:
        return given, published, problem
    kept = evolve(shopped.offer, signed_out=given.signed_out, store_setting=given.store_setting)
    return kept, published, problem


def _published(shopped: Shopped) -> tuple[Results, str]:
    """Return what the catalogue's file says; why it says nothing, where it is none."""
    try:
        return judge_catalog(shopped.package), ""
    except CatalogError as error:
        return {}, error.what


async def _describe(partner: PartnerSettings) -> Description:
    instance = await Loading(partner, False, Scrubber(partner.from_environment)).load()
    try:
        return instance.description
    finally:
        await instance.close()


def _tell(desk: Desk, progress: Progress) -> None:
    verdict = "" if progress.verdict is None else f": {progress.verdict}"
    desk.remark(f"{progress.done}/{progress.total} {progress.what}{verdict}")


def fixture_of(desk: Desk, name: str, fixture: Path | None) -> Offer:
    """Return what a fixture file says of a partner; an empty offer where no file does.

    Raises:
        UsageError: the file is wrong, or the one that was named says nothing of the partner.
    """
    if fixture is not None:
        offers = read_offers(fixture)
        if name not in offers:
            raise UsageError(f"the fixture has no table [{name}]", where=str(fixture))
        return offers[name]
    for path in (Path(FIXTURE), desk.home.path / FIXTURE):
        if path.is_file():
            found = read_offers(path).get(name)
            if found is not None:
                return found
    return Offer(())


def run_folder(report: Path | None, scratch: Path) -> Path:
    """Make the folder for the transcripts of a run, and the report's around it.

    Raises:
        UsageError: the folder of the report has something in it.
        StorageError: it cannot be made.
    """
    folder = (report or scratch) / "transcripts"
    try:
        if report is not None and report.exists() and any(report.iterdir()):
            raise UsageError(
                "the folder of the report is not empty",
                where=str(report),
                remedy="Name another one",
            )
        folder.mkdir(parents=True)
    except OSError as error:
        raise StorageError(
            f"the folder of the report cannot be made ({error.strerror})",
            where=str(report),
            remedy="Mend the permissions, or name another one",
        ) from error
    return folder


def write_report(found: Run, report: Path) -> None:
    """Write the files of a report.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    files = {
        "report.json": run_to_text(found),
        "junit.xml": junit_xml(found),
        "report.html": page(found),
    }
    for example in found.counterexamples:
        name = example.requirement.lower().replace("-", "_")
        files[f"{name}.schedule.json"] = example.replay
        files[f"test_{name}.py"] = example.test
    try:
        for name, text in files.items():
            (report / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StorageError(
            f"the report cannot be written ({error.strerror})",
            where=str(report),
            remedy="Free some space, or name another folder",
        ) from error


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
