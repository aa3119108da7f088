"""What a transfer is asked for, how far it is, and what it ends with."""

from pathlib import Path

from attrs import frozen

from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer.media import MediaKind
from player_host.units import ByteCount, Seconds


@frozen
class TransferRequest:
    """What is to be fetched, and where to.

    Attributes:
        url: as the store gave it.
        partial: where the bytes go; its folder exists.
        network: which addresses the URL may lead to, on every hop.
        expects_media: whether anything but a media file is an error.
    """

    url: str
    partial: Path
    network: NetworkClass
    expects_media: bool


@frozen
class Progress:
    """How far a transfer is; `received` falls back to 0 when it begins anew."""

    received: ByteCount
    total: ByteCount | None


@frozen
class Retry:
    """An attempt that failed, after which another one follows.

    Attributes:
        error: how it ended.
        kept: bytes that need not come again.
        wait: how long until the next attempt begins.
    """

    error: TransferError
    kept: ByteCount
    wait: Seconds


@frozen
class VerifiedPartial:
    """A whole, synced file under its partial name."""

    path: Path
    size: ByteCount
    sha256: str
    media: MediaKind | None
