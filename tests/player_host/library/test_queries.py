"""Lists and searches."""

import pytest

from player_host.errors import UsageError
from player_host.library.queries import content_ids, find_items, get_item, list_items


def _titles(page):
    return [item.tags.title for item in page.items]


@pytest.fixture
def filled(home):
    titles = ["Änderung", "Blue", "Green", "E=mc²", "100% _true_"]
    for number, title in enumerate(titles):
        partner = "Contoso" if number == 2 else "Proseware"
        album = {"album_title": "Blue Album", "authors": ("The Reds", "Ann")} if number == 2 else {}
        home.publish(content_id=number, partner=partner, tags={"title": title} | album)
    return home.database


def test_pages_follow_each_other_and_know_the_whole(filled):
    pages = [list_items(filled, limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [len(page.items) for page in pages] == [2, 2, 1, 0]
    assert {page.total for page in pages} == {5}
    assert [item.id for page in pages for item in page.items] == [1, 2, 3, 4, 5]


def test_a_partners_items_alone_can_be_listed(filled):
    page = list_items(filled, partner="Contoso")

    assert (_titles(page), page.total) == (["Green"], 1)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("blue", ["Blue", "Green"]),
        ("ÄNDER", ["Änderung"]),
        ("A\u0308nder", ["Änderung"]),
        ("reds", ["Green"]),
        ("%", ["100% _true_"]),
        ("_", ["100% _true_"]),
        ("nothing", []),
    ],
)
def test_a_text_is_found_in_title_artist_and_album_without_regard_to_case(filled, query, titles):
    assert _titles(find_items(filled, query)) == titles


@pytest.mark.requirement("LIB-15")
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("Album=Blue Album", ["Green"]),
        ("WM/AlbumTitle=blue album", ["Green"]),
        ("Name=Blue", ["Blue"]),
        ("Artist=Ann", ["Green"]),
        ("Album=Blue", []),
        ("FileType=mp3", ["Änderung", "Blue", "Green", "E=mc²", "100% _true_"]),
        ("DigitallySecure=true", []),
        ("FileSize=5", ["Änderung", "Blue", "Green", "E=mc²", "100% _true_"]),
    ],
)
def test_an_attribute_is_compared_as_a_whole_under_every_name(filled, query, titles):
    assert _titles(find_items(filled, query)) == titles


def test_an_equals_sign_after_no_attribute_is_part_of_the_text(filled):
    assert _titles(find_items(filled, "e=mc")) == ["E=mc²"]


def test_found_items_come_in_pages_too(filled):
    page = find_items(filled, "FileType=mp3", limit=2, offset=3)

    assert (_titles(page), page.total, page.offset) == (["E=mc²", "100% _true_"], 5, 3)


@pytest.mark.parametrize("query", ["", "  ", "x" * 1_001])
def test_an_empty_or_endless_query_is_refused(filled, query):
    with pytest.raises(UsageError, match="query"):
        find_items(filled, query)


@pytest.mark.parametrize(("limit", "offset"), [(0, 0), (1_001, 0), (1, -1)])
def test_a_page_out_of_bounds_is_refused(filled, limit, offset):
    with pytest.raises(UsageError, match="page"):
        list_items(filled, limit=limit, offset=offset)


def test_content_ids_are_those_of_one_partner(filled):
    assert content_ids(filled, "Proseware") == {0, 1, 3, 4}
    assert content_ids(filled, "Nobody") == frozenset()


def test_an_item_is_found_by_its_id(filled):
    assert get_item(filled, 2).tags.title == "Blue"
    assert get_item(filled, 99) is None
