"""The tables and the conversation of reference/wire.md; used by generate_wire.py."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin

from attrs import NOTHING, fields

from partner_api import calls
from partner_api.calls import CALLBACK_CALLS, PARTNER_CALLS, RETURNS, Call, Return
from partner_api.content import ContentContainerList
from partner_api.hresult import HRESULT
from partner_api.licensing import License
from partner_api.partner import ContextMenuInfo
from partner_api.proxy import MAX_LIST_ITEMS
from partner_api.service_info import ServiceInfo
from partner_api.stub import FREE_THREADS, MAX_REASON_CHARACTERS
from partner_api.surrogate import wire
from partner_api.surrogate.ending import EXIT_REASONS
from partner_api.surrogate.findings import Finding, Severity
from partner_api.surrogate.serving import MAX_LOG_CHARACTERS
from partner_api.transaction import MAX_PARAMS_BYTES, MAX_URL_CHARACTERS
from partner_api.variant import Variant
from player_host.plugins import output, port, surrogate
from wire_pages.example import PLAYER, SURROGATE, Line
from wire_pages.schema import (
    FROM_PLAYER,
    NUMBERS,
    PLAYER_RETURNS,
    SURROGATE_RETURNS,
    returned_by,
)
from wire_pages.values import INT32
from wire_pages.words import call_summary, meanings, method_of, summary

_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "number",
    bool: "truth",
    bytes: "bytes",
    NoneType: "null",
    HRESULT: "code",
    License: "licence",
    ContentContainerList: "container list",
    ContextMenuInfo: "menu entry",
    Finding: "[finding](#finding)",
    Variant: "[variant](#values)",
    Severity: '`"error"` or `"warning"`',
    dict[str, Any]: "object",
}

_ANNOTATIONS: Final[Mapping[tuple[str, str, str], str]] = {
    (SURROGATE, "hello", ""): "The process was started, and speaks first.",
    (PLAYER, "load", ""): "For a plug-in that is found by name. A process that has only one"
    " plug-in may ignore all of it.",
    (SURROGATE, "loaded", ""): "Who it is. Nothing of the plug-in has been made yet.",
    (PLAYER, "create", ""): "The plug-in's own table of `partners.toml`, and its folder.",
    (SURROGATE, "created", ""): "From here on the Player keeps the password out of its log.",
    (PLAYER, "call", "SetCallback"): "The first call there is, and with `false` the last.",
    (PLAYER, "call", "GetContentPartnerInfo"): "Whose licences these will be, where no setting"
    " `account` says it.",
    (PLAYER, "call", "GetCatalogURL"): "There is no catalogue yet.",
    (PLAYER, "call", "Download"): "Two loose tracks; the cookie names the transaction.",
    (SURROGATE, "call", "Predeliver"): "A call of the plug-in, within the Player's call 4: it has"
    " a number of the surrogate's own. `key_id` null: the file is not protected.",
    (SURROGATE, "call", "DownloadTrack"): "One answer for each track: granted with a success code"
    " and a URL, refused with a failure code.",
    (SURROGATE, "log", ""): "A line for the Player's log; it may stand anywhere after `create`.",
    (PLAYER, "call", "DownloadTrackComplete"): "Track 70 lies in the library. `params` came from"
    " the plug-in. For the refused track there is no such call.",
    (PLAYER, "goodbye", ""): "The surrogate ends, with exit status 0.",
}


def control_messages() -> str:
    """Return a table for each message that is neither call nor return."""
    return "\n".join(_control(kind, body) for kind, body in wire.KINDS.items())


def inner_objects() -> str:
    """Return the tables of what `loaded` and `failed` contain."""
    return (
        f"### ServiceInfo\n\n{summary(ServiceInfo)}\n\n"
        f"{_fields(ServiceInfo, complete=True)}\n"
        f"### Finding\n\n{summary(Finding)}\n\n{_fields(Finding)}"
    )


def player_calls() -> str:
    """Return the table of what the Player calls."""
    return _calls(PARTNER_CALLS)


def surrogate_calls() -> str:
    """Return the table of what the plug-in calls."""
    return _calls(CALLBACK_CALLS)


def returns() -> str:
    """Return the table of returns."""
    rows = (
        (f"`{one.__name__}`", _arguments(one), _senders(one), _ended(one))
        for one in RETURNS.values()
    )
    return _table(("name", "values", "from", "ends"), rows)


def exit_statuses() -> str:
    """Return the table of exit statuses."""
    rows = [("0", "`goodbye` came"), *((str(n), why) for n, why in EXIT_REASONS.items())]
    return _table(("status", "why the process ended"), rows)


def bounds() -> str:
    """Return the table of bounds."""
    allowance = (
        f"{port.FIRST_ALLOWANCE:,}, and {port.CALLS_PER_TRACK} for each track that is asked for,"
        f" and {port.CALLS_PER_SECOND:g} a second"
    )
    rows = (
        ("a line, its end included", f"{wire.MAX_MESSAGE_BYTES:,} bytes", "the instance is ended"),
        ("every text of a call", f"{MAX_PARAMS_BYTES:,} bytes of UTF-16", "send `Malformed`"),
        (
            "`params` of `DownloadTrack`",
            f"{MAX_PARAMS_BYTES:,} bytes of UTF-16",
            "the track counts as refused",
        ),
        ("`url` of `DownloadTrack`", f"{MAX_URL_CHARACTERS:,} characters", "the track fails"),
        ("`items` of `AddListContents`", f"{MAX_LIST_ITEMS:,}", "send several"),
        ("`reason` of `Faulted`", f"{MAX_REASON_CHARACTERS:,} characters", "cut it"),
        ("`text` of `log`", f"{MAX_LOG_CHARACTERS:,} characters", "the rest is cut off"),
        (
            "lines of log and output",
            f"{output.BURST_LINES} at once, {output.LINES_PER_SECOND:g} a second",
            "counted, not shown",
        ),
        ("calls of the plug-in", allowance, "`RPC_E_CALL_REJECTED`"),
        ("rejected calls", f"{port.MOST_REJECTED:,}", "the instance is ended"),
        ("returns that nobody waits for", f"{surrogate.MOST_STRAYS}", "the instance is ended"),
        ("calls of the Player at once", f"1, or {FREE_THREADS} for `Free`", ""),
    )
    return _table(("what", "bound", "beyond it"), rows)


def conversation(lines: Iterable[Line]) -> str:
    """Return the lines with what there is to say of them."""
    return "\n".join(_told(line) for line in lines)


def _told(line: Line) -> str:
    words = _ANNOTATIONS.get((line.sender, line.kind, line.name), "")
    if line.kind != "return" and not words:
        raise ValueError(f"nothing is said of {line.sender} {line.kind} {line.name}")
    head = f"**{line.sender}** {words}".rstrip()
    return f"{head}\n\n```json\n{line.text}\n```\n"


def _control(kind: str, body: type) -> str:
    sender = PLAYER if kind in FROM_PLAYER else SURROGATE
    return f"### `{kind}`\n\nFrom the {sender}. {summary(body)}\n\n{_fields(body)}"


def _fields(kind: type, *, complete: bool = False) -> str:
    """Return the table of an object's fields; `complete`, if none may be left out."""
    said = meanings(kind)
    rows = []
    for one in fields(kind):
        words = "[ServiceInfo](#serviceinfo)" if one.name == "service_info" else ""
        optional = "" if complete or one.default is NOTHING else ", may be left out"
        value = (words or _type_words(one.type)) + optional
        rows.append((f"`{one.name}`", value, said.get(one.name, "")))
    return _table(("field", "value", ""), rows)


