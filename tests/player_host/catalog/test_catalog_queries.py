import pytest

from player_host.catalog import queries
from player_host.catalog.rows import Album, Artist, CatalogList, Genre, Radio, Subgenre, Track

PARTNER = "Proseware"


def test_a_track_is_found_by_id_with_all_its_fields(installed):
    assert installed.track(PARTNER, 71) == Track(
        id=71,
        title="Noon",
        duration_s=200,
        number=2,
        price="",
        can_stream=True,
        can_download=True,
        has_preview=False,
        has_video=False,
        parental_rating="E",
        album_id=7,
        artist_ids=(1, 2),
        composer="",
        popularity=1.0,
        star_rating=None,
    )


def test_an_album_is_found_by_id_with_all_its_fields(installed):
    assert installed.album(PARTNER, 7) == Album(
        7, "First Light", 1, "2005-00-00", "$9.99", 1, (10, 11), 2.0, True, False
    )


def test_an_artist_a_list_and_the_rest_come_back_as_they_were_written(installed):
    assert installed.artist(PARTNER, 2) == Artist(2, "音楽", 2, 1.5)
    assert installed.catalog_list(PARTNER, 4) == CatalogList(
        4, "", "", "Live from the store", "T", "-", 0.0, False, False, "I", 64, "A", True
    )
    assert installed.radios(PARTNER) == (
        Radio(
            5, "Morning", "Rock", "Ann", 1, "calm;warm", "All day", 0.0, 4.9, True, False, True, 2
        ),
    )
    assert installed.genres(PARTNER)[0] == Genre(2, "Klassik", True, True)
    assert installed.subgenres(PARTNER, 2) == (Subgenre(20, "Oper", "", False, 2, 0),)


def test_an_unknown_id_is_none(installed):
    assert installed.track(PARTNER, 1) is None
    assert installed.album(PARTNER, 70) is None
    assert installed.artist(PARTNER, 70) is None
    assert installed.catalog_list(PARTNER, 70) is None


@pytest.mark.requirement("T1-TRK-03")
def test_tracks_of_an_album_come_by_number(installed):
    assert [track.id for track in installed.tracks(PARTNER, 8)] == [81, 80]


@pytest.mark.requirement("T1-LST-09")
def test_items_of_a_list_come_by_position(installed):
    assert installed.items(PARTNER, 3) == (80, 72, 71)
    assert installed.items(PARTNER, 4) == ()


@pytest.mark.requirement("T1-TRK-10")
def test_the_lower_popularity_number_comes_first(installed):
    assert [album.id for album in installed.albums(PARTNER)] == [8, 7, 9]
    assert [artist.id for artist in installed.artists(PARTNER)] == [2, 1]
    assert [track.id for track in installed.find_tracks(PARTNER, "")] == [81, 80, 71, 72, 70, 90]


def test_lists_come_by_id_those_of_the_tree_first(installed):
    assert [found.id for found in installed.lists(PARTNER)] == [0, 3, 4, 20, 21, 22, 23, 24]


def test_subgenres_come_by_their_rank(installed):
    assert [found.id for found in installed.subgenres(PARTNER, 1)] == [10, 11]


@pytest.mark.requirement("T1-LST-13")
def test_a_list_without_a_title_shows_its_description(installed):
    titles = [found.displayed_title for found in installed.lists(PARTNER)][:3]
    assert titles == ["Best", "Mixed", "Live from the store"]


@pytest.mark.requirement("T1-TRK-11", "T1-RFD-08")
def test_stars_are_shown_to_the_nearest_quarter(installed):
    assert installed.track(PARTNER, 70).displayed_stars == 4.5
    assert installed.track(PARTNER, 71).displayed_stars is None
    assert installed.radios(PARTNER)[0].displayed_stars == 5.0


@pytest.mark.requirement("T1-PRC-01")
def test_prices_stay_the_texts_of_the_store(installed):
    assert [track.price for track in installed.tracks(PARTNER, 7)] == ["$0.99", "", "-"]


@pytest.mark.parametrize("text", ["émilie", "ÉMILIE", "E\u0301milie", "mil"])
def test_search_ignores_case_and_unicode_form(installed, text):
    assert [artist.id for artist in installed.find_artists(PARTNER, text)] == [1]


@pytest.mark.parametrize("text", ["%", "_", "'", "\\"])
def test_search_knows_no_wildcards(installed, text):
    found = installed.find_tracks(PARTNER, text)
    assert [track.title for track in found] == (["Vissi d'arte"] if text == "'" else [])


def test_search_finds_albums_and_returns_a_bounded_number(installed):
    assert [album.id for album in installed.find_albums(PARTNER, "i")] == [8, 7, 9]
    assert [album.id for album in installed.find_albums(PARTNER, "i", limit=2)] == [8, 7]


def test_many_tracks_are_looked_up_in_portions(installed, monkeypatch):
    monkeypatch.setattr(queries, "IDS_PER_QUERY", 2)
    assert set(installed.tracks_by_id(PARTNER, [70, 71, 72, 80, 1])) == {70, 71, 72, 80}


@pytest.mark.parametrize(
    ("item_type", "item_id", "tracks"),
    [
        ("T", 70, [70]),
        ("A", 8, [81, 80]),
        ("P", 2, [71, 72, 81, 80]),
        ("G", 1, [70, 71, 72, 90]),
        ("S", 10, [70, 71, 72, 90]),
        ("S", 4, []),
    ],
)
def test_an_item_of_any_kind_stands_for_its_tracks(installed, item_type, item_id, tracks):
    assert installed.track_ids(PARTNER, item_type, item_id, limit=10) == tracks
    assert installed.track_ids(PARTNER, item_type, item_id, limit=1) == tracks[:1]
