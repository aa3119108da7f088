"""Reads a catalogue to its end, whatever is wrong with it, and installs nothing.

What installing ends with is the first finding here. Then it goes on: a row that is refused is
left out, but its ID is known if it can be read, so that what refers to it is not refused as
well. Where a row's ID or a whole table is lost, what refers to it cannot be judged; that is an
open finding, which follows from the loss.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from player_host.catalog.breaches import CatalogBreach, Notes, TooManyBreachesError
from player_host.catalog.inspector import CatalogInspector
from player_host.catalog.publication import published


@frozen
class Inspection:
    """What a catalogue holds and what is wrong with it.

    Attributes:
        chances: at how many places each clause could be judged, by clause.
        totals: how many findings there are about each clause.
        breaches: the findings in the order in which they were found, of each clause the first.
        counts: how many rows each table has, by the name of its rows.
        is_whole: whether all was read that can be; not if too much was wrong with it.
    """

    chances: Counter[str]
    totals: Counter[str]
    breaches: tuple[CatalogBreach, ...]
    counts: Mapping[str, int]
    is_whole: bool


def inspect_catalog(path: Path, announced_version: int | None = None) -> Inspection:
    """Read a package or a folder with the eight tables, and return all that is wrong with it.

    Called by the conformance kit, on a thread of its own: a large catalogue takes seconds.

    Args:
        path: what a partner offers to a Player that has no catalogue, as it is downloaded; or a
            folder with the tables. An update is the wrong thing to offer then (T1-CAT-07), and
            gives no other clause about its content a chance.
        announced_version: what `GetCatalogURL` said of its version; None where nobody asked.

    Raises:
        CatalogError: it cannot be read: it is no catalogue, is damaged, or exceeds a bound of
            this project, as that of a row's length.
    """
    notes = Notes()
    inspector = CatalogInspector(notes)
    with published(path) as publication:
        try:
            inspector.inspect(publication, announced_version)
        except TooManyBreachesError:
            is_whole = False
        else:
            is_whole = True
    chances = notes.chances | notes.totals
    totals = +notes.totals
    return Inspection(chances, totals, tuple(notes.breaches), inspector.counts, is_whole)
