"""The sample store's catalogue, and that catalogue with one thing wrong."""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import example, given
from hypothesis import strategies as st

from player_host.catalog.findings import place
from player_host.catalog.format import TABLES
from player_host.catalog.inspection import inspect_catalog
from player_host.catalog.store import Catalogs
from player_host.clock import SystemClock
from player_host.conformance.judge import Results, together
from player_host.conformance.publications import (
    UNSHOWN,
    judge_catalog,
    judge_inspection,
    judged_requirements,
)
from player_host.conformance.requirements import Level, Provenance, requirement
from player_host.conformance.verdicts import Outcome, Verdict
from player_host.database import Database
from player_host.errors import CatalogError
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.tables import full_package, table_files

FAIL, WARN = Verdict.FAIL, Verdict.WARN
MANIFEST = {"kind": "full", "version": 3, "schema_version": 1, "locale": 1033}
FIELDS = {table.file: [field.name for field in table.fields] for table in TABLES}


class Entries(dict[str, bytes]):
    """The files of a package, and how they are packed."""

    method = zipfile.ZIP_DEFLATED


Mutation = Callable[[Entries], None]


def sound() -> Entries:
    return Entries({"manifest.json": json.dumps(MANIFEST).encode(), **table_files(repertoire())})


SOUND = {name: data.decode("utf-16") for name, data in table_files(repertoire()).items()}
ROWS = {name: [row.split("\t") for row in text.splitlines()] for name, text in SOUND.items()}


def encoded(rows: list[list[str]]) -> bytes:
    return "".join("\t".join(row) + "\r\n" for row in rows).encode("utf-16")


def edit(file: str, row: int, **fields: str) -> Mutation:
    """Put other words into some fields of one row; rows count from 1."""

    def mutate(entries: Entries) -> None:
        rows = [list(cells) for cells in ROWS[file]]
        for name, value in fields.items():
            rows[row - 1][FIELDS[file].index(name)] = value
        entries[file] = encoded(rows)

    return mutate


def append(file: str, *rows: str) -> Mutation:
    """Add rows, in which a bar stands for the tab."""

    def mutate(entries: Entries) -> None:
        entries[file] = encoded([*ROWS[file], *(row.split("|") for row in rows)])

    return mutate


def rewrite(file: str, change: Callable[[str], str], encoding: str = "utf-16") -> Mutation:
    def mutate(entries: Entries) -> None:
        entries[file] = change(SOUND[file]).encode(encoding)

    return mutate


def manifest(**members: object) -> Mutation:
    def mutate(entries: Entries) -> None:
        entries["manifest.json"] = json.dumps(MANIFEST | members).encode()

    return mutate


def uncompressed(entries: Entries) -> None:
    entries.method = zipfile.ZIP_STORED


def rename(old: str, new: str) -> Mutation:
    def mutate(entries: Entries) -> None:
        entries[new] = entries.pop(old)

    return mutate


def remove(name: str) -> Mutation:
    def mutate(entries: Entries) -> None:
        del entries[name]

    return mutate


def both(first: Mutation, second: Mutation) -> Mutation:
    def mutate(entries: Entries) -> None:
        first(entries)
        second(entries)

    return mutate


HEADER = "|".join(FIELDS["genre.csv"]).replace("|", "\t") + "\r\n"
TITLE = "x" * 64
NO_ID = "4294967295"

