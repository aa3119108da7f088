"""Plug-ins that take more memory than there is for them."""

import contextlib
import threading
from typing import Final

from partner_api import HRESULT, PartnerContext
from sample_partners.miniatures.miniature import Miniature

MIB: Final = 1024 * 1024
MOST_MIB: Final = 2_048
"""So much at most, for a machine on which nothing stops it."""


class Allocates(Miniature):
    """Allocates block after block in one call."""

    def misbehave(self) -> None:
        """Fill the memory; the blocks are gone when the call has failed."""
        _fill([], 16 * MIB)


class Leaks(Miniature):
    """Keeps everything in a thread of its own, until no other thread can do anything more."""

    def __init__(self, context: PartnerContext[Miniature.Settings]) -> None:
        self.kept: list[bytearray] = []
        self.leak: threading.Thread | None = None
        super().__init__(context)

    def misbehave(self) -> None:
        """Start the thread."""
        self.leak = threading.Thread(target=self._leak, daemon=True)
        self.leak.start()

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Need some memory when there is none left."""
        if self.leak is not None:
            self.leak.join()
            self.kept.append(bytearray(MIB))
        return super().DownloadTrackComplete(hr, track_id, params)

    def _leak(self) -> None:
        for size in (MIB, MIB // 16, 1_024):
            with contextlib.suppress(MemoryError):
                _fill(self.kept, size)


def _fill(blocks: list[bytearray], size: int) -> None:
    blocks.extend(bytearray(size) for _ in range(MOST_MIB * MIB // size))
