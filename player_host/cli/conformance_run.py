"""Carries out a run of the kit for the command line: the store, the report's files, its status."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from attrs import evolve

from player_host.cli.desk import Desk
from player_host.cli.interruption import run_until_signal
from player_host.cli.outcome import ExitStatus
from player_host.clock import SystemClock
from player_host.conformance.conducting import conduct
from player_host.conformance.offers import Offer
from player_host.conformance.reports.document import run_to_data, run_to_text
from player_host.conformance.reports.junit import junit_xml
from player_host.conformance.reports.page import page
from player_host.conformance.reports.text import report_lines
from player_host.conformance.running import Order, Progress
from player_host.conformance.runs import Run
from player_host.conformance.staging import Cast
from player_host.conformance.verdicts import Verdict
from player_host.errors import StorageError, UsageError
from player_host.sample_store import running_store
from player_host.settings import NetworkClass, PartnerSettings


@contextmanager
def cast_for(partner: PartnerSettings, offer: Offer, *, sample_store: bool) -> Iterator[Cast]:
    """Give a partner its own settings, or those of the sample store, which runs meanwhile.

    Args:
        partner: the plug-in, with what `partners.toml` says.
        offer: what a fixture says of it.
        sample_store: start the store Proseware.

    Raises:
        StoreError: the store does not start.
    """
    if not sample_store:
        yield Cast(partner, partner.plugin, offer)
        return
    with running_store() as store:
        host = evolve(partner.host, network=NetworkClass.LOOPBACK)
        known = evolve(offer, store_setting="store_url", signed_out={"password": "not-this-one"})
        yield Cast(evolve(partner, host=host), partner.plugin | store.settings, known)


def carry_out(desk: Desk, order: Order, scratch: Path, *, sample_store: bool) -> Run:
    """Run what is ordered.

    Args:
        desk: hears of the progress.
        order: what is to be run; its table is filled in here.
        scratch: a folder that is thrown away.
        sample_store: start the store Proseware for the run.

    Raises:
        PlayerHostError: the plug-in or the store cannot be started, or nothing is on offer.
    """
    folder = scratch / "conducting"
    folder.mkdir()
    with cast_for(order.partner, order.offer, sample_store=sample_store) as cast:
        full = evolve(
            order,
            partner=cast.partner,
            table=cast.table,
            offer=cast.offer,
            sample_store=sample_store,
        )
        work = partial(conduct, full, SystemClock(), folder, partial(_tell, desk))
        return run_until_signal(desk, work)


def _tell(desk: Desk, progress: Progress) -> None:
    verdict = "" if progress.verdict is None else f": {progress.verdict}"
    desk.remark(f"{progress.done}/{progress.total} {progress.what}{verdict}")


@contextmanager
def run_folder(report: Path | None, scratch: Path) -> Iterator[Path]:
    """Make the folder for the transcripts of a run, and the report's around it.

    A run that fails or is interrupted leaves no half of a report: the same command works again.

    Raises:
        UsageError: the folder of the report has something in it.
        StorageError: it cannot be made.
    """
    was_there = report is not None and report.exists()
    folder = _made_folder(report, scratch)
    try:
        yield folder
    except BaseException:
        if report is not None:
            shutil.rmtree(report, ignore_errors=True)
            if was_there:
                report.mkdir(exist_ok=True)
        raise


def _made_folder(report: Path | None, scratch: Path) -> Path:
    folder = (report or scratch) / "transcripts"
    try:
        if report is not None and report.exists() and not report.is_dir():
            raise UsageError("the report needs a folder, and this is none", where=str(report))
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


def show_run(desk: Desk, found: Run, remark: str = "") -> ExitStatus:
    """Show what a run found; return the status with which the verb ends.

    Args:
        desk: where it is shown.
        found: a run, or a transcript that was judged as one.
        remark: what people are to know besides.
    """
    if desk.as_json:
        desk.show_json(run_to_data(found))
        return _status(found)
    desk.show(*report_lines(found))
    if remark:
        desk.remark(remark)
    return _status(found)


def _status(found: Run) -> ExitStatus:
    return _STATUS.get(found.verdict, ExitStatus.DONE)


_STATUS: Final[Mapping[Verdict, ExitStatus]] = {
    Verdict.FAIL: ExitStatus.FAILED,
    Verdict.UNEXPECTED_PASS: ExitStatus.FAILED,
    Verdict.INCONCLUSIVE: ExitStatus.PARTIAL,
}
"""Of a whole run; every other verdict says that the partner conforms."""
