"""Write docs/reference/clauses.md: every requirement of the conformance kit, and what checks it.

    python docs/generate_clauses.py           write the page
    python docs/generate_clauses.py --check   fail if it is not current

The rows stand in `player_host/conformance/requirements.tsv`, the checks are the functions that
`player_host.conformance.clauses` has registered, and `judge_catalog` for the tables of a catalogue.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reference_pages.text import cell, table

from player_host.conformance.clauses import CLAUSES
from player_host.conformance.coverage import GROUPS, PARTNER, duties, why_unchecked
from player_host.conformance.publications import judge_catalog
from player_host.conformance.requirements import Provenance, Requirement, requirements

PAGE: Final = Path(__file__).with_name("reference") / "clauses.md"

_HEAD: Final = """\
<!-- Written by docs/generate_clauses.py from the catalogue of requirements; do not edit. -->

# Requirements and their checks

What the protocol asks of partners and of the Player: {rows} rows, in words of this project.
`player-host conformance explain ID` shows a row with the pages that it comes from.

A row is a *must*, a *should* or a *may*; what the documents leave undecided is *open*. Where rows
come from:

{provenances}

The conformance kit judges partners. Of their {duties} rows in the groups that it judges
{checked} have a check, and {unobserved} can be seen neither in a conversation nor in a published
catalogue, for the reason that stands there. `judge_catalog`
looks at the catalogue that a partner publishes, every other check at conversations.

"""

_TITLES: Final = {
    "ALB": "album.csv",
    "ART": "artist.csv",
    "AUTH": "authentication",
    "BUY": "purchases",
    "CAT": "versions and transfer of the catalogue",
    "CON": "containers",
    "CTX": "context menus",
    "DEV": "devices",
    "DL": "downloads",
    "GEN": "genre.csv and subgenre.csv",
    "HR": "result codes",
    "INFO": "facts about partner and user",
    "ITEM": "facts about items, pages and errors",
    "LIC": "licences",
    "LIFE": "the life of a plug-in",
    "LIST": "lists on demand",
    "LOGIN": "login and logout",
    "LST": "list.csv and listitem.csv",
    "MSG": "messages of pages",
    "NOT": "notifications",
    "PERM": "permissions",
    "POP": "pop-ups",
    "PRC": "prices",
    "RAD": "radio",
    "REG": "registration",
    "RFD": "radio.csv",
    "STR": "streams",
    "THR": "processes and threads",
    "TRK": "track.csv",
    "TSV": "the tables of the catalogue",
    "UI": "views",
}
"""What the groups are about, by the second part of their names."""


def page() -> str:
    """Return the page's text."""
    groups: dict[str, list[Requirement]] = defaultdict(list)
    for row in requirements().values():
        groups[row.group].append(row)
    parts = (part for group, rows in groups.items() for part in _section(group, rows))
    return "".join((_head(), *parts)).rstrip() + "\n"


def _head() -> str:
    states = [(not why_unchecked(row), bool(row.unobserved)) for row in duties()]
    return _HEAD.format(
        rows=len(requirements()),
        provenances="\n".join(f"- *{one}*: {one.words}" for one in Provenance),
        duties=len(states),
        checked=sum(checked for checked, _ in states),
        unobserved=states.count((False, True)),
    )


def _section(group: str, rows: list[Requirement]) -> Iterator[str]:
    yield f"## {group}: {_TITLES[group.partition('-')[2]]}\n\n"
    if group not in GROUPS:
        yield "The kit does not judge this group yet.\n\n"
    head = ("id", "level", "whose", "what is required", "provenance", "checked by")
    yield table(head, map(_cells, rows)) + "\n"


def _cells(row: Requirement) -> list[str]:
    return [row.id, row.level, row.actor, cell(row.text), row.provenance, _checked_by(row)]


def _checked_by(row: Requirement) -> str:
    """Return a check's name, or why there is none; nothing where none is to be expected."""
    clause = CLAUSES.get(row.id)
    if clause is not None:
        return f"`{clause.check.__name__}`"
    if not why_unchecked(row):
        return f"`{judge_catalog.__name__}`"
    if row.actor != PARTNER or row.group not in GROUPS:
        return ""
    return f"none: {cell(why_unchecked(row))}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where it is stale")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write or check")
    chosen = parser.parse_args(arguments)
    text = page()
    if not chosen.check:
        chosen.page.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if chosen.page.is_file() and chosen.page.read_text(encoding="utf-8") == text:
        return 0
    print(f"{chosen.page.name} is stale; run: python docs/generate_clauses.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
