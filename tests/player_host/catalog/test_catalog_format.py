import attrs
import pytest

from player_host.catalog.fields import Empty
from player_host.catalog.format import TABLES

DOCUMENTED = {
    "track.csv": "TrackID TrackTitle Duration TrackNumber TrackPrice CanStream CanDownload"
    " HasPreviewClip HasVideoClip ParentalRating LinkedAlbumID LinkedTrackArtist_ArtistIDs"
    " Composer Popularity StarRating",
    "album.csv": "AlbumID AlbumName AlbumArtist AlbumLabel ReleaseDate AlbumPrice LinkedGenreID"
    " LinkedSubGenreIDs Popularity IsRecentlyAdded IsFeatured EditorialGlyph FeedsAreAvailable",
    "artist.csv": "ArtistID ArtistName LinkedGenreID LinkedSimilarArtistIDs Popularity"
    " FeedsAvailable",
    "genre.csv": "Genre_ID GenreTitle FeedsAreAvailable HasComposer",
    "subgenre.csv": "SubGenreID SubGenreTitle SubGenreSubtitle FeedsAreAvailable Linked_GenreID"
    " SortOrderRank",
    "list.csv": "ListID ListTitle ListSubtitle ListDescription Linked_ItemType ListPrice"
    " Popularity IsRecentlyAdded IsFeatured EditorialGlyph ViewType ViewImageSize GroupBy"
    " ListItemsAreDynamic",
    "listitem.csv": "Linked_ListID Linked_ListItem ItemPositionInList",
    "radio.csv": "RadioID RadioTitle RadioSubtitle Programmer PrimaryGenre Mood Category"
    " Description Popularity StarRating IsSubscriptionOnly IsRecentlyAdded IsFeatured"
    " EditorialGlyph SortOrderRank",
}


@pytest.mark.requirement("T1-TSV-01")
def test_there_are_exactly_the_eight_documented_files():
    assert {table.file for table in TABLES} == set(DOCUMENTED)


@pytest.mark.requirement("T1-TSV-05")
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_every_table_has_the_documented_fields_in_the_documented_order(table):
    assert [field.name for field in table.fields] == DOCUMENTED[table.file].split()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_every_row_class_takes_the_kept_fields(table):
    kept = [field for field in table.fields if field.kept]
    assert len(kept) == len(attrs.fields(table.row))


@pytest.mark.requirement("T1-TSV-17")
def test_only_the_star_rating_of_a_track_can_be_missing_at_the_end_of_a_row():
    shorter = {
        table.file: len(table.fields) - table.min_fields
        for table in TABLES
        if table.min_fields < len(table.fields)
    }
    assert shorter == {"track.csv": 1}
    assert TABLES[4].fields[-1].empty is Empty.OPTIONAL


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_every_field_names_the_requirement_behind_its_rule(table):
    assert all(field.requirement.startswith("T1-") for field in table.fields)
    assert all(field.should.requirement.startswith("T1-") for field in table.fields if field.should)
