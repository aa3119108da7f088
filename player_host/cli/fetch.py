"""`player-host fetch`: brings URLs to whole files in a folder, with the transfer room alone."""

import time
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

from attrs import evolve, frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from player_host.cli.desk import Desk, Given
from player_host.cli.fetching.folder import open_folder
from player_host.cli.fetching.items import (
    FetchItem,
    Stage,
    remedy_of,
    status_of,
    wrong_to_json,
)
from player_host.cli.fetching.showing import Events, Lines, tell_event
from player_host.cli.fetching.wishes import Wishes, Wrong, read_wishes
from player_host.cli.fetching.work import FetchWork, Manner, Place, Showing, plan
from player_host.cli.interruption import run_until_signal
from player_host.cli.logs import told_otherwise
from player_host.cli.outcome import ExitStatus, tell
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import count_text, duration_text, shown, size_text
from player_host.database import Database
from player_host.errors import UsageError
from player_host.transfer import room
from player_host.transfer.fetch_policy import FETCH_POLICY
from player_host.units import Seconds

MOST_ROWS: Final = 40
SUSPENDED: Final = "suspended; the same command goes on"


class Durability(StrEnum):
    """When a file gets its name."""

    DURABLE = "durable"
    FAST = "fast"


def fetch(
    *urls: str,
    to: Path,
    listed: Annotated[bool, Parameter(name="-", negative="")] = False,
    connections: Annotated[int, Parameter(validator=Number(gte=1, lte=64))] = 8,
    per_server: Annotated[int | None, Parameter(validator=Number(gte=1, lte=64))] = None,
    policy: Durability = Durability.DURABLE,
    sha256: Annotated[bool, Parameter(negative="")] = False,
    server_names: Annotated[bool, Parameter(negative="")] = False,
    anything: Annotated[bool, Parameter(negative="")] = False,
    events: Annotated[bool, Parameter(negative="")] = False,
    desk: Given,
) -> ExitStatus:
    """Fetch files by their URLs, of any kind and from any address.

    For example:
      player-host fetch https://contoso.example/01.mp3 --to songs
      player-host fetch - --to songs < list.txt
      player-host fetch - --to songs --json < list.txt > report.json

    A file gets its name, the last part of the URL's path, when it is whole and
    on the disk. Nothing is overwritten: a second file of a name becomes
    `name (2).ext`. Until then its bytes lie in the folder as .NAME.DIGITS.part.

    Ctrl-C suspends; the same command goes on where it stopped, and leaves what
    it has fetched as it is. What a server cut off, or answered with an error
    that may pass, is tried again. A file that changed meanwhile begins anew.

    Status: 0 every file is there, 1 none, 2 some, 3 wrong usage, 4 no room or
    no permission, 5 the list is empty, 130 interrupted.

    --json: `folder`, `fetched`, `failed`, `bytes`, `seconds`, and `files`: for
    each URL `url` (without its query), `line`, `status` (fetched, already here,
    failed, suspended, wrong), `file`, `size`, `sha256`, `seconds`, `retries`
    and `error` (`what`, `where`, `remedy`, `hr`, `code`).

    Args:
        urls: absolute http or https URLs
        to: the folder; it is made if it is missing
        listed: read a list from the standard input, one URL a line; blank lines and lines
            that begin with # are skipped
        connections: how many files are transferred at the same time
        per_server: how many of them from one server; as many as there are where it is left out
        policy: durable: a file has its name when it is on the disk; fast: when the operating
            system has it, so that a power cut may cost the last ones
        sha256: tell the digest of each file, which takes time
        server_names: a file gets the name that its server proposes with Content-Disposition, made
            safe, where it proposes one
        anything: take what comes under any name, also an error page under that of a song
        events: print a line of JSON for whatever happens (started, progress, retried, settled,
            wrong); the last one, done, is the document of --json
        desk: where the result is shown
    """
    if events and desk.as_json:
        raise UsageError(
            "--json and --events exclude each other",
            remedy="The last event has what --json shows",
        )
    wishes = read_wishes(desk, urls, listed=listed)
    for wrong in wishes.wrong:
        _tell_wrong(desk, wrong, as_event=events)
    if wishes.repeated:
        desk.remark(f"{count_text(wishes.repeated, 'URL')} more than once; each is fetched once")
    began = time.monotonic()
    items: list[FetchItem] = []
    rules = evolve(FETCH_POLICY, is_synced=policy is Durability.DURABLE, is_hashed=sha256)
    how = Manner(
        rules, connections, per_server, takes_server_names=server_names, takes_anything=anything
    )
    status = _carry_out(desk, wishes, items, to, how, as_events=events)
    seconds = Seconds(time.monotonic() - began)
    _report(desk, Result(to, tuple(items), wishes.wrong, seconds), as_events=events)
    if status is ExitStatus.INTERRUPTED or any(one.stage is Stage.SUSPENDED for one in items):
        desk.remark(SUSPENDED)
    return status


