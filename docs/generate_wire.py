"""Write docs/reference/wire.schema.json, and the tables of docs/reference/wire.md.

    python docs/generate_wire.py           write them
    python docs/generate_wire.py --check   fail if they are not current

The schema is made from the records that the wire carries. In the page, what stands between
`<!-- begin NAME -->` and `<!-- end NAME -->` is made here; the rest is written by hand. The
conversation is that of a real download, run for the purpose.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from wire_pages import tables
from wire_pages.example import conversation
from wire_pages.schema import wire_schema

REFERENCE: Final = Path(__file__).parent / "reference"

PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "messages": tables.control_messages,
    "inner objects": tables.inner_objects,
    "calls of the player": tables.player_calls,
    "calls of the plug-in": tables.surrogate_calls,
    "returns": tables.returns,
    "bounds": tables.bounds,
    "exit statuses": tables.exit_statuses,
    "conversation": lambda: tables.conversation(conversation()),
}

_PART: Final = re.compile(r"<!-- begin ([\w -]+) -->\n.*?<!-- end \1 -->\n", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    """Write or check both files; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where one is stale")
    parser.add_argument("--folder", type=Path, default=REFERENCE, help="where they are")
    chosen = parser.parse_args(arguments)
    page, schema = chosen.folder / "wire.md", chosen.folder / "wire.schema.json"
    made = {page: renewed(page.read_text(encoding="utf-8")), schema: schema_text()}
    stale = [path for path, text in made.items() if not _is_current(path, text)]
    if not chosen.check:
        for path in stale:
            path.write_text(made[path], encoding="utf-8", newline="\n")
        return 0
    for path in stale:
        print(f"{path.name} is stale; run: python docs/generate_wire.py", file=sys.stderr)
    return 1 if stale else 0


def schema_text() -> str:
    """Return the file with the schema."""
    return json.dumps(wire_schema(), indent=2, ensure_ascii=False) + "\n"


def renewed(page: str) -> str:
    """Return the page with every part made anew.

    Raises:
        ValueError: the page lacks a part, or has one that is not known.
    """
    found = _PART.findall(page)
    if sorted(found) != sorted(PARTS):
        raise ValueError(f"the page has the parts {found}; it should have {[*PARTS]}")
    return _PART.sub(lambda part: _framed(part[1]), page)


def _framed(name: str) -> str:
    return f"<!-- begin {name} -->\n{PARTS[name]()}<!-- end {name} -->\n"


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


if __name__ == "__main__":
    sys.exit(main())
