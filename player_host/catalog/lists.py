"""The rules of lists and their items."""

from collections.abc import Iterator, Mapping, Set

from attrs import define

from player_host.catalog.findings import BreachError, Warnings, refusal
from player_host.catalog.rows import CatalogList, ListItem

FILE_OF_ITEM_TYPE = {
    "T": "track.csv",
    "P": "artist.csv",
    "A": "album.csv",
    "L": "list.csv",
    "G": "genre.csv",
    "S": "subgenre.csv",
    "R": "radio.csv",
}


@define
class _KnownList:
    row: int
    item_type: str
    is_dynamic: bool
    item_count: int = 0
    last_position: int = -1


class ListChecks:
    """Follows the lists of one catalogue while it is read.

    Args:
        warnings: takes recommendations that are not followed.
        known: the IDs of each file, filled while the files are read.
    """

    def __init__(self, warnings: Warnings, known: Mapping[str, Set[int]]) -> None:
        self._warnings = warnings
        self._known = known
        self._lists: dict[int, _KnownList] = {}
        self._positions: set[int] = set()
        self._inner: dict[int, list[int]] = {}

    def note(self, number: int, row: CatalogList) -> None:
        """Remember a row of `list.csv`."""
        self._lists[row.id] = _KnownList(number, row.item_type, row.is_dynamic)

    def item(self, _number: int, row: ListItem) -> ListItem:
        """Check a row of `listitem.csv` and return it.

        Raises:
            BreachError: the list or the item is not in the catalogue, the list is dynamic, or its
                position is taken.
        """
        owner = self._lists.get(row.list_id)
        if owner is None:
            rule = "must name a row of list.csv"
            raise BreachError(rule, "T1-TSV-07", field="Linked_ListID", value=str(row.list_id))
        if owner.is_dynamic:
            rule = "must name a static list; the items of a dynamic one come from the partner"
            raise BreachError(rule, "T1-LST-07", field="Linked_ListID", value=str(row.list_id))
        file = FILE_OF_ITEM_TYPE[owner.item_type]
        if row.item_id not in self._known[file]:
            rule = f"must name a row of {file}, as list {row.list_id} has item type "
            rule += owner.item_type
            raise BreachError(rule, "T1-LST-08", field="Linked_ListItem", value=str(row.item_id))
        self._take_position(row)
        owner.item_count += 1
        owner.last_position = max(owner.last_position, row.position)
        if owner.item_type == "L":
            self._inner.setdefault(row.list_id, []).append(row.item_id)
        return row

    def finish(self) -> None:
        """Check for cycles, gaps and lists without items; called after the last item.

        Raises:
            CatalogError: a list contains itself, directly or through others (T1-LST-12).
        """
        self._refuse_cycles()
        for list_id, known in self._lists.items():
            self._warn(list_id, known)

    def _take_position(self, row: ListItem) -> None:
        key = row.list_id << 32 | row.position
        if key in self._positions:
            rule = f"must be unique in list {row.list_id}; an earlier row has the same position"
            raise BreachError(
                rule, "T1-LST-11", field="ItemPositionInList", value=str(row.position)
            )
        self._positions.add(key)

    def _warn(self, list_id: int, known: _KnownList) -> None:
        if known.is_dynamic:
            return
        if not known.item_count:
            what = f"list {list_id} is static and has no items"
            self._warnings.add("list.csv", known.row, "ListID", what, "T1-LST-07")
        elif known.last_position + 1 != known.item_count:
            what = f"the positions of list {list_id} have gaps"
            self._warnings.add("listitem.csv", 0, "ItemPositionInList", what, "T1-LST-11")

    def _refuse_cycles(self) -> None:
        done: set[int] = set()
        for start in self._inner:
            self._walk(start, done)

    def _walk(self, start: int, done: set[int]) -> None:
        """Follow the lists inside a list, depth first and without recursion."""
        open_lists: dict[int, Iterator[int]] = {}
        current: int | None = start
        while current is not None:
            if current not in done and current not in open_lists:
                open_lists[current] = iter(self._inner.get(current, ()))
            elif current in open_lists:
                self._refuse_cycle(current)
            current = self._next(open_lists, done)

    @staticmethod
    def _next(open_lists: dict[int, Iterator[int]], done: set[int]) -> int | None:
        while open_lists:
            innermost = next(reversed(open_lists))
            for inner in open_lists[innermost]:
                return inner
            done.add(innermost)
            del open_lists[innermost]
        return None

    def _refuse_cycle(self, list_id: int) -> None:
        raise refusal(
            f"list {list_id} contains itself, directly or through other lists",
            "T1-LST-12",
            where=f"list.csv, row {self._lists[list_id].row}, field ListID",
        )