@frozen
class Result:
    """What a command ended with."""

    folder: Path
    items: tuple[FetchItem, ...]
    wrong: tuple[Wrong, ...]
    seconds: Seconds

    @property
    def good(self) -> list[FetchItem]:
        """What lies under its name."""
        return [item for item in self.items if item.is_good]

    @property
    def size(self) -> int:
        """Bytes of the files that were fetched by this command."""
        return sum(item.total or 0 for item in self.items if item.stage is Stage.FETCHED)

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "folder": str(self.folder.absolute()),
            "fetched": len(self.good),
            "failed": len(self.items) + len(self.wrong) - len(self.good),
            "bytes": self.size,
            "seconds": round(self.seconds, 3),
            "files": [
                *(item.to_json() for item in self.items),
                *(wrong_to_json(wrong) for wrong in self.wrong),
            ],
        }


def _carry_out(
    desk: Desk,
    wishes: Wishes,
    items: list[FetchItem],
    to: Path,
    how: Manner,
    *,
    as_events: bool,
) -> ExitStatus:
    """Fill the list with what is to be done, do it, and return the status.

    Raises:
        PlayerHostError: nothing could be begun.
    """
    if not wishes.wanted:
        return ExitStatus.USAGE
    home = desk.home
    home.make()
    with (
        open_folder(to, home, is_synced=how.policy.is_synced) as folder,
        closing(Database.open(home.database)) as database,
    ):
        items += plan(folder, wishes.wanted)
        showing = _showing(desk, items, events=as_events)
        work = FetchWork(Place(folder, database), items, how, showing)
        try:
            with told_otherwise(room.__name__, verbose=desk.verbose):
                run_until_signal(desk, work.run, on_fast_loop=True)
        except KeyboardInterrupt:
            return ExitStatus.INTERRUPTED
        if work.trouble is not None:
            return tell(desk, work.trouble, document=False)
        status = status_of(items, wishes.wrong)
        if status is ExitStatus.DONE:
            folder.notes.forget(item.wanted.url for item in items)
        return status


def _showing(desk: Desk, items: list[FetchItem], *, events: bool) -> Showing:
    if events:
        return Events(desk)
    if not desk.err.is_terminal:
        return Lines(desk)
    from player_host.cli.fetching.bars import Bars  # noqa: PLC0415 - slow to load

    return Bars(desk, items)


def _tell_wrong(desk: Desk, wrong: Wrong, *, as_event: bool) -> None:
    if as_event:
        tell_event(desk, "wrong", wrong_to_json(wrong))
        return
    desk.remark(f"line {wrong.line}: {wrong.error.what}: {wrong.error.where}")


def _report(desk: Desk, result: Result, *, as_events: bool) -> None:
    if as_events:
        tell_event(desk, "done", result.to_json())
    elif desk.as_json:
        desk.show_json(result.to_json())
    elif result.items:
        _show(desk, result)


def _show(desk: Desk, result: Result) -> None:
    """Show the files, or where there are many the ones that lack; then the sum."""
    few = len(result.items) <= MOST_ROWS
    rows = [one for one in result.items if few or not one.is_good][:MOST_ROWS]
    if rows:
        table = plain_table("file", ">size", "outcome", "result", elastic="file")
        for item in rows:
            size = size_text(item.total) if item.is_good and item.total is not None else ""
            result_name = "" if item.error is None else item.error.hr.name
            add_row(table, item.name, size, item.stage, result_name)
        desk.show(table, "")
    for item in rows:
        if item.error is not None and item.stage is Stage.FAILED:
            desk.show(shown(f"{item.name}: {_advice(item)}"))
    desk.show(shown(_sum_text(result)))


def _advice(item: FetchItem) -> str:
    if item.error is None:
        return ""
    remedy = remedy_of(item.error)
    words = f"{item.error.what} ({item.error.where})"
    return f"{words}. {remedy}" if remedy else words


def _sum_text(result: Result) -> str:
    files = count_text(len(result.items) + len(result.wrong), "file")
    rest = f"{size_text(result.size)} in {duration_text(result.seconds)}"
    return f"{len(result.good)} of {files} in {result.folder}: {rest}"
