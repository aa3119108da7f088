"""Records of `calls` to and from values that JSON can hold; used by transcripts and the wire.

An HRESULT is written as `"0x80004005"`, bytes as base64, an enumeration as its value, a
container item as `[id, price]`. Text keeps its UTF-16 code units: `json.dumps` with its default
`ensure_ascii` writes lone surrogates and NUL as escapes, and `json.loads` reads them back.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar, get_args, get_origin

from attrs import fields
from cattrs import Converter

from partner_api.calls import (
    CALLS,
    RETURNS,
    Call,
    ComparisonReturned,
    IndexOutOfRange,
    Return,
    ShowPopup,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, TransactionType
from partner_api.hresult import HRESULT
from partner_api.licensing import License, Right
from partner_api.variant import Variant, VarType

R = TypeVar("R", Call, Return)

_HRESULT_FORM: Final = re.compile("0x[0-9A-F]{8}")


def call_to_data(call: Call) -> dict[str, Any]:
    """Return the arguments of a call, by name, as JSON values."""
    data: dict[str, Any] = _converter.unstructure(call)
    return data


def call_from_data(name: str, data: object) -> Call:
    """Return the record of a call.

    Args:
        name: the record's name in `CALLS`.
        data: what `call_to_data` returned.

    Raises:
        KeyError: there is no such record.
        Exception: cattrs' errors, where the data do not fit the record.
    """
    return _in_range(_converter.structure(data, CALLS[name]))


def return_to_data(returned: Return) -> dict[str, Any]:
    """Return the HRESULT and the out-values of a return as JSON values."""
    data: dict[str, Any] = _converter.unstructure(returned)
    return data


def return_from_data(name: str, data: object) -> Return:
    """Return the record of a return; errors as for `call_from_data`."""
    return _in_range(_converter.structure(data, RETURNS[name]))


def container_list_to_data(container_list: ContentContainerList) -> dict[str, Any]:
    """Return a container list as JSON values."""
    data: dict[str, Any] = _converter.unstructure(container_list)
    return data


def container_list_from_data(data: object) -> ContentContainerList:
    """Return the container list that `container_list_to_data` wrote."""
    return _converter.structure(data, ContentContainerList)


def _hresult_to_data(hr: HRESULT) -> str:
    return f"0x{hr:08X}"


def _hresult_from_data(data: Any, _: object) -> HRESULT:
    if not _HRESULT_FORM.fullmatch(data):
        raise ValueError("a result code was expected, such as 0x80004005")
    return HRESULT(int(data, 16))


def _container_to_data(container: ContentContainer) -> dict[str, Any]:
    return {
        "type": str(container.type),
        "id": container.id,
        "price": str(container.price),
        "items": [[item.id, str(item.price)] for item in container],
    }


def _container_from_data(data: Any, _: object) -> ContentContainer:
    _check_keys(data, "type", "id", "price", "items")
    return ContentContainer(
        type=LibraryLocation(data["type"]),
        id=data["id"],
        price=data["price"],
        items=tuple(_item_from_data(item) for item in _checked_list(data["items"])),
    )


def _item_from_data(data: Any) -> ContentItem:
    track_id, price = _checked_list(data)
    return ContentItem(id=track_id, price=price)


def _list_to_data(container_list: ContentContainerList) -> dict[str, Any]:
    return {
        "transaction_type": int(container_list.transaction_type),
        "containers": [_container_to_data(container) for container in container_list],
    }


def _list_from_data(data: Any, _: object) -> ContentContainerList:
    _check_keys(data, "transaction_type", "containers")
    return ContentContainerList(
        transaction_type=_exactly(int)(data["transaction_type"], TransactionType),
        containers=tuple(_container_from_data(c, None) for c in _checked_list(data["containers"])),
    )


def _variant_to_data(variant: Variant) -> dict[str, Any]:
    value = variant.value
    return {
        "type": variant.type.name,
        "value": _hresult_to_data(value) if isinstance(value, HRESULT) else value,
    }


def _variant_from_data(data: Any, _: object) -> Variant:
    _check_keys(data, "type", "value")
    kind = VarType[data["type"]]
    value = data["value"]
    if kind is VarType.ERROR:
        return Variant(kind, _hresult_from_data(value, None))
    # Many languages write the number 45000.0 as 45000.
    return Variant(kind, float(value) if kind is VarType.DATE and type(value) is int else value)


def _license_to_data(license_: License) -> dict[str, Any]:
    data = {
        "content_id": license_.content_id,
        "key_id": license_.key_id,
        "rights": sorted(license_.rights),
        "expires": license_.expires.isoformat() if license_.expires else None,
    }
    # Left out where there is none: a Player that knows no digest of a licence takes the others.
    return data if license_.digest is None else data | {"digest": license_.digest}


def _license_from_data(data: Any, _: object) -> License:
    _check_keys(data, "content_id", "key_id", "rights", "expires", optional="digest")
    expires = data["expires"]
    return License(
        content_id=data["content_id"],
        key_id=data["key_id"],
        rights=frozenset(Right(right) for right in _checked_list(data["rights"])),
        expires=None if expires is None else datetime.fromisoformat(expires),
        digest=data.get("digest"),
    )


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    for kind, to_data, from_data in (
        (HRESULT, _hresult_to_data, _hresult_from_data),
        (ContentContainerList, _list_to_data, _list_from_data),
        (Variant, _variant_to_data, _variant_from_data),
        (License, _license_to_data, _license_from_data),
        (bytes, lambda b: b64encode(b).decode(), lambda d, _: b64decode(d, validate=True)),
    ):
        converter.register_unstructure_hook(kind, to_data)
        converter.register_structure_hook(kind, from_data)
    converter.register_structure_hook(str, _exactly(str))
    converter.register_structure_hook(int, _exactly(int))
    converter.register_structure_hook(bool, _exactly(bool))
    converter.register_structure_hook_func(is_sequence, sequence_hook(converter))
    return converter


def _check_keys(data: Any, *names: str, optional: str = "") -> None:
    if not isinstance(data, dict) or data.keys() - {optional} != set(names):
        raise ValueError(f"an object with {', '.join(names)} was expected")


def _checked_list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError(f"a list was expected, not {type(data).__name__}")
    return data


def is_sequence(asked: object) -> bool:
    """Whether a type is a tuple of any length of one type of things."""
    return get_origin(asked) is tuple


def sequence_hook(converter: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    """Return a hook of cattrs that takes a list for a tuple, and nothing else."""

    def read(data: Any, asked: Any) -> tuple[Any, ...]:
        kind = get_args(asked)[0]
        return tuple(converter.structure(one, kind) for one in _checked_list(data))

    return read


def _in_range(record: R) -> R:
    """Return the record, of which every number is one that its parameter can be."""
    for name, lowest, highest in _NUMBERS[type(record)]:
        value = getattr(record, name)
        numbers = value if isinstance(value, tuple) else (value,) if value is not None else ()
        if numbers and not lowest <= min(numbers) <= max(numbers) <= highest:
            raise ValueError(f"{name} is a number of {lowest} to {highest}")
    return record


def _numbers_of(record: type[Any]) -> tuple[tuple[str, int, int], ...]:
    """Return the names of a record's numbers, each with its range."""
    return tuple(
        (one.name, *_RANGES.get((record, one.name), _DWORD))
        for one in fields(record)
        if one.type in {int, int | None, tuple[int, ...]}
    )


def _exactly(expected: type) -> Any:
    """Accept one type and no other; enumerations of it are read by their value."""

    def check(data: Any, asked: type) -> Any:
        if type(data) is not expected:
            raise TypeError(f"{expected.__name__} was expected, not {type(data).__name__}")
        return asked(data)

    return check


_DWORD: Final = (0, 2**32 - 1)
_LONG: Final = (-(2**31), 2**31 - 1)
_RANGES: Final[Mapping[tuple[type[Any], str], tuple[int, int]]] = {
    (ShowPopup, "index"): _LONG,
    (ComparisonReturned, "result"): _LONG,
    (IndexOutOfRange, "index"): (-1, 2**32 - 1),
}
"""The numbers that are no DWORD."""

_NUMBERS: Final = {record: _numbers_of(record) for record in (*CALLS.values(), *RETURNS.values())}
_converter = _make_converter()
