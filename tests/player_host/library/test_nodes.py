"""The tree of nodes, checked rule by rule and against a naive reading of the rules."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.library.nodes import Node, StoreNode, library_tree, local_tree, store_tree
from player_host.library.records import Identity, LibraryItem, MediaTags

NAMES = st.sampled_from(["Proseware", "proseware", "Proseware ", "Contoso", ""])
TAGS = st.builds(
    MediaTags,
    file_type=st.just("mp3"),
    media_type=st.sampled_from(["audio", "other", "photo", "playlist", "radio", "video"]),
    content_distributor=NAMES,
    album_title=NAMES,
    authors=st.lists(NAMES.filter(bool), max_size=3).map(tuple),
    genres=st.lists(NAMES.filter(bool), max_size=3).map(tuple),
)


def _item(number: int, tags: MediaTags) -> LibraryItem:
    return LibraryItem(
        id=number,
        source_path=f"{number}.mp3",
        identity=Identity("P", number, "P", True),
        tags=tags,
        file_size=1,
        sha256="",
        acquisition_time=datetime(2026, 11, 20, tzinfo=UTC),
        tracking_id=UUID(int=number),
    )


def _listed(item: LibraryItem) -> set[tuple[str, ...]]:
    """Every node that lists an item, by the rules and nothing else."""
    tags, paths = item.tags, set()
    if tags.media_type in ("audio", "radio"):
        paths.add(("All Music", "Songs"))
        paths.add(("All Music", "Albums", tags.album_title or "Unknown Album"))
        paths |= {("All Music", "Artists", a) for a in tags.authors or ["Unknown Artist"]}
        paths |= {("All Music", "Genres", g) for g in tags.genres or ["Unknown Genre"]}
        if tags.content_distributor:
            paths.add(("All Music", "Purchased Music", tags.content_distributor))
    elif tags.media_type == "video":
        paths.add(("All Video", "Videos"))
        paths |= {("All Video", "Actors", a) for a in tags.authors or ["Unknown Artist"]}
        paths |= {("All Video", "Genres", g) for g in tags.genres or ["Unknown Genre"]}
        if tags.content_distributor:
            paths.add(("All Video", "Purchased Videos", tags.content_distributor))
    else:
        paths.add(("Other Media",))
    return paths


@pytest.mark.requirement("LIB-01", "LIB-02", "LIB-03", "LIB-04", "LIB-05")
@given(st.lists(TAGS, max_size=6))
def test_every_item_is_listed_in_the_nodes_of_the_rules_and_in_no_other(many):
    items = [_item(number, tags) for number, tags in enumerate(many, start=1)]
    shown = [
        (path, item.id)
        for top in local_tree(items)
        for path, node in top.walk()
        for item in node.items
    ]

    assert len(shown) == len(set(shown))
    assert set(shown) == {(path, item.id) for item in items for path in _listed(item)}


@given(st.lists(TAGS, max_size=6))
def test_no_two_nodes_share_a_path(many):
    tree = Node("root", local_tree([_item(n, tags) for n, tags in enumerate(many)]))
    paths = [path for path, _ in tree.walk()]

    assert len(paths) == len(set(paths))


@pytest.mark.requirement("LIB-01")
def test_bought_music_is_in_the_distributors_node_and_among_the_songs(home):
    item = home.publish(tags={"content_distributor": "Proseware"})
    tree = library_tree(home.database)

    assert tree.child("All Music", "Purchased Music", "Proseware").items == (item,)
    assert tree.child("All Music", "Songs").items == (item,)


@pytest.mark.requirement("LIB-02", "LIB-05")
def test_bought_video_is_among_the_purchased_videos(home):
    item = home.publish(tags={"media_type": "video", "file_type": "wmv"})
    tree = library_tree(home.database)

    assert tree.child("All Video", "Purchased Videos", "Proseware").items == (item,)
    assert tree.child("All Music", "Purchased Music").children == ()


@pytest.mark.requirement("LIB-03")
def test_without_a_distributor_there_is_no_purchased_node_even_for_a_partners_file(home):
    item = home.publish(tags={"content_distributor": ""})
    tree = library_tree(home.database)

    assert tree.child("All Music", "Purchased Music").children == ()
    assert tree.child("All Music", "Songs").items == (item,)


@pytest.mark.requirement("LIB-04", "LIB-06")
def test_two_spellings_of_a_distributor_are_two_nodes(home):
    for number, name in enumerate(["Proseware", "proseware", "Proseware "]):
        home.publish(content_id=number, tags={"content_distributor": name})
    purchased = library_tree(home.database).child("All Music", "Purchased Music")

    assert [node.name for node in purchased.children] == ["Proseware", "proseware", "Proseware "]


@pytest.mark.requirement("LIB-29")
def test_the_active_store_is_one_top_level_node_beside_the_local_ones(home):
    plain = library_tree(home.database)
    with_store = library_tree(home.database, StoreNode("Proseware Music"))

    assert [node.name for node in plain.children] == ["All Music", "All Video"]
    assert with_store.children[:-1] == plain.children
    assert with_store.children[-1].name == "Proseware Music"


@pytest.mark.requirement("LIB-30")
@given(st.lists(st.tuples(st.integers(-2, 12), st.text(max_size=3)), max_size=20))
def test_lists_0_to_7_become_custom_nodes_in_their_order(lists):
    store = store_tree(StoreNode("S", tuple(lists)))
    first = {}
    for number, name in lists:
        first.setdefault(number, name)

    assert [node.name for node in store.children[:4]] == ["Artist", "Album", "Genre", "Radio"]
    assert [node.name for node in store.children[4:]] == [
        first[number] for number in range(8) if number in first
    ]


def test_a_node_that_is_not_there_is_none():
    assert Node("a", (Node("b"),)).child("b", "c") is None