CASES: list[tuple[str, Verdict, Mutation, set[str]]] = [
    ("T1-TSV-01", FAIL, rename("radio.csv", "Radio.csv"), {"T1-TSV-02"}),
    ("T1-TSV-01", FAIL, rename("track.csv", "track.tsv"), {"T1-TSV-02"}),
    ("T1-TSV-01", FAIL, rename("track.csv", "tables/track.csv"), {"T1-TSV-02"}),
    *(("T1-TSV-02", FAIL, remove(table.file), set()) for table in TABLES),
    ("T1-TSV-03", FAIL, rewrite("genre.csv", lambda text: text.replace("\t", ",")), set()),
    ("T1-TSV-04", FAIL, rewrite("album.csv", lambda _: "1\tÉté\r\n", "latin-1"), set()),
    ("T1-TSV-05", FAIL, edit("track.csv", 1, TrackTitle="Dawn\tDusk"), set()),
    ("T1-TSV-05", FAIL, edit("track.csv", 1, TrackTitle=""), set()),
    ("T1-TSV-05", FAIL, rewrite("genre.csv", lambda text: "\r\n" + text), set()),
    ("T1-TSV-06", FAIL, edit("list.csv", 1, IsFeatured="yes"), set()),
    ("T1-TSV-06", FAIL, edit("subgenre.csv", 1, SortOrderRank="first"), set()),
    ("T1-TSV-06", FAIL, edit("artist.csv", 1, Popularity="high"), set()),
    ("T1-TSV-06", FAIL, edit("track.csv", 1, Popularity="-1"), set()),
    ("T1-TSV-06", FAIL, edit("radio.csv", 1, SortOrderRank="last"), set()),
    ("T1-TSV-07", WARN, append("listitem.csv", "99|1|0"), set()),
    ("T1-TSV-14", WARN, rewrite("genre.csv", str, "utf-16-le"), set()),
    ("T1-TSV-14", WARN, rewrite("artist.csv", str, "utf-16-le"), set()),
    ("T1-TSV-15", WARN, rewrite("genre.csv", lambda text: HEADER + text), set()),
    ("T1-TSV-16", WARN, edit("genre.csv", 1, GenreTitle="Po\rp"), set()),
    ("T1-TSV-17", WARN, rewrite("track.csv", lambda t: t.replace("\t2\t\r\n", "\t2\r\n")), set()),
    ("T1-TSV-18", WARN, edit("album.csv", 1, Popularity="4,5"), set()),
    ("T1-TSV-18", WARN, edit("track.csv", 1, Popularity="1.000,5"), set()),
    ("T1-TSV-18", WARN, edit("track.csv", 1, StarRating="4,25"), set()),
    ("T1-TRK-01", FAIL, edit("track.csv", 2, TrackID="101"), set()),
    ("T1-TRK-01", FAIL, edit("track.csv", 2, TrackID="-102"), set()),
    ("T1-TRK-02", FAIL, edit("track.csv", 2, Duration="0:04"), set()),
    ("T1-TRK-03", FAIL, edit("track.csv", 2, TrackNumber="0"), set()),
    ("T1-TRK-03", FAIL, edit("track.csv", 2, TrackNumber="256"), set()),
    ("T1-TRK-03", WARN, edit("track.csv", 2, TrackNumber="1"), set()),
    ("T1-TRK-04", WARN, edit("track.csv", 2, TrackPrice="0.99"), set()),
    ("T1-TRK-05", FAIL, edit("track.csv", 2, CanStream="2"), set()),
    ("T1-TRK-05", FAIL, edit("track.csv", 2, HasVideoClip=""), set()),
    ("T1-TRK-06", FAIL, edit("track.csv", 2, ParentalRating="X"), set()),
    ("T1-TRK-07", FAIL, edit("track.csv", 2, LinkedAlbumID="99"), {"T1-TSV-07"}),
    ("T1-TRK-07", FAIL, edit("track.csv", 2, LinkedAlbumID="1;2"), set()),
    ("T1-TRK-08", FAIL, edit("track.csv", 2, LinkedTrackArtist_ArtistIDs="1,2"), set()),
    ("T1-TRK-08", FAIL, edit("track.csv", 2, LinkedTrackArtist_ArtistIDs="99"), {"T1-TSV-07"}),
    ("T1-TRK-12", WARN, edit("track.csv", 8, TrackID="5000"), set()),
    ("T1-TRK-14", WARN, edit("track.csv", 2, LinkedTrackArtist_ArtistIDs=""), set()),
    ("T1-TRK-14", WARN, edit("track.csv", 2, LinkedTrackArtist_ArtistIDs=" ;"), set()),
    ("T1-TRK-15", WARN, edit("track.csv", 2, StarRating="5.5"), set()),
    ("T1-TRK-15", WARN, edit("radio.csv", 1, StarRating="6"), set()),
    ("T1-ALB-01", FAIL, edit("album.csv", 2, AlbumID="1"), set()),
    ("T1-ALB-01", FAIL, edit("album.csv", 2, AlbumName=""), set()),
    ("T1-ALB-01", WARN, edit("album.csv", 2, LinkedSubGenreIDs=""), set()),
    ("T1-ALB-02", FAIL, edit("album.csv", 2, AlbumArtist="1;2"), set()),
    ("T1-ALB-02", FAIL, edit("album.csv", 2, AlbumArtist="99"), {"T1-TSV-07"}),
    ("T1-ALB-03", FAIL, edit("album.csv", 2, ReleaseDate="3/14/2006"), set()),
    ("T1-ALB-04", WARN, edit("album.csv", 1, AlbumPrice="7.99"), set()),
    ("T1-ALB-05", FAIL, edit("album.csv", 2, LinkedGenreID="4;"), set()),
    ("T1-ALB-05", FAIL, edit("album.csv", 2, LinkedGenreID="99"), {"T1-TSV-07"}),
    ("T1-ALB-06", FAIL, edit("album.csv", 2, LinkedSubGenreIDs="40,41"), set()),
    ("T1-ALB-06", FAIL, edit("album.csv", 2, LinkedSubGenreIDs="40;99"), {"T1-TSV-07"}),
    ("T1-ALB-06", WARN, edit("album.csv", 2, LinkedSubGenreIDs="10"), set()),
    ("T1-ALB-07", FAIL, edit("album.csv", 2, IsFeatured="true"), set()),
    ("T1-ALB-07", FAIL, edit("album.csv", 2, Popularity="-1"), set()),
    ("T1-ALB-08", WARN, edit("album.csv", 2, AlbumLabel="Own"), set()),
    ("T1-ALB-08", WARN, edit("album.csv", 2, EditorialGlyph="-1"), set()),
    ("T1-ART-01", FAIL, edit("artist.csv", 2, ArtistID="1"), set()),
    ("T1-ART-02", FAIL, edit("artist.csv", 2, LinkedGenreID="10"), {"T1-TSV-07"}),
    ("T1-ART-03", WARN, edit("artist.csv", 2, FeedsAvailable="0"), set()),
    ("T1-GEN-01", FAIL, edit("genre.csv", 2, Genre_ID="1"), set()),
    ("T1-GEN-01", FAIL, edit("genre.csv", 2, Genre_ID="two"), set()),
    ("T1-GEN-01", FAIL, append("genre.csv", *(f"{n}|New|0|0" for n in range(100, 170))), set()),
    ("T1-GEN-02", FAIL, edit("genre.csv", 2, HasComposer=""), set()),
    ("T1-GEN-04", FAIL, edit("subgenre.csv", 2, SubGenreID="10"), set()),
    ("T1-GEN-05", FAIL, edit("subgenre.csv", 8, Linked_GenreID=""), set()),
    ("T1-GEN-05", FAIL, edit("subgenre.csv", 1, Linked_GenreID="99"), {"T1-TSV-07"}),
    ("T1-GEN-06", WARN, edit("subgenre.csv", 1, SubGenreSubtitle=TITLE), set()),
    ("T1-GEN-06", WARN, edit("subgenre.csv", 2, SortOrderRank="0"), set()),
    ("T1-LST-01", FAIL, edit("list.csv", 2, ListID="0"), set()),
    ("T1-LST-02", FAIL, edit("list.csv", 2, Linked_ItemType="X"), set()),
    ("T1-LST-03", FAIL, edit("list.csv", 2, ViewType="P"), set()),
    ("T1-LST-04", FAIL, edit("list.csv", 2, GroupBy="T"), set()),
    ("T1-LST-05", FAIL, edit("list.csv", 2, ViewImageSize="-1"), set()),
    ("T1-LST-06", WARN, edit("list.csv", 2, ListPrice="5"), set()),
    ("T1-LST-07", FAIL, edit("list.csv", 2, ListItemsAreDynamic="1"), set()),
    ("T1-LST-07", WARN, append("list.csv", "50||Empty|None|T|-|0|0|0|0|I|0|-|0"), set()),
    ("T1-LST-08", FAIL, edit("listitem.csv", 1, Linked_ListItem="101"), {"T1-TSV-07"}),
    ("T1-LST-09", FAIL, edit("listitem.csv", 1, ItemPositionInList="-1"), set()),
    (
        "T1-LST-09",
        WARN,
        both(
            append("list.csv", "50||One|Counted from 1|T|-|0|0|0|0|I|0|-|0"),
            append("listitem.csv", "50|101|1", "50|102|2"),
        ),
        set(),
    ),
    ("T1-LST-10", WARN, edit("list.csv", 2, EditorialGlyph="4"), set()),
    ("T1-LST-11", WARN, edit("listitem.csv", 2, ItemPositionInList="0"), set()),
    ("T1-LST-11", WARN, edit("listitem.csv", 3, ItemPositionInList="7"), set()),
    ("T1-LST-12", WARN, append("listitem.csv", "20|20|4"), set()),
    ("T1-RFD-01", FAIL, edit("radio.csv", 2, RadioID="1"), set()),
    ("T1-RFD-02", FAIL, edit("radio.csv", 2, PrimaryGenre="99"), {"T1-TSV-07"}),
    ("T1-RFD-03", FAIL, edit("radio.csv", 2, Mood="calm;"), set()),
    ("T1-RFD-04", FAIL, edit("radio.csv", 2, IsSubscriptionOnly="no"), set()),
    ("T1-RFD-05", WARN, edit("radio.csv", 2, Category="any"), set()),
    ("T1-RFD-06", WARN, edit("radio.csv", 2, Programmer=TITLE), set()),
    ("T1-RFD-07", WARN, edit("radio.csv", 2, SortOrderRank=""), set()),
    ("T1-CON-13", WARN, edit("track.csv", 80, TrackID=NO_ID), set()),
    ("T1-CON-13", WARN, edit("album.csv", 2, AlbumArtist=NO_ID), set()),
    ("T1-CAT-07", WARN, manifest(kind="update", base_version=2), set()),
    ("T1-CAT-17", WARN, uncompressed, set()),
    ("T1-CAT-22", WARN, manifest(version=0), set()),
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Home"]:
    folder = tmp_path_factory.mktemp("home")
    database = Database.open(folder / "player.db")
    yield Home(Catalogs(database, SystemClock()), folder, count())
    database.close()


@frozen
class Home:
    """Where mutated catalogues are written, judged and installed."""

    catalogs: Catalogs
    folder: Path
    numbers: Iterator[int]

    def write(self, *mutations: Mutation) -> Path:
        entries = sound()
        for mutate in mutations:
            mutate(entries)
        path = self.folder / f"catalog-{next(self.numbers)}.wmdb.lz"
        with zipfile.ZipFile(path, "w", entries.method) as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return path

    def refusal(self, path: Path) -> CatalogError | None:
        """Install a catalogue for a partner of its own; return the error if it is refused."""
        try:
            self.catalogs.install(path.name, path, announced_version=3, expires=None)
        except CatalogError as error:
            return error
        return None


def against(results: Results) -> dict[str, Verdict]:
    """The verdicts that are held against the partner, without those that follow from others."""
    return {
        name: result.verdict
        for name, result in results.items()
        if result.verdict in {FAIL, WARN} and not result.follows_from
    }


def following(results: Results) -> dict[str, str]:
    """What follows from what."""
    return {name: one.follows_from for name, one in results.items() if one.follows_from}


def case_id(value: object) -> str | None:
    return value if isinstance(value, str) else None


def test_the_sample_stores_catalogue_gives_no_fail_and_no_warning(tmp_path):
    path = tmp_path / "catalog.wmdb.lz"
    path.write_bytes(full_package(repertoire(), compressed=True))
    results = judge_catalog(path)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}
    assert all(result.chances and not result.findings for result in results.values())


