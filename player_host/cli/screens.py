"""The screens that several verbs share: the summary of a request, a conversation, folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from player_host.cli.desk import Desk
from player_host.cli.reports import (
    ASKED_AGAIN,
    Outcome,
    RequestReport,
    TrackReport,
    counts_text,
)
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import count_text, shown
from player_host.conformance.reports.lines import Line
from player_host.settings import Home

MAX_FOLDERS: Final = 10
MAX_NAMED: Final = 10
_GOOD: Final = frozenset({Outcome.DOWNLOADED})
_NEUTRAL: Final = frozenset({Outcome.REFUSED, Outcome.CANCELLED, Outcome.WAITING, Outcome.ACCEPTED})


def show_request(desk: Desk, report: RequestReport) -> None:
    """Show what became of each track of a request, the sum, and where the files are."""
    table = plain_table(">track", "title", "outcome", "result", elastic="title")
    for track in report.tracks:
        result = track.hr.name if track.hr is not None else ""
        add_row(table, track.id, track.title or "-", _coloured(track.outcome), result)
    for one, title in report.left_out:
        add_row(table, one.track_id, title or "-", "left out", "")
    desk.show(table, "", Text(f"download {report.request.id}: {sum_text(report)}"))
    reasons = dict.fromkeys(one.reason for one, _ in report.left_out)
    desk.show(*(Text(f"left out: {shown(reason)}") for reason in reasons))
    again = [str(track.id) for track in report.tracks if track.asked_again]
    if again:
        desk.show(Text(f"{ASKED_AGAIN}: {_some(again)}"))
    for hr, words in report.explanations.items():
        desk.show(Text(f"{hr.name}: {shown(words)}"))
    show_folders(desk, report.tracks)


def show_conversation(desk: Desk, lines: Iterable[Line]) -> None:
    """Show lines of a conversation; what is too long for a terminal goes on below its text."""
    for line in lines:
        if not desk.out.is_terminal:
            desk.show(str(line))
            continue
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=5, justify="right")
        grid.add_column(width=7)
        grid.add_column(overflow="fold")
        grid.add_row(str(line.number), line.by, Text(line.what))
        desk.show(grid)


def show_folders(desk: Desk, tracks: Iterable[TrackReport]) -> None:
    """Show the folders in which files were filed."""
    folders = folders_of(desk.home, tracks)
    if not folders:
        return
    lines = ["files:", *(f"  {shown(str(folder))}" for folder in folders[:MAX_FOLDERS])]
    if len(folders) > MAX_FOLDERS:
        lines.append(f"  and {count_text(len(folders) - MAX_FOLDERS, 'more folder')}")
    desk.show(*lines)


def _some(names: Sequence[str]) -> str:
    """Return names with commas, and how many more there are than are shown."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def folders_of(home: Home, tracks: Iterable[TrackReport]) -> list[Path]:
    """Return the folders of the tracks' files, each once."""
    files = (home.music / track.file for track in tracks if track.file is not None)
    return list(dict.fromkeys(file.parent.resolve() for file in files))


def sum_text(report: RequestReport) -> str:
    """Return how many tracks had which outcome."""
    left_out = f"{len(report.left_out)} left out" if report.left_out else ""
    return ", ".join(filter(None, (counts_text(report.counts), left_out))) or "no tracks"


def show_requests(desk: Desk, reports: Sequence[RequestReport]) -> None:
    """Show several requests, one after the other."""
    for number, report in enumerate(reports):
        if number:
            desk.show("")
        show_request(desk, report)


def _coloured(outcome: Outcome) -> Text:
    if outcome in _GOOD:
        return Text(outcome, "green")
    return Text(outcome, "yellow" if outcome in _NEUTRAL else "red")
