"""A real database with one session and one request in it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, TransactionType
from player_host.clock import ManualClock
from player_host.database import Database
from player_host.downloads.book import TransactionBook
from player_host.downloads.ledger import Ledger


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "player.db")
    yield opened
    opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, ManualClock(datetime(2006, 10, 30, tzinfo=UTC)))


@pytest.fixture
def album() -> Callable[..., ContentContainer]:
    def make(album_id: int, *track_ids: int) -> ContentContainer:
        items = tuple(ContentItem(track_id, "$0.99") for track_id in track_ids)
        return ContentContainer(LibraryLocation.ALBUM, album_id, "$9.99", items)

    return make


@pytest.fixture
def order(album: Callable[..., ContentContainer]) -> Callable[..., ContentContainerList]:
    def make(*track_ids: int) -> ContentContainerList:
        return ContentContainerList(TransactionType.DOWNLOAD, (album(1, *track_ids),))

    return make


@pytest.fixture
def new_book(database: Database, ledger: Ledger) -> Callable[[], TransactionBook]:
    """Make the book of a new session; its signals belong to a loop that is closed."""

    def make() -> TransactionBook:
        session_id = ledger.open_session("shop", "transcript.jsonl")

        async def make_on_a_loop() -> TransactionBook:
            return TransactionBook(database, ledger, session_id)

        return asyncio.run(make_on_a_loop())

    return make
