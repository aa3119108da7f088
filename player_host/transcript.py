"""The transcript of a session: JSON Lines, a header, numbered calls and returns, a footer.

Every line but the footer is covered by the footer's digest; without a footer (the process died)
a transcript is incomplete, and reads as far as its last whole line. Secrets do not reach it:
blobs, what a URL has besides its path (query, fragment, userinfo), and the secrets of the
partner's settings are replaced by digests under a key that lives as long as the session, so that
equality within one transcript can still be judged. A record that does not fit a line is replaced
by one that says so.

Times are seconds since the header's, on the monotonic clock.
"""

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from partner_api.calls import (
    Call,
    Faulted,
    Malformed,
    Return,
)
from partner_api.encoding import call_from_data, call_to_data, return_from_data, return_to_data
from player_host.clock import Clock
from player_host.errors import PlayerHostError, StorageError
from player_host.log import get_logger
from player_host.redaction import Concealment, R, redacted

FORMAT: Final = "content-partner transcript"
FORMAT_VERSION: Final = 1
MAX_LINE_BYTES: Final = 32 * 1024 * 1024
_log = get_logger(__name__)

# After a question mark everything is taken for the query, for a store may forget to quote it.


@frozen
class Called:
    """A call, as it was made."""

    number: int
    at: float
    call: Call
    chain: int | None
    """The ledger's transaction to which the call belongs."""


@frozen
class Returned:
    """How the call with the number `of` ended."""

    number: int
    at: float
    of: int
    returned: Return


@frozen
class Lost:
    """The plug-in's instance was lost; what its calls ended with is in their returns."""

    number: int
    at: float
    reason: str


Entry = Called | Returned | Lost


@frozen
class Transcript:
    """A transcript, read back."""

    header: dict[str, Any]
    entries: tuple[Entry, ...] = field(repr=False)
    complete: bool
    """Whether the footer is there and its digest is right."""


class TranscriptWriter:
    """Writes one transcript. Its caller holds the player's lock, which orders the numbers.

    Args:
        path: the file; it must not exist.
        partner: the partner's name.
        session_id: the ledger's number of the session.
        clock: says when the session began.
        observer: sees every entry as it is written; has to return at once.
        facts: of the circumstances, JSON values, for whoever judges the conversation.

    Raises:
        StorageError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        *,
        partner: str,
        session_id: int,
        clock: Clock,
        observer: Callable[[Entry], None] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = path
        self._observer = observer
        self._key = secrets.token_bytes(32)
        self._concealment = Concealment(self._key)
        self._digest = hashlib.sha256()
        self._number = 0
        self._broken: StorageError | None = None
        self._start = time.monotonic()
        self._file = _create(path)
        header = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "partner": partner,
            "session": session_id,
            "started_at": clock.now().isoformat(),
            "facts": dict(facts or {}),
        }
        self._write(_encoded({"header": header}))

    def conceal(self, secrets: Iterable[str]) -> None:
        """Let these texts be replaced by digests from now on, wherever they stand."""
        self._concealment.learn(secrets)

    def called(self, call: Call, *, chain: int | None = None) -> int:
        """Write a call; return its number."""
        entry = Called(self._next(), self._elapsed(), self._safe(call), chain)
        data = _called_line(entry)
        if len(data) > MAX_LINE_BYTES:
            entry = evolve(entry, call=Malformed(type(call).__name__, _too_long(data)))
            data = _called_line(entry)
        self._write(data)
        if self._observer is not None:
            self._observer(entry)
        return entry.number

    def returned(self, of: int, returned: Return) -> None:
        """Write how the call with the number `of` ended."""
        entry = Returned(self._next(), self._elapsed(), of, self._safe(returned))
        data = _returned_line(entry)
        if len(data) > MAX_LINE_BYTES:
            entry = evolve(entry, returned=Faulted(returned.hr, _too_long(data)))
            data = _returned_line(entry)
        self._write(data)
        if self._observer is not None:
            self._observer(entry)

    def lost(self, reason: str) -> None:
        """Write that the plug-in's instance was lost; nothing, once the transcript is closed."""
        if self._file.closed:
            return
        entry = Lost(self._next(), self._elapsed(), self._concealment.concealed_text(reason))
        self._write(_encoded({"n": entry.number, "t": entry.at, "lost": entry.reason}))
        if self._observer is not None:
            self._observer(entry)

    def close(self) -> None:
        """Write the footer and close the file; a transcript that lost a line gets none."""
        if self._file.closed:
            return
        footer = {"entries": self._number, "sha256": self._digest.hexdigest()}
        try:
            self._write(_encoded({"footer": footer}))
        except StorageError:
            _log.warning("transcript.incomplete", path=str(self.path))
        finally:
            self._file.close()

    def _safe(self, record: R) -> R:
        return self._concealment.concealed(redacted(record, self._key))

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _elapsed(self) -> float:
        return round(time.monotonic() - self._start, 6)

    def _write(self, data: bytes) -> None:
        """Hand one line to the operating system: the death of the process loses none.

        Nothing is written after a line that was lost, so what is there reads as far as it goes.
        """
        if self._broken is not None:
            raise self._broken
        self._digest.update(data)
        try:
            written = self._file.write(data)
        except OSError as error:
            self._broken = _unwritable(self.path, error.strerror)
            raise self._broken from error
        if written != len(data):
            self._broken = _unwritable(self.path, "the disk is full")
            raise self._broken


