"""Named points of a download at which the process ends itself as `kill -9` would."""

import inspect
import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any, NoReturn

from attrs import frozen

import player_host.library.publishing
from partner_api.calls import DownloadTrackComplete
from partner_api.transaction import TrackEvent, TrackState
from player_host.downloads.answers import AnswerDesk
from player_host.downloads.book import TransactionBook
from player_host.downloads.ledger import Ledger
from player_host.library.publishing import Publisher
from player_host.plugins.active import ActivePartner
from player_host.transfer.room import TransferRoom
from sample_partners.proseware import Proseware


@frozen
class Cut:
    """Before or after a function, at those passages that match."""

    owner: Any
    name: str
    before: bool = False
    matches: Callable[..., bool] = lambda *_, **__: True


def _is_completion(_partner: object, call: object, **_: object) -> bool:
    return isinstance(call, DownloadTrackComplete)


def _is_event(event: TrackEvent) -> Callable[..., bool]:
    return lambda _book, _key, happened, *_, **__: happened is event


def _is_of_track_103(_partner: object, _hr: object, track_id: int, _params: object) -> bool:
    return track_id == 103


def _begins_completion(_ledger: object, _transaction: int, tracks: Any) -> bool:
    return any(track.state is TrackState.COMPLETING for track in tracks)


CUTS = {
    "request not committed": Cut(Ledger, "open_transaction"),
    "request committed": Cut(TransactionBook, "call_download", before=True),
    "in Download": Cut(Proseware, "Download", before=True),
    "Download returned": Cut(TransactionBook, "download_returned", before=True),
    "answer not committed": Cut(Ledger, "note_answer"),
    "answer committed": Cut(AnswerDesk, "receive"),
    "transferred": Cut(TransferRoom, "fetch"),
    "intent committed": Cut(Publisher, "_reserve"),
    "linked": Cut(os, "link"),
    "renamed": Cut(player_host.library.publishing, "move_without_overwriting"),
    "published": Cut(Publisher, "publish_many"),
    "attempt not committed": Cut(Ledger, "note_tracks", matches=_begins_completion),
    "attempt committed": Cut(ActivePartner, "call", before=True, matches=_is_completion),
    "in DownloadTrackComplete": Cut(Proseware, "DownloadTrackComplete", before=True),
    "in DownloadTrackComplete of 103": Cut(
        Proseware, "DownloadTrackComplete", before=True, matches=_is_of_track_103
    ),
    "DownloadTrackComplete ends": Cut(Proseware, "DownloadTrackComplete"),
    "completion returned": Cut(ActivePartner, "call", matches=_is_completion),
    "completion committed": Cut(
        TransactionBook, "happened", matches=_is_event(TrackEvent.COMPLETION_RETURNED)
    ),
    "recovered": Cut(Publisher, "recover"),
    "taken over": Cut(TransactionBook, "take_over"),
    "cancelling noted": Cut(
        TransactionBook, "for_every_track", before=True, matches=_is_event(TrackEvent.CANCELLED)
    ),
    "cancelling stepped": Cut(
        TransactionBook, "for_every_track", matches=_is_event(TrackEvent.CANCELLED)
    ),
}


def arm(point: str, passage: int) -> None:
    """Let this process die at the n-th passage of a point."""
    cut = CUTS[point]
    original = getattr(cut.owner, cut.name)
    make = _around_task if inspect.iscoroutinefunction(original) else _around
    setattr(cut.owner, cut.name, make(cut, original, _Passages(cut, passage)))


class _Passages:
    def __init__(self, cut: Cut, last: int) -> None:
        self._matches, self._last = cut.matches, last
        self._numbers, self._lock = count(1), threading.Lock()

    def is_last(self, *args: Any, **kwargs: Any) -> bool:
        if not self._matches(*args, **kwargs):
            return False
        with self._lock:
            return next(self._numbers) == self._last


def _around(cut: Cut, original: Callable[..., Any], passages: _Passages) -> Callable[..., Any]:
    @wraps(original)
    def cutting(*args: Any, **kwargs: Any) -> Any:
        if cut.before and passages.is_last(*args, **kwargs):
            die()
        result = original(*args, **kwargs)
        if not cut.before and passages.is_last(*args, **kwargs):
            die()
        return result

    return cutting


def _around_task(cut: Cut, original: Callable[..., Any], passages: _Passages) -> Callable[..., Any]:
    @wraps(original)
    async def cutting(*args: Any, **kwargs: Any) -> Any:
        if cut.before and passages.is_last(*args, **kwargs):
            die()
        result = await original(*args, **kwargs)
        if not cut.before and passages.is_last(*args, **kwargs):
            die()
        return result

    return cutting


def die() -> NoReturn:
    """End this process at once; nothing of it runs any more."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    threading.Event().wait()
    raise AssertionError("a dead process went on")
