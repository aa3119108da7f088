"""What may enter a partial file: the rest of the same version, media, and not too much."""

from collections.abc import Mapping

from player_host.transfer import faults
from player_host.transfer.media import document_kind, foreign_kind, media_kind
from player_host.transfer.state import PartialState
from player_host.transfer.validators import content_length, content_range
from player_host.units import ByteCount


def rest_of(
    state: PartialState, size: ByteCount, headers: Mapping[str, str], *, any_version: bool = False
) -> ByteCount | None:
    """Return the whole length if a partial answer goes on where the partial ends, else None.

    Its range begins there, its length is that of the range, and both whole length and
    validators are those of the version that lies in the partial; the validators may be others
    where a digest decides (`any_version`).
    """
    part = content_range(headers)
    if part is None or part.first != size or state.total not in {None, part.total}:
        return None
    if content_length(headers) not in {None, part.last - part.first + 1}:
        return None
    return part.total if any_version or state.validators.admits(headers) else None


def check_bound(size: ByteCount, limit: ByteCount, where: str) -> None:
    """Refuse a body that is longer than announced or permitted.

    Raises:
        TransferError: it is (NS_E_TOO_MUCH_DATA_FROM_SERVER).
    """
    if size > limit:
        raise faults.TOO_LONG.at(where, f"over {limit} bytes")


def check_media(head: bytes, where: str, *, takes_unknown: bool = False) -> None:
    """Refuse what does not begin as a media file, and name what it is.

    Args:
        head: the first bytes of the file.
        where: the redacted URL.
        takes_unknown: whether a beginning of no kind that is known here is let pass.

    Raises:
        TransferError: a document (NS_E_INVALID_DATA), or a file of another kind
            (NS_E_WMP_UNSUPPORTED_FORMAT).
    """
    if media_kind(head) is not None:
        return
    document = document_kind(head)
    if document is not None:
        raise faults.NOT_MEDIA.at(where, f"it is {document}")
    foreign = foreign_kind(head)
    if foreign is None and takes_unknown:
        return
    raise faults.WRONG_MEDIA.at(where, f"it is {foreign or 'an unknown kind'}")
