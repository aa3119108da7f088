"""Which requirements a run is about: all with a check, or those that words and a level choose."""

from player_host.conformance.clauses import CLAUSES
from player_host.conformance.publications import judged_requirements
from player_host.conformance.requirements import requirement, requirements
from player_host.errors import NothingSelected


def checked_requirements() -> tuple[str, ...]:
    """Return the ids of all that a run may have a verdict on, in the catalogue's order."""
    checked = {*CLAUSES, *judged_requirements()}
    return tuple(name for name in requirements() if name in checked)


def select(words: str | None, level: str | None) -> frozenset[str]:
    """Return the requirements with checks that words and a level choose.

    Args:
        words: parts of ids, methods or texts, separated by blanks; all have to occur.
        level: `must`, `should`, `may` or `open`.

    Raises:
        NothingSelected: none is left.
    """
    chosen = frozenset(
        name
        for name in checked_requirements()
        if (level is None or requirement(name).level == level) and _has(name, words)
    )
    if not chosen:
        raise NothingSelected(
            "no requirement with a check is selected",
            where=" ".join(filter(None, (words, level))),
            remedy="`player-host conformance list` shows them",
        )
    return chosen


def _has(name: str, words: str | None) -> bool:
    if not words:
        return True
    row = requirement(name)
    text = f"{row.id} {row.method} {row.text}".casefold()
    return all(word in text for word in words.casefold().split())
