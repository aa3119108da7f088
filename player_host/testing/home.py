"""A Player's home for one test: configured, run, and looked into."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from attrs import frozen

from player_host.settings import HOME_VARIABLE, Home
from player_host.testing.sessions import SessionTranscript

if TYPE_CHECKING:
    from player_host.library.records import LibraryItem
    from player_host.player import Player

PROGRAM_DEADLINE_S: Final = 120.0
MAX_SHOWN: Final = 20
_OF_THE_TERMINAL: Final = frozenset({"COLUMNS", "FORCE_COLOR", "NO_COLOR"})


@frozen
class ProgramRun:
    """How a run of `player-host` ended.

    Attributes:
        words: what followed `player-host` on the command line.
        status: the exit status; `player-host --help` lists their meanings.
        out: the standard output.
        err: the standard error output.
    """

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    def json(self) -> Any:
        """Return the document that `--json` asked for.

        Raises:
            AssertionError: the output is no JSON; the message shows it.
        """
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"the output is no JSON: {self}") from None

    def __str__(self) -> str:
        return f"player-host {' '.join(self.words)}\nstatus {self.status}\n{self.out}{self.err}"


@frozen
class PlayerHome:
    """A home folder and what a test does with it; the fixture `player_home`.

    Attributes:
        home: the folder, with the names of what is in it.
    """

    home: Home

    @classmethod
    def make(cls, path: Path) -> "PlayerHome":
        """Make the folder, if it is missing, and return the home."""
        path.mkdir(parents=True, exist_ok=True)
        return cls(Home(path))

    @property
    def path(self) -> Path:
        """Where the folder is."""
        return self.home.path

    def configure(
        self,
        partner: str,
        *,
        settings: Mapping[str, Any] | None = None,
        host: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a partner's tables into `partners.toml`, in the place of its former ones.

        Args:
            partner: the name of its entry point, or its class as `module:attribute`.
            settings: `[NAME.settings]`, the plug-in's own.
            host: `[NAME.host]`. Where it names no network, URLs may lead to this machine alone,
                so that a test never reaches another one by accident.
        """
        import tomlkit  # noqa: PLC0415 - a home without settings needs none

        path = self.home.partners_toml
        document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
        document[partner] = {
            "host": {"network": "loopback"} | dict(host or {}),
            "settings": dict(settings or {}),
        }
        path.write_text(tomlkit.dumps(document), "utf-8")

    def run(
        self, *words: str, deadline_s: float = PROGRAM_DEADLINE_S, **variables: str
    ) -> ProgramRun:
        """Run `player-host` with this home, in a process of its own, and wait for its end.

        Args:
            words: what follows on the command line, such as `"download", "contoso", "album:7"`.
            deadline_s: how long it may take, in seconds; then it is killed.
            variables: further environment variables.

        Raises:
            AssertionError: it did not end within the deadline; the message has its output.
        """
        # Files and no pipes: what outlives the program, if anything does, cannot hold the test up.
        with _output() as out, _output() as err:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, no shell
                [sys.executable, "-m", "player_host", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._environment() | variables,
            )
            in_time = _ended(process, deadline_s)
            run = ProgramRun(words, process.returncode, _text(out), _text(err))
        if not in_time:
            raise AssertionError(f"no end within {deadline_s:g} s: {run}")
        return run

    @asynccontextmanager
    async def player(self, *, in_process: bool = False, **options: Any) -> "AsyncIterator[Player]":
        """Open a Player on this home, in the test's own event loop.

        Args:
            in_process: run plug-ins in this process, so that a breakpoint in one works.
            options: as for `player_host.player.open_player`.

        Raises:
            PlayerHostError: as `open_player` does.
        """
        from player_host.player import open_player  # noqa: PLC0415 - it loads the whole Player

        async with open_player(self.home, in_process=in_process, **options) as player:
            yield player

    def library(self, query: str = "") -> "tuple[LibraryItem, ...]":
        """Return what was filed, the oldest entry first.

        Args:
            query: as for `player-host library find`: a text, or `Attribute=value`; everything
                where it is left away. At most 1,000 entries.
        """
        if not self.home.database.exists():
            return ()
        from player_host.database import Database  # noqa: PLC0415
        from player_host.library.queries import MAX_PAGE, find_items, list_items  # noqa: PLC0415

        with closing(Database.open(self.home.database)) as database:
            if query:
                return find_items(database, query, limit=MAX_PAGE).items
            return list_items(database, limit=MAX_PAGE).items

    def transcripts(self) -> tuple[SessionTranscript, ...]:
        """Return the transcript of every session, the oldest first; a running one so far."""
        return tuple(map(SessionTranscript.read, sorted(self.home.transcripts.glob("*.jsonl"))))

    def transcript(self) -> SessionTranscript:
        """Return the transcript of the last session.

        Raises:
            AssertionError: no plug-in was ever started in this home.
        """
        paths = sorted(self.home.transcripts.glob("*.jsonl"))
        if not paths:
            raise AssertionError("there is no transcript: no plug-in was started in this home")
        return SessionTranscript.read(paths[-1])

    def should_have_filed(
        self, title: str, *, artist: str | None = None, album: str | None = None
    ) -> "LibraryItem":
        """Return the entry of the library with this title; its file is in the Music folder.

        Args:
            title: as the file's tags have it.
            artist: one of the track's artists, or the album's; None for any.
            album: the album's title; None for any.

        Raises:
            AssertionError: there is none, or its file is not there; the message says what is.
        """
        found = [item for item in self.library() if _is(item, title, artist, album)]
        if not found:
            raise AssertionError(f"{_wanted(title, artist, album)} was not filed; {self._holds()}")
        file = self.home.music / found[0].source_path
        if not file.is_file() or file.stat().st_size != found[0].file_size:
            raise AssertionError(f"{found[0].source_path} is in the library, but not in its place")
        return found[0]

    def should_have_filed_nothing(self) -> None:
        """Check that the library is empty.

        Raises:
            AssertionError: it is not; the message says what it holds.
        """
        if self.library():
            raise AssertionError(f"nothing should have been filed; {self._holds()}")

    def _holds(self) -> str:
        items = self.library()
        if not items:
            return "the library is empty"
        lines = [f"\n  {i.source_path}: {i.tags.title!r} by {i.tags.artist!r}" for i in items]
        more = f"\n  and {len(lines) - MAX_SHOWN} more" if len(lines) > MAX_SHOWN else ""
        return f"the library holds:{''.join(lines[:MAX_SHOWN])}{more}"

    def _environment(self) -> dict[str, str]:
        kept = {name: v for name, v in os.environ.items() if name not in _OF_THE_TERMINAL}
        return kept | {HOME_VARIABLE: str(self.path), "PYTHONUTF8": "1"}


def _ended(process: "subprocess.Popen[bytes]", deadline_s: float) -> bool:
    """Wait for the end, and bring it about if it does not come, or if the test is interrupted."""
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        return False
    finally:
        process.kill()
        process.wait()
    return True


def _output() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def _is(item: "LibraryItem", title: str, artist: str | None, album: str | None) -> bool:
    tags = item.tags
    return (
        tags.title == title
        and artist in {None, tags.album_artist, *tags.authors}
        and album in {None, tags.album_title}
    )


def _wanted(title: str, artist: str | None, album: str | None) -> str:
    by = "" if artist is None else f" by {artist!r}"
    on = "" if album is None else f" on {album!r}"
    return f"{title!r}{by}{on}"
