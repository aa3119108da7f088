"""What an inspection of a catalogue finds, each under the clause that it breaks.

Installing names the clause of the field in which something is wrong. That is near enough for a
refusal, not for a verdict: what only this project settled must not count as a breach of what
the documents say, and a duty of the Player's is no clause that a partner can break. Which
clause it is then, `clause_of` says.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from attrs import frozen

from partner_api.enums import NO_ID
from player_host.catalog import forms
from player_host.catalog.fields import Field, Table
from player_host.catalog.findings import BreachError, Warnings, place

MOST_REFUSALS = 10_000
"""After so many broken rules an inspection ends; recommendations are counted without end."""

MOST_KEPT = 50
"""So many findings of one kind about one clause are kept; the others are counted."""

IDENTIFIERS = frozenset({forms.identifier, forms.identifiers, forms.some_identifiers})
DECIMALS = frozenset({forms.number, forms.rank, forms.stars})

_RESERVED_ID = re.compile(rf"(?<![0-9]){NO_ID}(?![0-9])", re.ASCII)
_NUMERAL = re.compile(
    r"[-+]?[.,' \xa0\u202f]*[0-9][0-9.,' \xa0\u202f]*(?:[eE][-+]?[0-9]+)?", re.ASCII
)


@frozen
class CatalogBreach:
    """What an inspection found at one place.

    Attributes:
        requirement: the clause.
        file: the table, such as `track.csv`, or what else it is about, such as the package.
        row: 1 for the first row; 0 for the file as a whole.
        field: the documented name of the field, or empty.
        what: what was found, a sentence without a final full stop.
        is_warning: whether installing takes the catalogue all the same.
        is_open: whether it cannot be said that the clause is broken, as something else is.
        follows_from: the clause whose breach brought this about; "" for a root.
    """

    requirement: str
    file: str
    row: int
    field: str
    what: str
    is_warning: bool = False
    is_open: bool = False
    follows_from: str = ""

    @property
    def is_refusal(self) -> bool:
        """Whether installing refuses the catalogue because of it."""
        return not (self.is_warning or self.is_open)

    def __str__(self) -> str:
        return f"{place(self.file, self.row, self.field)}: {self.what}"


class TooManyBreachesError(Exception):
    """An inspection has found enough; never leaves this room."""


class Notes(Warnings):
    """Collects what an inspection finds, and how often each clause had a chance.

    Attributes:
        chances: at how many places a clause could be judged, by clause.
        totals: how many findings there are, by clause.
        breaches: those that were kept, in the order in which they were found.
        refusals: how many of all broke a rule.
    """

    def __init__(self) -> None:
        super().__init__()
        self.chances: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        self.breaches: list[CatalogBreach] = []
        self.refusals = 0
        self._alike: Counter[tuple[str, bool, bool]] = Counter()

    def add(self, file: str, row: int, field: str, what: str, requirement: str) -> None:
        """Note a recommendation that is not followed."""
        self.note(CatalogBreach(requirement, file, row, field, what, is_warning=True))

    def note(self, breach: CatalogBreach) -> None:
        """Count a finding, and keep it if there is room.

        Raises:
            TooManyBreachesError: there is no point in going on.
        """
        self.totals[breach.requirement] += 1
        alike = breach.requirement, breach.is_warning, breach.is_open
        self._alike[alike] += 1
        if self._alike[alike] <= MOST_KEPT:
            self.breaches.append(breach)
        self.refusals += breach.is_refusal
        if self.refusals >= MOST_REFUSALS:
            raise TooManyBreachesError

    def withdraw(self, file: str, row: int) -> None:
        """Take back the recommendations about a row that turned out to be none."""
        gone = [one for one in self.breaches if (one.file, one.row) == (file, row)]
        self.totals.subtract(one.requirement for one in gone)
        self._alike.subtract((one.requirement, one.is_warning, one.is_open) for one in gone)
        self.breaches = [one for one in self.breaches if one not in gone]


def is_header(table: Table, cells: Sequence[str]) -> bool:
    """Return whether a row holds the names of the fields (T1-TSV-15)."""
    pairs = zip(table.fields, cells, strict=False)
    named = sum(_bare(field.name) == _bare(cell) for field, cell in pairs)
    return 2 * named >= len(table.fields)


def _bare(name: str) -> str:
    return name.replace("_", "").replace(" ", "").casefold()


def clause_of(table: Table, breach: BreachError) -> str:
    """Return the clause that the form of a row or of a field breaks.

    Args:
        table: the table of the row.
        breach: one that the row breaks by itself, not by what other rows are.
    """
    field = next((one for one in table.fields if one.name == breach.field), None)
    if field is None or breach.value is None or breach.requirement != field.requirement:
        return breach.requirement
    return _clause_of_form(field, breach.value)


def _clause_of_form(field: Field, cell: str) -> str:
    if field.parse in DECIMALS:
        return _clause_of_decimal(field, cell)
    if field.parse in IDENTIFIERS and _uses_reserved_id(field, cell):
        return "T1-CON-13"
    if field.parse is forms.some_identifiers and not cell.strip("; "):
        return "T1-TRK-14"
    if field.should and not field.kept and field.parse is forms.integer and _is_numeral(cell):
        return field.should.requirement
    if field.requirement == "T1-RFD-07" and cell and not _is_numeral(cell):
        return "T1-TSV-06"
    return field.requirement


def _clause_of_decimal(field: Field, cell: str) -> str:
    """Tell what is no number, what is one in another form, and what is out of range."""
    stated = field.requirement if field.requirement == "T1-ALB-07" else "T1-TSV-06"
    if not _is_numeral(cell):
        return stated
    if not _is_read(forms.number, cell):
        return "T1-TSV-18"
    return "T1-TRK-15" if field.parse is forms.stars else stated


def _uses_reserved_id(field: Field, cell: str) -> bool:
    """Whether the reserved ID is all that is wrong; below 2^32, it is one by the documents."""
    return _RESERVED_ID.search(cell) is not None and _is_read(
        field.parse, _RESERVED_ID.sub("0", cell)
    )


def _is_numeral(cell: str) -> bool:
    return _NUMERAL.fullmatch(cell.strip(" ")) is not None


def _is_read(parse: Callable[[str], object], cell: str) -> bool:
    try:
        parse(cell)
    except ValueError:
        return False
    return True
