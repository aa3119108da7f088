import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from player_host.catalog.containers import build_container_list
from player_host.catalog.items import Item, ItemKind, ItemSelection
from player_host.catalog.rows import (
    Album,
    Artist,
    CatalogList,
    Genre,
    ListItem,
    Radio,
    Subgenre,
    Track,
)
from player_host.catalog.store import Catalogs
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.errors import CatalogError, NothingSelected

MANIFEST = json.dumps({"kind": "full", "version": 1, "schema_version": 1, "locale": 7}).encode()

ids = st.integers(0, 0xFFFFFFFE)
small = st.integers(0, 0xFFFFFFFF)
words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
titles = words.filter(bool)
prices = st.sampled_from(["", "0", "-", "$0.99", "1,29 €", "free"])
# Halves and quarters are the same number before and after they are written.
numbers = st.integers(0, 4_000_000).map(lambda n: n / 4)
stars = st.none() | st.integers(0, 20).map(lambda n: n / 4)
dates = st.builds(
    "{:04}-{:02}-{:02}".format, st.integers(1, 9999), st.integers(0, 12), st.integers(0, 28)
)


@attrs.frozen
class Rows:
    genres: Sequence[Genre]
    subgenres: Sequence[Subgenre]
    artists: Sequence[Artist]
    albums: Sequence[Album]
    tracks: Sequence[Track]
    lists: Sequence[CatalogList]
    radios: Sequence[Radio]
    items: Sequence[ListItem]


def several(row, *, least=0):
    return st.lists(row, min_size=least, max_size=4, unique_by=lambda built: built.id)


def one_of(rows):
    return st.sampled_from([row.id for row in rows])


@st.composite
def catalogues(draw):
    genres = draw(several(st.builds(Genre, ids, titles, st.booleans(), st.booleans()), least=1))
    genre = one_of(genres)
    subgenres = draw(several(st.builds(Subgenre, ids, titles, words, st.booleans(), genre, small)))
    artists = draw(several(st.builds(Artist, ids, titles, genre, numbers), least=1))
    chosen = st.lists(one_of(subgenres), max_size=3) if subgenres else st.just([])
    flags = st.booleans()
    album = st.builds(
        Album,
        ids,
        titles,
        one_of(artists),
        dates,
        prices,
        genre,
        chosen.map(tuple),
        numbers,
        flags,
        flags,
    )
    albums = draw(several(album, least=1))
    performers = st.lists(one_of(artists), min_size=1, max_size=3).map(tuple)
    track = st.builds(
        Track, ids, titles, small, st.integers(1, 255), prices, flags, flags, flags, flags,
        st.sampled_from("NEC"), one_of(albums), performers, words, numbers, stars,
    )  # fmt: skip
    tracks = draw(several(track, least=1))
    view, group = st.sampled_from("ITRLO"), st.sampled_from("-PACRD")
    lists = draw(several(st.builds(
        CatalogList, ids, words, words, titles, st.sampled_from("TA"), prices, numbers, flags,
        flags, view, small, group, flags,
    )))  # fmt: skip
    moods = st.lists(titles.filter(lambda t: t.strip(" ") and ";" not in t), min_size=1, max_size=3)
    radios = draw(several(st.builds(
        Radio, ids, words, words, titles, genre, moods.map(";".join), words, numbers, stars,
        flags, flags, flags, small,
    ).filter(lambda radio: radio.title)))  # fmt: skip
    items = [item for found in lists for item in draw(items_of(found, tracks, albums))]
    return Rows(genres, subgenres, artists, albums, tracks, lists, radios, items)


def items_of(found, tracks, albums):
    if found.is_dynamic:
        return st.just([])
    targets = one_of(tracks if found.item_type == "T" else albums)
    positions = st.lists(st.tuples(targets, small), max_size=4, unique_by=lambda pair: pair[1])
    return positions.map(lambda pairs: [ListItem(found.id, item, at) for item, at in pairs])


UNUSED = {Artist: {3: "", 5: ""}, Album: {3: "", 11: "0", 12: "0"}, CatalogList: {9: "0"}}
UNUSED[Radio] = {6: "", 13: "0"}


def cell(value):
    match value:
        case bool():
            return str(int(value))
        case None:
            return ""
        case tuple():
            return "".join(f"{member};" for member in value)
        case _:
            return str(value)


def line(row):
    cells = [cell(value) for value in attrs.astuple(row, recurse=False)]
    for at, text in sorted(UNUSED.get(type(row), {}).items()):
        cells.insert(at, text)
    return "\t".join(cells)


