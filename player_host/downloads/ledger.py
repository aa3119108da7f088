"""The durable ledger: requests, transactions and tracks in `player.db`.

A URL, which may hold a signature, stays only as long as its track is to be transferred.

A row changes before its effect does: an answer is committed before it is returned, a completion
attempt before the call is made (docs/architecture.md, "Durability"). Every method joins
a transaction that the caller already holds.
"""

import json
import sqlite3
from collections.abc import Iterable

from attrs import evolve, frozen

from partner_api.content import ContentContainer, ContentContainerList
from partner_api.encoding import container_list_from_data, container_list_to_data
from partner_api.hresult import HRESULT
from partner_api.transaction import DownloadTransaction, Track, TrackState, TransactionState
from player_host.clock import Clock
from player_host.database import Database
from player_host.downloads.expired import ExpiredTracks
from player_host.errors import UsageError


@frozen
class Order:
    """What the partner ordered for an accepted track."""

    url: str | None
    params: str | None


@frozen
class RequestRow:
    """A user's request, as `downloads list` shows it."""

    id: int
    partner: str
    items: str
    made_at: str
    state: str
    counts: dict[TrackState, int]


@frozen
class TrackRow:
    """A track as the ledger remembers it.

    Attributes:
        state: as far as the request is concerned: `ABANDONED` says that it lacks an answer.
        asked_again: whether its URL expired, so that the store is, or was, asked anew.
    """

    transaction_id: int
    track_id: int
    state: TrackState
    hr: HRESULT | None
    order: Order
    attempts: int
    asked_again: bool


