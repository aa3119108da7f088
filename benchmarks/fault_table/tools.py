"""The columns of the byte-fault table: each tool with the options for resuming and retrying."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

TRIES: Final = 5
SILENCE_S: Final = 10
FOREIGN_VARIABLES: Final = ("XDG_", "PLAYER_HOST_")


@frozen
class Place:
    """Where a tool works: `outer` holds everything, and only `files` is the tool's to write to."""

    outer: Path
    files: Path
    home: Path

    @classmethod
    def made(cls, outer: Path) -> "Place":
        """Make the folders; two levels lie between `outer` and `files`."""
        place = cls(outer, outer / "a" / "b" / "songs", outer / "home")
        place.files.mkdir(parents=True)
        place.home.mkdir()
        return place

    @property
    def known(self) -> Path:
        """What yt-dlp would ask the store for before it downloads."""
        return self.home / "track.info.json"

    def describe(self, url: str) -> None:
        """Write `known`."""
        track = {"id": "track", "title": "track", "ext": "mp3", "extractor": "generic"}
        formats = [{"format_id": "0", "ext": "mp3", "url": url}]
        self.known.write_text(json.dumps({**track, "url": url, "formats": formats}), "utf-8")

    def variables(self) -> dict[str, str]:
        """Return an environment without anybody's settings and proxies."""
        kept = {
            name: text
            for name, text in os.environ.items()
            if not name.lower().endswith("_proxy") and not name.startswith(FOREIGN_VARIABLES)
        }
        return {**kept, "HOME": str(self.home)}


Options = Callable[[Place, bool], list[str]]
"""Makes the options of a command for a place; or those with which the server may name the file."""


@frozen
class Tool:
    """One column.

    Attributes:
        name: stands above the column.
        program: the first words of its command.
        options: makes what follows them.
    """

    name: str
    program: tuple[str, ...]
    options: Options

    def words(self, url: str, place: Place, *, named_by_server: bool) -> list[str]:
        """Return the command for a URL."""
        options = self.options(place, named_by_server)
        is_told = str(place.known) in options
        return [*self.program, *options, *([] if is_told else [url])]

    def version(self) -> str:
        """Return the first line of what `--version` says."""
        words = [*self.program, "--version"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        line = done.stdout.strip().partition("\n")[0].partition(" (")[0]
        return line if line[:1].isalpha() else f"{self.name} {line}"


def _ours(place: Place, named: bool) -> list[str]:
    naming = ["--server-names"] if named else []
    return ["fetch", *naming, "--to", str(place.files), "--home", str(place.home)]


def _aria2c(place: Place, _named: bool) -> list[str]:
    patience = [f"--max-tries={TRIES}", "--retry-wait=1", f"--timeout={SILENCE_S}"]
    return ["--continue=true", *patience, f"--dir={place.files}"]


def _curl(place: Place, named: bool) -> list[str]:
    patience = ["--retry", str(TRIES), "--speed-limit", "1", "--speed-time", str(SILENCE_S)]
    # curl refuses to resume a file that the server names.
    naming = ["--remote-header-name"] if named else ["--continue-at", "-"]
    into = ["--output-dir", str(place.files)]
    return ["--fail", "--location", "--remote-name", *naming, *patience, *into]


def _wget(place: Place, named: bool) -> list[str]:
    patience = [f"--tries={TRIES}", f"--timeout={SILENCE_S}", "--retry-on-http-error=429,503"]
    naming = ["--content-disposition"] if named else ["--continue"]
    return [*naming, *patience, f"--directory-prefix={place.files}"]


def _yt_dlp(place: Place, named: bool) -> list[str]:
    patience = ["--retries", str(TRIES), "--socket-timeout", str(SILENCE_S)]
    told = [] if named else ["--load-info-json", str(place.known)]
    return ["--ignore-config", "--continue", *patience, "--paths", str(place.files), *told]


OURS: Final = "player-host"
COLUMNS: Final[Mapping[str, Options]] = {
    OURS: _ours,
    "aria2c": _aria2c,
    "curl": _curl,
    "wget": _wget,
    "yt-dlp": _yt_dlp,
}


def found_tools(named: Mapping[str, str | None]) -> tuple[list[Tool], list[str]]:
    """Return the tools of this machine, in the order of the columns, and the names of the missing.

    Args:
        named: a program by the name of its tool, where it is not to be looked for on the PATH.
    """
    tools, missing = [], []
    for name, options in COLUMNS.items():
        program = _program(name, named.get(name))
        if program:
            tools.append(Tool(name, program, options))
        else:
            missing.append(name)
    return tools, missing


def _program(name: str, given: str | None) -> tuple[str, ...]:
    if name == OURS:
        return (sys.executable, "-m", "player_host")
    path = shutil.which(given or name)
    return () if path is None else (str(Path(path).absolute()),)
