"""Exit statuses, and what is said about an error: the one place that maps errors to both."""

import traceback
from contextlib import suppress
from enum import IntEnum
from typing import Any, Final

from attrs import asdict, frozen
from cyclopts import CycloptsError
from rich.text import Text

from partner_api.hresult import HRESULT
from player_host import errors
from player_host.cli.desk import Desk
from player_host.cli.wording import shown


class ExitStatus(IntEnum):
    """What the program's exit status says."""

    DONE = 0
    FAILED = 1
    PARTIAL = 2
    USAGE = 3
    HOST_FAULT = 4
    NOTHING_SELECTED = 5
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitStatus.DONE: "done; refusals for lack of a purchase are a part of that",
    ExitStatus.FAILED: "the partner or the store failed, or a track could not be had",
    ExitStatus.PARTIAL: "partly done: tracks were cancelled or still wait",
    ExitStatus.USAGE: "wrong usage or bad input, or another Player has the home",
    ExitStatus.HOST_FAULT: "a fault of the host: a damaged database, no room, a bug",
    ExitStatus.NOTHING_SELECTED: "nothing was selected, or nothing found",
    ExitStatus.INTERRUPTED: "interrupted; downloads are suspended, none is lost",
}

_STATUS_OF: Final[tuple[tuple[type[errors.PlayerHostError], ExitStatus], ...]] = (
    (errors.NothingSelected, ExitStatus.NOTHING_SELECTED),
    (errors.UsageError, ExitStatus.USAGE),
    (errors.HomeInUse, ExitStatus.USAGE),
    (errors.DatabaseTooNew, ExitStatus.USAGE),
    (errors.HomeError, ExitStatus.HOST_FAULT),
    (errors.StorageError, ExitStatus.HOST_FAULT),
    (errors.PartnerError, ExitStatus.FAILED),
    (errors.CatalogError, ExitStatus.FAILED),
    (errors.TransferError, ExitStatus.FAILED),
    (errors.MediaError, ExitStatus.FAILED),
    (errors.LicensingError, ExitStatus.FAILED),
    # The base itself is raised for a file that the user named and that is not what it should be.
    (errors.PlayerHostError, ExitStatus.USAGE),
)


@frozen
class Problem:
    """An error as it is told; `--json` shows these keys below `error`."""

    status: ExitStatus
    what: str
    where: str = ""
    remedy: str = ""


def problem_of(error: BaseException) -> Problem:
    """Return what is told about an error; of several at once, the host's own fault comes first."""
    problems = [_problem_of_one(cause) for cause in errors.causes(error)]
    faults = [problem for problem in problems if problem.status is ExitStatus.HOST_FAULT]
    return next(iter((*faults, *problems)))


def tell(desk: Desk, error: BaseException, *, document: bool = True) -> ExitStatus:
    """Tell an error to the user and return the status; a traceback only with `--verbose`.

    Args:
        desk: where it is told.
        error: what was raised.
        document: with `--json`, tell it as the document too; False where another one follows.
    """
    problem = problem_of(error)
    with suppress(OSError):
        if desk.verbose:
            lines = traceback.format_exception(error)
            desk.err.print(Text("".join(lines)), soft_wrap=True, end="")
        desk.err.print(_message(problem), soft_wrap=True)
    if desk.as_json and document:
        with suppress(errors.StorageError):  # the output may be what failed
            desk.show_json({"error": asdict(problem)})
    return problem.status


def _message(problem: Problem) -> Text:
    text = Text.assemble(("error: ", "bold red"), shown(problem.what))
    if problem.where:
        text.append(f"\n  where: {shown(problem.where)}")
    if problem.remedy:
        text.append(f"\n  what to do: {shown(problem.remedy)}")
    return text


def _problem_of_one(error: BaseException) -> Problem:
    if isinstance(error, CycloptsError):
        error.verbose = False
        return Problem(ExitStatus.USAGE, str(error).rstrip(". "), remedy=_usage_remedy(error))
    if isinstance(error, errors.PlayerHostError):
        status = next(status for kind, status in _STATUS_OF if isinstance(error, kind))
        return Problem(status, error.what, error.where, error.remedy)
    return Problem(
        ExitStatus.HOST_FAULT,
        f"a fault of player-host itself: {type(error).__name__}: {error}",
        remedy="Run the same command with --verbose and report what it prints,"
        " with the output of `player-host --version`; what was committed is safe",
    )


def _usage_remedy(error: CycloptsError) -> str:
    words = ["player-host", *(error.command_chain or ()), "--help"]
    return f"`{' '.join(words)}` shows the usage"


def hr_to_json(hr: HRESULT | None) -> dict[str, Any]:
    """Return a code by name (`hr`) and by number (`code`)."""
    if hr is None:
        return {"hr": None, "code": None}
    return {"hr": hr.name, "code": f"0x{int(hr):08X}"}