class Ledger:
    """The tables of `0001_ledger.sql`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.expired = ExpiredTracks(database)
        self._database = database
        self._clock = clock

    def open_session(self, partner: str, transcript: str) -> int:
        """Note that a partner was activated; return the session's id."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO sessions (partner, started_at, transcript) VALUES (?, ?, ?)",
                (partner, self._now(), transcript),
            )
            return _rowid(cursor)

    def name_transcript(self, session_id: int, transcript: str) -> None:
        """Note the file name of a session's transcript."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE sessions SET transcript = ? WHERE id = ?", (transcript, session_id)
            )

    def close_session(self, session_id: int) -> None:
        """Note that a partner was shut down properly."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE sessions SET ended_at = ? WHERE id = ?", (self._now(), session_id)
            )

    def open_request(self, partner: str, items: str) -> int:
        """Note what the user asked for; return the request's id."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO requests (partner, items, made_at) VALUES (?, ?, ?)",
                (partner, items, self._now()),
            )
            return _rowid(cursor)

    def open_transaction(
        self,
        request_id: int,
        session_id: int,
        transaction: DownloadTransaction,
        container_list: ContentContainerList,
    ) -> int:
        """Write a drawn transaction with its tracks; what the request lacks moves to it.

        That are abandoned tracks, and those whose URL expired.
        """
        text = json.dumps(container_list_to_data(container_list), separators=(",", ":"))
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO transactions (request_id, session_id, cookie, state, container_list)"
                " VALUES (?, ?, ?, ?, ?)",
                (request_id, session_id, transaction.cookie, transaction.state.value, text),
            )
            transaction_id = _rowid(cursor)
            connection.executemany(
                "INSERT INTO tracks (transaction_id, track_id, occurrences) VALUES (?, ?, ?)",
                ((transaction_id, track.track_id, track.occurrences) for track in transaction),
            )
            connection.execute(
                "UPDATE tracks SET reopened_in = ?1 WHERE state = 'abandoned'"
                " AND reopened_in IS NULL AND transaction_id <> ?1"
                " AND transaction_id IN (SELECT id FROM transactions WHERE request_id = ?2)"
                " AND track_id IN (SELECT track_id FROM tracks WHERE transaction_id = ?1)",
                (transaction_id, request_id),
            )
            self.expired.move(connection, transaction_id, request_id)
        return transaction_id

    def note_transaction(
        self, transaction_id: int, state: TransactionState, hr: HRESULT | None
    ) -> None:
        """Write where a transaction stands, and what `Download` returned."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE transactions SET state = ?, hr = coalesce(?, hr) WHERE id = ?",
                (state.value, hr, transaction_id),
            )

    def note_answer(self, transaction_id: int, track: Track, order: Order | None) -> None:
        """Write an answer; for an accepted track also the order."""
        if order is None:
            self.note_tracks(transaction_id, [track])
            return
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tracks SET state = ?, answers = ?, hr = ?, url = ?, params = ?"
                " WHERE transaction_id = ? AND track_id = ?",
                (
                    track.state.value,
                    track.answers,
                    track.hr,
                    order.url,
                    _params_to_blob(order.params),
                    transaction_id,
                    track.track_id,
                ),
            )

    def count_answer(self, transaction_id: int, track: Track) -> None:
        """Write that a track was answered once more, and nothing else."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tracks SET answers = ? WHERE transaction_id = ? AND track_id = ?",
                (track.answers, transaction_id, track.track_id),
            )

    def note_tracks(self, transaction_id: int, tracks: Iterable[Track]) -> None:
        """Write where tracks stand."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE tracks SET state = ?1, answers = ?2, attempts = ?3, hr = ?4,"
                " url = CASE ?1 WHEN 'accepted' THEN url END"
                " WHERE transaction_id = ?5 AND track_id = ?6",
                (
                    (t.state.value, t.answers, t.attempts, t.hr, transaction_id, t.track_id)
                    for t in tracks
                ),
            )

    def note_published(
        self, connection: sqlite3.Connection, transaction_id: int, track_id: int, library_id: int
    ) -> None:
        """Write that a track is finished, in the transaction that publishes its file."""
        connection.execute(
            "UPDATE tracks SET state = 'finished', hr = 0, library_id = ?, url = NULL"
            " WHERE transaction_id = ? AND track_id = ? AND state = 'accepted'",
            (library_id, transaction_id, track_id),
        )

    def order(self, transaction_id: int, track_id: int) -> Order:
        """Return what the partner ordered for a track."""
        row = self._database.row(
            "SELECT url, params FROM tracks WHERE transaction_id = ? AND track_id = ?",
            (transaction_id, track_id),
        )
        return Order(None, None) if row is None else _order(row)

    def unsettled_transactions(self, partner: str) -> list[tuple[int, int, int]]:
        """Return (transaction id, request id, cookie) of what earlier sessions left unsettled."""
        rows = self._database.rows(
            "SELECT x.id, x.request_id, x.cookie FROM transactions x"
            " JOIN requests r ON r.id = x.request_id"
            " WHERE r.partner = ? AND EXISTS (SELECT 1 FROM tracks t WHERE t.transaction_id = x.id"
            " AND t.state IN ('unanswered', 'accepted', 'finished', 'completing')) ORDER BY x.id",
            (partner,),
        )
        return [(row["id"], row["request_id"], row["cookie"]) for row in rows]

    def tracks(self, transaction_id: int) -> list[Track]:
        """Return every track of a transaction, for the machine."""
        rows = self._database.rows(
            "SELECT * FROM tracks WHERE transaction_id = ? ORDER BY track_id", (transaction_id,)
        )
        return [_track(row) for row in rows]

    def track_rows(self, request_id: int) -> list[TrackRow]:
        """Return every track of a request, the latest transaction's word for each."""
        rows = self._database.rows(
            "SELECT t.* FROM tracks t JOIN transactions x ON x.id = t.transaction_id"
            " WHERE x.request_id = ? AND t.reopened_in IS NULL ORDER BY x.id, t.track_id",
            (request_id,),
        )
        return [_track_row(row) for row in rows]

    def abandoned(self, request_id: int) -> ContentContainerList | None:
        """Return the container list of what a request still lacks an answer for, or None."""
        rows = self._database.rows(
            "SELECT x.id, x.container_list FROM transactions x WHERE x.request_id = ? AND EXISTS"
            " (SELECT 1 FROM tracks t WHERE t.transaction_id = x.id AND t.state = 'abandoned'"
            " AND t.reopened_in IS NULL) ORDER BY x.id",
            (request_id,),
        )
        containers = []
        for row in rows:
            wanted = self._abandoned_ids(row["id"])
            whole = container_list_from_data(json.loads(row["container_list"]))
            containers += [c for c in _narrowed(whole, wanted) if len(c)]
            kind = whole.transaction_type
        return ContentContainerList(kind, tuple(containers)) if containers else None

    def requests(self) -> list[RequestRow]:
        """Return every request, oldest first, with the number of tracks in each state."""
        rows = self._database.rows("SELECT * FROM requests ORDER BY id")
        return [self._request(row) for row in rows]

    def request(self, request_id: int) -> RequestRow:
        """Return one request.

        Raises:
            UsageError: there is none with this number.
        """
        row = self._database.row("SELECT * FROM requests WHERE id = ?", (request_id,))
        if row is None:
            raise UsageError(
                f"there is no download {request_id}",
                remedy="`player-host downloads list` shows the numbers",
            )
        return self._request(row)

    def set_request_state(self, request_id: int, state: str) -> None:
        """Write a request's state: open, cancelling, cancelled or done."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE requests SET state = ? WHERE id = ?", (state, request_id))

    def cancelling(self, partner: str) -> list[int]:
        """Return the requests to a partner that somebody asked to cancel."""
        rows = self._database.rows(
            "SELECT id FROM requests WHERE state = 'cancelling' AND partner = ? ORDER BY id",
            (partner,),
        )
        return [row["id"] for row in rows]

    def unclosed_requests(self, partner: str) -> list[int]:
        """Return the requests to a partner that are neither done nor cancelled."""
        rows = self._database.rows(
            "SELECT id FROM requests WHERE state IN ('open', 'cancelling') AND partner = ?"
            " ORDER BY id",
            (partner,),
        )
        return [row["id"] for row in rows]

    def cancel_abandoned(self, request_id: int) -> None:
        """Write that what a request still lacks an answer for is cancelled."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tracks SET state = 'cancelled' WHERE state = 'abandoned'"
                " AND reopened_in IS NULL"
                " AND transaction_id IN (SELECT id FROM transactions WHERE request_id = ?)",
                (request_id,),
            )
            self.expired.drop(request_id)

    def settle_request(self, request_id: int) -> bool:
        """Close a request if nothing of it is left to do; return whether it is closed."""
        # Each part has an index of its own (0001_ledger.sql, 0008_expired_urls.sql).
        row = self._database.row(
            "SELECT EXISTS (SELECT 1 FROM transactions x JOIN tracks t INDEXED BY tracks_unsettled"
            " ON t.transaction_id = x.id WHERE x.request_id = ?1 AND t.state IN"
            " ('unanswered', 'accepted', 'finished', 'completing'))"
            " OR EXISTS (SELECT 1 FROM transactions x JOIN tracks t INDEXED BY tracks_abandoned"
            " ON t.transaction_id = x.id WHERE x.request_id = ?1 AND t.state = 'abandoned'"
            " AND t.reopened_in IS NULL)"
            " OR EXISTS (SELECT 1 FROM transactions x JOIN tracks t INDEXED BY tracks_begun"
            " ON t.begun_in = x.id WHERE x.request_id = ?1 AND t.transaction_id = x.id"
            " AND t.standing = 'abandoned') AS open",
            (request_id,),
        )
        if row is None or row["open"]:
            return False
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE requests SET state = CASE state WHEN 'cancelling' THEN 'cancelled'"
                " WHEN 'cancelled' THEN 'cancelled' ELSE 'done' END WHERE id = ?",
                (request_id,),
            )
        return True

    def _request(self, row: sqlite3.Row) -> RequestRow:
        counts = self._database.rows(
            "SELECT t.standing, count(*) AS n FROM tracks t JOIN transactions x"
            " ON x.id = t.transaction_id WHERE x.request_id = ? AND t.reopened_in IS NULL"
            " GROUP BY t.standing",
            (row["id"],),
        )
        return RequestRow(
            id=row["id"],
            partner=row["partner"],
            items=row["items"],
            made_at=row["made_at"],
            state=row["state"],
            counts={TrackState(c["standing"]): c["n"] for c in counts},
        )

    def _abandoned_ids(self, transaction_id: int) -> frozenset[int]:
        rows = self._database.rows(
            "SELECT track_id FROM tracks WHERE transaction_id = ? AND state = 'abandoned'"
            " AND reopened_in IS NULL",
            (transaction_id,),
        )
        return frozenset(row["track_id"] for row in rows)

    def _now(self) -> str:
        return self._clock.now().isoformat()


