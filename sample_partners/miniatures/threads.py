"""Plug-ins that answer from other threads than the one that was asked."""

import threading
from typing import Final

from partner_api import HRESULT, S_OK, ContentContainerList, ContentPartnerCallback
from sample_partners.miniatures.miniature import Miniature, tracks_of

THREADS: Final = 5_000
_STACK_BYTES: Final = 64 * 1024


class AnswersOnThousandsOfThreads(Miniature):
    """Answers each track on threads of its own, five thousand in all, and all at once."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Return when every thread has answered."""
        tracks = list(tracks_of(container_list))
        threading.stack_size(_STACK_BYTES)
        workers = [
            threading.Thread(target=self.grant, args=(cookie, tracks[number % len(tracks)]))
            for number in range(THREADS)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return S_OK


class AnswersBeforeItReturns(Miniature):
    """Waits in `Download` until a thread of its own has answered: odd, but in order (T1-DL-28)."""

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Return when the thread has ended."""
        worker = threading.Thread(target=self._answer, args=(container_list, cookie))
        worker.start()
        worker.join()
        return S_OK

    def _answer(self, container_list: ContentContainerList | None, cookie: int) -> None:
        for track_id in tracks_of(container_list):
            self.grant(cookie, track_id)


class AsksInSetCallback(Miniature):
    """Calls the Player while the Player waits in `SetCallback`: odd, but in order (T1-THR-05)."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Ask for the catalogue's version and the library's content before it returns."""
        if callback is not None:
            callback.GetCatalogVersion()
            callback.GetContentIDsInLibrary()
        return super().SetCallback(callback)
