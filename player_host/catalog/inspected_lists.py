"""The rules of lists and their items, for an inspection that goes on."""

from collections.abc import Mapping, Set

from player_host.catalog.breaches import CatalogBreach, Notes
from player_host.catalog.findings import BreachError
from player_host.catalog.lists import FILE_OF_ITEM_TYPE, ListChecks, _KnownList
from player_host.catalog.rows import ListItem


class InspectedLists(ListChecks):
    """Follows the lists of one catalogue, and notes what is wrong.

    Args:
        notes: takes what is found.
        known: the IDs of each file, filled while the files are read.
        lost: the files of which not all IDs are known, and the clause that was broken there.
    """

    def __init__(
        self, notes: Notes, known: Mapping[str, Set[int]], lost: Mapping[str, str]
    ) -> None:
        super().__init__(notes, known)
        self._notes = notes
        self._lost = lost
        self._first_positions: dict[int, int] = {}
        self._incomplete: set[int] = set()

    def lose_item(self, list_id: int) -> None:
        """Remember that an item of a list was refused: its positions cannot be judged."""
        self._incomplete.add(list_id)

    def item(self, number: int, row: ListItem) -> ListItem:
        """Check a row of `listitem.csv` and return it.

        Raises:
            BreachError: it breaks a rule, and nothing else can have brought that about.
        """
        if row.list_id not in self._lists:
            self._check_owner(number, row)
            return row
        file = FILE_OF_ITEM_TYPE[self._lists[row.list_id].item_type]
        self._notes.chances["T1-TSV-07"] += 2
        self._notes.chances["T1-LST-11"] += 1
        self._notes.chances["T1-LST-12"] += file == "list.csv"
        if row.item_id not in self._known[file] and file in self._lost:
            self._leave_open("T1-LST-08", number, "Linked_ListItem", row.item_id, file)
            self.lose_item(row.list_id)
            return row
        try:
            super().item(number, row)
        except BreachError:
            self.lose_item(row.list_id)
            raise
        first = self._first_positions.get(row.list_id, row.position)
        self._first_positions[row.list_id] = min(first, row.position)
        return row

    def _check_owner(self, number: int, row: ListItem) -> None:
        """Check an item of a list that is not there, or whose row was refused."""
        self._notes.chances["T1-TSV-07"] += 1
        if row.list_id in self._known["list.csv"]:
            return
        if "list.csv" in self._lost:
            self._leave_open("T1-TSV-07", number, "Linked_ListID", row.list_id, "list.csv")
            return
        super().item(number, row)

    def _leave_open(
        self, requirement: str, number: int, field: str, row_id: int, file: str
    ) -> None:
        what = f"{field} {row_id} may be one of the IDs of {file} that are not known"
        self._notes.note(
            CatalogBreach(
                requirement,
                "listitem.csv",
                number,
                field,
                what,
                is_open=True,
                follows_from=self._lost[file],
            )
        )

    def _warn(self, list_id: int, known: _KnownList) -> None:
        if list_id in self._incomplete or "listitem.csv" in self._lost:
            return
        first = self._first_positions.get(list_id, 0)
        if first:
            what = f"the positions of list {list_id} begin with {first}; the first should be 0"
            self._notes.add("listitem.csv", 0, "ItemPositionInList", what, "T1-LST-09")
        if not first or known.last_position - first + 1 != known.item_count:
            super()._warn(list_id, known)

    def _refuse_cycle(self, list_id: int) -> None:
        what = f"list {list_id} contains itself, directly or through other lists"
        row = self._lists[list_id].row
        self._notes.note(CatalogBreach("T1-LST-12", "list.csv", row, "ListID", what))
