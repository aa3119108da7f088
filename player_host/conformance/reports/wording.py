"""Foreign text made harmless, cut to a bound, and numbers with their nouns."""

import textwrap
import unicodedata
from collections.abc import Iterable
from typing import Final

NAME_CHARACTERS: Final = 120
"""Of a name in a report: of a partner, a scenario, a setting."""

SENTENCE_CHARACTERS: Final = 600
"""Of what was found, and of a reason."""

LINE_CHARACTERS: Final = 100
"""In which text for people is set."""


def shown(text: str, most: int = SENTENCE_CHARACTERS) -> str:
    r"""Return foreign text on one line, cut, with everything but printable characters escaped.

    What is left can stand in a terminal, in XML and, once quoted, in HTML: no control character,
    no mark that turns the direction of writing, no lone surrogate.

    >>> shown("a\x1b[2Jb")
    'a\\x1b[2Jb'
    >>> shown("abcdef", 4)
    'abc…'
    """
    begin = text[: most + 1]
    if not begin.isprintable():
        begin = "".join(c if c.isprintable() else _escaped(c) for c in begin)
    return begin if len(begin) <= most else begin[: most - 1] + "…"


def shown_block(text: str, most: int) -> str:
    """Return foreign text of several lines, cut, with all else escaped as `shown` does it."""
    lines = text[:most].expandtabs(4).split("\n")
    return "\n".join(shown(line, most) for line in lines)[:most]


def count_text(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> count_text(1, "line"), count_text(1234, "line"), count_text(0, "entry", "entries")
    ('1 line', '1,234 lines', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def wrapped(text: str, indent: str = "", hang: str = "  ") -> list[str]:
    """Return text in lines for people, the second and later ones further in."""
    return textwrap.wrap(
        text,
        LINE_CHARACTERS,
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def some_of(texts: Iterable[str], most: int) -> str:
    """Return the first of some texts, and how many more there are.

    >>> some_of(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    all_of_them = list(texts)
    listed = ", ".join(all_of_them[:most])
    left = len(all_of_them) - most
    return listed if left <= 0 else f"{listed} and {left:,} more"


def _escaped(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")
