"""What a transfer is asked for, how far it is, and what it ends with."""

from pathlib import Path

from attrs import frozen

from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer.digests import Digest
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
        takes_unknown: whether a beginning of no known kind passes for media all the same.
        digests: what was declared of the whole file beside the URL's fragment; all have to agree.
        continues: whether the partial may have been begun at another URL of the same file.
    """

    url: str
    partial: Path
    network: NetworkClass
    expects_media: bool
    takes_unknown: bool = False
    digests: tuple[Digest, ...] = ()
    continues: bool = False


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
    """A whole file under its partial name, synced where the policy says so.

    Attributes:
        size: bytes.
        sha256: in hexadecimal digits; None where neither the policy nor a digest asked for it.
        disposition: the last answer's Content-Disposition, as it came; None where it had none, or
            where no answer was needed. `names.file_name` makes a safe name of it.
    """

    path: Path
    size: ByteCount
    sha256: str | None
    media: MediaKind | None
    disposition: str | None = None

    @property
    def digest(self) -> str:
        """The SHA-256, for those whose policy asks for it.

        Raises:
            RuntimeError: it does not.
        """
        if self.sha256 is None:
            raise RuntimeError("the policy of this transfer asks for no SHA-256")
        return self.sha256
