"""The schema of the wire and the code that reads it let the same messages pass."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import fields
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend
from test_encoding import DWORDS, TEXT  # the strategies of all values are registered there

from partner_api.calls import (
    CALLBACK_CALLS,
    CALLS,
    PARTNER_CALLS,
    RETURN_OF,
    RETURNS,
    CatalogVersionReturned,
    ContentIDsReturned,
    Faulted,
    Return,
)
from partner_api.encoding import call_from_data, call_to_data, return_from_data, return_to_data
from partner_api.enums import Capability, ThreadingModel
from partner_api.service_info import ServiceInfo
from partner_api.surrogate import wire
from partner_api.surrogate.findings import Finding, Severity

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "reference" / "wire.schema.json").read_text("utf-8")
)
DEEPEST = 8

through_the_schema = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# --- a reader that takes the schema at its word --------------------------------------------------


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    # In JSON Schema "$" is the end of the text; Python lets one line feed follow.
    if isinstance(instance, str) and not re.search(pattern.removesuffix("$") + r"\Z", instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _const(_: Any, constant: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if type(constant) is not type(instance) or constant != instance:
        yield ValidationError(f"{constant!r} was expected")


Reader = extend(
    Draft202012Validator,
    {"pattern": _pattern, "const": _const},
    # The page says that 1.0 is no integer.
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: type(value) is int
    ),
)


def reader_of(definition: str) -> Any:
    return Reader({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{definition}"}]})


READERS = {name: reader_of(name) for name in SCHEMA["$defs"]}
PLAYER, SURROGATE = READERS["PlayerMessage"], READERS["SurrogateMessage"]


# --- every message -------------------------------------------------------------------------------

INT32 = st.integers(-(2**31), 2**31 - 1)
OTHER_NUMBERS = {
    ("ShowPopup", "index"): INT32,
    ("ComparisonReturned", "result"): INT32,
    ("IndexOutOfRange", "index"): st.integers(-1, 2**32 - 1),
}


def records_of(kind: type) -> st.SearchStrategy[Any]:
    """Records of one kind, with numbers that fit the wire."""
    numbers = {
        int: DWORDS,
        int | None: st.none() | DWORDS,
        tuple[int, ...]: st.lists(DWORDS, max_size=5).map(tuple),
    }
    chosen = {one.name: numbers[one.type] for one in fields(kind) if one.type in numbers}
    others = {name: one for (record, name), one in OTHER_NUMBERS.items() if record == kind.__name__}
    return st.builds(kind, **(chosen | others))


NAMES = st.text("abcäß 音", min_size=1, max_size=255).map(str.strip).filter(bool)
SERVICE_INFOS = st.builds(
    ServiceInfo,
    NAMES,
    NAMES,
    DWORDS.map(Capability),
    st.sampled_from(ThreadingModel),
    st.integers(1, 9),
)
FINDINGS = st.builds(Finding, st.sampled_from(Severity), *[TEXT] * 6)
TABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
CONTROL = {
    "hello": st.builds(wire.Hello, st.integers(1), st.integers(1), TEXT),
    "load": st.builds(wire.Load, TEXT, st.none() | TEXT, st.none() | st.integers(1), st.booleans()),
    "loaded": st.builds(
        wire.Loaded,
        TEXT,
        SERVICE_INFOS.map(wire.service_info_to_data),
        TEXT,
        TEXT,
        TEXTS,
        st.lists(FINDINGS, max_size=2).map(tuple),
    ),
    "create": st.builds(
        wire.Create, st.dictionaries(TEXT, TABLES, max_size=3), TEXT, st.integers(0, 50)
    ),
    "created": st.builds(wire.Created, TEXTS),
    "failed": st.builds(
        wire.Failed,
        st.sampled_from(["load", "settings", "create"]),
        TEXTS,
        TEXT,
        st.lists(FINDINGS, max_size=2).map(tuple),
    ),
    "log": st.builds(wire.LogLine, st.integers(0, 50), TEXT),
}
FROM_PLAYER = {"load", "create"}
NUMBERS = st.integers(1, 2**53 - 1)


def readers_of(kind: str) -> tuple[Any, Any]:
    """The reader of the side that such a message comes from, then the other."""
    return (PLAYER, SURROGATE) if kind in FROM_PLAYER else (SURROGATE, PLAYER)


def read(line: bytes) -> Any:
    return dict([wire.parse(line)])


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_reference_in_the_schema_leads_somewhere() -> None:
    named = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(SCHEMA)))
    assert named <= SCHEMA["$defs"].keys()
    answers = {name for name in SCHEMA["$defs"] if name.startswith("answer.")}
    tops = {"PlayerMessage", "SurrogateMessage"}
    assert SCHEMA["$defs"].keys() - named == answers, "an answer is for who asks, all else is used"
    assert tops <= named


@pytest.mark.parametrize("kind", CONTROL)
@through_the_schema
@given(data=st.data())
def test_a_message_validates_for_its_side_alone(kind: str, data: st.DataObject) -> None:
    document = read(wire.message(data.draw(CONTROL[kind])))
    right, wrong = readers_of(kind)
    right.validate(document)
    assert not wrong.is_valid(document)


def test_goodbye_validates_for_the_player_alone() -> None:
    document = read(wire.goodbye())
    assert PLAYER.is_valid(document)
    assert not SURROGATE.is_valid(document)


@pytest.mark.parametrize("name", CALLS)
@through_the_schema
@given(data=st.data())
def test_a_call_validates_for_its_side_alone(name: str, data: st.DataObject) -> None:
    call = data.draw(records_of(CALLS[name]))
    document = read(wire.call_message(data.draw(NUMBERS), call))
    right, wrong = (PLAYER, SURROGATE) if CALLS[name] in PARTNER_CALLS else (SURROGATE, PLAYER)
    right.validate(document)
    assert not wrong.is_valid(document)
    assert depth_of(document) <= DEEPEST


@pytest.mark.parametrize("name", RETURNS)
@through_the_schema
@given(data=st.data())
def test_a_return_validates_for_the_side_that_sends_it(name: str, data: st.DataObject) -> None:
    returned = data.draw(records_of(RETURNS[name]))
    document = read(wire.return_message(data.draw(NUMBERS), returned))
    of_the_player = {Return, CatalogVersionReturned, ContentIDsReturned}
    assert PLAYER.is_valid(document) == (RETURNS[name] in of_the_player)
    assert SURROGATE.is_valid(document) == (RETURNS[name] not in of_the_player - {Return})
    assert depth_of(document) <= DEEPEST


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_call_ends_with_its_own_return_or_a_failure(name: str, data: st.DataObject) -> None:
    call, reader = CALLS[name], READERS[f"answer.{name}"]
    expected = RETURN_OF.get(call, Return)
    for record in RETURNS.values():
        returned = data.draw(records_of(record))
        body = read(wire.return_message(1, returned))["return"]
        failed = type(returned) is Return and returned.hr.failed
        broke_down = record is Faulted and call in PARTNER_CALLS
        assert reader.is_valid(body) == (record is expected or failed or broke_down)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        None,
        {"hello": {"wire": 1, "contract": 1}, "log": {"level": 30, "text": "a"}},
        {"greeting": {"wire": 1, "contract": 1}},
        {"hello": [1, 1]},
        {"log": None},
        {"call": {"id": 1, "name": "Nothing", "arguments": {}}},
        {"call": {"id": 1, "name": "GetCatalogVersion"}},
        {"call": {"name": "GetCatalogVersion", "arguments": {}}},
        {"call": {"id": 0, "name": "GetCatalogVersion", "arguments": {}}},
        {"call": {"id": "1", "name": "GetCatalogVersion", "arguments": {}}},
        {"return": {"id": 1, "name": "Return", "values": {}}},
        {"return": {"id": 1, "name": "Return", "arguments": {"hr": "0x00000000"}}},
        {"return": {"id": 1, "name": "return", "values": {"hr": "0x00000000"}}},
    ],
    ids=json.dumps,
)
def test_what_is_no_message_of_either_side_does_not_validate(document: Any) -> None:
    assert not Reader(SCHEMA).is_valid(document)


def test_further_keys_beside_those_of_a_call_or_message_are_let_pass() -> None:
    call = {"id": 1, "name": "GetCatalogVersion", "arguments": {}, "sent_at": 7}
    assert SURROGATE.is_valid({"call": call})
    assert SURROGATE.is_valid({"hello": {"wire": 1, "contract": 1, "later": []}})


# --- the schema and the code, on messages that were tampered with --------------------------------

JUNK = (
    *(None, True, False, 0, 1, 7, 2**31 - 1, 1.0, 1.5),
    *("a", "7", "0x00000000", "0x0", "0x8000400g", "UI4", "BOOL", "CPAlbumID", "play", "AA==", "A"),
    *("2026-03-01T12:00:00+00:00", "2026-03-01T12:00:00"),
    *([], [1], ["a"], [7, "$1"], [[7, "$1"]], {"a": 1}),
    *({"type": "UI4", "value": 7}, {"type": "UI4", "value": "7"}, {"type": "BSTR", "value": "a"}),
)


def code_takes_call(name: str, data: Any) -> bool:
    try:
        call_from_data(name, data)
    except Exception:
        return False
    return True


def code_takes_return(name: str, data: Any) -> bool:
    try:
        return_from_data(name, data)
    except Exception:
        return False
    return True


def code_takes_message(kind: str, body: Any) -> bool:
    try:
        made = wire.body_as(wire.KINDS[kind], body)
        if isinstance(made, wire.Loaded):
            wire.service_info_from_data(made.service_info)
    except wire.WireError:
        return False
    return True


def places_in(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value within the data, the whole left out."""
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places_in(value, (*path, key))
    return found


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


