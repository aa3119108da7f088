"""What every misbehaving miniature has in common: a tiny store that works, but for one thing.

A subclass says in `misbehave` what it does wrong. The setting `place` says where it does that, and
`times` how often, counted over all its instances: afterwards it is a sound plug-in, so that what
follows its loss can be watched too.
"""

import os
import threading
import time
from collections.abc import Iterable
from typing import Any

from attrs import evolve, field, frozen

from partner_api import (
    E_INVALIDARG,
    HRESULT,
    S_OK,
    Capability,
    ComError,
    ContentContainerList,
    ContentPartner,
    ContentPartnerCallback,
    License,
    PartnerContext,
    PartnerInfo,
    Right,
    Secret,
    ServiceInfo,
    Variant,
)

SIGNAL_FILE = "now"
PIDS_FILE = "pids"
TALLY_FILE = "misbehaved"
_POLL_S = 0.01


class Miniature(ContentPartner["Miniature.Settings"]):
    """Grants every track at once, each with an unprotected licence. Does nothing wrong."""

    service_info = ServiceInfo(
        key="Miniature", friendly_name="Miniature", capabilities=Capability.CONTENT_PARTNER
    )

    @frozen
    class Settings:
        """What the user sets.

        Attributes:
            store_url: where the files are served: `STORE_URL/70.mp3` is track 70.
            place: where it misbehaves: "constructor", the name of a method it implements,
                "DownloadTrack" (between its answers), "idle" (on a thread of its own, when the
                file `now` appears in its folder) or "release" (in `SetCallback(None)`).
            times: how often it misbehaves; 0 for always.
            password: what it may have to be silent about.
        """

        store_url: str
        place: str = "Download"
        times: int = 1
        password: Secret = field(factory=lambda: Secret(""))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give each miniature a key of its own."""
        super().__init_subclass__(**kwargs)
        if "service_info" not in vars(cls):
            cls.service_info = evolve(
                cls.service_info, key=cls.__name__, friendly_name=f"{cls.__name__} Miniature"
            )

    def __init__(self, context: "PartnerContext[Miniature.Settings]") -> None:
        super().__init__(context)
        self.note_process(os.getpid())
        self._reach("constructor")

    def misbehave(self) -> None:
        """Do what is wrong with this plug-in; nothing, here."""

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        """Keep the callback, or release it."""
        self.callback = callback
        self._reach("release" if callback is None else "SetCallback")
        if callback is not None and self.context.settings.place == "idle":
            threading.Thread(target=self._await_signal, daemon=True).start()
        return S_OK

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT | None:
        """Grant every track before this call returns (T1-DL-28)."""
        self._reach("Download")
        for track_id in tracks_of(container_list):
            self.grant(cookie, track_id)
            self._reach("DownloadTrack")
        return S_OK

    def DownloadTrackComplete(
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT | None:
        """Hear how the download of a track ended."""
        self._reach("DownloadTrackComplete")
        return S_OK

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Name the user; nothing else is known here.

        Raises:
            ComError: any other name.
        """
        self._reach("GetContentPartnerInfo")
        if info_name != PartnerInfo.USER_NAME:
            raise ComError(E_INVALIDARG)
        return Variant.bstr("listener")

    def grant(self, cookie: int, track_id: int, params: str | None = None) -> HRESULT:
        """Deliver the licence of a track, then answer it with its URL; return the answer's end."""
        assert self.callback is not None
        self.context.licenses.Predeliver(License(track_id, None, {Right.PLAY}))
        url = f"{self.context.settings.store_url}/{track_id}.mp3"
        return self.callback.DownloadTrack(cookie, url, track_id, params, S_OK)

    def note_process(self, pid: int) -> None:
        """Write down a process that belongs to this plug-in, for whoever looks for its remains."""
        self._append(PIDS_FILE, f"{pid}\n")

    def _reach(self, place: str) -> None:
        settings = self.context.settings
        if place != settings.place:
            return
        count = self._append(TALLY_FILE, "x")
        if settings.times == 0 or count <= settings.times:
            self.misbehave()

    def _await_signal(self) -> None:
        while not (self.context.data_dir / SIGNAL_FILE).exists():
            time.sleep(_POLL_S)
        self._reach("idle")

    def _append(self, name: str, text: str) -> int:
        """Append to a file of the plug-in's folder, which outlives instances; return its size."""
        with (self.context.data_dir / name).open("a", encoding="ascii") as file:
            file.write(text)
            file.flush()
            return file.tell()


def tracks_of(container_list: ContentContainerList | None) -> Iterable[int]:
    """Return each track of a list once."""
    return dict.fromkeys(item.id for container in container_list or () for item in container)
