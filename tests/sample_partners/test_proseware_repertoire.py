"""The catalogue keeps the rules of the eight tables, and holds what its users rely on."""

import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from sample_partners.proseware.accounts import ACCOUNTS, Grant, Refusal, account_of, decide
from sample_partners.proseware.catalog import (
    PRICE_CANNOT_BUY,
    PRICE_FREE,
    PRICE_UNKNOWN,
    Catalog,
    ItemKind,
    Piece,
)
from sample_partners.proseware.repertoire import MIXED_BAG, repertoire
from sample_partners.proseware.synthetic import synthetic

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=["repertoire", "synthetic"])
def catalog(request: pytest.FixtureRequest) -> Catalog:
    return repertoire() if request.param == "repertoire" else synthetic(137)


def ids(rows) -> set[int]:
    return {row.id for row in rows}


@pytest.mark.requirement("T1-TRK-01", "T1-GEN-01", "T1-GEN-04")
@pytest.mark.parametrize(
    "table", ["tracks", "albums", "artists", "genres", "subgenres", "lists", "radios"]
)
def test_an_id_is_unique_in_its_table_and_below_the_reserved_one(catalog, table):
    rows = getattr(catalog, table)

    assert len(ids(rows)) == len(rows)
    assert all(0 <= row.id < 0xFFFFFFFF for row in rows)


@pytest.mark.requirement("T1-TSV-07")
def test_every_reference_leads_to_a_row(catalog):
    genres, artists = ids(catalog.genres), ids(catalog.artists)

    assert {track.album_id for track in catalog.tracks} <= ids(catalog.albums)
    assert {artist for track in catalog.tracks for artist in track.artist_ids} <= artists
    assert {album.artist_id for album in catalog.albums} <= artists
    assert {album.genre_id for album in catalog.albums} <= genres
    assert {artist.genre_id for artist in catalog.artists} <= genres
    assert {subgenre.genre_id for subgenre in catalog.subgenres} <= genres
    assert {radio.genre_id for radio in catalog.radios} <= genres


@pytest.mark.requirement("T1-TSV-07")
def test_every_list_item_is_of_its_lists_kind(catalog):
    known = {
        ItemKind.TRACK: ids(catalog.tracks),
        ItemKind.ARTIST: ids(catalog.artists),
        ItemKind.ALBUM: ids(catalog.albums),
        ItemKind.LIST: ids(catalog.lists),
        ItemKind.GENRE: ids(catalog.genres),
        ItemKind.SUBGENRE: ids(catalog.subgenres),
        ItemKind.RADIO: ids(catalog.radios),
    }

    assert all(set(entry.items) <= known[entry.kind] for entry in catalog.lists)


@pytest.mark.requirement("T1-ALB-01")
def test_every_album_has_a_subgenre(catalog):
    assert all(album.subgenre_ids for album in catalog.albums)


def test_a_subgenre_of_an_album_belongs_to_its_genre(catalog):
    parent = {subgenre.id: subgenre.genre_id for subgenre in catalog.subgenres}

    for album in catalog.albums:
        assert all(parent[subgenre] == album.genre_id for subgenre in album.subgenre_ids)


def test_a_dynamic_list_has_no_items_and_a_static_one_has_some(catalog):
    assert all(bool(entry.items) != entry.is_dynamic for entry in catalog.lists)


def test_no_list_of_lists_leads_back_to_itself(catalog):
    inside = {entry.id: entry.items for entry in catalog.lists if entry.kind is ItemKind.LIST}

    def below(list_id: int, path: tuple[int, ...] = ()) -> None:
        assert list_id not in path
        for item in inside.get(list_id, ()):
            below(item, (*path, list_id))

    for list_id in inside:
        below(list_id)


def test_track_numbers_of_an_album_rise_from_one_and_stay_below_256(catalog):
    for album in catalog.albums:
        numbers = [track.number for track in catalog.tracks_of(album.id)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) < 256


def test_track_ids_of_an_album_are_consecutive(catalog):
    for album in catalog.albums:
        found = [track.id for track in catalog.tracks_of(album.id)]
        assert found == list(range(found[0], found[0] + len(found)))


def test_no_text_can_break_a_table(catalog):
    texts = [track.title for track in catalog.tracks] + [album.name for album in catalog.albums]

    assert not any(re.search(r"[\t\r\n]", text) for text in texts)


