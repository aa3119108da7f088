"""What download tools make of a bad store: `python benchmarks/byte_faults.py --write`.

Every row of the table is a fault of `player_host.testing.fault_store`, every column a tool, run as
a person runs it, with its options for resuming and for retrying. A cell is decided by comparing
bytes and exit status. `--write` makes docs/byte-faults.md, `--check` says whether that page has
the rows of this table; cells are not compared, for tools differ from machine to machine.

Needs aria2c, curl, wget (Debian packages of these names) and yt-dlp (`pip install yt-dlp`, in an
environment of its own; `--yt-dlp` says where). A quarter of an hour at most, mostly of waiting.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from fault_table.cells import Cell, fill
from fault_table.page import page, rows_of
from fault_table.rows import ROWS, Row
from fault_table.tools import COLUMNS, Tool, found_tools

PAGE: Final = Path(__file__).parents[1] / "docs" / "byte-faults.md"


def filled(rows: Sequence[Row], tools: Sequence[Tool], jobs: int) -> dict[tuple[str, str], Cell]:
    """Return the cells by row and tool, some filled at the same time: each has its own store."""
    wanted = [(row, tool) for row in rows for tool in tools]
    with ThreadPoolExecutor(jobs) as pool:
        made = pool.map(lambda pair: fill(pair[1], pair[0]), wanted)
        cells = {}
        for (row, tool), cell in zip(wanted, made, strict=True):
            cells[row.name, tool.name] = cell
            print(f"{row.name:28} {tool.name:12} {cell}", file=sys.stderr)
    return cells


def chosen(names: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the names that were given, or all.

    Raises:
        SystemExit: there is no such name.
    """
    unknown = [name for name in names or () if name not in known]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
    return list(names or known)


def check() -> int:
    """Return 1 where the page has not the rows of the table."""
    listed = rows_of(PAGE.read_text("utf-8")) if PAGE.is_file() else []
    if listed == [row.says for row in ROWS]:
        return 0
    print(f"{PAGE.name} has other rows; run: python benchmarks/byte_faults.py --write")
    return 1


def main() -> int:
    """Fill the table as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help=f"make {PAGE.name}")
    parser.add_argument("--check", action="store_true", help="compare the rows with the page's")
    parser.add_argument("--json", action="store_true", help="print the cells as JSON")
    parser.add_argument("--row", action="append", help="this row alone; may be repeated")
    parser.add_argument("--tool", action="append", help="this column alone; may be repeated")
    parser.add_argument("--yt-dlp", metavar="PATH", help="the program, if it is not on the PATH")
    parser.add_argument("--jobs", type=int, default=4, help="cells that are filled at a time")
    options = parser.parse_args()
    if options.check:
        return check()
    tools, missing = found_tools({"yt-dlp": options.yt_dlp})
    if missing:
        print(f"missing here: {', '.join(missing)}", file=sys.stderr)
    names = chosen(options.tool, list(COLUMNS))
    wanted = chosen(options.row, [row.name for row in ROWS])
    if options.write and (missing or options.row or options.tool):
        sys.exit("the page has every row and every column: nothing may be missing or left out")
    tools = [tool for tool in tools if tool.name in names]
    cells = filled([row for row in ROWS if row.name in wanted], tools, options.jobs)
    if options.json:
        print(json.dumps([[*key, str(cell)] for key, cell in cells.items()], indent=1))
    if options.write:
        PAGE.write_text(page(cells, tools), "utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
