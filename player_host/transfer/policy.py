"""What differs between one kind of transfer and another: limits, patience, redirects."""

from enum import Enum
from typing import Final

from attrs import frozen

from player_host.units import ByteCount, Seconds

MIB: Final = 1024 * 1024

COUNTED_PROGRESS: Final = 64 * 1024
"""Bytes that have to come before they count as progress: a trickle is none."""


class FullResponse(Enum):
    """What to do when a server answers a request for the rest with the whole body."""

    RESTART = "restart"
    FAIL = "fail"


@frozen
class TransferPolicy:
    """The rules of one kind of transfer.

    Attributes:
        name: stands in log events.
        redirects: how many are followed; 0 makes any redirect an error.
        full_response: what a full body means where the rest was asked for.
        attempts: attempts in a row without progress before a transient error is final, at least 1.
        store_budget: attempts at one store that may fail in a row, of all its transfers together;
            after that none is tried a second time until the store has sent something again.
        connect_timeout: for name, connection and TLS together.
        read_timeout: the longest silence of a server in the middle of an answer.
        patience: how long 64 KiB may take to arrive.
        max_size: the largest body that is accepted.
        backoff: the wait after the first failed attempt; it doubles with each further one.
        longest_backoff: the bound of that wait, and of what a server asks for with Retry-After.
        is_synced: whether a whole file is on the disk, and not merely with the operating system,
            before it is anybody's: it outlives a power cut then.
        is_hashed: whether the SHA-256 of every file is wanted, also where no digest has to agree.
    """

    name: str
    redirects: int
    full_response: FullResponse
    attempts: int
    connect_timeout: Seconds
    read_timeout: Seconds
    patience: Seconds
    max_size: ByteCount
    backoff: Seconds
    longest_backoff: Seconds
    store_budget: int = 50
    is_synced: bool = True
    is_hashed: bool = True


TRACK_POLICY: Final = TransferPolicy(
    name="track",
    redirects=5,
    full_response=FullResponse.RESTART,
    attempts=5,
    connect_timeout=Seconds(15),
    read_timeout=Seconds(30),
    patience=Seconds(300),
    max_size=ByteCount(4096 * MIB),
    backoff=Seconds(1),
    longest_backoff=Seconds(60),
)
"""Type 1 tracks, announced by `DownloadTrack`."""

CATALOG_POLICY: Final = TransferPolicy(
    name="catalog",
    redirects=5,
    full_response=FullResponse.RESTART,
    attempts=3,
    connect_timeout=Seconds(15),
    read_timeout=Seconds(30),
    patience=Seconds(300),
    max_size=ByteCount(256 * MIB),
    backoff=Seconds(1),
    longest_backoff=Seconds(30),
)
"""Catalogue files, announced by `GetCatalogURL`."""