@pytest.mark.parametrize(("name", "verdict", "mutate", "consequences"), CASES, ids=case_id)
def test_one_thing_wrong_breaks_one_clause(home, name, verdict, mutate, consequences):
    results = judge_catalog(home.write(mutate))
    assert against(results) == {name: verdict}
    assert set(following(results).values()) <= {name}
    followed = {n for n, result in results.items() if result.verdict in {FAIL, WARN}} - {name}
    assert followed == consequences
    unclear = {n for n, result in results.items() if result.verdict is Verdict.INCONCLUSIVE}
    assert unclear <= set(following(results))


@pytest.mark.parametrize(("name", "verdict", "mutate", "consequences"), CASES, ids=case_id)
def test_a_fail_is_a_stated_must_that_installing_refuses(home, name, verdict, mutate, consequences):
    row = requirement(name)
    is_law = row.level is Level.MUST and row.provenance is Provenance.STATED
    path = home.write(mutate)
    if verdict is FAIL:
        assert is_law
        assert home.refusal(path) is not None
    elif is_law:
        assert home.refusal(path) is None


def test_each_clause_that_is_judged_has_a_catalogue_that_breaks_it():
    assert {name for name, *_ in CASES} == set(judged_requirements())


def test_a_clause_that_no_catalogue_shows_has_a_reason_and_no_result(home):
    assert all(UNSHOWN.values())
    assert not UNSHOWN.keys() & judge_catalog(home.write()).keys()


