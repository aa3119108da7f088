"""The page of the byte-fault table."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from fault_table.cells import DEADLINE, RUNS, Cell, Verdict
from fault_table.rows import AT, SECTIONS, SIZE, Row
from fault_table.tools import Place, Tool

_HEAD: Final = """\
<!-- Written by benchmarks/byte_faults.py --write; do not edit. -->

# What download tools make of a bad store

{faults} faults of a server, and what {tools} tools make of each. The store is that of
[fault-store.md](fault-store.md), the file is an MP3 of {size:,} bytes, and a connection that
ends does so at byte {at:,}. "Each time" means that no further request is answered better; otherwise
the store is sound after the fault.

Each tool is run as a person runs it, with its options for resuming and for retrying. A command that
ends with an error is run again, as a person would do, {runs} times in all at most. Then the bytes
under the file's name are compared with those of the store, and the exit status with what was found:

| Cell | Exit status | What lies in the folder |
| --- | --- | --- |
{words}
After *exact* there may stand: *run 2*, where the first command ended with an error and the second
one had the file; *too early*, where the tool came again before the time that the store asked for;
*unsafe name*, for a hidden file, or a name that not every system can have.

A file that is marked as unfinished (`.part`) does not count. A part *under* the file's name does,
also where a note lies beside it: a player or a library takes it for the whole.

"""

_WORDS: Final = {
    Verdict.EXACT: ("0", "the bytes of the store's file, all of them and no other"),
    Verdict.WRONG: ("0", "other bytes under the file's name, and nobody is told"),
    Verdict.NOTHING: ("0", "no file, and nobody is told"),
    Verdict.OUTSIDE: ("any", "a file was written outside the folder"),
    Verdict.ERROR: ("an error", "nothing under the file's name"),
    Verdict.ERROR_EXACT: ("an error", "the bytes of the store's file"),
    Verdict.ERROR_PART: ("an error", "a beginning of the store's file under the file's name"),
    Verdict.ERROR_WRONG: ("an error", "other bytes under the file's name"),
    Verdict.HANG: ("none", f"not done after {DEADLINE:.0f} seconds"),
}

_DIGEST_NOTE: Final = """\
Where the digest of a header is that of another body, the file is not the one that the store means:
only an error is right.

"""

_TAIL: Final = """\
## The commands

| Tool | Version | Command |
| --- | --- | --- |
{commands}
In the rows about names the server may name the file, as far as a tool has an option for that; with
those of curl and wget nothing is resumed. yt-dlp asks a store about a file before it downloads it,
and would meet the fault with that question: it is given the answer in a file, which its option
`--write-info-json` writes.

This page is made by one command, on a machine that has these tools:

```
python benchmarks/byte_faults.py --write --yt-dlp PATH
```
"""

_ROW: Final = re.compile(r"^\| (?!Cell|Tool|---|The store)(.*?) \|", re.MULTILINE)


def page(cells: Mapping[tuple[str, str], Cell], tools: Sequence[Tool]) -> str:
    """Return the page's text."""
    head = _HEAD.format(
        faults=sum(map(len, SECTIONS.values())),
        tools=len(tools),
        size=SIZE,
        at=AT,
        runs=RUNS,
        words="".join(_line((f"*{_plain(word)}*", *rest)) for word, rest in _WORDS.items()),
    )
    sections = (_section(title, rows, cells, tools) for title, rows in SECTIONS.items())
    commands = "".join(_line((one.name, one.version(), f"`{_command(one)}`")) for one in tools)
    return head + "".join(sections) + _TAIL.format(commands=commands)


def rows_of(text: str) -> list[str]:
    """Return what the rows of a page say that the store does."""
    tables = text.partition("\n## ")[2].partition("\n## The commands")[0]
    return _ROW.findall(tables)


def _section(
    title: str,
    rows: Sequence[Row],
    cells: Mapping[tuple[str, str], Cell],
    tools: Sequence[Tool],
) -> str:
    names = [tool.name for tool in tools]
    head = _line(("The store", *names)) + _line(["---"] * (len(names) + 1))
    body = "".join(
        _line((row.says, *(str(cells[row.name, name]) for name in names))) for row in rows
    )
    note = _DIGEST_NOTE if title == "Digests" else ""
    return f"## {title}\n\n{note}{head}{body}\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _plain(word: str) -> str:
    return word.replace("*", "")


def _command(tool: Tool) -> str:
    """Return a tool's command as a person types it."""
    place = Place(Path(), Path("songs"), Path("home"))
    words = tool.words("URL", place, named_by_server=False)
    return shlex.join([tool.name, *words[len(tool.program) :]])