@st.composite
def tampered(draw: st.DrawFn, data: Any) -> tuple[Any, tuple[Any, ...]]:
    """The data with one value taken away, added or replaced, and the place."""
    copy = json.loads(json.dumps(data))
    places = places_in(copy)
    if not places:
        return {"more": draw(st.sampled_from(JUNK))}, ()
    path = draw(st.sampled_from(places))
    holder = at(copy, path[:-1])
    way = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"]))
    if way == "replace":
        holder[path[-1]] = draw(st.sampled_from(JUNK))
    elif way == "remove":
        del holder[path[-1]]
    elif isinstance(holder, dict):
        holder["more"] = draw(st.sampled_from(JUNK))
    else:
        holder.append(draw(st.sampled_from(JUNK)))
    return copy, path


@pytest.mark.parametrize("name", CALLS)
@through_the_schema
@given(data=st.data())
def test_the_code_takes_a_tampered_call_where_the_schema_does(
    name: str, data: st.DataObject
) -> None:
    arguments = call_to_data(data.draw(records_of(CALLS[name])))
    changed, path = data.draw(tampered(arguments))
    assume(not is_whole_date(changed, path))
    body = {"id": 1, "name": name, "arguments": changed}
    assert READERS[f"call.{name}"].is_valid(body) == code_takes_call(name, changed), changed


