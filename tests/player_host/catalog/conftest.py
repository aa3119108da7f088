"""A small sound catalogue, and the writers that make packages of it."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from player_host.catalog.format import TABLES
from player_host.catalog.store import Catalogs, InstallReport
from player_host.clock import ManualClock
from player_host.database import Database
from player_host.errors import CatalogError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANIFEST = {"kind": "full", "version": 3, "schema_version": 1, "locale": 1033}

SAMPLE: Mapping[str, tuple[str, ...]] = {
    "genre.csv": ("1|Rock|0|0", "2|Klassik|1|1"),
    "subgenre.csv": ("10|Indie||0|1|0", "11|Hard|loud|1|1|1", "20|Oper||0|2|0"),
    "artist.csv": ("1|Émilie|1||2|", "2|音楽|2||1.5|"),
    "album.csv": (
        "7|First Light|1||2005-0-0|$9.99|1|10;11;|2|1|0|0|0",
        "8|Arias|2||1999-12-31|0|2|20|1|0|1|0|0",
        "9|Withheld|1||2010-05-01|-|1|10|3|0|0|0|0",
    ),
    "track.csv": (
        "70|Dawn|180|1|$0.99|1|1|1|0|N|7|1|Nobody|3|4.4",
        "71|Noon|200|2||1|1|0|0|E|7|1;2;||1|",
        "72|Dusk|10|3|-|0|0|0|0|C|7|1; 2;||2|0",
        "80|Casta Diva|300|2|0|1|1|0|0|N|8|2|Bellini|0.5|5",
        "81|Vissi d'arte|301|1|0|1|1|0|0|N|8|2|Puccini|0.25|4.88",
        "90|Not for you|1|1|-|0|0|0|0|N|9|1||9|",
    ),
    "list.csv": (
        "0|Best|sub|Best of all|A||1|0|1|0|T|0|-|0",
        "3|Mixed||Some tracks|T|$4.99|2|1|0|0|R|0|P|0",
        "4|||Live from the store|T|-|0|0|0|0|I|64|A|1",
        "20|Performers||By name|P|0|0|0|0|0|L|0|C|0",
        "21|Lists||Lists of lists|L|0|0|0|0|0|O|0|R|0",
        "22|Genres||By genre|G|0|0|0|0|0|I|0|D|0",
        "23|Subgenres||By subgenre|S|0|0|0|0|0|I|0|-|0",
        "24|Stations||Radio|R|0|0|0|0|0|I|0|-|0",
    ),
    "radio.csv": ("5|Morning|Rock|Ann|1|calm;warm||All day|0|4.9|1|0|1|0|2",),
    "listitem.csv": (
        "0|8|0",
        "0|7|1",
        "3|72|1",
        "3|80|0",
        "3|71|2",
        "20|2|0",
        "21|20|0",
        "21|3|1",
        "22|2|0",
        "23|11|0",
        "24|5|0",
    ),
}
"""Rows with a bar in place of the tab."""

Tables = dict[str, str]


def sample_tables() -> Tables:
    return {
        name: "".join(f"{row}\r\n" for row in rows).replace("|", "\t")
        for name, rows in SAMPLE.items()
    }


def write_zip(path: Path, entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="session")
def sample() -> Callable[[], Tables]:
    return sample_tables


@pytest.fixture(scope="session")
def zipped() -> Callable[..., Path]:
    return write_zip


@pytest.fixture
def package(tmp_path: Path) -> Callable[..., Path]:
    """Writes the sample, with some tables in other words, as a package."""

    numbers = count()

    def write(
        changes: Mapping[str, str] | None = None,
        *,
        encoding: str = "utf-16",
        method: int = zipfile.ZIP_DEFLATED,
        **manifest: object,
    ) -> Path:
        tables = sample_tables() | dict(changes or {})
        entries = {"manifest.json": json.dumps(MANIFEST | manifest).encode()}
        entries |= {name: text.encode(encoding) for name, text in tables.items()}
        return write_zip(tmp_path / f"catalog-{next(numbers)}.wmdb.lz", entries, method)

    return write


def edited(file: str, row: int, **fields: str) -> Tables:
    """Return the table with some fields of one row in other words; rows count from 1."""
    names = [field.name for table in TABLES if table.file == file for field in table.fields]
    rows = [text.split("|") for text in SAMPLE[file]]
    for name, value in fields.items():
        rows[row - 1][names.index(name)] = value
    return {file: "".join("\t".join(cells) + "\r\n" for cells in rows)}


def appended(file: str, *rows: str) -> Tables:
    """Return the table with more rows; a bar stands for the tab."""
    return {file: sample_tables()[file] + "".join(f"{row}\r\n" for row in rows).replace("|", "\t")}


@pytest.fixture(scope="session")
def edit() -> Callable[..., Tables]:
    return edited


@pytest.fixture(scope="session")
def append() -> Callable[..., Tables]:
    return appended


@pytest.fixture
def install(catalogs: Catalogs, package: Callable[..., Path]) -> Callable[..., InstallReport]:
    """Installs the sample, with some tables in other words, and returns the report."""

    def run(changes: Mapping[str, str] | None = None, *, encoding: str = "utf-16") -> InstallReport:
        path = package(changes, encoding=encoding)
        return catalogs.install("Proseware", path, announced_version=3, expires=None)

    return run


@pytest.fixture
def refused(
    catalogs: Catalogs, install: Callable[..., InstallReport]
) -> Callable[..., CatalogError]:
    """Installs the sample with some tables in other words, and returns the error it ends with."""

    def run(changes: Mapping[str, str], *, encoding: str = "utf-16") -> CatalogError:
        with pytest.raises(CatalogError) as caught:
            install(changes, encoding=encoding)
        assert catalogs.installed("Proseware") is None
        return caught.value

    return run


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "player.db")
    yield opened
    opened.close()


@pytest.fixture
def catalogs(database: Database, clock: ManualClock) -> Catalogs:
    return Catalogs(database, clock)


@pytest.fixture
def installed(catalogs: Catalogs, package: Callable[..., Path]) -> Catalogs:
    """The catalogues with the sample installed for the partner `Proseware`."""
    catalogs.install("Proseware", package(), announced_version=3, expires=None)
    return catalogs
