"""Named points in the Player at which it dies as by `kill -9`, or its plug-in's process does."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import psutil
from kill_passages import Cut, arm

import player_host.library.publishing
from partner_api.calls import DownloadTrackComplete
from partner_api.transaction import TrackEvent, TrackState
from player_host.downloads.answers import AnswerDesk
from player_host.downloads.book import TransactionBook
from player_host.downloads.expired import ExpiredTracks
from player_host.downloads.ledger import Ledger
from player_host.downloads.renewals import Renewals
from player_host.library.publishing import Publisher
from player_host.plugins.active import ActivePartner
from player_host.transfer.room import TransferRoom


def _is_completion(_partner: object, call: object, **_: object) -> bool:
    return isinstance(call, DownloadTrackComplete)


def _is_event(event: TrackEvent) -> Callable[..., bool]:
    return lambda _book, _key, happened, *_, **__: happened is event


def _begins_completion(_ledger: object, _transaction: int, tracks: Any) -> bool:
    return any(track.state is TrackState.COMPLETING for track in tracks)


def _continues(_room: object, request: Any, *_: object, **__: object) -> bool:
    return bool(request.continues)


CUTS = {
    "request not committed": Cut(Ledger, "open_transaction"),
    "request committed": Cut(TransactionBook, "call_download", before=True),
    "Download returned": Cut(TransactionBook, "download_returned", before=True),
    "answer not committed": Cut(Ledger, "note_answer"),
    "answer committed": Cut(AnswerDesk, "receive"),
    "transferred": Cut(TransferRoom, "fetch"),
    "expiry not committed": Cut(ExpiredTracks, "keep"),
    "expiry committed": Cut(TransactionBook, "expired"),
    "expiry told": Cut(Renewals, "consider", before=True),
    "about to ask anew": Cut(Renewals, "_open", before=True),
    "opened anew": Cut(Renewals, "_open"),
    "continuing": Cut(TransferRoom, "fetch", before=True, matches=_continues),
    "continued": Cut(TransferRoom, "fetch", matches=_continues),
    "intent committed": Cut(Publisher, "_reserve"),
    "linked": Cut(os, "link"),
    "renamed": Cut(player_host.library.publishing, "move_without_overwriting"),
    "published": Cut(Publisher, "publish_many"),
    "attempt not committed": Cut(Ledger, "note_tracks", matches=_begins_completion),
    "attempt committed": Cut(ActivePartner, "call", before=True, matches=_is_completion),
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


def let_die(victim: str, point: str, passage: int) -> None:
    """Let this Player, or the process of its plug-in, die at the n-th passage of a point."""
    arm(CUTS[point], passage, die if victim == "player" else kill_surrogate)


def die() -> NoReturn:
    """End this process at once; nothing of it runs any more."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    threading.Event().wait()
    raise AssertionError("a dead process went on")


def kill_surrogate() -> None:
    """`kill -9` the process of the plug-in; nothing of it runs any more."""
    (surrogate,) = psutil.Process().children()
    surrogate.kill()