def test_a_duty_of_the_player_is_never_judged_by_a_catalogue():
    actors = {name: requirement(name).actor for name in judged_requirements()}
    assert {name for name, actor in actors.items() if actor != "partner"} == {"T1-CON-13"}


@pytest.mark.parametrize(
    ("file", "vacuous"),
    [
        ("radio.csv", {f"T1-RFD-0{n}" for n in range(1, 8)}),
        ("listitem.csv", {"T1-LST-08", "T1-LST-09", "T1-LST-11", "T1-LST-12"}),
    ],
)
def test_a_table_without_rows_gives_its_clauses_no_chance(home, file, vacuous):
    def empty(entries: Entries) -> None:
        for name in {file, "listitem.csv"}:
            entries[name] = b""

    results = judge_catalog(home.write(empty))
    found = {name for name, result in results.items() if result.verdict is Verdict.VACUOUS}
    assert vacuous <= found
    assert not any(results[name].chances for name in found)


def test_a_folder_says_nothing_about_what_a_package_is(tmp_path):
    for name, data in table_files(repertoire()).items():
        (tmp_path / name).write_bytes(data)
    results = judge_catalog(tmp_path)
    vacuous = {name for name, result in results.items() if result.verdict is Verdict.VACUOUS}
    assert vacuous == {"T1-CAT-07", "T1-CAT-17", "T1-CAT-22"}
    assert {result.verdict for result in results.values()} == {Verdict.VACUOUS, Verdict.PASS}


