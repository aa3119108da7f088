"""HRESULT: the 32-bit result that every call of the protocol ends with.

Bit 31 alone decides between success and failure (HR-01); `S_OK` is one success among several.
The names come from `hresult.tsv`, which is read when a name is first asked for.
"""

from functools import lru_cache
from pathlib import Path
from typing import Final, Self

_TABLE: Final = Path(__file__).with_name("hresult.tsv")

_FAILURE_BIT: Final = 0x8000_0000
_FACILITY_WIN32: Final = 7
_FACILITY_NS: Final = 0x0D
_FACILITY_NAMES: Final = {
    0: "NULL",
    1: "RPC",
    2: "DISPATCH",
    3: "STORAGE",
    4: "ITF",
    _FACILITY_WIN32: "WIN32",
    8: "WINDOWS",
    _FACILITY_NS: "NS",
    0x19: "HTTP",
    0x20: "BACKGROUNDCOPY",
}
_NS_SEVERITIES: Final = ("success", "informational", "warning", "error")


class UnknownName(KeyError):
    """No row of `hresult.tsv` has the name that was asked for."""

    def __str__(self) -> str:
        return f"no HRESULT is named {self.args[0]!r}"


class HRESULT(int):
    """A result code: an integer of 0 to 2**32 - 1 that knows its parts and its name.

    Compares, hashes and pickles as the integer it is, and prints as its name. Never test for
    success with `== S_OK`, nor by truth: ask `succeeded` or `failed` (T1-HR-01, T1-HR-02).

    Args:
        value: the code, as unsigned (0x80004005) or as signed 32-bit number (-2147467259).

    Raises:
        TypeError: if the value is no integer; bool and float are refused.
        ValueError: if the value is outside -2**31 to 2**32 - 1.
    """

    __slots__ = ()

    def __new__(cls, value: int) -> Self:  # noqa: D102 - the class says it
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"an HRESULT is made from an int, not {type(value).__name__}")
        if not -0x8000_0000 <= value <= 0xFFFF_FFFF:
            raise ValueError("an HRESULT has 32 bits; this number has more")
        return super().__new__(cls, value & 0xFFFF_FFFF)

    @classmethod
    def named(cls, name: str) -> Self:
        """Look a code up by its exact name, such as `"NS_E_WMP_DRM_LICENSE_EXPIRED"`.

        Args:
            name: a name of `hresult.tsv`; Win32 errors are called
                `HRESULT_FROM_WIN32(ERROR_DISK_FULL)` (HR-06).

        Raises:
            UnknownName: if there is no such name.
        """
        try:
            return cls(_values()[name])
        except KeyError:
            raise UnknownName(name) from None

    @classmethod
    def from_win32(cls, n: int) -> Self:
        """Turn a Win32 error code into an HRESULT (HR-03).

        Args:
            n: a Win32 error as 32-bit number. Zero, and what is negative when read as signed
                (an HRESULT already), stays as it is; of the rest the low 16 bits count.

        Raises:
            TypeError: if n is no integer.
            ValueError: if n is outside -2**31 to 2**32 - 1.
        """
        code = cls(n)
        if code == 0 or code.failed:
            return code
        return cls(0x8007_0000 | code.code)

    @classmethod
    def from_http_status(cls, status: int) -> Self:
        """Turn the HTTP status that ended a transfer into an HRESULT (HR-04).

        Args:
            status: a three-digit HTTP status, 100 to 999.

        Raises:
            TypeError: if the status is no integer.
            ValueError: if the status has not three digits.
        """
        if not 100 <= status <= 999:
            raise ValueError(f"an HTTP status has three digits; this is {status}")
        return cls(cls(status) + 0x8019_0000)

    @property
    def succeeded(self) -> bool:
        """True for every success code, also `S_FALSE` (HR-01)."""
        return not self.failed

    @property
    def failed(self) -> bool:
        """True for every failure code: bit 31 is set (HR-01)."""
        return bool(self & _FAILURE_BIT)

    @property
    def severity(self) -> str:
        """`success` or `error`; NS codes also know `informational` and `warning` (HR-05)."""
        if self.facility == _FACILITY_NS:
            return _NS_SEVERITIES[self >> 30]
        return "error" if self.failed else "success"

    @property
    def facility(self) -> int:
        """The number of the system that defined the code, 0 to 8191 (HR-02)."""
        return (self >> 16) & 0x1FFF

    @property
    def facility_name(self) -> str:
        """The facility's name, such as `"ITF"`, or its number where it has none here."""
        return _FACILITY_NAMES.get(self.facility, str(self.facility))

    @property
    def code(self) -> int:
        """The low 16 bits (HR-02)."""
        return self & 0xFFFF

    @property
    def name(self) -> str:
        """The first name that `hresult.tsv` has for the code, or a description of its parts."""
        known = _names().get(int(self))
        return known or f"{self:#010X} ({self._parts()})".replace("X", "x", 1)

    @property
    def meaning(self) -> str:
        """What the code says, for people, or an empty text where the table has no row."""
        return _meanings().get(int(self), "")

    def _parts(self) -> str:
        return f"{self.severity}, facility {self.facility_name}, code 0x{self.code:04X}"

    def __repr__(self) -> str:
        known = _names().get(int(self), f"({self._parts()})")
        return f"HRESULT(0x{int(self):08X} {known})"

    def __str__(self) -> str:
        return self.name


