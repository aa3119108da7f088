"""Where bytes go that have another digest than they ought to: beside the partial, for a person.

There is at most one such file for each partial, `<partial>.quarantined`: the latest takes the
place of an earlier one, and what is longer than 256 MiB is removed instead of kept. No transfer
continues from it, nothing publishes it, and `TransferRoom.forget` removes it with the partial.
"""

from pathlib import Path
from typing import Final

from player_host.errors import StorageError
from player_host.log import get_logger
from player_host.transfer.partial import remove, size_of, storage_errors
from player_host.units import ByteCount

MARK: Final = ".quarantined"
LARGEST: Final = ByteCount(256 * 1024 * 1024)

log = get_logger(__name__)


def quarantined(partial: Path) -> Path:
    """Return where the refused bytes of a partial file lie, if there are any."""
    return partial.with_name(f"{partial.name}{MARK}")


def put_away(partial: Path) -> None:
    """Move a closed partial file into quarantine; afterwards there is none under its name.

    Where it is too large, or cannot be moved, it is removed: its bytes are never taken for the
    file.

    Raises:
        StorageError: it can neither be moved nor removed.
    """
    size = size_of(partial)
    if size is None or size > LARGEST:
        log.warning("transfer.not_quarantined", path=str(partial), reason="too large")
        remove(partial)
        return
    try:
        with storage_errors(partial):
            partial.replace(quarantined(partial))
    except StorageError as error:
        log.warning("transfer.not_quarantined", path=str(partial), reason=error.what)
        remove(partial)
        return
    log.warning("transfer.quarantined", path=str(quarantined(partial)), size=size)