@pytest.mark.requirement("T1-CAT-07", "T1-CAT-17")
@pytest.mark.parametrize("base_version", [0, 2])
def test_an_update_for_a_player_without_a_catalogue_is_all_that_is_said(home, base_version):
    update = manifest(kind="update", base_version=base_version)
    results = judge_catalog(home.write(update, edit("track.csv", 2, Duration="long")))
    (finding,) = results["T1-CAT-07"].findings
    assert finding.what.startswith("manifest.json: it is an update")
    assert against(results) == {"T1-CAT-07": WARN}
    assert results["T1-CAT-17"].verdict is Verdict.PASS
    others = results.keys() - {"T1-CAT-07", "T1-CAT-17"}
    assert {results[name].verdict for name in others} == {Verdict.VACUOUS}


@pytest.mark.requirement("T1-CAT-17")
def test_an_update_should_be_compressed_as_well(home):
    results = judge_catalog(home.write(manifest(kind="update"), uncompressed))
    assert against(results) == {"T1-CAT-07": WARN, "T1-CAT-17": WARN}


@pytest.mark.requirement("T1-TRK-02")
def test_a_finding_names_file_row_and_field(home):
    results = judge_catalog(home.write(edit("track.csv", 7, Duration="long")))
    (finding,) = results["T1-TRK-02"].findings
    assert (finding.outcome, finding.line) == (Outcome.BROKEN, 7)
    assert finding.what.startswith("track.csv, row 7, field Duration: Duration must be a number")
    assert finding.what.endswith("not 'long'")


@pytest.mark.requirement("T1-TSV-02")
def test_what_refers_to_a_missing_table_follows_from_that(home):
    results = judge_catalog(home.write(remove("artist.csv")))
    assert results["T1-TSV-02"].verdict is FAIL
    for name in ("T1-ALB-02", "T1-TRK-08", "T1-TSV-07", "T1-LST-08"):
        assert results[name].verdict is Verdict.INCONCLUSIVE
        assert results[name].follows_from == "T1-TSV-02"