def read_transcript(path: Path) -> Transcript:
    """Read a transcript back into its records.

    A torn last line is left out, as the death of the process leaves it.

    Raises:
        PlayerHostError: the file is no transcript, or a whole line in it is wrong; `where` names
            file and line.
    """
    lines = _lines(path)
    number, first, text = next(lines, (0, None, ""))
    header = first.get("header") if first else None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise PlayerHostError("this is no transcript", where=str(path))
    if header.get("version") != FORMAT_VERSION:
        raise PlayerHostError(
            f"transcript version {header.get('version')!r}; this program reads {FORMAT_VERSION}",
            where=str(path),
        )
    digest = hashlib.sha256(text.encode())
    entries: list[Entry] = []
    complete = False
    for number, line, text in lines:
        if "footer" in line:
            complete = line["footer"] == {"entries": len(entries), "sha256": digest.hexdigest()}
            break
        digest.update(text.encode())
        entries.append(_entry(line, where=f"{path}: line {number}"))
    return Transcript(header, tuple(entries), complete)


_dumps = json.JSONEncoder(separators=(",", ":")).encode


def _encoded(line: dict[str, Any]) -> bytes:
    return (_dumps(line) + "\n").encode("ascii")


def _called_line(entry: Called) -> bytes:
    line: dict[str, Any] = {"n": entry.number, "t": entry.at}
    if entry.chain is not None:
        line["chain"] = entry.chain
    line["call"] = type(entry.call).__name__
    line["args"] = call_to_data(entry.call)
    return _encoded(line)


def _returned_line(entry: Returned) -> bytes:
    return _encoded(
        {
            "n": entry.number,
            "t": entry.at,
            "of": entry.of,
            "return": type(entry.returned).__name__,
            "values": return_to_data(entry.returned),
        }
    )


def _too_long(data: bytes) -> str:
    return f"{len(data)} bytes do not fit a line of the transcript"


def _create(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileIO(path, "x")
    except OSError as error:
        raise _unwritable(path, error.strerror) from error


def _unwritable(path: Path, why: str | None) -> StorageError:
    return StorageError(
        f"the transcript cannot be written ({why})",
        where=str(path),
        remedy="Free some space or mend the permissions",
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any], str]]:
    try:
        with path.open("r", encoding="utf-8", newline="\n") as file:
            number = 0
            while text := file.readline(MAX_LINE_BYTES):
                number += 1
                if not text.endswith("\n"):
                    return
                yield number, _object(text, where=f"{path}: line {number}"), text
    except (OSError, UnicodeDecodeError) as error:
        raise PlayerHostError(
            f"the transcript cannot be read ({error})", where=str(path)
        ) from error


def _object(text: str, *, where: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise PlayerHostError(f"the line is no JSON ({error})", where=where) from error
    if not isinstance(line, dict):
        raise PlayerHostError("the line is no JSON object", where=where)
    return line


def _entry(line: dict[str, Any], *, where: str) -> Entry:
    try:
        if "call" in line:
            call = call_from_data(line["call"], line["args"])
            return Called(line["n"], line["t"], call, line.get("chain"))
        if "lost" in line:
            return Lost(line["n"], line["t"], line["lost"])
        returned = return_from_data(line["return"], line["values"])
        return Returned(line["n"], line["t"], line["of"], returned)
    except Exception as error:
        raise PlayerHostError(
            f"the line is no call, no return and no loss ({error})", where=where
        ) from error
