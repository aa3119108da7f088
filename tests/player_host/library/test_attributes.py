"""The table of attributes."""

from collections import Counter

import pytest

from player_host.library.attributes import ATTRIBUTES, Kind, Stored, find_attribute
from player_host.library.records import LibraryItem, MediaTags


def _values(home, name, **tags):
    return find_attribute(name).values_of(home.publish(tags=tags))


@pytest.mark.requirement("LIB-15")
@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("ContentDistributor", "WM/ContentDistributor"),
        ("AlbumArtist", "WM/AlbumArtist"),
        ("Album", "WM/AlbumTitle"),
        ("Genre", "WM/Genre"),
        ("MetadataSource", "WM/Provider"),
        ("Rating", "WM/ProviderRating"),
        ("Style", "WM/ProviderStyle"),
        ("Name", "Title"),
    ],
)
def test_an_alias_and_its_name_are_one_attribute(alias, name):
    assert find_attribute(alias) is find_attribute(name)
    assert find_attribute(alias).name == name


def test_provider_is_no_alias_of_the_metadata_source():
    assert find_attribute("Provider") is None


def test_every_name_belongs_to_one_attribute():
    names = Counter(n.casefold() for a in ATTRIBUTES for n in (a.name, *a.aliases))

    assert set(names.values()) == {1}


def test_every_attribute_has_a_place_where_its_value_is():
    for attribute in ATTRIBUTES:
        assert hasattr(LibraryItem, attribute.part) or hasattr(MediaTags, attribute.part)


@pytest.mark.requirement("LIB-16")
def test_author_genre_and_composer_have_several_values(home):
    several = {a.name for a in ATTRIBUTES if a.multiple}

    assert several == {"Author", "WM/Genre", "WM/Composer"}
    assert _values(home, "Artist", authors=("A", "B")) == ("A", "B")


@pytest.mark.requirement("LIB-09", "LIB-10", "LIB-11")
@pytest.mark.parametrize("name", ["AcquisitionTime", "MediaType", "FileType"])
def test_what_the_library_sets_is_stored_in_the_library_alone(name):
    assert find_attribute(name).stored is Stored.LIBRARY


@pytest.mark.requirement("LIB-13", "LIB-14")
def test_duration_is_in_seconds_and_falls_back_to_the_distributors(home):
    assert find_attribute("Duration").kind is Kind.SECONDS
    set_by_file = home.publish(tags={"duration": 2.5, "content_distributor_duration": 9.0})
    unset = home.publish(b"x", content_id=2, tags={"content_distributor_duration": 9.0})

    assert find_attribute("Duration").values_of(set_by_file) == ("2.5",)
    assert find_attribute("Duration").values_of(unset) == ("9.0",)


def test_values_are_text(home):
    item = home.publish(tags={"is_protected": True, "track_number": 7})
    shown = {a.name: a.values_of(item) for a in ATTRIBUTES}

    assert shown["Is_Protected"] == ("true",)
    assert shown["WM/TrackNumber"] == ("7",)
    assert shown["AcquisitionTime"] == ("2026-11-20T12:00:00+00:00",)
    assert shown["SourceURL"] == (item.source_path,)
    assert shown["WM/Year"] == shown["WM/AlbumTitle"] == ()
