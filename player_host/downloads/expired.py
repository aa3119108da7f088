"""Tracks whose URL expired while bytes of them lay there: what the ledger knows of them.

The old answer is completed with the store's code like any other. From the commit that ends the
transfer on, the track's row says that it is to be asked for anew (`begun_in` is its own
transaction), so that a death at any point between loses nothing. The row of the new transaction
names the same partial file; it is one that does not expire a second time.

Every method joins a transaction that the caller already holds.
"""

import json
import sqlite3

from attrs import evolve

from partner_api.content import ContentContainerList
from partner_api.encoding import container_list_from_data
from player_host.database import Database

TrackId = tuple[int, int]
"""A transaction and one of its tracks."""


class ExpiredTracks:
    """The column `begun_in` of the ledger's tracks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, transaction_id: int, track_id: int) -> None:
        """Write that a track's URL expired, and that its bytes are to be gone on with."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tracks SET begun_in = transaction_id"
                " WHERE transaction_id = ? AND track_id = ?",
                (transaction_id, track_id),
            )

    def begun_in(self, transaction_id: int, track_id: int) -> int:
        """Return the transaction whose number the name of a track's partial file bears."""
        row = self._row(transaction_id, track_id)
        return transaction_id if row is None or row["begun_in"] is None else int(row["begun_in"])

    def has_expired(self, transaction_id: int, track_id: int) -> bool:
        """Whether a track's URL expired, so that the store is, or was, asked anew."""
        row = self._row(transaction_id, track_id)
        return row is not None and row["begun_in"] == transaction_id

    def was_asked_again(self, transaction_id: int, track_id: int) -> bool:
        """Whether a track is one that the store was asked for anew already."""
        return self.begun_in(transaction_id, track_id) != transaction_id

    def owner(self, begun_in: int, track_id: int) -> TrackId:
        """Return the accepted track that a partial file belongs to, by what its name says."""
        row = self._database.row(
            "SELECT transaction_id FROM tracks"
            " WHERE begun_in = ? AND track_id = ? AND state = 'accepted'",
            (begun_in, track_id),
        )
        return (begun_in if row is None else row["transaction_id"], track_id)

    def partials(self) -> set[TrackId]:
        """Return what the names of those partial files say that some track still needs."""
        rows = self._database.rows(
            "SELECT coalesce(begun_in, transaction_id) AS begun, track_id FROM tracks"
            " WHERE state = 'accepted' UNION SELECT begun_in, track_id FROM tracks"
            " WHERE begun_in IS NOT NULL AND reopened_in IS NULL AND CASE"
            " WHEN begun_in = transaction_id THEN state IN ('finished', 'completing', 'completed')"
            " ELSE state IN ('unanswered', 'abandoned') END"
        )
        return {(row["begun"], row["track_id"]) for row in rows}

    def due(self, partner: str) -> list[TrackId]:
        """Return the tracks of a partner's open requests that the store is to be asked for."""
        rows = self._database.rows(
            "SELECT t.transaction_id, t.track_id FROM tracks t"
            " JOIN transactions x ON x.id = t.transaction_id JOIN requests r ON r.id = x.request_id"
            " WHERE t.begun_in = t.transaction_id AND t.standing = 'abandoned'"
            " AND r.state = 'open' AND r.partner = ?"
            " ORDER BY t.transaction_id, t.track_id",
            (partner,),
        )
        return [(row["transaction_id"], row["track_id"]) for row in rows]

    def order(self, transaction_id: int, track_id: int) -> tuple[int, ContentContainerList] | None:
        """Return the request and the container list with which a track is asked for anew.

        None where it is not, or not any more: its request was cancelled.
        """
        row = self._database.row(
            "SELECT x.request_id, x.container_list FROM tracks t"
            " JOIN transactions x ON x.id = t.transaction_id JOIN requests r ON r.id = x.request_id"
            " WHERE t.transaction_id = ? AND t.track_id = ? AND t.begun_in = t.transaction_id"
            " AND t.standing = 'abandoned' AND r.state = 'open'",
            (transaction_id, track_id),
        )
        if row is None:
            return None
        whole = container_list_from_data(json.loads(row["container_list"]))
        return row["request_id"], _of_one_track(whole, track_id)

    def move(self, connection: sqlite3.Connection, transaction_id: int, request_id: int) -> None:
        """Write that what is due of a request's tracks is asked for in a new transaction.

        Its tracks go on with the bytes that were kept for those that they take the place of.
        """
        connection.execute(
            "UPDATE tracks SET reopened_in = ?1"
            " WHERE begun_in = transaction_id AND standing = 'abandoned'"
            " AND begun_in IN (SELECT id FROM transactions WHERE request_id = ?2)"
            " AND track_id IN (SELECT track_id FROM tracks WHERE transaction_id = ?1)",
            (transaction_id, request_id),
        )
        connection.execute(
            "UPDATE tracks SET begun_in = (SELECT o.begun_in FROM tracks o"
            " WHERE o.begun_in IS NOT NULL AND o.reopened_in = ?1 AND o.track_id = tracks.track_id)"
            " WHERE transaction_id = ?1 AND track_id IN (SELECT track_id FROM tracks"
            " WHERE begun_in IS NOT NULL AND reopened_in = ?1)",
            (transaction_id,),
        )

    def drop(self, request_id: int) -> None:
        """Write that nothing of a request is asked for anew."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE tracks SET begun_in = NULL WHERE begun_in = transaction_id"
                " AND reopened_in IS NULL"
                " AND transaction_id IN (SELECT id FROM transactions WHERE request_id = ?)",
                (request_id,),
            )

    def _row(self, transaction_id: int, track_id: int) -> sqlite3.Row | None:
        return self._database.row(
            "SELECT begun_in FROM tracks WHERE transaction_id = ? AND track_id = ?",
            (transaction_id, track_id),
        )


def _of_one_track(whole: ContentContainerList, track_id: int) -> ContentContainerList:
    """Return the list with one occurrence of a track, in the first container that has it."""
    for container in whole:
        for item in container:
            if item.id == track_id:
                return evolve(whole, containers=(evolve(container, items=(item,)),))
    raise ValueError(f"track {track_id} is in no container of its transaction")
