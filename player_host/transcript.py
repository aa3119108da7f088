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
import itertools
import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final

from attrs import define, evolve, field, frozen

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
from player_host.units import ByteCount

FORMAT: Final = "content-partner transcript"
FORMAT_VERSION: Final = 1
MAX_LINE_BYTES: Final = ByteCount(32 * 1024 * 1024)
MAX_READ_BYTES: Final = ByteCount(256 * 1024 * 1024)
MAX_READ_ENTRIES: Final = 1_000_000
"""What was read is in memory as a whole: a longer transcript is refused."""

_LARGEST_NUMBER: Final = 2**63 - 1
_REASON_CHARACTERS: Final = 300
_SHORTER: Final = "Take the transcript of a shorter session"
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

    flaw: str = ""
    """What shows that it was changed after it was written; "" where nothing does."""


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
        self.header: dict[str, Any] = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "partner": partner,
            "session": session_id,
            "started_at": clock.now().isoformat(),
            "facts": dict(facts or {}),
        }
        self._write(_encoded({"header": self.header}))

    def conceal(self, secrets: Iterable[str]) -> None:
        """Let these texts be replaced by digests from now on, wherever they stand."""
        self._concealment.learn(secrets)

    def called(self, call: Call, *, chain: int | None = None) -> int:
        """Write a call; return its number."""
        entry = Called(self._next(), self._elapsed(), self._safe(call), chain)
        data = _encoded(entry_to_data(entry))
        if len(data) > MAX_LINE_BYTES:
            entry = evolve(entry, call=Malformed(type(call).__name__, _too_long(data)))
            data = _encoded(entry_to_data(entry))
        self._write(data)
        if self._observer is not None:
            self._observer(entry)
        return entry.number

    def returned(self, of: int, returned: Return) -> None:
        """Write how the call with the number `of` ended; nothing, once the transcript is closed."""
        if self._file.closed:
            return
        entry = Returned(self._next(), self._elapsed(), of, self._safe(returned))
        data = _encoded(entry_to_data(entry))
        if len(data) > MAX_LINE_BYTES:
            entry = evolve(entry, returned=Faulted(returned.hr, _too_long(data)))
            data = _encoded(entry_to_data(entry))
        self._write(data)
        if self._observer is not None:
            self._observer(entry)

    def lost(self, reason: str) -> None:
        """Write that the plug-in's instance was lost; nothing, once the transcript is closed."""
        if self._file.closed:
            return
        entry = Lost(self._next(), self._elapsed(), self._concealment.concealed_text(reason))
        self._write(_encoded(entry_to_data(entry)))
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
        PlayerHostError: the file is no transcript, or is too long, or a whole line in it is
            wrong; `where` names file and line.
    """
    lines = _lines(path)
    _, first, data = next(lines, (0, None, b""))
    header = _header(first, where=str(path))
    digest = hashlib.sha256(data)
    entries: list[Entry] = []
    order = _Order()
    for number, line, data in lines:
        if "footer" in line:
            fits = line["footer"] == {"entries": len(entries), "sha256": digest.hexdigest()}
            flaw = _flaw_of_the_end(fits, lines)
            return Transcript(header, tuple(entries), not flaw, order.flaw or flaw)
        if len(entries) == MAX_READ_ENTRIES:
            raise PlayerHostError(
                f"the transcript has more than {MAX_READ_ENTRIES:,} entries",
                where=str(path),
                remedy=_SHORTER,
            )
        digest.update(data)
        entry = entry_from_data(line, where=f"{path}: line {number}")
        order.follow(entry)
        entries.append(entry)
    return Transcript(header, tuple(entries), False, order.flaw)


def entry_to_data(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON values, with the keys of its line in a transcript.

    Called by whatever writes a conversation down: the writer here, and reports.
    """
    data: dict[str, Any] = {"n": entry.number, "t": entry.at}
    if isinstance(entry, Lost):
        return {**data, "lost": entry.reason}
    if isinstance(entry, Returned):
        name, values = type(entry.returned).__name__, return_to_data(entry.returned)
        return {**data, "of": entry.of, "return": name, "values": values}
    if entry.chain is not None:
        data["chain"] = entry.chain
    return {**data, "call": type(entry.call).__name__, "args": call_to_data(entry.call)}