def _calls(records: Iterable[type[Call]]) -> str:
    rows = (
        (_linked(one), _arguments(one), f"`{returned_by(one).__name__}`", call_summary(one))
        for one in records
    )
    return _table(("name", "arguments", "ends with", ""), rows)


def _arguments(record: type) -> str:
    return "<br>".join(
        f"`{one.name}` {_number_words(record, one.name) or _type_words(one.type)}"
        for one in fields(record)
    )


def _number_words(record: type, name: str) -> str:
    schema = NUMBERS.get((record, name))
    if schema is None:
        return ""
    return "signed number" if schema is INT32 else "number or -1"


def _type_words(declared: Any) -> str:
    if declared in _WORDS:
        return _WORDS[declared]
    if isinstance(declared, type) and issubclass(declared, Enum):
        return f"[{declared.__name__}](enumerations.md#{declared.__name__.lower()})"
    if get_origin(declared) is tuple:
        return f"list of {_type_words(get_args(declared)[0])}"
    if isinstance(declared, UnionType):
        return " or ".join(_type_words(one) for one in get_args(declared))
    return str(declared.__name__)


def _senders(record: type[Return]) -> str:
    senders = {"player": PLAYER_RETURNS, "surrogate": SURROGATE_RETURNS}
    return " and ".join(sender for sender, sent in senders.items() if record in sent)


def _ended(record: type[Return]) -> str:
    if record is Return:
        return "every call that is not named below, and those where they fail"
    if record is calls.Faulted:
        return "a call that the plug-in did not answer properly"
    return ", ".join(_linked(one) for one in calls.CALLS.values() if returned_by(one) is record)


def _linked(record: type[Call]) -> str:
    """Return a call's name, with a link to the page of its method if it has one."""
    method = method_of(record)
    name = f"`{record.__name__}`"
    return f"[{name}]({method.__qualname__}.md)" if method else name


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    return "".join(_table_lines(tuple(heads), rows))


def _table_lines(heads: tuple[str, ...], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}\n"
    for row in rows:
        yield f"| {' | '.join(one.replace('|', chr(92) + '|') for one in row)} |\n"
