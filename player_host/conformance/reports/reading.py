"""Reads a foreign document value by value; each error says the file, the key, what was expected."""

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from attrs import field, frozen

from player_host.conformance.reports.wording import NAME_CHARACTERS, shown
from player_host.errors import PlayerHostError
from player_host.units import ByteCount

MAX_DOCUMENT_BYTES: Final = ByteCount(160 * 1024 * 1024)
MAX_TEXT_CHARACTERS: Final = 4_000
LARGEST_NUMBER: Final = 2**63 - 1

E = TypeVar("E", bound=StrEnum)

_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def parsed(text: str, *, where: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        PlayerHostError: it is too long, or no JSON.
    """
    if len(text) > MAX_DOCUMENT_BYTES:
        raise PlayerHostError(
            f"a report of at most {MAX_DOCUMENT_BYTES} bytes was expected", where=where
        )
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise PlayerHostError(f"JSON was expected ({error})", where=where) from error


@frozen
class Place:
    """A value and where it stands.

    Attributes:
        value: as JSON has it.
        document: the name of the file.
        key: the way to the value, such as `results[3].verdict`; "" for the whole.
    """

    value: Any = field(repr=False)
    document: str
    key: str = ""

    @property
    def where(self) -> str:
        """The file and the key, for errors."""
        return f"{self.document}: {self.key}".removesuffix(": ")

    def __getitem__(self, name: str) -> "Place":
        """Return what an object has under a name.

        Raises:
            PlayerHostError: it is no object, or has no such key.
        """
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        place = self._below(name, self.value.get(name))
        if name not in self.value:
            raise place.error("the key is missing")
        return place

    def has(self, name: str) -> bool:
        """Return whether an object has a key."""
        return isinstance(self.value, dict) and name in self.value

    def mapping(self, most: int) -> dict[str, "Place"]:
        """Return the values of an object, by key."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        if len(self.value) > most:
            raise self.error(f"an object of at most {most} keys was expected")
        return {name: self._below(name, value) for name, value in self.value.items()}

    def items(self, most: int) -> Iterator["Place"]:
        """Yield the values of a list."""
        if not isinstance(self.value, list):
            raise self.expected("a list")
        if len(self.value) > most:
            raise self.error(f"a list of at most {most} was expected; it has {len(self.value)}")
        for index, value in enumerate(self.value):
            yield Place(value, self.document, f"{self.key}[{index}]")

    def text(self, most: int = MAX_TEXT_CHARACTERS) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.expected("a text")
        if len(self.value) > most:
            raise self.error(f"a text of at most {most} characters was expected")
        return self.value

    def number(self, least: int = 0) -> int:
        """Return a whole number."""
        if type(self.value) is not int:
            raise self.expected("a whole number")
        if not least <= self.value <= LARGEST_NUMBER:
            raise self.error(f"a number of {least} to {LARGEST_NUMBER} was expected")
        return self.value

    def seconds(self) -> float:
        """Return a duration."""
        if type(self.value) not in {int, float}:
            raise self.expected("a number of seconds")
        if not 0 <= self.value <= LARGEST_NUMBER:
            raise self.error("a number of seconds from 0 was expected")
        return float(self.value)

    def moment(self) -> datetime:
        """Return a moment with its zone."""
        try:
            moment = datetime.fromisoformat(self.text())
        except ValueError:
            raise self.expected("a date and time of ISO 8601") from None
        if moment.tzinfo is None:
            raise self.error("a date and time with its zone was expected")
        return moment

    def choice(self, kind: type[E]) -> E:
        """Return a member of an enumeration, by its value."""
        try:
            return kind(self.text())
        except ValueError:
            raise self.error(f"one of {', '.join(kind)} was expected") from None

    def expected(self, what: str) -> PlayerHostError:
        """Return an error that says what should stand here, and what does."""
        return self.error(f"{what} was expected, not {_NAMES[type(self.value)]}")

    def error(self, what: str) -> PlayerHostError:
        """Return an error about this place."""
        return PlayerHostError(what, where=self.where)

    def _below(self, name: str, value: Any) -> "Place":
        name = shown(name, NAME_CHARACTERS)
        return Place(value, self.document, f"{self.key}.{name}" if self.key else name)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
