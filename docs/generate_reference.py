"""Write docs/reference/: a page for each method that plug-ins and Player call, and for each value.

Usage:
    python docs/generate_reference.py            writes the pages
    python docs/generate_reference.py --check    exits with 1 where a page is stale

What the pages say stands in the docstrings of `partner_api`. The texts of the requirement rows
come from docs/requirements.tsv, and from docs/clauses.tsv for the rows that it does not have.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from reference_pages.methods import interface_page, method_page, value_page
from reference_pages.names import (
    ENUMERATIONS,
    INDEX,
    INTERFACES,
    RESULT_CODES,
    page_of,
    public,
    targets,
    values,
)
from reference_pages.source import members_of
from reference_pages.tables import (
    enumerations_page,
    index_page,
    requirements_page,
    result_codes_page,
)
from reference_pages.text import OTHER_ROWS, PROVEN_ROWS, REQUIREMENTS, Links, rows_of

FOLDER: Final = Path(__file__).with_name("reference")

_OPENING: Final = "<!-- Written by docs/generate_reference.py from docstrings; do not edit. -->\n\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the pages; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where one is stale")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the pages to write or check")
    chosen = parser.parse_args(arguments)
    if chosen.check:
        return _check(chosen.folder)
    _write(chosen.folder)
    return 0


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for name in _written_before(folder).keys() - wanted.keys():
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _check(folder: Path) -> int:
    there, wanted = _written_before(folder), pages()
    stale = sorted(n for n in there.keys() | wanted.keys() if there.get(n) != wanted.get(n))
    if not stale:
        return 0
    print(f"stale: {', '.join(stale)}", file=sys.stderr)
    print("run: python docs/generate_reference.py", file=sys.stderr)
    return 1


def _written_before(folder: Path) -> dict[str, str]:
    """Return the pages of this script; others share the folder, and are none of its business."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return {name: text for name, text in texts.items() if text.startswith(_OPENING)}


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    links = Links(targets(), rows_of(OTHER_ROWS) | rows_of(PROVEN_ROWS))
    written = dict(_pages(links))
    written[REQUIREMENTS] = requirements_page(written, links)
    return {name: _OPENING + text for name, text in written.items()}


def _pages(links: Links) -> Iterator[tuple[str, str]]:
    yield INDEX, index_page(links)
    for name in INTERFACES:
        yield f"{name}.md", interface_page(name, links)
        for method in members_of(public(name)):
            yield page_of(name, method), method_page(name, method, links)
    for name in values():
        yield f"{name}.md", value_page(name, links)
    yield ENUMERATIONS, enumerations_page(links)
    yield RESULT_CODES, result_codes_page()


if __name__ == "__main__":
    sys.exit(main())
