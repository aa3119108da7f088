"""The catalogue of requirements: every row of the documented protocol, in this project's words.

The rows stand in `requirements.tsv` beside this file. Ids are permanent: a row that falls away
keeps its number, and new rows get new ones.
"""

import csv
import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

from attrs import frozen

from player_host.errors import UsageError

_MOST_SHOWN: Final = 40
"""So many characters of an unknown id are repeated."""


class Level(StrEnum):
    """How binding a requirement is."""

    MUST = "must"
    SHOULD = "should"
    MAY = "may"
    OPEN = "open"
    """The documents leave it undecided; this project has settled it."""


class Provenance(StrEnum):
    """Where a requirement comes from."""

    STATED = "stated"
    INFERRED = "inferred"
    """Implied by the documents, and said nowhere."""
    SETTLED = "settled"
    """This project's answer to a question that the documents leave open."""

    @property
    def words(self) -> str:
        """What it says, as a sentence without its end."""
        return _WORDS[self]


_WORDS: Final = {
    Provenance.STATED: "the documents say so",
    Provenance.INFERRED: "the documents imply it, and say it nowhere",
    Provenance.SETTLED: "the documents leave it open, and this project has settled it",
}


@frozen
class Requirement:
    """One row.

    Attributes:
        id: permanent, such as `T1-DL-07`.
        actor: whose duty it is: `partner` or `player`.
        level: how binding it is.
        method: the method or the file that it is about, such as `Callback.DownloadTrack`.
        text: what is required.
        source: the pages of the documentation, separated by semicolons.
        provenance: whether the documents say it.
        unobserved: why no conversation can show it; "" where one can.
    """

    id: str
    actor: str
    level: Level
    method: str
    text: str
    source: str
    provenance: Provenance
    unobserved: str

    @property
    def group(self) -> str:
        """The first parts of the id, such as `T1-DL`."""
        return self.id.rpartition("-")[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """The pages of the documentation, one by one."""
        return tuple(page.strip() for page in self.source.split(";"))


def requirement(name: str, *, where: str = "") -> Requirement:
    """Return a row.

    Args:
        name: its id.
        where: the place that names it, for messages; "" for none in particular.

    Raises:
        UsageError: there is none with that id; the remedy names those that come near.
    """
    try:
        return requirements()[name]
    except KeyError:
        shown = name[:_MOST_SHOWN]
        what = f"there is no requirement {shown!r}"
        raise UsageError(what, where=where, remedy=_remedy(shown.upper())) from None


@cache
def requirements() -> Mapping[str, Requirement]:
    """Return every row, by id, in the order of the catalogue."""
    text = (resources.files(__package__) / "requirements.tsv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["id"]: _requirement(row) for row in rows}


def _requirement(row: dict[str, str]) -> Requirement:
    return Requirement(
        id=row["id"],
        actor=row["actor"],
        level=Level(row["level"]),
        method=row["method"],
        text=row["requirement"],
        source=row["source"],
        provenance=Provenance(row["provenance"]),
        unobserved=row["unobserved"],
    )


def _remedy(name: str) -> str:
    padded = re.sub(r"-(\d)$", r"-0\1", name)
    near = get_close_matches(padded, requirements())
    meant = f"Near it are {', '.join(near)}; " if near else ""
    return f"{meant}`player-host conformance list` shows them all"
