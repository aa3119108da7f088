"""Proseware with a witness inside: what the library held when a completion arrived."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from attrs import frozen

from partner_api import (
    E_FAIL,
    HRESULT,
    ContentContainerList,
    ContentPartnerCallback,
    Secret,
)
from sample_partners.proseware import Proseware

HANG_S = 3_600.0


class Witness(Proseware):
    """Notes for each successful completion whether the track's file is in the library (T1-DL-50).

    The settings let it hang in the first calls of a method, to be given up by its host, let its
    later instances refuse to start, and let `Download` return late.
    """

    @frozen
    class Settings:
        store_url: str
        account: str
        password: Secret
        journal: str = ""
        hangs_in: str = ""
        hangs_times: int = 1
        hangs_for: int = 0
        starts_again: bool = True
        lingers_s: float = 0.0

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT:
        if self._hangs and not self.context.settings.starts_again:
            return E_FAIL
        return super().SetCallback(callback)

    def Download(self, container_list: ContentContainerList | None, cookie: int) -> HRESULT:
        self._hang_in("Download")
        returned = super().Download(container_list, cookie)
        time.sleep(self.context.settings.lingers_s)
        return returned

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> HRESULT:
        if hr.succeeded:
            self.journal.call("FileInLibrary", self._look, track_id=track_id)
        if self.context.settings.hangs_for in {0, track_id}:
            self._hang_in("DownloadTrackComplete")
        return super().DownloadTrackComplete(hr, track_id, params)

    def _hang_in(self, method: str) -> None:
        settings = self.context.settings
        if settings.hangs_in == method and self._count_hang() <= settings.hangs_times:
            self.journal.call("Hang", lambda **_: None, method=method)
            time.sleep(HANG_S)

    def _count_hang(self) -> int:
        # In a file, because each instance is a new object.
        count = self._hangs + 1
        self._tally.write_bytes(b"x" * count)
        return count

    @property
    def _hangs(self) -> int:
        return self._tally.stat().st_size if self._tally.exists() else 0

    @property
    def _tally(self) -> Path:
        return self.context.data_dir / "hangs"

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
