"""A plug-in that dies as its folder says: the file `fate` holds a place and a way, or nothing."""

import ctypes
import os
import resource
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from partner_api import (
    HRESULT,
    S_OK,
    Capability,
    ContentContainerList,
    ContentPartner,
    ContentPartnerCallback,
    License,
    PartnerContext,
    Right,
    ServiceInfo,
)

FOR_EVER_S = 3_600
IDLE_POLL_S = 0.005


def hang() -> None:
    time.sleep(FOR_EVER_S)


def segfault() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def close_the_wire() -> None:
    os.closerange(3, 256)


WAYS: dict[str, Callable[[], object]] = {
    "exit": lambda: os._exit(3),
    "SIGKILL": kill,
    "SIGSEGV": segfault,
    "hang": hang,
    "closed wire": close_the_wire,
}
PLACES = ("constructor", "SetCallback", "Download", "DownloadTrackComplete", "release", "idle")


class Mortal(ContentPartner[Any]):
    """Grants every track under a URL that is none, so that completions come without transfers."""

    service_info = ServiceInfo(
        key="Mortal", friendly_name="Mortal", capabilities=Capability.CONTENT_PARTNER
    )

    def __init__(self, context: PartnerContext[Any]) -> None:
        super().__init__(context)
        self._fate = context.data_dir / "fate"
        self._place, _, self._way = self._take_fate().partition(": ")
        self._reach("constructor")

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT:
        self._reach("SetCallback" if callback is not None else "release")
        self.callback = callback
        if self._place == "idle":
            threading.Thread(target=self._die_idle, daemon=True).start()
        return S_OK

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT:
        assert self.callback is not None
        self._reach("Download")
        for item in (item for container in container_list or () for item in container):
            self.context.licenses.Predeliver(License(item.id, None, {Right.PLAY}))
            self.callback.DownloadTrack(cookie, "", item.id, None, S_OK)
        return S_OK

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> HRESULT:
        self._reach("DownloadTrackComplete")
        return S_OK

    def _reach(self, place: str) -> None:
        if place == self._place:
            WAYS[self._way]()

    def _take_fate(self) -> str:
        """Read it; the instance after this one has none."""
        fate = self._fate.read_text("utf-8") if self._fate.exists() else ""
        self._fate.unlink(missing_ok=True)
        return fate

    def _die_idle(self) -> None:
        while not (self.context.data_dir / "now").exists():
            time.sleep(IDLE_POLL_S)
        self._reach("idle")


class Sleeper(Mortal):
    """The same: the one that hangs, for `partners.toml` gives its calls a short deadline."""

    service_info = ServiceInfo(
        key="Sleeper", friendly_name="Sleeper", capabilities=Capability.CONTENT_PARTNER
    )
