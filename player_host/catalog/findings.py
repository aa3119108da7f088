"""What reading a catalogue finds: broken rules, which refuse it, and warnings, which do not.

A rule that is broken in a row is raised as a `BreachError`, which knows the field but not the
place; the reader of the table adds file and row and makes the `CatalogError`.
"""

from attrs import frozen

from partner_api.hresult import HRESULT
from player_host.errors import CatalogError

ERROR_INVALID_DATA = 13
MAX_KEPT_WARNINGS = 1_000
MAX_SHOWN_CHARACTERS = 40


class BreachError(Exception):
    """A row breaks a rule; never leaves this room.

    Args:
        rule: what the rule demands, as the end of a sentence about the field.
        requirement: the row of the requirement catalogue, such as `T1-TRK-02`.
        field: the documented name of the field; empty for the row as a whole.
        value: the text that breaks the rule; None where there is none to show.
    """

    def __init__(
        self, rule: str, requirement: str, *, field: str = "", value: str | None = None
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.requirement = requirement
        self.field = field
        self.value = value


@frozen
class CatalogWarning:
    """A recommendation that a catalogue does not follow; it is installed all the same.

    Attributes:
        file: the table, such as `track.csv`.
        row: 1 for the first row; 0 for the table as a whole.
        field: the documented name of the field, or empty.
        what: what was found, a sentence without a final full stop.
        requirement: the row of the requirement catalogue.
    """

    file: str
    row: int
    field: str
    what: str
    requirement: str

    def __str__(self) -> str:
        return f"{place(self.file, self.row, self.field)}: {self.what} ({self.requirement})"


class Warnings:
    """Collects warnings: counts all of them, keeps the first `MAX_KEPT_WARNINGS`."""

    def __init__(self) -> None:
        self.total = 0
        self._kept: list[CatalogWarning] = []

    @property
    def kept(self) -> tuple[CatalogWarning, ...]:
        """The warnings that were kept, in the order in which they were found."""
        return tuple(self._kept)

    def add(self, file: str, row: int, field: str, what: str, requirement: str) -> None:
        """Count one warning, and keep it if there is room."""
        self.total += 1
        if len(self._kept) < MAX_KEPT_WARNINGS:
            self._kept.append(CatalogWarning(file, row, field, what, requirement))


def place(file: str, row: int = 0, field: str = "") -> str:
    """Return the words for a place in a catalogue: file, row from 1, field."""
    words = [file]
    if row:
        words.append(f"row {row}")
    if field:
        words.append(f"field {field}")
    return ", ".join(words)


def shortened(value: str) -> str:
    """Return the value as it is shown in a message: quoted, escaped and of bounded length."""
    if len(value) <= MAX_SHOWN_CHARACTERS:
        return repr(value)
    return f"{value[:MAX_SHOWN_CHARACTERS]!r}... ({len(value)} characters)"


def refusal(
    what: str, requirement: str, *, where: str, win32: int = ERROR_INVALID_DATA
) -> CatalogError:
    """Return the error that refuses a catalogue; its `hr` fits `wmpsnCatalogDownloadFailure`."""
    return CatalogError(
        f"{what} ({requirement})",
        where=where,
        remedy="The store has to mend its catalogue; the installed one, if any, stays in use",
        hr=HRESULT.from_win32(win32),
    )


def row_refusal(file: str, row: int, breach: BreachError) -> CatalogError:
    """Return the error for a rule that a row breaks."""
    found = "" if breach.value is None else f", not {shortened(breach.value)}"
    return refusal(
        f"{breach.field or 'the row'} {breach.rule}{found}",
        breach.requirement,
        where=place(file, row, breach.field),
    )
