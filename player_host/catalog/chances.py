"""How often a catalogue gives each clause a chance, by what its files, rows and fields are."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Final

from player_host.catalog import forms
from player_host.catalog.breaches import DECIMALS, IDENTIFIERS
from player_host.catalog.fields import Empty, Field, Table
from player_host.catalog.rows import Album, Artist, CatalogList, Radio, Row, Track

OF_A_FILE: Final = ("T1-TSV-04", "T1-TSV-14", "T1-TSV-15")
"""To these each file with data gives a chance."""

OF_A_ROW: Final = ("T1-TSV-03", "T1-TSV-05", "T1-TSV-16")
"""To these each row gives a chance, whatever it holds."""

_NUMBERS: Final = DECIMALS | IDENTIFIERS | {forms.integer, forms.boolean, forms.track_number}


@cache
def of_fields(table: Table) -> Mapping[str, int]:
    """Return the clauses to which the fields of each row give a chance, and how many chances."""
    return Counter(clause for field in table.fields for clause in _clauses_of(field))


def of_values(row: Row) -> tuple[str, ...]:
    """Return the clauses to which only some rows give a chance, and this one does."""
    clauses = []
    if isinstance(row, Track | Radio) and row.star_rating is not None:
        clauses.append("T1-TRK-15")
    elif isinstance(row, Track):
        clauses.append("T1-TSV-17")
    if isinstance(row, Artist | Album | Track | CatalogList | Radio) and row.popularity % 1:
        clauses.append("T1-TSV-18")
    return tuple(clauses)


def _clauses_of(field: Field) -> set[str]:
    if field.empty is Empty.OPTIONAL:
        return set()
    clauses = {field.requirement}
    if field.should is not None:
        clauses.add(field.should.requirement)
    if field.parse in _NUMBERS:
        clauses.add("T1-TSV-06")
    if field.parse in IDENTIFIERS:
        clauses.add("T1-CON-13")
    if field.parse is forms.some_identifiers:
        clauses.add("T1-TRK-14")
    return clauses - {"T1-TSV-18"}
