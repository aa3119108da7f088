"""The catalogue of requirements: every row of the documented protocol, in this project's words.

The rows stand in `requirements.tsv` beside this file. Ids are permanent: a row that falls away
keeps its number, and new rows get new ones.
"""

import csv
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

from attrs import frozen

from player_host.errors import UsageError


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


def requirement(name: str) -> Requirement:
    """Return a row.

    Raises:
        UsageError: there is none with that id.
    """
    try:
        return requirements()[name]
    except KeyError:
        raise UsageError(
            f"there is no requirement {name!r}",
            remedy="`player-host conformance list` shows them",
        ) from None


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
