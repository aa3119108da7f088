"""Whether bytes have the digests that a store told of them; errors and log events of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import anyio.to_thread

from player_host.log import get_logger
from player_host.transfer import faults
from player_host.transfer.client import Answer
from player_host.transfer.digests import (
    Algorithm,
    Announced,
    Digest,
    announced,
    conflict,
    differing,
    united,
)
from player_host.transfer.partial import digests_of
from player_host.transfer.request import TransferRequest
from player_host.transfer.urls import digests_in, redact_url
from player_host.units import ByteCount

BEGINNING: Final = ByteCount(0)

log = get_logger(__name__)


def declared_digests(request: TransferRequest) -> tuple[Digest, ...]:
    """Return the digests that a store declared: with the request, and in the URL's fragment.

    Raises:
        TransferError: one in the fragment cannot be read, or they contradict one another
            (ERROR_WINHTTP_INVALID_URL).
    """
    in_fragment = digests_in(request.url)
    if conflict(request.digests, in_fragment):
        raise faults.DIGEST_CONFLICT.at(redact_url(request.url))
    return united(request.digests, in_fragment)


def digests_with(answer: Answer) -> Announced:
    """Return the digests that an answer announces; those that cannot be read are logged."""
    found = announced(answer.headers, partial=answer.status == 206)
    for header in found.unreadable:
        log.warning("transfer.digest_unreadable", url=answer.where, header=header)
    return found


async def check_digests(
    path: Path,
    expected: Iterable[Digest],
    where: str,
    *,
    first: ByteCount = BEGINNING,
    sha256: str | None = None,
) -> None:
    """Refuse bytes that contradict any of the digests that they ought to have.

    Args:
        path: the file.
        expected: all of them have to agree.
        where: the redacted URL.
        first: the first byte that counts; the last one is that of the file.
        sha256: the digest of those bytes where it is known already, in hexadecimal digits.

    Raises:
        TransferError: one does not agree (BG_E_VALIDATION_FAILED).
        StorageError: the file cannot be read.
    """
    expected = tuple(expected)
    actual = {Algorithm.SHA_256: bytes.fromhex(sha256)} if sha256 else {}
    missing = {one.algorithm for one in expected} - actual.keys()
    if missing:
        actual |= await anyio.to_thread.run_sync(digests_of, path, missing, first)
    wrong = differing(expected, actual)
    if wrong is not None:
        found = actual[wrong.algorithm].hex()
        told = f"{wrong.source} tells {wrong.algorithm} {wrong.value.hex()}, not {found}"
        raise faults.DIGEST_MISMATCH.at(where, told)
