"""What a table and a field of a catalogue are, and the kinds of fields that recur.

`format.py` describes the eight tables with these.
"""

import enum
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from player_host.catalog import forms
from player_host.catalog.rows import Row

MAX_ROWS = 1_000_000

SPECIAL_PRICES = frozenset({"", "0", "-"})


class Empty(enum.Enum):
    """What an empty field means."""

    FORBIDDEN = "the field is required"
    ALLOWED = "the field is required, and empty is one of its values"
    OPTIONAL = "the field is optional; at the end of a row it may even be missing"


@frozen
class Should:
    """A recommendation about a field's text; not to follow it is a warning.

    Attributes:
        words: what the field should be, as the end of a sentence.
        holds: whether a text follows the recommendation.
        requirement: the row of the requirement catalogue.
    """

    words: str
    holds: Callable[[str], bool]
    requirement: str


@frozen
class Field:
    """One field of a table.

    Attributes:
        name: the documented name.
        parse: from text that is not empty to a value; raises ValueError (see `forms.py`).
        rule: what the field must be, as the end of a sentence that begins with its name.
        requirement: the row of the requirement catalogue that says so.
        empty: whether the field may be empty or missing.
        blank: the value of an empty field.
        kept: whether the Player uses the field.
        should: a recommendation beyond the rule.
    """

    name: str
    parse: Callable[[str], Any]
    rule: str
    requirement: str
    empty: Empty = Empty.FORBIDDEN
    blank: Any = None
    kept: bool = True
    should: Should | None = None


@frozen
class Table:
    """One of the eight tables.

    Attributes:
        file: the exact name of the file (T1-TSV-01).
        name: what a row is called in messages and counts.
        row: the class of its rows; its attributes are the kept fields in order.
        requirement: the row that says what the table's rows and IDs must be.
        fields: in the documented order (T1-TSV-05).
        max_rows: how many rows are read at most.
        rows_requirement: the row behind `max_rows`.
    """

    file: str
    name: str
    row: Callable[..., Row]
    requirement: str
    fields: tuple[Field, ...]
    max_rows: int = MAX_ROWS
    rows_requirement: str = "T1-TSV-02"
    min_fields: int = field(init=False)

    @min_fields.default
    def _count_needed(self) -> int:
        count = len(self.fields)
        while self.fields[count - 1].empty is Empty.OPTIONAL:
            count -= 1
        return count


def _is_empty(cell: str) -> bool:
    return not cell


def is_zero(cell: str) -> bool:
    """Return whether a text is the number 0."""
    return cell.strip(" ") == "0"


@lru_cache(maxsize=4_096)
def _shows_currency(price: str) -> bool:
    return price in SPECIAL_PRICES or any(
        character.isalpha() or unicodedata.category(character) == "Sc" for character in price
    )


def shorter_than(count: int) -> Callable[[str], bool]:
    """Return the recommendation of a length below a number of characters."""
    return lambda cell: len(cell) < count


def id_field(name: str, requirement: str) -> Field:
    """Return a field that holds one ID."""
    return Field(
        name, forms.identifier, "must be an ID, a whole number from 0 to 4294967294", requirement
    )


def flag(name: str, requirement: str, should: Should | None = None, *, kept: bool = True) -> Field:
    """Return a field that holds `0` or `1`."""
    return Field(name, forms.boolean, "must be 0 or 1", requirement, kept=kept, should=should)


def required_text(name: str, requirement: str, should: Should | None = None) -> Field:
    """Return a field that holds text and is not empty."""
    return Field(name, forms.text, "must not be empty", requirement, should=should)


def optional_text(name: str, requirement: str, should: Should | None = None) -> Field:
    """Return a field that holds text and may be empty."""
    return Field(
        name,
        forms.text,
        "is text",
        requirement,
        empty=Empty.ALLOWED,
        blank="",
        should=should,
    )


def price(name: str, requirement: str) -> Field:
    """Return a field that holds a price; empty, `0` and `-` are special (T1-TRK-04)."""
    should = Should("should show its currency", _shows_currency, requirement)
    return optional_text(name, requirement, should)


def count(name: str, requirement: str, what: str, should: Should | None = None) -> Field:
    """Return a field that holds a whole number; `what` says of what."""
    rule = f"must be {what}, a whole number from 0 to 4294967295"
    return Field(name, forms.integer, rule, requirement, should=should)


def rank(name: str, requirement: str) -> Field:
    """Return a field that holds a number that is not negative."""
    rule = "must be a number that is not negative, with a full stop before its decimals"
    return Field(name, forms.rank, rule, requirement)


def number(name: str, requirement: str) -> Field:
    """Return a field that holds a number."""
    rule = "must be a number, with a full stop before its decimals"
    return Field(name, forms.number, rule, requirement)


def stars(name: str, requirement: str) -> Field:
    """Return a field that holds a star rating, or nothing."""
    rule = "must be a number from 0 to 5, with a full stop before its decimals"
    return Field(name, forms.stars, rule, requirement, empty=Empty.OPTIONAL)


def unused_glyph(requirement: str) -> Field:
    """Return the field `EditorialGlyph`, which is not used."""
    return Field(
        "EditorialGlyph",
        forms.integer,
        "must be a whole number",
        "T1-TSV-06",
        kept=False,
        should=Should("should be 0", is_zero, requirement),
    )


def unused_text(name: str, requirement: str) -> Field:
    """Return a field that is not used and should be empty."""
    return Field(
        name,
        forms.text,
        "is text",
        requirement,
        empty=Empty.ALLOWED,
        kept=False,
        should=Should("should be empty", _is_empty, requirement),
    )