def entry_from_data(data: Any, *, where: str) -> Entry:
    """Return the entry of JSON values that anybody may have written.

    Args:
        data: what `entry_to_data` returned.
        where: where it stands, for errors.

    Raises:
        PlayerHostError: it is no call, no return and no loss.
    """
    try:
        number, at = _whole(data["n"]), _seconds(data["t"])
        if "call" in data:
            chain = _whole(data["chain"]) if "chain" in data else None
            return Called(number, at, call_from_data(data["call"], data["args"]), chain)
        if "lost" in data:
            return Lost(number, at, _text(data["lost"]))
        returned = return_from_data(data["return"], data["values"])
        return Returned(number, at, _whole(data["of"]), returned)
    except Exception as error:
        raise PlayerHostError(
            f"it is no call, no return and no loss ({_brief(error)})", where=where
        ) from error


@define
class _Order:
    """Notices what no writer writes: a gap, or the end of a call that is not under way."""

    flaw: str = ""
    _number: int = 0
    _at: float = 0.0
    _under_way: set[int] = field(factory=set)

    def follow(self, entry: Entry) -> None:
        self.flaw = self.flaw or self._flaw_of(entry)
        self._number, self._at = entry.number, entry.at
        if isinstance(entry, Called):
            self._under_way.add(entry.number)

    def _flaw_of(self, entry: Entry) -> str:
        if entry.number != self._number + 1:
            return f"entry {entry.number} stands where entry {self._number + 1} belongs"
        if entry.at < self._at:
            return f"entry {entry.number} is earlier than the one before it"
        if isinstance(entry, Returned):
            if entry.of not in self._under_way:
                return f"entry {entry.number} ends call {entry.of}, which is not under way"
            self._under_way.remove(entry.of)
        return ""


_dumps = json.JSONEncoder(separators=(",", ":")).encode


def _encoded(line: dict[str, Any]) -> bytes:
    return (_dumps(line) + "\n").encode("ascii")


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


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any], bytes]]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_READ_BYTES:
                raise PlayerHostError(
                    f"the transcript is longer than {MAX_READ_BYTES // 2**20} MiB",
                    where=str(path),
                    remedy=_SHORTER,
                )
            for number in itertools.count(1):
                where = f"{path}: line {number}"
                data = file.readline(MAX_LINE_BYTES + 1)
                if len(data) > MAX_LINE_BYTES:
                    raise PlayerHostError(
                        f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB", where=where
                    )
                if not data.endswith(b"\n"):
                    return
                yield number, _object(data, where=where), data
    except OSError as error:
        raise PlayerHostError(
            f"the transcript cannot be read ({error.strerror})", where=str(path)
        ) from error


def _object(data: bytes, *, where: str) -> dict[str, Any]:
    try:
        line = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PlayerHostError(f"the line is no JSON ({_brief(error)})", where=where) from error
    if not isinstance(line, dict):
        raise PlayerHostError("the line is no JSON object", where=where)
    return line


def _header(line: dict[str, Any] | None, *, where: str) -> dict[str, Any]:
    header = line.get("header") if line else None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise PlayerHostError("this is no transcript", where=where)
    if header.get("version") != FORMAT_VERSION:
        found = json.dumps(header.get("version"))[:_REASON_CHARACTERS]
        raise PlayerHostError(
            f"transcript version {found}; this program reads {FORMAT_VERSION}", where=where
        )
    if not isinstance(header.get("partner", ""), str):
        raise PlayerHostError("partner: a text was expected", where=f"{where}: line 1")
    return header


def _flaw_of_the_end(fits: bool, further: Iterator[object]) -> str:
    if not fits:
        return "it has no sound end, for the digest does not fit"
    return "it has no sound end, for something follows it" if any(further) else ""


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError(f"a number from 0 to {_LARGEST_NUMBER} was expected")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number of seconds was expected")
    if not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError("a number of seconds from 0 was expected")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _brief(error: Exception) -> str:
    return str(error)[:_REASON_CHARACTERS]
