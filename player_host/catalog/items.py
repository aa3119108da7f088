"""The words by which a user names items of a store: `album:7`, `track:70;71`, `list:3`."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from attrs import frozen

from player_host.catalog.findings import shortened
from player_host.catalog.forms import MAX_ID, identifier
from player_host.errors import UsageError

MAX_WORD_CHARACTERS = 1_048_576
MAX_ITEMS = 100_000


class ItemKind(StrEnum):
    """What can be named; each kind has its own space of IDs."""

    ALBUM = "album"
    LIST = "list"
    TRACK = "track"


@frozen
class Item:
    """One item: the pair of kind and ID."""

    kind: ItemKind
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@frozen
class ItemSelection:
    """What a request names, each item once, in the order in which it was named."""

    items: tuple[Item, ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> "ItemSelection":
        """Return the selection of some items; a repeated one counts once.

        Raises:
            UsageError: there are more than 100,000.
        """
        return cls(_bounded(dict.fromkeys(items)))

    @property
    def albums(self) -> tuple[int, ...]:
        """The IDs of the albums."""
        return self._of(ItemKind.ALBUM)

    @property
    def lists(self) -> tuple[int, ...]:
        """The IDs of the lists."""
        return self._of(ItemKind.LIST)

    @property
    def tracks(self) -> tuple[int, ...]:
        """The IDs of the loose tracks."""
        return self._of(ItemKind.TRACK)

    def _of(self, kind: ItemKind) -> tuple[int, ...]:
        return tuple(item.id for item in self.items if item.kind is kind)


def parse_items(words: Sequence[str]) -> ItemSelection:
    """Return the items that the words name.

    Called by the command line and by `Player.download`.

    Args:
        words: each a kind, a colon, and IDs separated by semicolons, such as `album:7;8`.

    Raises:
        UsageError: a word has another form, there is none, or they name over 100,000 items;
            `where` is the word.
    """
    items: dict[Item, None] = {}
    for word in words:
        items.update(dict.fromkeys(_items(word)))
        _bounded(items)
    if not items:
        raise _unclear("no item is named", "")
    return ItemSelection(tuple(items))


def _items(word: str) -> tuple[Item, ...]:
    if len(word) > MAX_WORD_CHARACTERS:
        raise _unclear(f"the word has more than {MAX_WORD_CHARACTERS} characters", word)
    name, colon, ids = word.partition(":")
    kinds = {kind.value: kind for kind in ItemKind}
    if not colon or name not in kinds:
        raise _unclear("this is no item", word)
    return tuple(Item(kinds[name], _id(text, word)) for text in ids.removesuffix(";").split(";"))


def _id(text: str, word: str) -> int:
    try:
        return identifier(text)
    except ValueError:
        what = f"{shortened(text)} is no ID, a whole number from 0 to {MAX_ID}"
        raise _unclear(what, word) from None


def _bounded(items: dict[Item, None]) -> tuple[Item, ...]:
    if len(items) > MAX_ITEMS:
        raise UsageError(
            f"one request names at most {MAX_ITEMS} items", remedy="Ask in several requests"
        )
    return tuple(items)


def _unclear(what: str, word: str) -> UsageError:
    return UsageError(
        what,
        where=shortened(word) if word else "",
        remedy="Name items as album:7, album:7;8, track:70;71 or list:3",
    )
