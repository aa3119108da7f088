"""Values on the wire, as JSON Schema: a type of the records becomes a schema here."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from types import NoneType, UnionType
from typing import Any, Final, get_args, get_origin

from attrs import NOTHING, fields

from partner_api.content import (
    CONTAINER_TYPES,
    ContentContainer,
    ContentContainerList,
    ContentItem,
)
from partner_api.enums import (
    NO_ID,
    CallbackNotification,
    LibraryLocation,
    PartnerNotification,
    PriceMarker,
    StreamingType,
    TaskType,
    TemplateSize,
    ThreadingModel,
    TransactionType,
)
from partner_api.hresult import HRESULT
from partner_api.licensing import DIGEST_FORM, License, Right
from partner_api.partner import ContextMenuInfo
from partner_api.surrogate.findings import Finding, Severity
from partner_api.variant import Variant, VarType
from wire_pages.words import meanings, summary

Schema = dict[str, Any]
Enumeration = type[IntEnum] | type[StrEnum]

INTEGER: Final = {"type": "integer"}
DWORD: Final = {"type": "integer", "minimum": 0, "maximum": 0xFFFF_FFFF}
INT32: Final = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}

ENUMERATIONS: Final[tuple[Enumeration, ...]] = (
    CallbackNotification,
    PartnerNotification,
    StreamingType,
    TaskType,
    TemplateSize,
    TransactionType,
    ThreadingModel,
    Right,
    Severity,
)
"""Those of which no other value is let pass."""

_LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_DAY: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_OFFSET: Final = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{6})?)?)"

_VARIANT_VALUES: Final[Mapping[VarType, Schema]] = {
    VarType.EMPTY: {"type": "null"},
    VarType.I4: INT32,
    VarType.DATE: {
        "description": "Days since 1899-12-30 00:00 UTC, years 100 to 9999. Before that day the"
        " fraction still counts forward: -1.25 is 1899-12-29 06:00.",
        "type": "number",
        "exclusiveMinimum": -657_435,
        "maximum": Variant.date(_LATEST).value,
    },
    VarType.BSTR: {"type": "string"},
    VarType.ERROR: {"$ref": "#/$defs/HRESULT"},
    VarType.BOOL: {"type": "boolean"},
    VarType.UI4: DWORD,
}
_PLAIN: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    dict[str, Any]: {"type": "object"},
    bytes: {"$ref": "#/$defs/Bytes"},
}
_NAMED: Final = (HRESULT, Variant, License, ContentContainerList, ContextMenuInfo, Finding)


def values() -> Schema:
    """Return the definitions of what calls and returns are made of."""
    made: Schema = {
        "HRESULT": {
            "description": "A result code. Bit 31 says failure: the first digit is 8 or above.",
            "type": "string",
            "pattern": "^0x[0-9A-F]{8}$",
        },
        "FailureCode": {"type": "string", "pattern": "^0x[89A-F][0-9A-F]{7}$"},
        "Bytes": {
            "description": "Bytes in base64, with padding.",
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
        },
        "Variant": {"description": summary(Variant), "oneOf": [*map(_variant, VarType)]},
        "License": _license(),
        "ContentContainerList": _container_list(),
        "ContentContainer": _container(),
        "ContentItem": _item(),
        "ContextMenuInfo": _menu_entry(),
    }
    return made | {one.__name__: _enumeration(one) for one in ENUMERATIONS}


def of_type(declared: Any, integer: Schema = DWORD) -> Schema:
    """Return the schema of a field's type.

    Args:
        declared: the type.
        integer: the schema of an int.

    Raises:
        TypeError: no schema is known for the type.
    """
    if declared in _PLAIN:
        return _PLAIN[declared]
    if declared is int:
        return integer
    if declared in _NAMED or declared in ENUMERATIONS:
        return ref(declared.__name__)
    if get_origin(declared) is tuple:
        return {"type": "array", "items": of_type(get_args(declared)[0], integer)}
    if isinstance(declared, UnionType):
        return _any_of([of_type(one, integer) for one in get_args(declared)])
    raise TypeError(f"no schema is known for {declared}")


def required(kind: type) -> list[str]:
    """Return the names of the fields without a default."""
    return [one.name for one in fields(kind) if one.default is NOTHING]


def closed(properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def noted(properties: Schema, notes: Mapping[str, str]) -> Schema:
    """Return the properties with their descriptions."""
    return {
        name: {**schema, "description": notes[name]} if notes.get(name) else schema
        for name, schema in properties.items()
    }


def _any_of(schemas: list[Schema]) -> Schema:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}


def _variant(kind: VarType) -> Schema:
    pair = {"type": {"const": kind.name}, "value": _VARIANT_VALUES[kind]}
    return {"title": f"VT_{kind.name}"} | closed(pair)


def _license() -> Schema:
    licence = _described(
        License,
        {
            "content_id": DWORD,
            "key_id": {"type": ["string", "null"], "minLength": 1, "maxLength": 1024},
            "rights": {"type": "array", "items": ref("Right")},
            "expires": {"type": ["string", "null"], "pattern": f"^{_DAY}T{_CLOCK}{_OFFSET}$"},
            "digest": {"type": ["string", "null"], "pattern": f"^{DIGEST_FORM}$"},
        },
    )
    return licence | {"required": [name for name in licence["required"] if name != "digest"]}


def _container_list() -> Schema:
    return _described(
        ContentContainerList,
        {
            "transaction_type": ref("TransactionType"),
            "containers": {"type": "array", "items": ref("ContentContainer")},
        },
    )


def _container() -> Schema:
    types = [_constant(one) for one in LibraryLocation if one in CONTAINER_TYPES]
    loose = {"id": {"const": NO_ID}, "price": {"const": str(PriceMarker.UNKNOWN)}}
    container = _described(
        ContentContainer,
        {
            "type": {"oneOf": types},
            "id": DWORD,
            "price": {"type": "string"},
            "items": {"type": "array", "items": ref("ContentItem")},
        },
    )
    return container | {
        "if": {"properties": {"type": {"const": str(LibraryLocation.UNKNOWN)}}},
        "then": {"properties": loose},
    }


def _item() -> Schema:
    pair = noted({"id": DWORD, "price": {"type": "string"}}, meanings(ContentItem))
    return {
        "description": summary(ContentItem),
        "type": "array",
        "prefixItems": [pair["id"], pair["price"]],
        "items": False,
        "minItems": 2,
    }


def _menu_entry() -> Schema:
    properties = {one.name: of_type(one.type) for one in fields(ContextMenuInfo)}
    return _described(ContextMenuInfo, properties) | {"required": required(ContextMenuInfo)}


def _described(kind: type, properties: Schema) -> Schema:
    return {"description": summary(kind)} | closed(noted(properties, meanings(kind)))


def _enumeration(kind: Enumeration) -> Schema:
    return {"description": summary(kind), "oneOf": [_constant(one) for one in kind]}


def _constant(member: IntEnum | StrEnum) -> Schema:
    constant = {"const": member.value, "title": member.name}
    documented = getattr(member, "documented_name", None)
    return constant | {"description": documented} if documented else constant