def written(rows: Rows, encoding: str, ending: str) -> dict[str, bytes]:
    files = {
        "genre.csv": rows.genres,
        "subgenre.csv": rows.subgenres,
        "artist.csv": rows.artists,
        "album.csv": rows.albums,
        "track.csv": rows.tracks,
        "list.csv": rows.lists,
        "radio.csv": rows.radios,
        "listitem.csv": rows.items,
    }
    return {
        name: "".join(line(row) + ending for row in table).encode(encoding)
        for name, table in files.items()
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("home")
    database = Database.open(folder / "player.db")
    yield Home(Catalogs(database, SystemClock()), folder / "package", map(str, count()))
    database.close()


@attrs.frozen
class Home:
    catalogs: Catalogs
    path: Path
    partners: map

    def install(self, content: bytes | None = None) -> str:
        """Install a package for a partner of its own, and return the partner."""
        partner = next(self.partners)
        if content is not None:
            self.path.write_bytes(content)
        self.catalogs.install(partner, self.path, announced_version=1, expires=None)
        assert self.catalogs.installed(partner) is not None
        return partner

    def refusal(self, content: bytes | None = None) -> CatalogError | None:
        """Install a package, and return the error if it is refused; any other error is a fault."""
        try:
            self.install(content)
        except CatalogError as error:
            return error
        return None


def kept(rows: Rows, track: Track) -> Track:
    composing = {genre.id for genre in rows.genres if genre.has_composer}
    (album,) = [album for album in rows.albums if album.id == track.album_id]
    return track if album.genre_id in composing else attrs.evolve(track, composer="")


@pytest.mark.requirement("T1-TSV-03", "T1-TSV-05", "T1-TSV-06", "T1-TSV-14", "T1-TSV-16")
@given(
    catalogues(), st.sampled_from(["utf-16", "utf-8", "utf-8-sig"]), st.sampled_from(["\n", "\r\n"])
)
def test_a_catalogue_that_was_written_is_read_back_as_it_was(home, zipped, rows, encoding, ending):
    zipped(home.path, {"manifest.json": MANIFEST} | written(rows, encoding, ending))
    partner = home.install()
    catalogs = home.catalogs
    assert set(catalogs.genres(partner)) == set(rows.genres)
    assert {s for g in rows.genres for s in catalogs.subgenres(partner, g.id)} == set(
        rows.subgenres
    )
    assert set(catalogs.artists(partner)) == set(rows.artists)
    assert set(catalogs.albums(partner)) == set(rows.albums)
    assert set(catalogs.lists(partner)) == set(rows.lists)
    assert set(catalogs.radios(partner)) == set(rows.radios)
    assert [catalogs.track(partner, t.id) for t in rows.tracks] == [
        kept(rows, t) for t in rows.tracks
    ]
    for found in rows.lists:
        items = sorted((i.position, i.item_id) for i in rows.items if i.list_id == found.id)
        assert catalogs.items(partner, found.id) == tuple(item for _, item in items)


@pytest.mark.requirement("T1-DL-51", "T1-DL-52", "T1-CON-12")
@given(catalogues())
def test_containers_and_left_out_tracks_together_are_the_tracks_of_the_albums(home, zipped, rows):
    zipped(home.path, {"manifest.json": MANIFEST} | written(rows, "utf-8", "\n"))
    partner = home.install()
    selection = ItemSelection.of(Item(ItemKind.ALBUM, album.id) for album in rows.albums)
    offered = {track.id for track in rows.tracks if track.can_download}
    if not offered:
        with pytest.raises(NothingSelected):
            build_container_list(home.catalogs, partner, selection)
        return
    chosen = build_container_list(home.catalogs, partner, selection)
    assert {item.id for container in chosen.container_list for item in container} == offered
    assert {left.track_id for left in chosen.left_out} == {t.id for t in rows.tracks} - offered
    assert all(len(container) for container in chosen.container_list)


def mutations(length: int):
    change = st.tuples(st.integers(0, length - 1), st.integers(0, 3), st.binary(max_size=4))
    return st.lists(change, min_size=1, max_size=4)


def mutated(content: bytes, changes: Sequence[tuple[int, int, bytes]]) -> bytes:
    for at, removed, inserted in changes:
        content = content[:at] + inserted + content[at + removed :]
    return content


@given(st.data())
def test_a_mutated_package_is_installed_or_refused_and_nothing_else(home, zipped, sample, data):
    entries = {name: text.encode("utf-16") for name, text in sample().items()}
    zipped(home.path, {"manifest.json": MANIFEST} | entries)
    content = home.path.read_bytes()
    changes = data.draw(mutations(len(content)))
    error = home.refusal(mutated(content, changes))
    assert error is None or error.hr.failed


@given(st.data())
def test_a_mutated_table_is_installed_or_refused_at_a_place(home, zipped, sample, data):
    encoding = data.draw(st.sampled_from(["utf-8", "utf-16", "utf-16-be"]))
    entries = {name: text.encode(encoding) for name, text in sample().items()}
    if encoding == "utf-16-be":
        entries = {name: b"\xfe\xff" + content for name, content in entries.items()}
    name = data.draw(st.sampled_from(sorted(entries)))
    changes = data.draw(mutations(len(entries[name])))
    entries[name] = mutated(entries[name], changes)
    zipped(home.path, {"manifest.json": MANIFEST} | entries)
    error = home.refusal()
    assert error is None or error.where.split(",")[0] in entries
    assert error is None or "(T1-" in error.what


@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00")
@example(b"\xef\xbb")
@example(b"\r")
def test_any_bytes_as_a_table_are_read_or_refused(home, zipped, sample, content):
    entries = dict.fromkeys(sample(), b"") | {"genre.csv": content}
    zipped(home.path, {"manifest.json": MANIFEST} | entries)
    error = home.refusal()
    assert error is None or error.where.startswith("genre.csv, row ")
