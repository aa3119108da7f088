"""The library as a tree of nodes, with the node of the active store beside it.

Purchased nodes follow `WM/ContentDistributor` (LIB-01 to LIB-05); every item is in the
ordinary nodes too. Values are compared exactly: two spellings make two nodes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from attrs import frozen

from player_host.database import Database
from player_host.library.filing import UNKNOWN_ALBUM, UNKNOWN_ARTIST
from player_host.library.records import LibraryItem
from player_host.library.rows import item_from_row

ROOT: Final = "Library"
ALL_MUSIC: Final = "All Music"
ALL_VIDEO: Final = "All Video"
OTHER_MEDIA: Final = "Other Media"
PURCHASED_MUSIC: Final = "Purchased Music"
PURCHASED_VIDEOS: Final = "Purchased Videos"
UNKNOWN_GENRE: Final = "Unknown Genre"
STORE_NODES: Final = ("Artist", "Album", "Genre", "Radio")
MAX_CUSTOM_LIST_ID: Final = 7

_MUSIC_SIDE: Final = frozenset({"audio", "radio"})

Names = Callable[[LibraryItem], Iterable[str]]


@frozen
class Node:
    """One node: its name, the nodes below it, and the items that it lists itself.

    Attributes:
        name: as shown; unique among its siblings.
        children: in the order in which they are shown.
        items: in the order in which they were added.
    """

    name: str
    children: tuple["Node", ...] = ()
    items: tuple[LibraryItem, ...] = ()

    def child(self, *names: str) -> "Node | None":
        """Return the node at a path below this one, or None."""
        if not names:
            return self
        found = next((node for node in self.children if node.name == names[0]), None)
        return found.child(*names[1:]) if found else None

    def walk(self, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], "Node"]]:
        """Yield every node with its path, this one first, parents before children."""
        path = (*above, self.name)
        yield path, self
        for node in self.children:
            yield from node.walk(path)


@frozen
class StoreNode:
    """What the caller knows of the active store: its name and the lists of its catalogue.

    Attributes:
        name: the store's friendly name.
        lists: id and name of each list of the installed catalogue.
    """

    name: str
    lists: tuple[tuple[int, str], ...] = ()


def library_tree(database: Database, store: StoreNode | None = None) -> Node:
    """Return the tree of the local library and, beside it, of the active store.

    Called by the command line and the task panes, on any thread.

    Args:
        database: the home's database.
        store: the active store; one top-level node at most is a store's (LIB-29).
    """
    rows = database.rows("SELECT * FROM library_items ORDER BY id")
    stores = (store_tree(store),) if store else ()
    return Node(ROOT, (*local_tree([item_from_row(row) for row in rows]), *stores))


def local_tree(items: Sequence[LibraryItem]) -> tuple[Node, ...]:
    """Return the top-level nodes for items: music, video, and other media if there are any."""
    music = [item for item in items if item.media_type in _MUSIC_SIDE]
    videos = [item for item in items if item.media_type == "video"]
    others = [item for item in items if item.media_type not in _MUSIC_SIDE | {"video"}]
    nodes = (
        Node(ALL_MUSIC, (*_music_nodes(music), _purchased(PURCHASED_MUSIC, music))),
        Node(ALL_VIDEO, (*_video_nodes(videos), _purchased(PURCHASED_VIDEOS, videos))),
    )
    return (*nodes, Node(OTHER_MEDIA, items=tuple(others))) if others else nodes


def store_tree(store: StoreNode) -> Node:
    """Return a store's node: the fixed children, then one for each list with id 0 to 7 (LIB-30).

    A further list with an id that is taken is left out.
    """
    custom = {
        number: name for number, name in reversed(store.lists) if 0 <= number <= MAX_CUSTOM_LIST_ID
    }
    names = (*STORE_NODES, *(custom[number] for number in sorted(custom)))
    return Node(store.name, tuple(Node(name) for name in names))


def _music_nodes(items: Sequence[LibraryItem]) -> tuple[Node, ...]:
    return (
        _grouped("Artists", items, lambda item: item.tags.authors or (UNKNOWN_ARTIST,)),
        _grouped("Albums", items, lambda item: (item.tags.album_title or UNKNOWN_ALBUM,)),
        _grouped("Genres", items, lambda item: item.tags.genres or (UNKNOWN_GENRE,)),
        Node("Songs", items=tuple(items)),
    )


def _video_nodes(items: Sequence[LibraryItem]) -> tuple[Node, ...]:
    return (
        _grouped("Actors", items, lambda item: item.tags.authors or (UNKNOWN_ARTIST,)),
        _grouped("Genres", items, lambda item: item.tags.genres or (UNKNOWN_GENRE,)),
        Node("Videos", items=tuple(items)),
    )


def _purchased(name: str, items: Sequence[LibraryItem]) -> Node:
    # An item without a distributor is in no purchased node (LIB-03).
    return _grouped(name, items, lambda item: (item.distributor,) if item.distributor else ())


def _grouped(name: str, items: Iterable[LibraryItem], names: Names) -> Node:
    groups: dict[str, list[LibraryItem]] = {}
    for item in items:
        for value in dict.fromkeys(names(item)):
            groups.setdefault(value, []).append(item)
    ordered = sorted(groups, key=lambda value: (value.casefold(), value))
    return Node(name, tuple(Node(value, items=tuple(groups[value])) for value in ordered))
