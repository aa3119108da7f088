"""The transcript of a session, as a test asks it questions."""

from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from partner_api.calls import Call, Return, argument_names
from partner_api.hresult import HRESULT
from player_host.transcript import Called, Entry, Lost, Returned, Transcript, read_transcript

MAX_LINES: Final = 40

C = TypeVar("C", bound=Call)


@frozen
class ShownCalls(Generic[C]):
    """The calls that `SessionTranscript.should_show` found, one or more."""

    _transcript: Transcript = field(repr=False)
    _wanted: str
    _found: Mapping[int, C]

    @property
    def calls(self) -> tuple[C, ...]:
        """Their records, in order."""
        return tuple(self._found.values())

    @property
    def returns(self) -> tuple[Return, ...]:
        """How those ended that ended, in the order of the calls."""
        ends = {e.of: e.returned for e in self._transcript.entries if isinstance(e, Returned)}
        return tuple(ends[number] for number in self._found if number in ends)

    def times(self, count: int) -> "ShownCalls[C]":
        """Check that there are exactly so many.

        Raises:
            AssertionError: there are more or fewer; the message shows them.
        """
        found = len(self._found)
        if found != count:
            raise AssertionError(
                f"the session has {self._wanted} {found} time(s), not {count}:{self._excerpt()}"
            )
        return self

    def answered_with(self, hr: int) -> "ShownCalls[C]":
        """Check that each of them ended with this code.

        Raises:
            AssertionError: one has not ended, or ended otherwise; the message shows them.
        """
        codes = [returned.hr for returned in self.returns]
        if codes != [HRESULT(hr)] * len(self._found):
            name = HRESULT(hr).name
            raise AssertionError(f"{self._wanted}: not each ended with {name}:{self._excerpt()}")
        return self

    def _excerpt(self) -> str:
        return _excerpt(self._transcript, self._found.keys())


@frozen
class SessionTranscript:
    """What passed between Player and plug-in in one session.

    What is secret in it (queries of URLs, blobs) was replaced by digests when it was written.

    Attributes:
        path: the file.
        transcript: its content.
    """

    path: Path
    transcript: Transcript

    @classmethod
    def read(cls, path: Path) -> "SessionTranscript":
        """Read a file below `transcripts` in a home.

        Raises:
            PlayerHostError: it is no transcript.
        """
        return cls(path, read_transcript(path))

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call in either direction, in order, as its record of `partner_api.calls`."""
        return tuple(entry.call for entry in self.transcript.entries if isinstance(entry, Called))

    @property
    def losses(self) -> tuple[str, ...]:
        """Why the plug-in's process was lost, each time that it was."""
        return tuple(entry.reason for entry in self.transcript.entries if isinstance(entry, Lost))

    def should_show(self, kind: type[C], **arguments: Any) -> ShownCalls[C]:
        """Return the calls of a kind, or those of them with these arguments.

        Args:
            kind: a record of `partner_api.calls`, such as `DownloadTrackComplete`.
            arguments: fields of that record, such as `track_id=701`.

        Raises:
            AssertionError: there is none; the message shows what there is.
            TypeError: the record has no such field.
        """
        found = self._matching(kind, arguments)
        wanted = _call_text(kind, arguments)
        if not found:
            raise AssertionError(f"the session has no {wanted}; {self._instead(kind)}")
        return ShownCalls(self.transcript, wanted, found)

    def should_not_show(self, kind: type[Call], **arguments: Any) -> None:
        """Check that there is no call of a kind, or none with these arguments.

        Raises:
            AssertionError: there is one; the message shows it.
            TypeError: the record has no such field.
        """
        found = self._matching(kind, arguments)
        if found:
            lines = _excerpt(self.transcript, found.keys())
            raise AssertionError(f"the session has {_call_text(kind, arguments)}:{lines}")

    def __str__(self) -> str:
        return "\n".join(_lines(self.transcript.entries))

    def _matching(self, kind: type[C], arguments: Mapping[str, Any]) -> dict[int, C]:
        """Return the calls by their numbers, in order."""
        unknown = sorted(set(arguments) - set(argument_names(kind)))
        if unknown:
            known = ", ".join(argument_names(kind)) or "none"
            raise TypeError(f"{kind.__name__} has no {', '.join(unknown)}; its fields are: {known}")
        return {
            entry.number: entry.call
            for entry in self.transcript.entries
            if isinstance(entry, Called)
            and isinstance(entry.call, kind)
            and all(getattr(entry.call, name) == value for name, value in arguments.items())
        }

    def _instead(self, kind: type[Call]) -> str:
        alike = self._matching(kind, {})
        if alike:
            return f"its calls of that kind:{_excerpt(self.transcript, alike.keys())}"
        return f"its conversation:{_excerpt(self.transcript)}"


def _excerpt(transcript: Transcript, numbers: Set[int] | None = None) -> str:
    """Return the calls with these numbers, or all, a line each, as far as a message may be long."""
    entries = [e for e in transcript.entries if numbers is None or _call_number(e) in numbers]
    lines = [f"\n{line}" for line in _lines(entries)]
    more = f"\n  and {len(lines) - MAX_LINES} lines more" if len(lines) > MAX_LINES else ""
    return "".join(lines[:MAX_LINES]) + more


def _lines(entries: Sequence[Entry]) -> list[str]:
    # Loaded where something has to be shown, and not before.
    from player_host.cli.conversation import conversation  # noqa: PLC0415

    return [str(line) for line in conversation(entries)]


def _call_number(entry: Entry) -> int | None:
    """Return the number of the call that an entry is, or that it ends."""
    match entry:
        case Called():
            return entry.number
        case Returned():
            return entry.of
        case Lost():
            return None


def _call_text(kind: type[Call], arguments: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"{kind.__name__}({shown})" if arguments else kind.__name__
