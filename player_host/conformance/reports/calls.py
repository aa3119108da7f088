"""A call and its end as text: codes by name, arguments as short as they can still be recognised.

Whatever shows a conversation shows it in these words: the reports of the kit, and the verbs and
the messages of tests that show a session of the Player.
"""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import fields

from partner_api.calls import Call, Faulted, PartnerCall, Return
from partner_api.content import ContentContainer, ContentContainerList
from partner_api.enums import NO_ID
from partner_api.hresult import HRESULT
from partner_api.licensing import License
from partner_api.variant import Variant
from player_host.conformance.reports.wording import count_text, shown

_TEXT_CHARACTERS: Final = 40
_URL_CHARACTERS: Final = 60
_REASON_CHARACTERS: Final = 80
_MOST_LISTED: Final = 4
_MOST_TRACKS: Final = 6


def caller(call: Call) -> str:
    """Return who makes such a call: `player` or `partner`."""
    return "player" if isinstance(call, PartnerCall) else "partner"


def call_text(call: Call) -> str:
    """Return a call with its arguments shortened, in the order of its parameters."""
    arguments = ", ".join(value_text(value) for value in call.arguments)
    return f"{call.method}({arguments})"


def return_text(returned: Return) -> str:
    """Return how a call ended: the code by name, then out-values or the reason."""
    name = returned.hr.name
    if isinstance(returned, Faulted):
        return f"{name} ({shown(returned.reason, _REASON_CHARACTERS)})"
    values = [
        f"{attribute.name}={value_text(getattr(returned, attribute.name))}"
        for attribute in fields(type(returned))
        if attribute.name != "hr"
    ]
    return " ".join((name, *values))


def value_text(value: Any) -> str:
    """Return an argument or out-value as short as a reader can still recognise it."""
    for kind, describe in _DESCRIPTIONS:
        if isinstance(value, kind):
            return describe(value)
    return shown(str(value), _TEXT_CHARACTERS)


def _text(value: str) -> str:
    is_url = "://" in value[:_TEXT_CHARACTERS]
    return f"'{_url(value) if is_url else shown(value, _TEXT_CHARACTERS)}'"


def _url(value: str) -> str:
    """Return a URL with its host and the name of the file, which stand at its two ends."""
    if len(value) <= _URL_CHARACTERS:
        return shown(value, _URL_CHARACTERS)
    half = _URL_CHARACTERS // 2
    path, mark, _ = value.partition("?")
    query = f"{mark}…" if mark else ""
    if len(path) <= _URL_CHARACTERS:
        return shown(path, _URL_CHARACTERS) + query
    return f"{shown(path[:half], half)}…{shown(path[-half:], half)}{query}"


def _container_list(value: ContentContainerList) -> str:
    tracks = sum(len(container) for container in value)
    if len(value) <= 2 and tracks <= _MOST_TRACKS:
        return f"[{'; '.join(_container(container) for container in value)}]"
    return f"[{count_text(len(value), 'container')}, {count_text(tracks, 'track')}]"


def _container(value: ContentContainer) -> str:
    tracks = ", ".join(str(item.id) for item in value) or "no tracks"
    if value.id == NO_ID:
        return f"loose: {tracks}"
    return f"{shown(str(value.type), _TEXT_CHARACTERS)} {value.id}: {tracks}"


def _license(value: License) -> str:
    rights = "+".join(sorted(right.value for right in value.rights)) or "no rights"
    key = "unprotected" if value.key_id is None else "key"
    until = f" until {value.expires:%Y-%m-%d}" if value.expires is not None else ""
    digest = f" {value.digest.partition('=')[0]}" if value.digest is not None else ""
    return f"{value.content_id}: {key} {rights}{until}{digest}"


def _variant(value: Variant) -> str:
    return "empty" if value.value is None else value_text(value.value)


def _tuple(value: tuple[Any, ...]) -> str:
    listed = ", ".join(value_text(one) for one in value[:_MOST_LISTED])
    left = len(value) - _MOST_LISTED
    return f"[{listed}]" if left <= 0 else f"[{listed} and {left:,} more]"


def _enumeration(value: Enum) -> str:
    return str(getattr(value, "documented_name", value.name))


_DESCRIPTIONS: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (type(None), lambda _: "NULL"),
    (bool, lambda value: "TRUE" if value else "FALSE"),
    (HRESULT, lambda value: value.name),
    (Enum, _enumeration),
    (str, _text),
    (bytes, lambda value: count_text(len(value), "byte")),
    (ContentContainerList, _container_list),
    (License, _license),
    (Variant, _variant),
    (datetime, lambda value: f"{value:%Y-%m-%d %H:%M}"),
    (tuple, _tuple),
)