class TestWhatUsersOfTheRepertoireRelyOn:
    catalog = repertoire()

    def test_it_has_eight_albums_and_sixty_tracks_at_least(self):
        assert len(self.catalog.albums) >= 8
        assert len(self.catalog.tracks) >= 60

    def test_album_7_is_an_owned_mp3_album_of_twelve_with_ordinary_names(self):
        tracks = self.catalog.tracks_of(7)

        assert len(tracks) == 12
        assert {track.piece for track in tracks} == {Piece.MP3}
        assert all(re.fullmatch(r"[A-Za-z ]+", track.title) for track in tracks)
        assert all(isinstance(self.decision("demo", track.id), Grant) for track in tracks)

    def test_demo_may_have_sixty_tracks_in_one_order(self):
        granted = [t for t in self.catalog.tracks if isinstance(self.decision("demo", t.id), Grant)]

        assert len(granted) >= 60

    def test_guest_may_have_two_tracks(self):
        tracks = self.catalog.tracks
        granted = [t.id for t in tracks if isinstance(self.decision("guest", t.id), Grant)]

        assert granted == [701, 801]

    def test_the_mixed_list_meets_every_decision(self):
        mixed = next(entry for entry in self.catalog.lists if entry.id == MIXED_BAG == 3)
        outcomes = Counter(
            "granted" if isinstance(decision, Grant) else decision
            for decision in (self.decision("demo", track) for track in mixed.items)
        )

        assert outcomes["granted"] >= 3
        assert {Refusal.NOT_OWNED, Refusal.ALBUM_ONLY, Refusal.NOT_DOWNLOADABLE} <= set(outcomes)

    def test_some_custom_nodes_are_used_and_some_lists_lie_above_them(self):
        custom = [entry.id for entry in self.catalog.lists if entry.id <= 7]

        assert 0 < len(custom) < 8
        assert any(entry.id > 7 for entry in self.catalog.lists)

    def test_every_kind_of_list_occurs_and_one_is_dynamic(self):
        assert {entry.kind for entry in self.catalog.lists} == set(ItemKind)
        assert any(entry.is_dynamic for entry in self.catalog.lists)

    def test_all_three_special_prices_and_normal_ones_occur(self):
        prices = {track.price for track in self.catalog.tracks}

        assert {PRICE_UNKNOWN, PRICE_FREE, PRICE_CANNOT_BUY, "$0.99"} <= prices

    @pytest.mark.parametrize(
        "title", ["CON", "Harbour / Morning", "Harbour: Evening", "Trailing Off...", ".."]
    )
    def test_names_that_file_systems_refuse_occur(self, title):
        assert title in {track.title for track in self.catalog.tracks}

    def test_a_very_long_title_and_several_scripts_occur(self):
        titles = [track.title for track in self.catalog.tracks]

        assert max(map(len, titles)) > 255
        assert any("é" in title.lower() for title in titles)
        assert any("雨" in title for title in titles)

    def test_there_are_protected_tracks_but_most_are_not(self):
        protected = [track for track in self.catalog.tracks if track.is_protected]

        assert 0 < len(protected) < len(self.catalog.tracks) / 4
        assert {track.piece for track in protected} == {Piece.WMA}

    def test_there_is_one_video_and_a_composer_genre(self):
        assert [track.id for track in self.catalog.tracks if track.piece is Piece.WMV] == [501]
        assert any(genre.has_composer for genre in self.catalog.genres)

    def test_a_track_that_nobody_may_download_is_refused_to_its_owner_too(self):
        assert not self.catalog.track_by_id[1002].can_download
        assert self.decision("demo", 1002) is Refusal.NOT_DOWNLOADABLE

    def test_a_rented_track_may_not_be_burnt_and_its_licence_ends(self):
        rented, bought = self.decision("demo", 302), self.decision("demo", 701)

        assert "burn" not in rented.rights
        assert rented.expires is not None
        assert rented.expires > NOW
        assert "burn" in bought.rights
        assert bought.expires is None

    def test_an_unknown_track_is_refused_as_such(self):
        assert self.decision("demo", 999_999) is Refusal.UNKNOWN_TRACK

    @pytest.mark.parametrize(
        ("name", "password"), [("demo", "guest"), ("demo", ""), ("nobody", "demo"), ("", "")]
    )
    def test_a_wrong_name_or_password_opens_no_account(self, name, password):
        assert account_of(ACCOUNTS, name, password) is None

    def decision(self, name: str, track_id: int) -> Grant | Refusal:
        account = account_of(ACCOUNTS, name, name)
        assert account is not None
        return decide(self.catalog, account, track_id, NOW)


def test_a_synthetic_catalogue_has_the_size_asked_for_and_ids_from_one():
    catalog = synthetic(45)

    assert [track.id for track in catalog.tracks] == list(range(1, 46))
    assert [len(catalog.tracks_of(album.id)) for album in catalog.albums] == [20, 20, 5]


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
def test_a_synthetic_catalogue_of_a_senseless_size_is_refused(count):
    with pytest.raises(ValueError, match="1 to 1000000"):
        synthetic(count)
