"""VARIANT: a value whose type crosses the boundary with it.

The tag is part of the contract: `VT_UI4` and `VT_I4` are not interchangeable, so a `Variant`
is made by the constructor that names its tag.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Final, Self

from attrs import Attribute, field, frozen

from partner_api.hresult import HRESULT

_HIGHEST_DWORD: Final = 0xFFFF_FFFF
_EPOCH: Final = datetime(1899, 12, 30, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_MS_PER_DAY: Final = 86_400_000
_LATEST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
_LATEST_DAY: Final = (_LATEST - _EPOCH) / _DAY
_BEFORE_YEAR_100: Final = -657_435.0


class VarType(IntEnum):
    """The tags that the protocol uses, with their COM numbers."""

    EMPTY = 0
    I4 = 3
    DATE = 7
    BSTR = 8
    ERROR = 10
    BOOL = 11
    UI4 = 19


def _is_integer(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def check_dword(_instance: Any, attribute: "Attribute[Any]", value: object) -> None:
    """Check, as a validator of attrs, that a field is an unsigned 32-bit number.

    Raises:
        TypeError: if the value is no int; a bool is none.
        ValueError: if the value is outside 0 to 2**32 - 1.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{attribute.name} is an int, not {type(value).__name__}")
    if not 0 <= value <= _HIGHEST_DWORD:
        raise ValueError(f"{attribute.name} has 32 bits and no sign")


def _is_date(value: object) -> bool:
    return isinstance(value, float) and _BEFORE_YEAR_100 < value <= _LATEST_DAY


_FITS: Final[dict[VarType, Callable[[object], bool]]] = {
    VarType.EMPTY: lambda value: value is None,
    VarType.I4: lambda value: _is_integer(value, -(2**31), 2**31 - 1),
    VarType.DATE: _is_date,
    VarType.BSTR: lambda value: isinstance(value, str),
    VarType.ERROR: lambda value: isinstance(value, HRESULT),
    VarType.BOOL: lambda value: isinstance(value, bool),
    VarType.UI4: lambda value: _is_integer(value, 0, 2**32 - 1),
}


def _fits_the_type(instance: Any, _attribute: "Attribute[Any]", value: object) -> None:
    if not _FITS[instance.type](value):
        raise ValueError(f"VT_{instance.type.name} cannot hold this {type(value).__name__}")


@frozen
class Variant:
    """A tagged value, as contexts and answers carry it.

    Attributes:
        type: the tag.
        value: `None` (EMPTY), an int of -2**31 to 2**31 - 1 (I4) or of 0 to 2**32 - 1 (UI4), a
            str (BSTR; an absent string is the empty one), a bool (BOOL), an `HRESULT` (ERROR),
            or a float (DATE): days since 1899-12-30 00:00 UTC, years 100 to 9999.

    Raises:
        ValueError: if the tag is unknown or the value does not fit it.
    """

    type: VarType = field(converter=VarType)
    value: int | float | str | bool | HRESULT | None = field(default=None, validator=_fits_the_type)

    @classmethod
    def empty(cls) -> Self:
        """A VT_EMPTY: there is no context, or no answer."""
        return cls(VarType.EMPTY)

    @classmethod
    def i4(cls, n: int) -> Self:
        """A VT_I4: a signed number; raises ValueError outside -2**31 to 2**31 - 1."""
        return cls(VarType.I4, n)

    @classmethod
    def ui4(cls, n: int) -> Self:
        """A VT_UI4: an ID, an index or a count; raises ValueError outside 0 to 2**32 - 1."""
        return cls(VarType.UI4, n)

    @classmethod
    def bstr(cls, s: str) -> Self:
        """A VT_BSTR: a text; raises ValueError for anything but a str."""
        return cls(VarType.BSTR, s)

    @classmethod
    def boolean(cls, b: bool) -> Self:
        """A VT_BOOL; raises ValueError for anything but True and False."""
        return cls(VarType.BOOL, b)

    @classmethod
    def error(cls, hr: int) -> Self:
        """A VT_ERROR: a result code; raises what `HRESULT(hr)` raises."""
        return cls(VarType.ERROR, HRESULT(hr))

    @classmethod
    def date(cls, when: datetime | float) -> Self:
        """A VT_DATE.

        Args:
            when: an aware moment, kept to the millisecond, or days since 1899-12-30 00:00 UTC.
                The documents leave the time zone open; here it is UTC.

        Raises:
            ValueError: if a datetime is naive, or the moment is outside the years 100 to 9999.
        """
        return cls(VarType.DATE, _days(when) if isinstance(when, datetime) else float(when))

    def as_datetime(self) -> datetime:
        """The moment of a VT_DATE, in UTC, to the millisecond.

        Raises:
            ValueError: if this is no VT_DATE.
        """
        if not isinstance(self.value, float):
            raise ValueError(f"VT_{self.type.name} is no date")  # noqa: TRY004 - the tag is a value
        fraction, whole_days = math.modf(self.value)
        # Before the epoch the fraction still counts forward from the start of the day.
        time_of_day = timedelta(milliseconds=round(abs(fraction) * _MS_PER_DAY))
        return _EPOCH + timedelta(days=whole_days) + time_of_day


def _days(when: datetime) -> float:
    if when.utcoffset() is None:
        raise ValueError("a date needs a time zone")
    whole_days, time_of_day = divmod(when - _EPOCH, _DAY)
    fraction = time_of_day / _DAY
    return whole_days + fraction if whole_days >= 0 else whole_days - fraction
