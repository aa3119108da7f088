"""Conversations written by hand, entry by entry, for tests of the judge."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import evolve

from partner_api.calls import (
    Call,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import TransactionType
from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License, Right
from player_host.transcript import Called, Entry, Lost, Returned, Transcript

NOT_SOLD = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
UNLICENSED = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
PATIENCE_S = 2.0


def loose(*tracks: int) -> ContentContainerList:
    container = ContentContainer.loose(tuple(ContentItem(track) for track in tracks))
    return ContentContainerList(TransactionType.DOWNLOAD, (container,))


class Script:
    """Writes a transcript: each method is something that happened, in order."""

    def __init__(
        self, *, complete: bool = True, started_at: datetime | None = None, **facts: Any
    ) -> None:
        self.facts = {"silence_deadline": PATIENCE_S, "fresh_licenses": True} | facts
        self.entries: list[Entry] = []
        self.now = 0.0
        self._complete = complete
        self._started_at = started_at

    @property
    def transcript(self) -> Transcript:
        header: dict[str, Any] = {"facts": self.facts}
        if self._started_at is not None:
            header["started_at"] = self._started_at.isoformat()
        return Transcript(header, tuple(self.entries), self._complete)

    @property
    def last(self) -> int:
        return len(self.entries)

    def wait(self, seconds: float = PATIENCE_S) -> "Script":
        self.now += seconds
        return self

    def call(
        self, call: Call, returned: Return | HRESULT | None = S_OK, *, took: float = 0.0
    ) -> int:
        """Write a call and its end; None for a call that does not end. Return its number."""
        number = self.begin(call)
        self.now += took
        if returned is not None:
            self.end(number, returned)
        return number

    def begin(self, call: Call) -> int:
        self.now += 0.001
        self.entries.append(Called(self.last + 1, self.now, call, None))
        return self.last

    def end(self, number: int, returned: Return | HRESULT = S_OK) -> "Script":
        end = returned if isinstance(returned, Return) else Return(returned)
        self.entries.append(Returned(self.last + 1, self.now, number, end))
        return self

    def attach(self, hr: HRESULT = S_OK) -> "Script":
        self.call(SetCallback(attached=True), hr)
        return self

    def detach(self) -> "Script":
        self.call(SetCallback(attached=False))
        return self

    def download(self, cookie: int, tracks: Iterable[int], hr: HRESULT = S_OK) -> "Script":
        self.call(Download(loose(*tracks), cookie), hr)
        return self

    def buy(self, cookie: int, track: int) -> "Script":
        """Call `Download` with a list that is to be bought."""
        items = evolve(loose(track), transaction_type=TransactionType.BUY)
        self.call(Download(items, cookie))
        return self

    def license(self, track_id: int, hr: HRESULT = S_OK) -> "Script":
        self.call(Predeliver(License(track_id, None, {Right.PLAY})), hr)
        return self

    def answer(
        self,
        cookie: int,
        track_id: int,
        hr: HRESULT = S_OK,
        *,
        url: str | None = "http://store.example/file.mp3",
        returns: HRESULT = S_OK,
    ) -> "Script":
        self.call(DownloadTrack(cookie, None if hr.failed else url, track_id, "p", hr), returns)
        return self

    def grant(self, cookie: int, *tracks: int) -> "Script":
        """A licence and an answer with a success code for each track."""
        for track_id in tracks:
            self.license(track_id).answer(cookie, track_id)
        return self

    def completion(self, track_id: int, hr: HRESULT = S_OK) -> "Script":
        self.call(DownloadTrackComplete(hr, track_id, "p"))
        return self

    def lost(self, reason: str = "its process ended with exit status 1") -> "Script":
        self.entries.append(Lost(self.last + 1, self.now, reason))
        return self
