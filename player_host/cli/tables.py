"""Tables that fit a terminal; a module by itself, so that a verb has them without the Player."""

from rich.table import Table
from rich.text import Text

from player_host.cli.wording import shown


def plain_table(*headings: str, elastic: str | None = None) -> Table:
    """Return an empty table without frame.

    Args:
        headings: of the columns; a leading ">" sets a column to the right.
        elastic: the heading of the column that gives way where the terminal is too narrow.
    """
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        name = heading.removeprefix(">")
        justify = "right" if heading.startswith(">") else "left"
        table.add_column(
            name,
            justify=justify,  # type: ignore[arg-type]
            overflow="fold",
            no_wrap=justify == "right" or elastic not in {None, name},
            ratio=1 if name == elastic else None,
            min_width=8 if name == elastic else None,
        )
    table.expand = False
    return table


def add_row(table: Table, *cells: object) -> None:
    """Add a row of foreign values."""
    table.add_row(*(c if isinstance(c, Text) else Text(shown(str(c))) for c in cells))
