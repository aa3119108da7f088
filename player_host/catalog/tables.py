"""From the bytes of one table file to its rows.

The bytes come in chunks and are decoded, cut and parsed as they come; nothing holds a whole
file. Read are UTF-16 of either byte order with a byte order mark and UTF-8 with or without
one (T1-TSV-14), rows that end in CR LF or LF (T1-TSV-16), no header row (T1-TSV-15).
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

from player_host.catalog.fields import MAX_ROWS, Empty, Field, Table
from player_host.catalog.findings import BreachError, Warnings, row_refusal
from player_host.catalog.rows import Row

MAX_ROW_CHARACTERS = 65_536
MAX_FIELD_CHARACTERS = 16_384

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_MARK = 3
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class BoundError(BreachError):
    """A bound of this project is exceeded, which the documents do not have."""


@frozen
class RefusedRow:
    """A row that breaks rules by itself, whatever the rows before it are.

    Attributes:
        breaches: what it breaks, in the order of its fields; at least one.
        cells: its texts; none where its bytes could not be read.
        was_parsed: whether each field was looked at; else the row as a whole is broken.
    """

    breaches: tuple[BreachError, ...]
    cells: tuple[str, ...] = ()
    was_parsed: bool = False


def read_table(
    table: Table, chunks: Iterable[bytes], warnings: Warnings
) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a table with their numbers, from 1.

    Called by `checks.py`, on the thread that installs.

    Args:
        table: the description by which the rows are read.
        chunks: the bytes of the file, in pieces of any size.
        warnings: takes recommendations that are not followed.

    Raises:
        CatalogError: a row breaks a rule; `where` names file, row and field.
    """
    for number, row in read_rows(table, chunks, warnings):
        if isinstance(row, RefusedRow):
            breach = row.breaches[0]
            raise row_refusal(table.file, number, breach) from breach
        yield number, row


def read_rows(
    table: Table, chunks: Iterable[bytes], warnings: Warnings
) -> Iterator[tuple[int, Row | RefusedRow]]:
    """Yield the rows of a table with their numbers, those that break rules as well.

    Called by `read_table`, which ends at the first of these, and by `inspection.py`, which goes
    on. After bytes that are not Unicode, or a row that is too long, nothing comes any more.

    Args:
        table: the description by which the rows are read.
        chunks: the bytes of the file, in pieces of any size.
        warnings: takes recommendations that are not followed.
    """
    number = 0
    try:
        for number, line in _numbered(table, _lines(chunks)):
            if isinstance(line, RefusedRow):
                yield number, line
            else:
                yield number, _row(table, number, line, warnings)
    except _NotUnicodeError as error:
        yield number + 1, RefusedRow((BreachError(str(error), "T1-TSV-14"),))
    except _RowTooLongError:
        rule = f"must have at most {MAX_ROW_CHARACTERS} characters"
        yield number + 1, RefusedRow((BoundError(rule, "T1-TSV-05"),))


class _NotUnicodeError(Exception):
    """The bytes after the last row that was read are not in the file's encoding."""


class _RowTooLongError(Exception):
    """The row after the last one that was read is too long."""


def _numbered(table: Table, lines: Iterable[str]) -> Iterator[tuple[int, str | RefusedRow]]:
    """Yield rows with numbers; an empty one is ignored at the end and only there."""
    empty = 0
    for number, line in enumerate(lines, start=1):
        if empty:
            yield empty, RefusedRow((BreachError("must not be empty", "T1-TSV-05"),), ("",))
            empty = 0
        if not line:
            empty = number
        elif number > table.max_rows:
            yield number, RefusedRow((_too_many(table),), tuple(line.split("\t")))
        else:
            yield number, line


