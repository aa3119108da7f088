"""The forms that a field's text can have, and the values that they stand for.

Every function takes the text of one field, not empty, and returns its value; it raises
`ValueError` if the text has another form. The words that say what was expected stand with the
field in `format.py`. Blanks around numbers and around the members of an ID list are ignored.
"""

import calendar
import re

from partner_api.enums import NO_ID

MAX_ID = NO_ID - 1
MAX_INTEGER = 0xFFFFFFFF
_MAX_DIGITS = 10
_NUMBER = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)


def text(cell: str) -> str:
    """Return the text as it is; a quote is an ordinary character (T1-TSV-16)."""
    return cell


def integer(cell: str) -> int:
    """Return a whole number from 0 to 2^32 - 1 (T1-TSV-06)."""
    digits = cell.strip(" ")
    if len(digits) > _MAX_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise ValueError(cell)
    number = int(digits)
    if number > MAX_INTEGER:
        raise ValueError(cell)
    return number


def identifier(cell: str) -> int:
    """Return an ID: 0 is legal, 0xFFFFFFFF means "no ID" and is not (T1-CON-13)."""
    number = integer(cell)
    if number > MAX_ID:
        raise ValueError(cell)
    return number


def identifiers(cell: str) -> tuple[int, ...]:
    """Return IDs separated by semicolons; a final semicolon is allowed (T1-TRK-14, T1-ALB-06)."""
    members = cell.split(";")
    if not members[-1].strip(" "):
        members.pop()
    return tuple(map(identifier, members))


def some_identifiers(cell: str) -> tuple[int, ...]:
    """Return one or more IDs separated by semicolons (T1-TRK-14)."""
    found = identifiers(cell)
    if not found:
        raise ValueError(cell)
    return found


def track_number(cell: str) -> int:
    """Return a track number from 1 to 255 (T1-TRK-03)."""
    number = integer(cell)
    if not 1 <= number <= 255:
        raise ValueError(cell)
    return number


def boolean(cell: str) -> bool:
    """Return the value of `0` or `1` (T1-TSV-06)."""
    digit = cell.strip(" ")
    if digit == "1":
        return True
    if digit == "0":
        return False
    raise ValueError(cell)


def number(cell: str) -> float:
    """Return a number with a full stop as decimal separator (T1-TSV-18)."""
    digits = cell.strip(" ")
    if not _NUMBER.fullmatch(digits):
        raise ValueError(cell)
    return float(digits)


def rank(cell: str) -> float:
    """Return a number that is not negative."""
    value = number(cell)
    if value < 0:
        raise ValueError(cell)
    return value


def stars(cell: str) -> float:
    """Return a star rating from 0 to 5 (T1-TRK-15)."""
    value = rank(cell)
    if value > 5:
        raise ValueError(cell)
    return value


def date(cell: str) -> str:
    """Return a date as `YYYY-MM-DD`, padded; month and day may be 0 (T1-ALB-03, T1-ALB-09)."""
    match = _DATE.fullmatch(cell.strip(" "))
    if match is None:
        raise ValueError(cell)
    year, month, day = map(int, match.groups())
    if year == 0 or month > 12 or day > _days(year, month):
        raise ValueError(cell)
    return f"{year:04}-{month:02}-{day:02}"


def moods(cell: str) -> str:
    """Return adjectives separated by semicolons, without a final semicolon (T1-RFD-03)."""
    if not all(word.strip(" ") for word in cell.split(";")):
        raise ValueError(cell)
    return cell


def parental_rating(cell: str) -> str:
    """Return `N`, `E` or `C` (T1-TRK-06)."""
    return _one_of("NEC", cell)


def item_type(cell: str) -> str:
    """Return the letter of a kind of item (T1-LST-02)."""
    return _one_of("TPALGSR", cell)


def view_type(cell: str) -> str:
    """Return the letter of a view (T1-LST-03)."""
    return _one_of("ITRLO", cell)


def group_by(cell: str) -> str:
    """Return the character of a grouping (T1-LST-04)."""
    return _one_of("-PACRD", cell)


def _one_of(letters: str, cell: str) -> str:
    if len(cell) != 1 or cell not in letters:
        raise ValueError(cell)
    return cell


def _days(year: int, month: int) -> int:
    if month == 0:
        return 31
    return calendar.monthrange(year, month)[1]
