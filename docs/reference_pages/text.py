"""Markdown for the reference, with links to names and to requirement rows.

Pages are written with links by reference, [`Download`] and [T1-DL-07], so that they read well as
text too; `Links.page` adds where these lead.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

REQUIREMENTS: Final = "requirements.md"
"""The page with a section for every row that the reference cites."""

_DOCS: Final = Path(__file__).parents[1]
PROVEN_ROWS: Final = _DOCS / "requirements.tsv"
OTHER_ROWS: Final = _DOCS / "clauses.tsv"

_CODE: Final = re.compile(r"(`[^`]+`)")
_LINKED_CODE: Final = re.compile(r"\[(`[^`\[\]]+`)\](?!\()")
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")
_POWER: Final = re.compile(r"-?2\*\*\d+(?: - 1)?")
_ROW: Final = re.compile(r"(?<![\w-])(?:T1-[A-Z]+|HR|LIB)-\d\d(?![\w-])")
_RANGE: Final = re.compile(rf"({_ROW.pattern})\]? to\s+\[?({_ROW.pattern})")


class UnknownRow(Exception):
    """A docstring cites a requirement that neither list of rows has."""


def rows_of(path: Path) -> dict[str, str]:
    """Return the text of each requirement row of a file, by its id."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["id"]: row["requirement"] for row in rows}


def cited_in(text: str) -> list[str]:
    """Return the ids of the rows that a text cites, "X-01 to X-09" with all that lie between."""
    return sorted({*_ROW.findall(text), *_between(text)})


def _between(text: str) -> Iterator[str]:
    for first, last in _RANGE.findall(text):
        group, _, number = first.rpartition("-")
        for each in range(int(number), int(last.rpartition("-")[2]) + 1):
            yield f"{group}-{each:02}"


@frozen
class Links:
    """Where names and requirement rows lead.

    Attributes:
        targets: page, and anchor where there is one, by what may stand in a code span.
        rows: the texts of the requirement rows by id.
    """

    targets: Mapping[str, str]
    rows: Mapping[str, str]

    def text(self, text: str, page: str) -> str:
        """Return a text of a docstring as Markdown for a page."""
        parts = _CODE.split(text.replace("::\n", ":\n"))
        return "".join(self._code(p, page) if p.startswith("`") else _marked(p) for p in parts)

    def type(self, text: str, page: str) -> str:
        """Return a type as a code span, as a link to the first of its names that has a page."""
        known = (self.targets[name] for name in _NAME.findall(text) if name in self.targets)
        target = next(known, page)
        return f"`{text}`" if target == page else f"[`{text}`]({target})"

    def page(self, body: str, own: str | None = None) -> str:
        """Return a page: its body, the requirements that it cites, and where its links lead.

        Args:
            body: the page, without those.
            own: the part of it whose requirements are shown; `None` for the whole body.

        Raises:
            UnknownRow: the body cites a row that there is not.
        """
        cited = cited_in(body)
        unknown = [row for row in cited if row not in self.rows]
        if unknown:
            raise UnknownRow(f"no row of {OTHER_ROWS.name} or {PROVEN_ROWS.name}: {unknown}")
        shown = cited if own is None else cited_in(own)
        listed = "".join(f"- [{row}] {self.rows[row]}\n" for row in shown)
        section = f"\n## Requirements\n\n{listed}" if listed else ""
        leads = {row: f"{REQUIREMENTS}#{row.lower()}" for row in cited}
        leads |= {span: self._target(span) or "" for span in sorted({*_LINKED_CODE.findall(body)})}
        ends = "".join(f"[{label}]: {target}\n" for label, target in leads.items())
        return f"{body}{section}\n{ends}" if ends else body

    def _code(self, span: str, page: str) -> str:
        target = self._target(span)
        if target is None or target.partition("#")[0] == page or "[" in span:
            return span
        return f"[{span}]"

    def _target(self, span: str) -> str | None:
        """Return where a code span leads: by all of it, or by the names that it begins with."""
        whole = span.strip("`")
        name = _NAME.match(whole)
        path = name[0] if name else ""
        first, last = path.partition(".")[0], path.rpartition(".")[2]
        return next(
            (self.targets[n] for n in (whole, path, first, last) if n in self.targets), None
        )


def _marked(text: str) -> str:
    return _POWER.sub(lambda power: f"`{power[0]}`", _ROW.sub(lambda row: f"[{row[0]}]", text))


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = [*head]
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def cell(text: str) -> str:
    """Return a text as it can stand in a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def indented(text: str) -> str:
    """Return a text as the rest of a list item."""
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"  {line}".rstrip() for line in rest)])


def code_block(code: str) -> str:
    """Return Python code as a block."""
    return f"```python\n{code}\n```\n"
