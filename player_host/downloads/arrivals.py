"""Arrived files on their way into the library, as a group: whatever came while the last one went.

One task and one worker thread: the licence against each file and its tags, then the publication
with commits and folders shared by the group, then one commit for its tracks' steps. A member that
fails leaves the others alone. What was begun is ended, also where everything is cancelled.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

import anyio
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream
from attrs import frozen

from partner_api.hresult import E_UNEXPECTED, S_OK
from partner_api.transaction import TrackEvent, TrackState
from player_host.downloads.book import TrackKey, TransactionBook
from player_host.downloads.ledger import Ledger
from player_host.downloads.rooms import Rooms
from player_host.errors import LicensingError, PlayerHostError
from player_host.library.publications import Publication
from player_host.library.records import LibraryItem, MediaTags, Origin
from player_host.library.tags import read_tags
from player_host.licensing.judgement import judge_file
from player_host.licensing.protection import read_protection
from player_host.log import get_logger
from player_host.plugins.active import ActivePartner
from player_host.transfer.media import MediaKind
from player_host.transfer.request import VerifiedPartial
from player_host.units import Seconds

GROUP_SIZE: Final = 64
GROUP_INTERVAL: Final = Seconds(0.05)
"""From one group's beginning to the next one's, at least: each brings some folders to the disk."""

_log = get_logger(__name__)


@frozen
class Arrived:
    """A track whose file is verified and synced under its partial name."""

    key: TrackKey
    file: VerifiedPartial


class Arrivals:
    """Brings arrived files into the library; used on the event loop.

    Args:
        account: whose licences count, beside the partner's.
        fail: settles a track that does not get into the library.
        drop: forgets a file that is not wanted any more.
    """

    def __init__(
        self,
        rooms: Rooms,
        book: TransactionBook,
        ledger: Ledger,
        partner: ActivePartner,
        *,
        account: str,
        fail: Callable[[TrackKey, PlayerHostError], None],
        drop: Callable[[TrackKey], None],
    ) -> None:
        self._rooms = rooms
        self._book = book
        self._ledger = ledger
        self._partner = partner
        self._account = account
        self._fail = fail
        self._drop = drop
        self._group: frozenset[TrackKey] = frozenset()

    def is_publishing(self, key: TrackKey) -> bool:
        """Whether a track is too far to be cancelled."""
        return key in self._group

    async def run(self, arrived: MemoryObjectReceiveStream[Arrived]) -> None:
        """Publish what arrives until cancelled."""
        while True:
            group = [await arrived.receive()]
            next_group = anyio.current_time() + GROUP_INTERVAL
            while len(group) < GROUP_SIZE and arrived.statistics().current_buffer_used:
                group.append(arrived.receive_nowait())
            wanted = [one for one in group if self._still_wanted(one.key)]
            if wanted:
                with anyio.CancelScope(shield=True):
                    await self._publish(wanted)
            await anyio.sleep_until(next_group)

    def _still_wanted(self, key: TrackKey) -> bool:
        if self._book.track(key).state is TrackState.ACCEPTED:
            return True
        self._drop(key)
        return False

    async def _publish(self, group: Sequence[Arrived]) -> None:
        self._group = frozenset(one.key for one in group)
        try:
            results = await anyio.to_thread.run_sync(self._examine_and_publish, group)
            self._note_published([one for one, error in results if error is None])
            for one, error in results:
                if error is not None:
                    self._fail(one.key, as_host_error(error))
        finally:
            self._group = frozenset()

    def _note_published(self, group: Sequence[Arrived]) -> None:
        with self._rooms.database.transaction():
            for one in group:
                self._rooms.transfer.forget(one.file.path)
        self._book.happened_to([one.key for one in group], TrackEvent.TRANSFER_ENDED, S_OK)

    # --- on a worker thread ----------------------------------------------------------------------

    def _examine_and_publish(
        self, group: Sequence[Arrived]
    ) -> list[tuple[Arrived, Exception | None]]:
        """Publish those that pass; return each with what kept it out of the library."""
        results: dict[TrackKey, Exception | None] = {}
        passed: list[tuple[TrackKey, Publication]] = []
        for one in group:
            try:
                passed.append((one.key, self._publication(one)))
            except PlayerHostError as error:
                results[one.key] = error
            except Exception as error:
                _log.exception("track.host_fault", track_id=one.key.track_id)
                results[one.key] = error
        published = self._rooms.publisher.publish_many([each for _, each in passed])
        for (key, _), result in zip(passed, published, strict=True):
            results[key] = _error_of(key, result)
        return [(one, results[one.key]) for one in group]

    def _publication(self, one: Arrived) -> Publication:
        tags = self._examine(one)

        def step(connection: sqlite3.Connection, item: LibraryItem) -> None:
            self._ledger.note_published(
                connection, one.key.transaction_id, one.key.track_id, item.id
            )

        return Publication(
            partial=one.file.path,
            tags=tags,
            origin=Origin(self._partner.key, one.key.track_id),
            size=one.file.size,
            sha256=one.file.digest,
            step=step,
            fallback_title=f"Track {one.key.track_id}",
        )

    def _examine(self, one: Arrived) -> MediaTags:
        """Check the licence against the file itself, and read its tags."""
        track_id = one.key.track_id
        license_ = self._rooms.licenses.find(self._partner.name, self._account, track_id)
        is_asf = one.file.media is MediaKind.ASF  # other kinds know no protection
        protection = read_protection(one.file.path) if is_asf else None
        verdict = judge_file(license_, protection, self._rooms.clock.now())
        if verdict.failed:
            raise LicensingError(
                f"the licence does not fit the file ({verdict.name})",
                where=f"track {track_id}",
                hr=verdict,
            )
        return read_tags(one.file.path)


def as_host_error(error: Exception) -> PlayerHostError:
    """Return an error as the host's own, so that a plug-in can be told."""
    if isinstance(error, PlayerHostError):
        return error
    return PlayerHostError(f"a fault of the host: {error}", hr=E_UNEXPECTED)


def _error_of(key: TrackKey, result: LibraryItem | Exception) -> Exception | None:
    if isinstance(result, Exception):
        return result
    _log.info("track.published", track_id=key.track_id, path=result.source_path)
    return None