@pytest.mark.parametrize("name", RETURNS)
@through_the_schema
@given(data=st.data())
def test_the_code_takes_a_tampered_return_where_the_schema_does(
    name: str, data: st.DataObject
) -> None:
    values = return_to_data(data.draw(records_of(RETURNS[name])))
    changed, path = data.draw(tampered(values))
    assume(name != "CommandsReturned" or not is_taken_for_a_list(changed, path))
    assume(not is_whole_date(changed, path))
    body = {"id": 1, "name": name, "values": changed}
    assert READERS[f"return.{name}"].is_valid(body) == code_takes_return(name, changed), changed


@pytest.mark.parametrize("kind", CONTROL)
@through_the_schema
@given(data=st.data())
def test_the_code_takes_a_tampered_message_where_the_schema_does(
    kind: str, data: st.DataObject
) -> None:
    body = read(wire.message(data.draw(CONTROL[kind])))[kind]
    changed, path = data.draw(tampered(body))
    assume(not is_taken_for_a_list(changed, path))
    assume(path[-1:] != ("capabilities",))  # of which there is a test, too
    right, _ = readers_of(kind)
    assert right.is_valid({kind: changed}) == code_takes_message(kind, changed), changed


def is_whole_date(changed: Any, path: tuple[Any, ...]) -> bool:
    """Whether a date without a fraction stands there, of which there is a test below."""
    variant = at(changed, path[:-1])
    if path[-1:] != ("value",) or not isinstance(variant, dict):
        return False
    return variant.get("type") == "DATE" and type(variant.get("value")) is int


def is_taken_for_a_list(changed: Any, path: tuple[Any, ...]) -> bool:
    """Whether a text or an object stands where the code is content with it as a list."""
    lists = {"items", "methods", "problems", "secrets", "findings"}
    if path[-1:] == () or path[-1] not in lists or path[-1] not in at(changed, path[:-1]):
        return False
    return isinstance(at(changed, path), str | dict)


# --- where the code takes what the schema refuses ------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("BuyComplete", {"hr": "0x00000000", "cookie": 2**32}),
        ("BuyComplete", {"hr": "0x00000000", "cookie": -1}),
        ("AddListContents", {"list_cookie": 7, "items": [2**80]}),
        ("ShowPopup", {"index": 2**31, "parameters": ""}),
    ],
    ids=ascii,
)
def test_a_number_of_more_than_32_bits_is_refused(name: str, arguments: dict[str, Any]) -> None:
    assert not READERS[f"call.{name}"].is_valid({"id": 1, "name": name, "arguments": arguments})
    assert not code_takes_call(name, arguments)


@pytest.mark.parametrize("items", ["", {}], ids=ascii)
def test_a_menu_is_a_list(items: Any) -> None:
    values = {"hr": "0x00000000", "items": items}
    body = {"id": 1, "name": "CommandsReturned", "values": values}
    assert not READERS["return.CommandsReturned"].is_valid(body)
    assert not code_takes_return("CommandsReturned", values)


