"""Checks the rows of a catalogue as installing does, and goes on where it would end."""

import codecs
from collections.abc import Iterable
from contextlib import closing
from itertools import chain
from typing import Final

from player_host.catalog import chances, forms
from player_host.catalog.breaches import CatalogBreach, Notes, clause_of, is_header
from player_host.catalog.checks import CatalogChecker
from player_host.catalog.fields import MAX_ROWS, Table
from player_host.catalog.findings import BreachError, row_refusal, shortened
from player_host.catalog.format import LIST_ITEM, TABLES, TRACK
from player_host.catalog.inspected_lists import InspectedLists
from player_host.catalog.manifest import MANIFEST
from player_host.catalog.publication import Publication, name_breaches
from player_host.catalog.rows import Row, Track
from player_host.catalog.tables import BoundError, RefusedRow, read_rows

_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_NOTHING: Final = ("",)


class CatalogInspector(CatalogChecker):
    """Checks rows as for installing, notes what is wrong, and goes on.

    Used for one catalogue, on one thread.
    """

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self.counts: dict[str, int] = {table.name: 0 for table in TABLES}
        self._notes = notes
        self._lost: dict[str, str] = {}
        """The files of which not all IDs are known, and the clause that was broken there."""
        self._lost_tracks = 0
        self._track_root = ""
        self._place = ("", 0)
        self._is_unmarked = False
        self._refusal = ""
        self._lists: InspectedLists = InspectedLists(notes, self._known, self._lost)
        self._checks["listitem.csv"] = self._lists.item

    def inspect(self, publication: Publication, announced_version: int | None = None) -> None:
        """Read all of it; of an update, there is no more than what it is.

        Args:
            publication: what was published.
            announced_version: what `GetCatalogURL` said of its version; None where nobody asked.

        Raises:
            CatalogError: it cannot be read.
            TooManyBreachesError: it was given up.
        """
        self._judge_offer(publication)
        self._judge_version(publication.version, announced_version)
        if publication.is_update:
            return
        self._judge_frame(publication)
        for table in TABLES:
            if table.file in publication.names:
                self._read(table, publication)
        self.finish()

    def finish(self) -> None:
        """Judge what only the whole catalogue shows."""
        self._lists.finish()
        self._judge_spans()

    def _judge_offer(self, publication: Publication) -> None:
        """Judge whether a package was the right one for a Player that has no catalogue yet."""
        if not publication.is_package:
            return
        self._notes.chances.update(("T1-CAT-07", "T1-CAT-17"))
        if publication.is_update:
            what = "it is an update, and none starts at version 0, which the Player named"
            self._notes.note(CatalogBreach("T1-CAT-07", MANIFEST, 0, "", what))
        if not publication.is_compressed:
            what = "nothing in it is compressed; it should be the compressed form"
            self._notes.add("the package", 0, "", what, "T1-CAT-17")

    def _judge_version(self, version: int | None, announced: int | None) -> None:
        if version is None or announced is None:
            return
        self._notes.chances["T1-CAT-03"] += 1
        if version != announced:
            what = f"the catalogue has version {version}; {announced} was announced"
            self._notes.note(CatalogBreach("T1-CAT-03", MANIFEST, 0, "", what))

    def _judge_frame(self, publication: Publication) -> None:
        if publication.version is not None:
            self._notes.chances["T1-CAT-22"] += 1
        if publication.version == 0:
            what = "version 0 says that there is no catalogue"
            self._notes.note(CatalogBreach("T1-CAT-22", MANIFEST, 0, "", what))
        self._notes.chances["T1-TSV-02"] += len(TABLES)
        tables = {table.file for table in TABLES}
        self._notes.chances["T1-TSV-01"] += len(tables.intersection(publication.names))
        for breach in name_breaches(publication):
            self._lost.setdefault(breach.file, breach.requirement)
            self._notes.note(breach)

    def _read(self, table: Table, publication: Publication) -> None:
        # Closed also after an error: an open entry would keep the package's file open.
        with closing(publication.chunks(table)) as chunks:
            head = next(chunks, b"")
            if not head:
                return
            self._notes.chances.update(chances.OF_A_FILE)
            # A table begins with an ASCII digit: UTF-16 has its NUL in the first two bytes.
            self._is_unmarked = b"\0" in head[:2] and not head.startswith(_MARKS)
            self._read_rows(table, read_rows(table, chain((head,), chunks), self._notes))

    def _read_rows(self, table: Table, rows: Iterable[tuple[int, Row | RefusedRow]]) -> None:
        parsed = 0
        try:
            for number, row in rows:
                self._place = (table.file, number)
                self.counts[table.name] += 1
                if isinstance(row, RefusedRow):
                    self._refused(table, row)
                    parsed += row.was_parsed
                else:
                    self._checked(table, row)
                    parsed += 1
        finally:
            count = self.counts[table.name]
            self._notes.chances.update(dict.fromkeys(chances.OF_A_ROW, count))
            each = chances.of_fields(table).items()
            self._notes.chances.update({clause: often * parsed for clause, often in each})

    def _refused(self, table: Table, row: RefusedRow) -> None:
        """Note what is wrong with a row by itself, and what it still says."""
        self._refuse_bounds(row.breaches)
        clauses = [self._clause_of(table, row, breach) for breach in row.breaches]
        if self._place[1] == 1 and is_header(table, row.cells):
            self._notes.withdraw(*self._place)
            self._note("T1-TSV-15", row.breaches[0])
            return
        for clause, breach in zip(clauses, row.breaches, strict=True):
            self._note(clause, breach)
        if row.cells != _NOTHING:
            self._keep_id(table, row, clauses[0])

    def _clause_of(self, table: Table, row: RefusedRow, breach: BreachError) -> str:
        if self._is_unmarked and not row.was_parsed:
            return "T1-TSV-14"
        return clause_of(table, breach) if row.cells else "T1-TSV-04"

    def _keep_id(self, table: Table, row: RefusedRow, clause: str) -> None:
        """Keep the ID of a refused row, so that what refers to it is not refused as well."""
        if table is TRACK:
            self._lose_track(clause, 1 if row.cells else MAX_ROWS)
        try:
            row_id = forms.identifier(row.cells[0] if row.cells else "")
        except ValueError:
            self._lost.setdefault(table.file, clause)
            return
        if table is LIST_ITEM:
            self._lists.lose_item(row_id)
            return
        try:
            self._unique(table, row_id)
        except BreachError as breach:
            self._note(breach.requirement, breach)

    def _checked(self, table: Table, row: Row) -> None:
        """Check a row against those before it."""
        self._refusal = ""
        try:
            self._checks[table.file](self._place[1], row)
        except BreachError as breach:
            self._refuse_bounds([breach])
            self._note(breach.requirement, breach)
            if breach.requirement == "T1-LST-08":
                self._note("T1-TSV-07", breach, follows_from="T1-LST-08")
        if isinstance(row, Track) and self._refusal:
            self._lose_track(self._refusal, 1)
        self._notes.chances.update(chances.of_values(row))

    def _lose_track(self, clause: str, count: int) -> None:
        self._lost_tracks += count
        self._track_root = self._track_root or clause

    def _unique(self, table: Table, row_id: int) -> None:
        try:
            super()._unique(table, row_id)
        except BreachError as breach:
            # The ID that the row should have is not known.
            self._lost.setdefault(table.file, breach.requirement)
            raise

    def _refer(self, file: str, row_id: int, field: str, requirement: str) -> None:
        """Note a reference that leads nowhere, and go on with the row."""
        self._notes.chances["T1-TSV-07"] += 1
        if row_id in self._known[file]:
            return
        if file in self._lost:
            self._leave_open(file, row_id, field, requirement)
            return
        try:
            super()._refer(file, row_id, field, requirement)
        except BreachError as breach:
            self._note(requirement, breach)
            self._note("T1-TSV-07", breach, follows_from=requirement)

    def _leave_open(self, file: str, row_id: int, field: str, requirement: str) -> None:
        what = f"{field} {row_id} may be one of the IDs of {file} that are not known"
        for clause in (requirement, "T1-TSV-07"):
            self._notes.note(
                CatalogBreach(
                    clause,
                    *self._place,
                    field,
                    what,
                    is_open=True,
                    follows_from=self._lost[file],
                )
            )

    def _judge_spans(self) -> None:
        """Judge whether the tracks of an album have consecutive IDs (T1-TRK-12).

        A gap may be the place of a track that was refused.
        """
        gaps = [
            last - first + 1 - count for first, last, count in self._spans.values() if count > 1
        ]
        self._notes.chances["T1-TRK-12"] += len(gaps)
        scattered = sum(gap > self._lost_tracks for gap in gaps)
        what = "the tracks of {} albums should have consecutive IDs"
        if scattered:
            self._notes.add("track.csv", 0, "TrackID", what.format(scattered), "T1-TRK-12")
        elif unclear := sum(gap > 0 for gap in gaps):
            self._notes.note(
                CatalogBreach(
                    "T1-TRK-12",
                    "track.csv",
                    0,
                    "TrackID",
                    what.format(unclear),
                    is_open=True,
                    follows_from=self._track_root,
                )
            )

    def _refuse_bounds(self, breaches: Iterable[BreachError]) -> None:
        """Raise for what exceeds a bound of this project: that is no breach of the documents."""
        for breach in breaches:
            if isinstance(breach, BoundError):
                raise row_refusal(*self._place, breach) from breach

    def _note(self, requirement: str, breach: BreachError, follows_from: str = "") -> None:
        found = "" if breach.value is None else f", not {shortened(breach.value)}"
        what = f"{breach.field or 'the row'} {breach.rule}{found}"
        self._refusal = self._refusal or requirement
        self._notes.note(
            CatalogBreach(requirement, *self._place, breach.field, what, follows_from=follows_from)
        )
