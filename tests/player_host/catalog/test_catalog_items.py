import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.catalog import items as catalog_items
from player_host.catalog.items import Item, ItemKind, ItemSelection, parse_items
from player_host.errors import UsageError

ids = st.integers(0, 0xFFFFFFFE)


def test_a_word_is_a_kind_a_colon_and_an_id():
    assert parse_items(["album:7"]) == ItemSelection((Item(ItemKind.ALBUM, 7),))


def test_a_word_can_name_several_items_of_its_kind():
    chosen = parse_items(["track:70;71", "album:8;7", "list:0"])
    assert (chosen.tracks, chosen.albums, chosen.lists) == ((70, 71), (8, 7), (0,))


def test_items_keep_the_order_in_which_they_were_named():
    words = ["list:3", "album:7", "list:1"]
    assert [str(item) for item in parse_items(words).items] == words


def test_an_item_that_is_named_again_counts_once():
    assert parse_items(["album:7;7", "album:7", "track:7"]).items == (
        Item(ItemKind.ALBUM, 7),
        Item(ItemKind.TRACK, 7),
    )


def test_blanks_and_a_final_semicolon_are_tolerated():
    assert parse_items(["track: 70; 71;"]).tracks == (70, 71)


@pytest.mark.parametrize("word", ["", "album", "7", "artist:7", "Album:7", " album:7", ":7"])
def test_a_word_without_a_known_kind_is_no_item(word):
    with pytest.raises(UsageError, match="this is no item") as caught:
        parse_items([word])
    assert "album:7;8" in caught.value.remedy


@pytest.mark.requirement("T1-CON-13")
@pytest.mark.parametrize(
    "ids_text", ["", ";", "x", "-1", "1.5", "1;;2", "4294967295", "٣", "9" * 5000]
)
def test_an_id_is_a_whole_number_below_the_reserved_one(ids_text):
    with pytest.raises(UsageError, match="is no ID, a whole number from 0 to 4294967294") as caught:
        parse_items([f"album:{ids_text}"])
    assert caught.value.where.startswith("'album:")


def test_the_message_about_a_long_word_is_short():
    with pytest.raises(UsageError) as caught:
        parse_items(["album:" + "x" * 100_000])
    assert len(str(caught.value)) < 400


def test_a_word_has_a_bounded_length(monkeypatch):
    monkeypatch.setattr(catalog_items, "MAX_WORD_CHARACTERS", 10)
    with pytest.raises(UsageError, match="more than 10 characters"):
        parse_items(["track:12345"])


def test_a_request_names_a_bounded_number_of_items(monkeypatch):
    monkeypatch.setattr(catalog_items, "MAX_ITEMS", 2)
    with pytest.raises(UsageError, match="at most 2 items"):
        parse_items(["track:1;2", "album:1"])
    with pytest.raises(UsageError, match="at most 2 items"):
        ItemSelection.of(Item(ItemKind.TRACK, n) for n in range(3))


def test_no_words_name_no_item():
    with pytest.raises(UsageError, match="no item is named"):
        parse_items([])


@given(st.lists(st.builds(Item, st.sampled_from(ItemKind), ids), min_size=1, max_size=20))
def test_the_words_of_a_selection_name_it_again(items):
    chosen = ItemSelection.of(items)
    assert parse_items([str(item) for item in chosen.items]) == chosen


@given(st.text(max_size=60))
def test_any_other_text_is_refused_with_a_usage_error(text):
    try:
        chosen = parse_items([text])
    except UsageError:
        return
    assert all(0 <= item.id < 0xFFFFFFFF for item in chosen.items)