@pytest.mark.parametrize("capabilities", [True, 64.0, -1, 2**32])
def test_capabilities_are_a_32_bit_number(capabilities: Any) -> None:
    info = {
        "key": "Shop",
        "friendly_name": "The Shop",
        "capabilities": capabilities,
        "threading_model": "Free",
        "contract_version": 1,
    }
    body = {"reference": "a", "service_info": info}
    assert not SURROGATE.is_valid({"loaded": body})
    assert not code_takes_message("loaded", body)


# --- where the code refuses what the schema takes ------------------------------------------------


def test_a_date_at_midnight_may_be_written_without_a_fraction() -> None:
    arguments = {"type": 1, "context": {"type": "DATE", "value": 45_000}}
    body = {"id": 1, "name": "CallbackNotify", "arguments": arguments}
    assert READERS["call.CallbackNotify"].is_valid(body)
    assert code_takes_call("CallbackNotify", arguments)


def test_the_calendar_is_beyond_the_schema() -> None:
    """The schema's description says so."""
    licence = {"content_id": 7, "key_id": None, "rights": [], "expires": "2026-02-30T12:00:00Z"}
    body = {"id": 1, "name": "Predeliver", "arguments": {"license": licence}}
    assert READERS["call.Predeliver"].is_valid(body)
    assert not code_takes_call("Predeliver", {"license": licence})


@pytest.mark.parametrize(
    "expires",
    [
        *("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5+05:30", "0001-01-01T00:00:00+00:00"),
        *("9999-12-31T23:59:59.999999-23:59", "2026-03-01T12:00:00+05:30:15.000001"),
    ],
)
def test_an_end_with_a_zone_is_taken_by_both(expires: str) -> None:
    licence = {"content_id": 7, "key_id": None, "rights": ["play"], "expires": expires}
    body = {"id": 1, "name": "Predeliver", "arguments": {"license": licence}}
    assert READERS["call.Predeliver"].is_valid(body)
    assert code_takes_call("Predeliver", {"license": licence})


@pytest.mark.parametrize("expires", ["2026-03-01", "2026-03-01T12:00:00", "tomorrow", 0, ""])
def test_an_end_without_a_zone_is_refused_by_both(expires: Any) -> None:
    licence = {"content_id": 7, "key_id": None, "rights": ["play"], "expires": expires}
    body = {"id": 1, "name": "Predeliver", "arguments": {"license": licence}}
    assert not READERS["call.Predeliver"].is_valid(body)
    assert not code_takes_call("Predeliver", {"license": licence})


@pytest.mark.parametrize(
    ("digest", "sound"),
    [
        *((None, True), ("md5=" + "0" * 32, True), ("sha-256=" + "A" * 43 + "=", True)),
        *(
            ("", False),
            (7, False),
            ("md5=" + "0" * 31, False),
            ("sha-256=" + "0" * 64 + "\n", False),
        ),
    ],
)
def test_a_licence_may_have_a_digest(digest: Any, *, sound: bool) -> None:
    licence = {"content_id": 7, "key_id": None, "rights": ["play"], "expires": None}
    licence["digest"] = digest
    body = {"id": 1, "name": "Predeliver", "arguments": {"license": licence}}
    assert READERS["call.Predeliver"].is_valid(body) is sound
    assert code_takes_call("Predeliver", {"license": licence}) is sound


LOOSE = {"type": "UnknownLocation", "id": 0xFFFF_FFFF, "price": "PriceUnknown", "items": []}


@pytest.mark.parametrize(
    ("change", "sound"),
    [
        ({}, True),
        ({"id": 7}, False),
        ({"price": "$1"}, False),
        ({"type": "CPAlbumID", "id": 7, "price": "$1"}, True),
        ({"type": "CPTrackID"}, False),
    ],
    ids=ascii,
)
def test_loose_tracks_have_neither_id_nor_price(change: dict[str, Any], *, sound: bool) -> None:
    container_list = {"transaction_type": 1, "containers": [LOOSE | change]}
    arguments = {"container_list": container_list, "cookie": 7}
    body = {"id": 1, "name": "Download", "arguments": arguments}
    assert READERS["call.Download"].is_valid(body) is sound
    assert code_takes_call("Download", arguments) is sound


def test_no_call_is_in_both_lists() -> None:
    lists = [
        {one["$ref"] for one in SCHEMA["$defs"][name]["oneOf"]}
        for name in ("PlayerCall", "SurrogateCall")
    ]
    assert [len(one) for one in lists] == [len(PARTNER_CALLS), len(CALLBACK_CALLS)]
    assert not set.intersection(*lists)
