"""Carries out a run of the kit for the command line: the offer, the store, the report's files."""

from functools import partial
from pathlib import Path
from typing import Final

import anyio
from attrs import evolve

from player_host.cli.desk import Desk
from player_host.clock import SystemClock
from player_host.conformance.conducting import conduct
from player_host.conformance.reports.document import run_to_text
from player_host.conformance.reports.junit import junit_xml
from player_host.conformance.reports.page import page
from player_host.conformance.running import Order, Progress
from player_host.conformance.runs import Run
from player_host.errors import StorageError, UsageError
from player_host.sample_store import running_store
from player_host.settings import NetworkClass
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
    folder = scratch / "conducting"
    folder.mkdir()
    return anyio.run(partial(conduct, order, SystemClock(), folder, partial(_tell, desk)))


def _tell(desk: Desk, progress: Progress) -> None:
    verdict = "" if progress.verdict is None else f": {progress.verdict}"
    desk.remark(f"{progress.done}/{progress.total} {progress.what}{verdict}")


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
