"""The JSON Schema of the wire, made from the classes that the wire carries.

Used by generate_wire.py. The shape of a message comes from `partner_api.surrogate.wire`, that of
a call and of a return from `partner_api.calls` as `partner_api.encoding` writes it; what a field
means comes from the docstrings.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from attrs import fields

from partner_api import calls
from partner_api.calls import CALLBACK_CALLS, PARTNER_CALLS, RETURN_OF, RETURNS, Call, Return
from partner_api.service_info import ServiceInfo
from partner_api.surrogate import wire
from partner_api.surrogate.findings import Finding
from wire_pages.values import (
    DWORD,
    INT32,
    INTEGER,
    Schema,
    closed,
    noted,
    of_type,
    ref,
    required,
    values,
)
from wire_pages.words import (
    call_meanings,
    call_summary,
    meanings,
    one_line,
    return_meanings,
    summary,
)

FROM_PLAYER: Final = ("load", "create", "call", "return", "goodbye")
FROM_SURROGATE: Final = ("hello", "loaded", "created", "failed", "call", "return", "log")

PLAYER_RETURNS: Final = (
    Return,
    *dict.fromkeys(RETURN_OF[call] for call in CALLBACK_CALLS if call in RETURN_OF),
)
"""What ends a call of the plug-in."""

SURROGATE_RETURNS: Final = tuple(r for r in RETURNS.values() if r not in PLAYER_RETURNS[1:])
"""What ends a call of the Player."""

NUMBERS: Final[Mapping[tuple[type, str], Schema]] = {
    (calls.ShowPopup, "index"): INT32,
    (calls.ComparisonReturned, "result"): INT32,
    (calls.IndexOutOfRange, "index"): DWORD | {"minimum": -1},
}
"""The numbers in calls and returns that have another range than 0 to 2**32 - 1."""

_CALL_NUMBER: Final = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}

_DESCRIPTION: Final = f"""\
Version {wire.WIRE_VERSION} of the wire between the Player and the process of a plug-in. Validate a
line that the Player sends against PlayerMessage, one that a surrogate sends against
SurrogateMessage. How a call may end is said by the definitions answer.NAME.

What a schema cannot say: a line is at most {wire.MAX_MESSAGE_BYTES} bytes of UTF-8, its end
included; half a surrogate pair is written as an escape; no name stands twice in one object; 1.0 is
no integer; a date exists in the calendar; key and friendly_name have printable characters alone
and no blanks at their ends. Where a description says None, JSON has null.
"""


def wire_schema() -> Schema:
    """Return the schema of every message, in both directions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:content-partner:wire:{wire.WIRE_VERSION}",
        "title": "The wire between Player and surrogate",
        "description": one_line(_DESCRIPTION),
        "anyOf": [ref("PlayerMessage"), ref("SurrogateMessage")],
        "$defs": _definitions(),
    }


def returned_by(call: type[Call]) -> type[Return]:
    """Return the record that ends a successful call."""
    return RETURN_OF.get(call, Return)


def _definitions() -> Schema:
    made = {
        "PlayerMessage": _message("Player", FROM_PLAYER),
        "SurrogateMessage": _message("Surrogate", FROM_SURROGATE),
        "PlayerCall": _one_of("call", PARTNER_CALLS),
        "SurrogateCall": _one_of("call", CALLBACK_CALLS),
        "PlayerReturn": _one_of("return", PLAYER_RETURNS),
        "SurrogateReturn": _one_of("return", SURROGATE_RETURNS),
    }
    made |= {kind.__name__: _control(kind) for kind in (*wire.KINDS.values(), Finding)}
    made["ServiceInfo"] = _service_info()
    made |= {f"call.{name}": _call(record) for name, record in calls.CALLS.items()}
    made |= {f"return.{name}": _return(record) for name, record in RETURNS.items()}
    made["return.Failure"] = _failure()
    made |= {f"answer.{name}": _answer(record) for name, record in calls.CALLS.items()}
    return made | values()


def _one_of(prefix: str, records: Iterable[type]) -> Schema:
    return {"oneOf": [ref(f"{prefix}.{one.__name__}") for one in records]}


# --- messages ------------------------------------------------------------------------------------


def _message(side: str, kinds: Iterable[str]) -> Schema:
    bodies = {kind: ref(body.__name__) for kind, body in wire.KINDS.items()}
    bodies["call"] = ref(f"{side}Call")
    bodies["return"] = ref(f"{side}Return")
    bodies["goodbye"] = {"type": "object", "description": "Nothing; the surrogate ends."}
    return {
        "description": f"A line that the {side} sends: one key, the kind of message.",
        "type": "object",
        "properties": {kind: bodies[kind] for kind in kinds},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _control(kind: type) -> Schema:
    """Describe the body of a message that is no call; it may have further keys."""
    properties = {one.name: of_type(one.type, INTEGER) for one in fields(kind)}
    if kind is wire.Loaded:
        properties["service_info"] = ref("ServiceInfo")
    return {
        "description": summary(kind),
        "type": "object",
        "properties": noted(properties, meanings(kind)),
        "required": required(kind),
    }


def _service_info() -> Schema:
    text = {"type": "string", "minLength": 1, "maxLength": 255}
    properties = {
        "key": text,
        "friendly_name": text,
        "capabilities": DWORD,
        "threading_model": ref("ThreadingModel"),
        "contract_version": {"type": "integer", "minimum": 1},
    }
    return {
        "description": summary(ServiceInfo),
        "type": "object",
        "properties": noted(properties, meanings(ServiceInfo)),
        "required": list(properties),
    }


# --- calls and returns ---------------------------------------------------------------------------


def _call(record: type[Call]) -> Schema:
    arguments = _record(record, call_meanings(record))
    return _envelope(record, "arguments", arguments, call_summary(record))


def _return(record: type[Return]) -> Schema:
    return _envelope(record, "values", _record(record, return_meanings(record)), summary(record))


def _envelope(record: type, part: str, body: Schema, description: str) -> Schema:
    """Describe the body of a call or of a return; it may have further keys."""
    return {
        "description": description,
        "type": "object",
        "properties": {"id": _CALL_NUMBER, "name": {"const": record.__name__}, part: body},
        "required": ["id", "name", part],
    }


def _record(record: type, notes: Mapping[str, str]) -> Schema:
    """Describe what a record holds: all of its fields and no others."""
    properties = {
        one.name: NUMBERS.get((record, one.name)) or of_type(one.type) for one in fields(record)
    }
    return closed(noted(properties, notes))


def _failure() -> Schema:
    code = {"properties": {"hr": ref("FailureCode")}}
    return {
        "description": "A Return with a failure code, in place of out-values.",
        "allOf": [ref("return.Return"), {"properties": {"values": code}}],
    }


def _answer(record: type[Call]) -> Schema:
    expected = returned_by(record)
    ways = [ref(f"return.{expected.__name__}")]
    if expected is not Return:
        ways.append(ref("return.Failure"))
    if record in PARTNER_CALLS:
        ways.append(ref("return.Faulted"))
    return {"description": f"How a call of {record.__name__} ends.", "oneOf": ways}
