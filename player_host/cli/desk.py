"""What every verb works with: the home folder, the way results are shown, the two outputs.

Results go to the standard output, everything else (progress, remarks, errors, the log) to
the standard error output.
"""

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated, Any, Final, NoReturn

from attrs import field, frozen
from cyclopts import Parameter
from rich.console import Console, RenderableType
from rich.text import Text

from player_host.cli.wording import shown
from player_host.database import Database
from player_host.errors import StorageError, UsageError
from player_host.settings import Home, find_home

PLAIN_WIDTH: Final = 400
"""Columns where no terminal sets a bound, so that a line stays a line."""


class _Output(Console):
    """A console whose reader may go away."""

    def on_broken_pipe(self) -> NoReturn:
        """End the program; what is still buffered goes nowhere."""
        self.quiet = True
        discard(self.file)
        raise SystemExit(1)


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that leaves text as it is: no markup, no emoji, no highlighting.

    That of the standard output stays with the stream of this moment, also where `sys.stdout` is
    turned elsewhere later. A closed standard output takes everything and shows nothing.
    """
    stream = sys.stderr if stderr else sys.stdout
    wide = not (stream and stream.isatty()) and not os.environ.get("COLUMNS")
    return _Output(
        # The error output is looked up at each use: a live display takes its place for a while.
        file=None if stderr else stream or io.StringIO(),
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        width=PLAIN_WIDTH if wide else None,
    )


@contextmanager
def writing(stream: IO[str] | None) -> Iterator[None]:
    """Tell what keeps results from being written.

    Args:
        stream: what is written to; None where there is none.

    Raises:
        StorageError: the output cannot be written: a full disk, a device that fails.
    """
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        discard(stream)
        raise StorageError(
            f"the output cannot be written ({error.strerror or error})",
            remedy="Send it to another place, or free some space there",
        ) from error


def discard(stream: IO[str] | None) -> None:
    """Send what a stream still holds nowhere, so that the end of the program cannot fail on it."""
    if stream is None:
        return
    with suppress(OSError):  # a stream without a file holds nothing back
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


@frozen
class Desk:
    """What a verb is given beside its own arguments.

    Attributes:
        chosen_home: what `--home` named; None where it was not given.
        as_json: one JSON document instead of text for people.
        verbose: the whole log, and tracebacks.
        out: for results.
        err: for everything else.
        in_process: plug-ins run in this process, for debugging.
    """

    chosen_home: Path | None = None
    as_json: bool = False
    verbose: bool = False
    out: Console = field(factory=make_console)
    err: Console = field(factory=lambda: make_console(stderr=True))
    in_process: bool = False

    @property
    def home(self) -> Home:
        """The home folder: `--home`, else PLAYER_HOST_HOME, else the platform's place."""
        return find_home(self.chosen_home)

    @property
    def is_plain(self) -> bool:
        """Whether results are to be free of everything but text."""
        return not self.out.is_terminal or self.out.no_color

    def show(self, *renderables: RenderableType) -> None:
        """Show a result to people; a text is shown as it is.

        Raises:
            StorageError: the output cannot be written.
        """
        for renderable in renderables:
            with writing(self.out.file):
                self.out.print(renderable, soft_wrap=isinstance(renderable, str))

    def show_json(self, document: Any) -> None:
        """Show a result to programs.

        Raises:
            StorageError: the output cannot be written.
        """
        text = json.dumps(document, indent=2)
        with writing(self.out.file):
            self.out.out(text, highlight=False)

    def remark(self, text: str) -> None:
        """Say something beside the result; nothing fails because it cannot be said."""
        with suppress(OSError):
            self.err.print(Text(shown(text)), soft_wrap=True)

    def remark_lines(self, lines: Iterable[str]) -> None:
        """Say several things at once, each on a line, as `remark` does."""
        with suppress(OSError):
            self.err.out("\n".join(map(shown, lines)), highlight=False)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Open the home's database for a verb that runs no plug-in; no lock is taken.

        Raises:
            UsageError: there is no such folder.
            HomeError: the database is damaged or too new.
        """
        home = self.home
        if not home.path.is_dir():
            raise UsageError(
                "there is no such home folder",
                where=str(home.path),
                remedy="Name another one with --home; a first `player-host download` makes it",
            )
        database = Database.open(home.database)
        try:
            yield database
        finally:
            database.close()


Given = Annotated[Desk, Parameter(parse=False)]
"""The type of the keyword argument by which a verb gets its desk."""