@pytest.mark.requirement("T1-TSV-07")
def test_a_reference_of_its_own_and_one_that_follows_are_a_root_together(home):
    dangling = append("listitem.csv", "99|1|0")
    results = judge_catalog(home.write(dangling, edit("artist.csv", 1, LinkedGenreID="99")))
    assert against(results) == {"T1-TSV-07": WARN, "T1-ART-02": FAIL}


def test_a_catalogue_that_was_given_up_passes_nothing(home, monkeypatch):
    monkeypatch.setattr("player_host.catalog.breaches.MOST_REFUSALS", 3)
    wrong = rewrite("genre.csv", lambda text: text.replace("\t", ","))
    results = judge_catalog(home.write(wrong))
    assert against(results) == {"T1-TSV-03": FAIL}
    assert {result.verdict for result in results.values()} == {FAIL, Verdict.INCONCLUSIVE}


def test_the_findings_of_a_clause_are_bounded_and_counted(home):
    dear = rewrite("track.csv", lambda text: text.replace("$", ""))
    result = judge_catalog(home.write(dear))["T1-TRK-04"]
    assert result.verdict is WARN
    assert (len(result.findings), result.total) == (50, SOUND["track.csv"].count("$"))


def test_a_refusal_stands_before_the_warnings_of_its_clause(home):
    def twice(text: str) -> str:
        return text.replace("\t2\t$0.99", "\t1\t$0.99").replace("\t8\t$0.99", "\t256\t$0.99")

    result = judge_catalog(home.write(rewrite("track.csv", twice)))["T1-TRK-03"]
    assert result.verdict is FAIL
    assert "must be from 1 to 255" in result.findings[0].what


def test_verdicts_join_those_of_a_conversation(home):
    sound_results = judge_catalog(home.write())
    broken_results = judge_catalog(home.write(manifest(version=0)))
    joined = together([sound_results, broken_results])
    assert joined["T1-CAT-22"].verdict is WARN
    assert joined["T1-CAT-22"].chances == 2


@pytest.mark.parametrize("mutate", [manifest(schema_version=2), remove("manifest.json")])
def test_of_what_cannot_be_read_nothing_is_said(home, mutate):
    with pytest.raises(CatalogError):
        judge_catalog(home.write(mutate))


@st.composite
def cell_edits(draw: st.DrawFn) -> Mutation:
    file = draw(st.sampled_from(sorted(ROWS)))
    row = draw(st.integers(1, len(ROWS[file])))
    field = draw(st.sampled_from(FIELDS[file]))
    of_others = st.sampled_from([cell for cells in ROWS[file] for cell in cells])
    words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    special = [
        "",
        "0",
        "-1",
        "2",
        "99",
        "1;2;",
        "99;",
        ";",
        NO_ID,
        "4294967296",
        "1,5",
        "1.5",
        "\t",
    ]
    value = draw(of_others | words | st.sampled_from(special))
    return edit(file, row, **{field: value})


def found(results: Results) -> Mapping[str, Verdict]:
    return {name: result.verdict for name, result in results.items()}


@given(cell_edits())
@example(edit("list.csv", 7, Linked_ItemType="L", ListID="1"))
@example(append("listitem.csv", "20|20|4"))
@example(rewrite("genre.csv", lambda text: HEADER + text))
@example(edit("track.csv", 3, TrackID="102", Duration="-1"))
def test_an_edited_cell_is_refused_by_installing_and_by_the_judge_alike(home, mutate):
    path = home.write(mutate)
    error, inspection = home.refusal(path), inspect_catalog(path)
    results = judge_inspection(inspection)
    refusals = [breach for breach in inspection.breaches if breach.is_refusal]
    assert results == judge_catalog(path)
    assert inspection.is_whole
    if error is None:
        assert not refusals
        assert FAIL not in found(results).values()
        return
    first = refusals[0]
    assert error.where == place(first.file, first.row, first.field)
    assert error.what.startswith(f"{first.what} (T1-")
    assert results[first.requirement].verdict in {FAIL, WARN}
    assert not results[first.requirement].follows_from
