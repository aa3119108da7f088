"""Draws the tree of the library."""

from typing import Any

from attrs import frozen
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text
from rich.tree import Tree

from player_host.cli.wording import shown
from player_host.library.nodes import PURCHASED_MUSIC, PURCHASED_VIDEOS, Node
from player_host.library.records import LibraryItem

_PURCHASED = frozenset({PURCHASED_MUSIC, PURCHASED_VIDEOS})


@frozen
class _InAscii:
    """Draws with characters that every terminal and every file has."""

    tree: Tree

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plain = options.copy()
        plain.encoding = "ascii"
        yield from console.render(self.tree, plain)


def as_rich_tree(root: Node, *, everywhere: bool, plain: bool) -> "Tree | _InAscii":
    """Return the tree, ready to be printed.

    Args:
        root: as `library_tree` returns it.
        everywhere: name the tracks below every node; else only below purchased nodes.
        plain: draw the branches in ASCII.
    """
    tree = Tree(_label(root), guide_style="dim")
    for child in root.children:
        _grow(tree, child, everywhere=everywhere, purchased=False)
    return _InAscii(tree) if plain else tree


def node_to_json(node: Node) -> dict[str, Any]:
    """Return the documented keys of a node."""
    return {
        "name": node.name,
        "items": [{"id": item.id, "path": item.source_path} for item in node.items],
        "children": [node_to_json(child) for child in node.children],
    }


def _grow(above: Tree, node: Node, *, everywhere: bool, purchased: bool) -> None:
    branch = above.add(_label(node))
    inside = purchased or node.name in _PURCHASED
    for child in node.children:
        _grow(branch, child, everywhere=everywhere, purchased=inside)
    if everywhere or inside:
        for item in sorted(node.items, key=_album_order):
            branch.add(_track_label(item))


def _label(node: Node) -> Text:
    label = Text(shown(node.name), "bold" if node.children else "")
    if node.items:
        label.append(f" ({len(node.items)})", "dim")
    return label


def _track_label(item: LibraryItem) -> Text:
    number = f"{item.tags.track_number:02} " if item.tags.track_number else ""
    label = Text(f"{number}{shown(item.tags.title or item.source_path)}", overflow="ellipsis")
    label.no_wrap = True
    if item.is_protected:
        label.append(" (protected)", "dim")
    return label


def _album_order(item: LibraryItem) -> tuple[str, str, str, int, int]:
    tags = item.tags
    return (tags.artist, tags.album_title, tags.part_of_set, tags.track_number or 0, item.id)