def _too_many(table: Table) -> BreachError:
    rule = f"is one too many: the table has at most {table.max_rows} rows"
    kind = BoundError if table.max_rows == MAX_ROWS else BreachError
    return kind(rule, table.rows_requirement)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the rows without their ends; the text after the last end only if there is some."""
    rest = ""
    for text in _decoded(chunks):
        lines = (rest + text).split("\n")
        rest = lines.pop()
        for line in lines:
            yield _bounded(line.removesuffix("\r"))
        _bounded(rest)
    if rest:
        yield _bounded(rest.removesuffix("\r"))


def _bounded(line: str) -> str:
    if len(line) > MAX_ROW_CHARACTERS:
        raise _RowTooLongError
    return line


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the text in pieces, and all text before a fault before the fault is raised."""
    pieces = iter(chunks)
    head = _head(pieces)
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _MARKS if head.startswith(mark)), (b"", "utf-8")
    )
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        yield decoder.decode(head.removeprefix(mark))
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        yield error.object[: error.start].decode(encoding)
        name = encoding.upper()
        raise _NotUnicodeError(
            f"must be Unicode; its bytes are not {name} ({error.reason})"
        ) from error


def _head(pieces: Iterator[bytes]) -> bytes:
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _LONGEST_MARK:
            break
    return head


def _row(table: Table, number: int, line: str, warnings: Warnings) -> Row | RefusedRow:
    cells = line.split("\t")
    try:
        _check_cells(table, line, cells)
    except BreachError as breach:
        return RefusedRow((breach,), tuple(cells))
    for field in table.fields[len(cells) :]:
        what = "is missing; an optional field should be left empty"
        warnings.add(table.file, number, field.name, what, "T1-TSV-17")
        cells.append("")
    values, breaches = _values(table, number, cells, warnings)
    if breaches:
        return RefusedRow(tuple(breaches), tuple(cells), was_parsed=True)
    return table.row(*values)


def _check_cells(table: Table, line: str, cells: list[str]) -> None:
    if not table.min_fields <= len(cells) <= len(table.fields):
        expected = len(table.fields)
        rule = f"must have {expected} fields separated by tabs; it has {len(cells)}"
        raise BreachError(rule, "T1-TSV-03" if len(cells) == 1 else "T1-TSV-05")
    if len(line) > MAX_FIELD_CHARACTERS:
        _check_lengths(table, cells)
    if _CONTROL.search(line):
        _refuse_control(table, cells)


def _check_lengths(table: Table, cells: list[str]) -> None:
    for field, cell in zip(table.fields, cells, strict=False):
        if len(cell) > MAX_FIELD_CHARACTERS:
            rule = f"must have at most {MAX_FIELD_CHARACTERS} characters"
            raise BoundError(rule, "T1-TSV-05", field=field.name, value=cell)


def _refuse_control(table: Table, cells: list[str]) -> None:
    for field, cell in zip(table.fields, cells, strict=False):
        if "\0" in cell:
            rule = "must be text; NUL suggests UTF-16 without its byte order mark"
            raise BreachError(rule, "T1-TSV-14", field=field.name, value=cell)
        if _CONTROL.search(cell):
            rule = "must be text without row ends and control characters"
            raise BreachError(rule, "T1-TSV-16", field=field.name, value=cell)


def _values(
    table: Table, number: int, cells: list[str], warnings: Warnings
) -> tuple[list[Any], list[BreachError]]:
    values: list[Any] = []
    breaches: list[BreachError] = []
    for field, cell in zip(table.fields, cells, strict=True):
        try:
            value = _value(field, cell) if cell else _blank(field)
        except BreachError as breach:
            breaches.append(breach)
            continue
        if field.should is not None and not field.should.holds(cell):
            warnings.add(
                table.file, number, field.name, field.should.words, field.should.requirement
            )
        if field.kept:
            values.append(value)
    return values, breaches


def _value(field: Field, cell: str) -> Any:
    try:
        return field.parse(cell)
    except ValueError:
        raise BreachError(field.rule, field.requirement, field=field.name, value=cell) from None


def _blank(field: Field) -> Any:
    if field.empty is Empty.FORBIDDEN:
        raise BreachError(field.rule, field.requirement, field=field.name, value="")
    return field.blank
