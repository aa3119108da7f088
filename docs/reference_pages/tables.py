"""The pages that list: the index, the enumerations, the result codes, the requirements."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping
from enum import Enum, IntFlag
from typing import Final

import partner_api
from partner_api import enums
from partner_api.enums import NO_ID
from partner_api.hresult import HRESULT
from reference_pages.names import (
    ENUMERATIONS,
    INTERFACES,
    RESULT_CODES,
    constants,
    enumerations,
    page_of,
    public,
    result_codes,
    values,
)
from reference_pages.source import members_of, read_class, read_method, texts_below
from reference_pages.text import (
    PROVEN_ROWS,
    REQUIREMENTS,
    Links,
    cell,
    cited_in,
    rows_of,
    table,
)

_INDEX: Final = """\
# Reference

What a plug-in and the Player call of each other: a page for each method, made by
`docs/generate_reference.py` from the docstrings of `partner_api`. How a plug-in is written is told
in [How to write a partner](../writing-a-partner.md), how a download goes on in the
[state diagrams](../state-diagram.md).
"""

_REQUIREMENTS: Final = """\
# Requirements that the reference cites

The rows say what the documents of the protocol ask for, in words of this project. "(inferred)"
marks what they imply and do not state, "(settled here)" what they leave open and this project
decides. Where a row has a link to its proofs, that page names the tests that prove it, or the
reason why none does.
"""

_RESULT_CODES: Final = """\
# Result codes

The codes that have a name: `HRESULT.named("...")` finds them by it, and an `HRESULT` prints as it.
Some are constants of `partner_api` as well. A store may use any other code of its own.
"""

_ENUMERATIONS: Final = """\
# Enumerations and constants

Members with a number are passed as that number, members with a text as that text. The documented
name is the one that the documents of the protocol use.
"""


def index_page(links: Links) -> str:
    """Return the first page: every method, every value, every name."""
    parts = [_INDEX]
    for name in INTERFACES:
        methods = [read_method(public(name), method) for method in members_of(public(name))]
        rows = [[f"[{m.name}]({page_of(name, m.name)})", cell(m.summary)] for m in methods]
        parts.append(f"## {name}\n\n[`{name}`]({name}.md): {read_class(public(name)).summary}\n")
        parts.append(table(["Method", "What it does"], rows))
    rows = [[f"[{name}]({name}.md)", cell(read_class(public(name)).summary)] for name in values()]
    names = (f"[`{name}`]({links.targets[name]})" for name in partner_api.__all__)
    return "\n".join(
        [
            *parts,
            f"## Values and exceptions\n\n{table(['Class', 'What it is'], rows)}",
            "## Lists\n",
            f"- [Enumerations and constants]({ENUMERATIONS})\n- [Result codes]({RESULT_CODES})",
            f"- [Requirements]({REQUIREMENTS}) that these pages cite\n",
            "## Every name of partner_api\n",
            ",\n".join(names) + ".\n",
        ]
    )


def enumerations_page(links: Links) -> str:
    """Return the page of the enumerations, with the constants that are no result codes."""
    parts = [_ENUMERATIONS]
    for kind in enumerations():
        words = links.text(inspect.getdoc(kind) or "", ENUMERATIONS)
        parts.append(f"## {kind.__name__}\n\n{words}\n\n{_members_table(kind)}")
    texts = texts_below(enums)
    rows = (
        [f"`{name}`", f"`{_shown(one)}`", links.text(cell(texts[name]), ENUMERATIONS)]
        for name, one in constants().items()
        if not isinstance(one, HRESULT)
    )
    parts.append(f"## Constants\n\n{table(['Name', 'Value', 'Meaning'], rows)}")
    return links.page("\n".join(parts))


def result_codes_page() -> str:
    """Return the page of the result codes that have a name."""
    rows = result_codes()
    exported = {name for name, one in constants().items() if isinstance(one, HRESULT)}
    by_facility: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        by_facility[row["facility"]].append(row)
    constant = _codes_table(row for row in rows if row["name"] in exported)
    parts = [_RESULT_CODES, f"## Constants of partner_api\n\n{constant}"]
    parts += [f"## Facility {name}\n\n{_codes_table(some)}" for name, some in by_facility.items()]
    return "\n".join(parts)


def requirements_page(pages: Mapping[str, str], links: Links) -> str:
    """Return the page of the requirement rows that other pages cite, with these pages."""
    citing: dict[str, list[str]] = defaultdict(list)
    for page, text in pages.items():
        for row in cited_in(text):
            citing[row].append(f"[{page.removesuffix('.md')}]({page})")
    proven = rows_of(PROVEN_ROWS)
    parts = [_REQUIREMENTS]
    for row, by in sorted(citing.items()):
        proofs = f" [Its proofs](../requirements.md#{row.lower()})." if row in proven else ""
        parts.append(f"## {row}\n\n{links.text(links.rows[row], REQUIREMENTS)}\n")
        parts.append(f"Cited by {', '.join(by)}.{proofs}\n")
    return links.page("\n".join(parts), own="")


def _members_table(kind: type[Enum]) -> str:
    texts = texts_below(kind)
    columns = {
        "Member": [f"`{member.name}`" for member in kind],
        "Value": [f"`{_shown(member)}`" for member in kind],
        "Documented name": [_documented_name(member) for member in kind],
        "Meaning": [cell(texts.get(member.name, "")) for member in kind],
    }
    used = {title: cells for title, cells in columns.items() if any(cells)}
    return table(used, zip(*used.values(), strict=True))


def _documented_name(member: Enum) -> str:
    if isinstance(member, enums.Capability):
        return f"`{member.documented_names[0]}`"
    name = getattr(member, "documented_name", "")
    return f"`{name}`" if name else ""


def _shown(value: object) -> str:
    """Return a value as the documents print it: flags and all-ones in hexadecimal digits."""
    if isinstance(value, IntFlag) or value == NO_ID:
        return f"0x{value:X}"
    return f"{value.value if isinstance(value, Enum) else value}"


def _codes_table(rows: Iterable[Mapping[str, str]]) -> str:
    cells = ([f"`{row['name']}`", f"`{row['value']}`", cell(row["meaning"])] for row in rows)
    return table(["Name", "Value", "Meaning"], cells)