class ComError(Exception):
    """A method with out-values failed: raised by a plug-in, or by a callback method.

    Args:
        hr: the failure code that the caller gets.
        message: words for the log; the protocol carries the code alone.

    Raises:
        ValueError: if hr is a success code, for then there would be out-values.
    """

    def __init__(self, hr: int, message: str = "") -> None:
        code = HRESULT(hr)
        if code.succeeded:
            raise ValueError(f"{code.name} is a success code and cannot be raised")
        super().__init__(code, message)
        self.hr = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.hr.name}: {self.message}" if self.message else self.hr.name


def _rows() -> list[list[str]]:
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, int], dict[int, str], dict[int, str]]:
    values: dict[str, int] = {}
    names: dict[int, str] = {}
    meanings: dict[int, str] = {}
    for name, value, _facility, _severity, meaning in _rows():
        number = int(value, 16)
        values[name] = number
        names.setdefault(number, name)
        meanings.setdefault(number, meaning)
    return values, names, meanings


def _values() -> dict[str, int]:
    return _table()[0]


def _names() -> dict[int, str]:
    return _table()[1]


def _meanings() -> dict[int, str]:
    return _table()[2]


S_OK: Final = HRESULT(0x0000_0000)
S_FALSE: Final = HRESULT(0x0000_0001)
E_NOTIMPL: Final = HRESULT(0x8000_4001)
E_POINTER: Final = HRESULT(0x8000_4003)
E_ABORT: Final = HRESULT(0x8000_4004)
E_FAIL: Final = HRESULT(0x8000_4005)
E_UNEXPECTED: Final = HRESULT(0x8000_FFFF)
E_ACCESSDENIED: Final = HRESULT(0x8007_0005)
E_OUTOFMEMORY: Final = HRESULT(0x8007_000E)
E_INVALIDARG: Final = HRESULT(0x8007_0057)
RPC_E_CALL_REJECTED: Final = HRESULT(0x8001_0001)
RPC_E_SERVER_DIED: Final = HRESULT(0x8001_0007)
RPC_E_INVALID_DATAPACKET: Final = HRESULT(0x8001_0009)
RPC_E_CLIENT_CANTMARSHAL_DATA: Final = HRESULT(0x8001_000B)
RPC_E_SERVER_CANTMARSHAL_DATA: Final = HRESULT(0x8001_000D)
RPC_E_INVALID_DATA: Final = HRESULT(0x8001_000F)
RPC_E_SERVER_DIED_DNE: Final = HRESULT(0x8001_0012)
RPC_E_SERVERFAULT: Final = HRESULT(0x8001_0105)
RPC_E_DISCONNECTED: Final = HRESULT(0x8001_0108)
RPC_E_TIMEOUT: Final = HRESULT(0x8001_011F)
