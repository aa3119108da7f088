"""What transfers from one store know of each other: its patience, and the failures it may have."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from attrs import evolve

from player_host.clock import ManualClock
from player_host.errors import TransferError
from player_host.transfer.stores import MOST_STORES, Stores
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LONGEST = Seconds(60)
URL = "https://contoso.example/a.mp3"


@pytest.fixture
def clock():
    return ManualClock(NOW)


async def test_a_store_that_asks_one_transfer_for_patience_gets_it_from_all(clock):
    stores = Stores(clock, 8)
    stores.asked(URL, 10, LONGEST)
    assert stores.wait("https://CONTOSO.example/b.mp3?x=1", LONGEST) == 10
    clock.advance(timedelta(seconds=7))
    assert stores.wait(URL, LONGEST) == 3
    clock.advance(timedelta(seconds=7))
    assert stores.wait(URL, LONGEST) == 0


@pytest.mark.parametrize(
    "other", ["http://contoso.example/a.mp3", "https://contoso.example:8443/", "https://a.example/"]
)
async def test_another_store_is_not_waited_for(clock, other):
    stores = Stores(clock, 8)
    stores.asked(URL, 10, LONGEST)
    assert stores.wait(other, LONGEST) == 0


async def test_no_store_is_waited_for_longer_than_the_bound(clock):
    stores = Stores(clock, 8)
    stores.asked(URL, 1e300, LONGEST)
    assert stores.wait(URL, LONGEST) == LONGEST
    clock.advance(timedelta(days=-400))
    assert stores.wait(URL, LONGEST) == LONGEST


async def test_a_shorter_wish_does_not_shorten_a_longer_one(clock):
    stores = Stores(clock, 8)
    stores.asked(URL, 10, LONGEST)
    stores.asked(URL, 0, LONGEST)
    assert stores.wait(URL, LONGEST) == 10


async def test_failures_are_counted_until_the_store_sends_something(clock):
    stores = Stores(clock, 8)
    assert [stores.failed(URL, 3) for _ in range(4)] == [False, False, True, True]
    stores.served(URL)
    assert not stores.failed(URL, 3)


async def test_only_so_many_stores_are_remembered(clock):
    stores = Stores(clock, 8)
    stores.failed(URL, 2)
    for number in range(MOST_STORES):
        stores.failed(f"https://{number}.example/", 2)
    assert not stores.failed(URL, 2)


async def test_at_a_store_that_only_fails_no_file_is_tried_again_and_again(
    room, store, wanted, quick, tmp_path
):
    store.then(store.status("503 Service Unavailable"))
    policy = evolve(quick, attempts=4, store_budget=6)
    for number in range(5):
        request = evolve(wanted, partial=tmp_path / f"{number}.part")
        with pytest.raises(TransferError, match="503"):
            await room.fetch(request, policy)
    assert len(store.requests) == 4 + 2 + 1 + 1 + 1


async def test_a_store_that_serves_again_is_tried_again(room, store, wanted, quick, mp3, tmp_path):
    policy = evolve(quick, attempts=2, store_budget=2)
    down = store.status("503 Service Unavailable")
    store.then(down, down, down, store.whole(mp3()), down, store.whole(mp3()))
    for number, sound in enumerate([False, False, True, True]):
        request = evolve(wanted, partial=tmp_path / f"{number}.part")
        with anyio.CancelScope():
            try:
                await room.fetch(request, policy)
            except TransferError:
                assert not sound
            else:
                assert sound
    assert len(store.requests) == 6
