"""Proseware with a witness inside: what the library held when a completion arrived.

Its process lets the Player die while it is in a call, where `KILL_CUT` says so: `POINT:N`, the
n-th passage of a point of `CUTS`.
"""

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from attrs import frozen
from kill_passages import Cut, arm

from partner_api import (
    E_FAIL,
    HRESULT,
    ContentContainerList,
    ContentPartnerCallback,
    License,
    PartnerContext,
    Secret,
)
from sample_partners.proseware import Proseware
from sample_partners.proseware.journal import Journal

CUT_VARIABLE = "KILL_CUT"
FOR_EVER_S = 3_600.0
EXIT_STATUS = 3
PLAYER = os.getppid()

Result = TypeVar("Result")


class CountingJournal(Journal):
    """Knows how often each call was noted."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.counts: Counter[str] = Counter()

    def call(self, name: str, function: Callable[..., Result], /, **arguments: Any) -> Result:
        result = super().call(name, function, **arguments)
        self.counts[name] += 1
        return result


class Witness(Proseware):
    """Notes for each successful completion whether the track's file is in the library (T1-DL-50).

    The settings let it fail in the first calls of a method, by hanging or by the end of its
    process, let its later instances refuse to start, and let `Download` return late. Before it
    fails in a completion it has answered every track, so that it owes nothing.
    """

    @frozen
    class Settings:
        store_url: str
        account: str
        password: Secret
        journal: str = ""
        fails_in: str = ""
        fails_by: str = "hanging"
        fails_times: int = 1
        fails_for: int = 0
        starts_again: bool = True
        lingers_s: float = 0.0

    def __init__(self, context: "PartnerContext[Witness.Settings]") -> None:
        super().__init__(context)
        journal = context.settings.journal
        self.journal: CountingJournal = CountingJournal(Path(journal) if journal else None)
        self._ordered = 0

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT:
        if self._failures and not self.context.settings.starts_again:
            return E_FAIL
        return super().SetCallback(callback)

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT:
        self._fail_in("Download")
        self._ordered += len({item.id for container in container_list or () for item in container})
        returned = super().Download(container_list, cookie)
        time.sleep(self.context.settings.lingers_s)
        return returned

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> HRESULT:
        if hr.succeeded:
            self.journal.call("FileInLibrary", self._look, track_id=track_id)
        settings = self.context.settings
        if settings.fails_in == "DownloadTrackComplete" and settings.fails_for in {0, track_id}:
            self._wait_for_last_answer()
            self._fail_in("DownloadTrackComplete")
        return super().DownloadTrackComplete(hr, track_id, params)

    def deliver(self, granted: License) -> HRESULT:
        """Deliver a licence, on the worker's thread, before its track is answered."""
        self._fail_in("Predeliver")
        return super().deliver(granted)

    def _fail_in(self, method: str) -> None:
        settings = self.context.settings
        if settings.fails_in != method or self._count_failure() > settings.fails_times:
            return
        self.journal.call("Fail", lambda **_: None, method=method)
        if settings.fails_by == "exiting":
            os._exit(EXIT_STATUS)
        time.sleep(FOR_EVER_S)

    def _wait_for_last_answer(self) -> None:
        while self.journal.counts["DownloadTrack"] < self._ordered:
            time.sleep(0.001)

    def _count_failure(self) -> int:
        # In a file, because each instance is a new object.
        count = self._failures + 1
        self._tally.write_bytes(b"x" * count)
        return count

    @property
    def _failures(self) -> int:
        return self._tally.stat().st_size if self._tally.exists() else 0

    @property
    def _tally(self) -> Path:
        return self.context.data_dir / "failures"

    def _look(self, *, track_id: int) -> str:
        home = self.context.data_dir.parent.parent
        with closing(sqlite3.connect(f"{_uri(home)}?mode=ro", uri=True)) as library:
            rows = library.execute(
                "SELECT source_path, file_size FROM library_items WHERE content_id = ?", (track_id,)
            ).fetchall()
        sizes = [(home / "Music" / path, size) for path, size in rows]
        whole = [path.is_file() and path.stat().st_size == size for path, size in sizes]
        return "present" if whole == [True] else f"absent: {sizes}"


def _uri(home: Path) -> str:
    return (home / "player.db").absolute().as_uri()


def _is_of_track_103(_partner: object, _hr: object, track_id: int, _params: object) -> bool:
    return track_id == 103


CUTS = {
    "in Download": Cut(Proseware, "Download", before=True),
    "in DownloadTrackComplete": Cut(Proseware, "DownloadTrackComplete", before=True),
    "in DownloadTrackComplete of 103": Cut(
        Proseware, "DownloadTrackComplete", before=True, matches=_is_of_track_103
    ),
    "DownloadTrackComplete ends": Cut(Proseware, "DownloadTrackComplete"),
}


def kill_player() -> NoReturn:
    """`kill -9` the Player, and do nothing more: its end is the end of this process."""
    if os.getppid() == PLAYER:
        os.kill(PLAYER, getattr(signal, "SIGKILL", signal.SIGTERM))
    threading.Event().wait()
    raise AssertionError("the player is dead, and its plug-in goes on")


if os.environ.get(CUT_VARIABLE):
    _point, _, _passage = os.environ[CUT_VARIABLE].rpartition(":")
    arm(CUTS[_point], int(_passage), kill_player)