def _narrowed(
    container_list: ContentContainerList, wanted: frozenset[int]
) -> Iterable[ContentContainer]:
    for container in container_list:
        yield evolve(container, items=tuple(item for item in container if item.id in wanted))


def _track(row: sqlite3.Row) -> Track:
    track = Track(row["track_id"], row["occurrences"])
    track.answers = row["answers"]
    track.attempts = row["attempts"]
    track.state = TrackState(row["state"])
    track.hr = None if row["hr"] is None else HRESULT(row["hr"])
    return track


def _track_row(row: sqlite3.Row) -> TrackRow:
    return TrackRow(
        transaction_id=row["transaction_id"],
        track_id=row["track_id"],
        state=TrackState(row["standing"]),
        hr=None if row["hr"] is None else HRESULT(row["hr"]),
        order=_order(row),
        attempts=row["attempts"],
        asked_again=row["begun_in"] is not None,
    )


def _order(row: sqlite3.Row) -> Order:
    return Order(row["url"], _params_from_blob(row["params"]))


def _params_to_blob(params: str | None) -> bytes | None:
    return None if params is None else params.encode("utf-16-le", "surrogatepass")


def _params_from_blob(blob: bytes | None) -> str | None:
    return None if blob is None else blob.decode("utf-16-le", "surrogatepass")


def _rowid(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid
