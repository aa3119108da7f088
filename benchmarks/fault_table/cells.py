"""What becomes of one row with one tool: the command is run, bytes and exit status are compared."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from attrs import frozen
from pathvalidate import is_valid_filename

from fault_table.rows import Row
from fault_table.tools import Place, Tool
from player_host.testing.fault_store import fault_store
from player_host.units import Seconds

DEADLINE: Final = Seconds(180)
RUNS: Final = 3
UNFINISHED: Final = (".part", ".part.quarantined", ".aria2", ".ytdl")
"""How the names of files end that nobody takes for the file itself."""


class Verdict(StrEnum):
    """The words of a cell; what is bold is what nobody wants."""

    EXACT = "exact"
    WRONG = "**WRONG**"
    NOTHING = "**no file, status 0**"
    OUTSIDE = "**OUTSIDE**"
    ERROR = "error"
    ERROR_EXACT = "error, exact bytes stay"
    ERROR_PART = "error, a part stays"
    ERROR_WRONG = "error, **wrong bytes stay**"
    HANG = "**hang**"


@frozen
class Cell:
    """How a tool ended, after how many runs of its command, and what is to be said besides."""

    verdict: Verdict
    runs: int
    remark: str = ""

    def __str__(self) -> str:
        words = [str(self.verdict)]
        if self.verdict is Verdict.EXACT and self.runs > 1:
            words.append(f"run {self.runs}")
        return ", ".join([*words, *filter(None, [self.remark])])


def fill(tool: Tool, row: Row) -> Cell:
    """Run a tool against the row's store until it says that it is done, and judge what is there."""
    with tempfile.TemporaryDirectory() as folder, fault_store(row.schedule) as store:
        place = Place.made(Path(folder))
        place.describe(store.url(row.path))
        words = tool.words(store.url(row.path), place, named_by_server=row.is_about_names)
        began = time.monotonic()
        status, runs = _run(words, place, began + DEADLINE)
        took = Seconds(time.monotonic() - began)
        verdict = judge(status, place, store.versions if row.is_genuine else ())
        return Cell(verdict, runs, _remark(verdict, row, took, place))


def _run(words: Sequence[str], place: Place, deadline: float) -> tuple[int | None, int]:
    """Run a command, and run it again while it fails; a status of None says that it hung."""
    for run in range(1, RUNS + 1):
        try:
            status = subprocess.run(
                words,
                cwd=place.files,
                env=place.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=max(deadline - time.monotonic(), 1.0),
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return None, run
        if status == 0:
            break
    return status, run


def judge(status: int | None, place: Place, right: Sequence[bytes]) -> Verdict:
    """Compare what lies there with what is right.

    Args:
        status: of the last run; None where it hung.
        place: where the tool worked.
        right: bodies that it may rightly have ended with.
    """
    bodies = [path.read_bytes() for path in _finished(place)]
    exact = bool(bodies) and all(body in right for body in bodies)
    if _strays(place):
        return Verdict.OUTSIDE
    if status is None:
        return Verdict.HANG
    if status == 0:
        good = Verdict.EXACT if exact else Verdict.WRONG
        return good if bodies else Verdict.NOTHING
    if not bodies:
        return Verdict.ERROR
    if exact:
        return Verdict.ERROR_EXACT
    part = all(any(version.startswith(body) for version in right) for body in bodies)
    return Verdict.ERROR_PART if part else Verdict.ERROR_WRONG


def _remark(verdict: Verdict, row: Row, took: Seconds, place: Place) -> str:
    if verdict is not Verdict.EXACT:
        return ""
    if row.is_about_names and not all(map(_is_safe, _finished(place))):
        return "**unsafe name**"
    return "too early" if took < row.waits else ""


def _is_safe(path: Path) -> bool:
    return not path.name.startswith(".") and is_valid_filename(path.name, platform="universal")


def _finished(place: Place) -> list[Path]:
    files = [path for path in place.files.rglob("*") if path.is_file()]
    return [path for path in files if not path.name.endswith(UNFINISHED)]


def _strays(place: Place) -> list[Path]:
    """Return what was written outside both folders that the tool was given."""
    own = (place.files, place.home)
    files = [path for path in place.outer.rglob("*") if path.is_file()]
    return [path for path in files if not any(path.is_relative_to(one) for one in own)]
