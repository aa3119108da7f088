"""`player-host conformance list` and `explain`: the requirements, and what checks them."""

import inspect
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import count_text
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.coverage import why_unchecked
from player_host.conformance.publications import judge_catalog
from player_host.conformance.requirements import Level, Requirement, requirement, requirements

Actor = Literal["partner", "player"]

_OF_THE_CATALOGUE: Final = "Looks for it in the catalogue that the partner publishes."


def list_requirements(
    *,
    words: Annotated[str, Parameter(name=["-k", "--words"])] = "",
    level: Level | None = None,
    actor: Actor | None = None,
    group: str = "",
    desk: Given,
) -> ExitStatus:
    """List the requirements of the protocol: level, whose duty, method and text.

    For example:
      player-host conformance list --group T1-DL --actor partner
      player-host conformance list -k "cookie unchanged"

    --json: a list of what `explain` shows of each. Status 5 if none was found.

    Args:
        words: each is the beginning of the id, or a part of method or text
        level: must, should, may or open (which the documents leave undecided)
        actor: whose duty it is
        group: the first parts of the id, such as T1-DL
        desk: where the result is shown
    """
    wanted = words.casefold().split()
    found = [
        row
        for row in requirements().values()
        if level in {None, row.level}
        and actor in {None, row.actor}
        and group.upper() in {"", row.group}
        and all(_matches(row, word) for word in wanted)
    ]
    if desk.as_json:
        desk.show_json([requirement_to_json(row) for row in found])
    else:
        _show_rows(desk, found)
    return ExitStatus.DONE if found else ExitStatus.NOTHING_SELECTED


def explain(name: str, /, *, desk: Given) -> ExitStatus:
    """Explain a requirement: its text, where it comes from, and what checks it.

    --json: `id`, `actor`, `level`, `method`, `requirement`, `provenance`,
    `pages`, `check` (null, or `name` and `says`), and `unchecked`: why there
    is no check, or "".

    Args:
        name: the requirement's id, such as T1-DL-07
        desk: where the result is shown
    """
    row = requirement(name.upper())
    if desk.as_json:
        desk.show_json(requirement_to_json(row))
    else:
        _show_one(desk, row)
    return ExitStatus.DONE


def requirement_to_json(row: Requirement) -> dict[str, Any]:
    """Return the documented keys of a requirement."""
    check = _check(row)
    return {
        "id": row.id,
        "actor": row.actor,
        "level": row.level,
        "method": row.method,
        "requirement": row.text,
        "provenance": row.provenance,
        "pages": list(row.sources),
        "check": {"name": check[0], "says": check[1]} if check else None,
        "unchecked": why_unchecked(row),
    }


def _matches(row: Requirement, word: str) -> bool:
    if row.id.casefold().startswith(word):
        return True
    return word in row.method.casefold() or word in row.text.casefold()


def _check(row: Requirement) -> tuple[str, str] | None:
    """Return the name of a requirement's check and what it says of itself."""
    clause = CLAUSES.get(row.id)
    if clause is not None:
        return clause.check.__name__, " ".join((inspect.getdoc(clause.check) or "").split())
    if not why_unchecked(row):
        return judge_catalog.__name__, _OF_THE_CATALOGUE
    return None


def _show_rows(desk: Desk, rows: list[Requirement]) -> None:
    if not rows:
        desk.remark("no requirement is like that")
        return
    table = plain_table("id", "level", "actor", "requirement", elastic="requirement")
    for row in rows:
        # A column of its own for the method would leave the text no room in 80 columns.
        add_row(table, row.id, row.level, row.actor, f"{row.method}: {row.text}")
    desk.show(table, "", count_text(len(rows), "requirement"))


def _show_one(desk: Desk, row: Requirement) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    check = _check(row)
    for heading, content in (
        ("about", row.method),
        ("level", row.level),
        ("actor", row.actor),
        ("provenance", f"{row.provenance}: {row.provenance.words}"),
        ("pages", "\n".join(row.sources)),
        ("check", ": ".join(check) if check else f"none: {why_unchecked(row)}"),
    ):
        grid.add_row(heading, Text(content))
    desk.show(Text(row.id, "bold"), Text(row.text), "", grid)
