"""A transfer goes on where it stood, and never joins bytes of two versions."""

import asyncio
import hashlib
import itertools
import os
import signal
import sys
from contextlib import asynccontextmanager

import anyio
import pytest
from attrs import evolve

from partner_api.hresult import HRESULT
from player_host.database import Database
from player_host.errors import TransferError
from player_host.transfer import FullResponse, TransferRoom
from player_host.transfer.state import PartialState, PartialStates
from player_host.transfer.urls import digest_url
from player_host.transfer.validators import Validators

pytestmark = pytest.mark.anyio

OLD = "Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT"
DATE = "Date: Fri, 20 Nov 2026 12:00:00 GMT"
CHILD = """
import sys, anyio
from pathlib import Path
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.settings import NetworkClass
from player_host.transfer import TRACK_POLICY, TransferRequest, TransferRoom

async def main(url, partial, database):
    request = TransferRequest(url, Path(partial), NetworkClass.LOOPBACK, True)
    async with TransferRoom(Database.open(Path(database)), SystemClock()) as room:
        await room.fetch(request, TRACK_POLICY)

anyio.run(main, *sys.argv[1:])
"""


def digest(body):
    return hashlib.sha256(body).hexdigest()


def sizes(path):
    while True:
        yield path.stat().st_size if path.exists() else 0


def rows(database):
    return database.rows("SELECT * FROM transfer_partials")


@asynccontextmanager
async def another_room(database, clock):
    async with TransferRoom(database, clock) as room:
        yield room


def stalling(store, body, at, *headers):
    """Send the beginning of a body, then nothing, with the connection open."""

    async def script(seen, writer):
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body[:at])
        await writer.drain()
        await asyncio.Event().wait()

    return script


async def interrupted(room, store, wanted, quick, body, at, *headers):
    """Leave a partial behind: the server hangs up, and there is one attempt only."""
    store.then(store.cut(body, at, *headers))
    with pytest.raises(TransferError):
        await room.fetch(wanted, evolve(quick, attempts=1))
    store.scripts.clear()


async def test_the_rest_is_asked_for_with_the_strong_tag(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(store.cut(body, 3000, 'ETag: "v1"'), store.rest(body, 'ETag: "v1"'))
    done = await room.fetch(wanted, quick)
    assert store.requests[1].headers["range"] == "bytes=3000-"
    assert store.requests[1].headers["if-range"] == '"v1"'
    assert done.sha256 == digest(body) == digest(wanted.partial.read_bytes())


async def test_an_old_time_stamp_is_strong_enough(room, store, wanted, quick, mp3):
    body = mp3()
    store.then(store.cut(body, 3000, OLD, DATE), store.rest(body, OLD, DATE))
    done = await room.fetch(wanted, quick)
    assert store.requests[1].headers["if-range"] == OLD.removeprefix("Last-Modified: ")
    assert done.sha256 == digest(body)


@pytest.mark.parametrize(
    "headers",
    [
        ('ETag: W/"v1"',),
        ('ETag: W/"v1"', OLD, DATE),
        ("ETag: v1",),
        (),
        (OLD,),
        (DATE.replace("Date", "Last-Modified"), DATE),
    ],
    ids=["weak", "weak beside a stamp", "not quoted", "none", "no date", "just changed"],
)
async def test_without_a_strong_validator_the_file_is_fetched_anew(
    room, store, wanted, quick, mp3, headers
):
    body = mp3()
    store.then(store.cut(mp3(), 3000, *headers), store.whole(body, *headers))
    done = await room.fetch(wanted, quick)
    assert "range" not in store.requests[1].headers
    assert done.sha256 == digest(body)


async def test_a_file_changed_between_attempts_is_never_spliced(room, store, wanted, quick, mp3):
    old, new = mp3(), mp3()
    store.then(store.cut(old, 3000, 'ETag: "v1"'), store.honest(new, '"v2"'))
    done = await room.fetch(wanted, quick)
    assert done.sha256 == digest(new) == digest(wanted.partial.read_bytes())


@pytest.mark.parametrize(
    "headers",
    [('ETag: "v2"',), (), (f"{OLD}",), ('ETag: "v1"', OLD.replace("10:00", "11:00"))],
    ids=["another tag", "nothing", "no tag", "another stamp"],
)
async def test_a_part_of_another_version_is_not_appended(room, store, wanted, quick, mp3, headers):
    old, new = mp3(), mp3()
    store.then(
        store.cut(old, 3000, 'ETag: "v1"', OLD, DATE),
        store.rest(new, *headers),
        store.whole(new, 'ETag: "v2"'),
    )
    done = await room.fetch(wanted, quick)
    assert "range" not in store.requests[2].headers
    assert done.sha256 == digest(new)


@pytest.mark.parametrize(
    "claim",
    [
        "bytes 2999-4999/5000",
        "bytes 0-4999/5000",
        "bytes 3000-4999/5001",
        "bytes 3000-4998/5000",
        "bytes 3000-4999/*",
        "bytes */5000",
        "bytes 4999-3000/5000",
        "items 3000-4999/5000",
        "nonsense",
    ],
)
async def test_a_part_with_a_wrong_range_is_not_appended(room, store, wanted, quick, mp3, claim):
    body = mp3()
    store.then(
        store.cut(body, 3000, 'ETag: "v1"'),
        store.rest(body, 'ETag: "v1"', claim=claim),
        store.whole(body, 'ETag: "v1"'),
    )
    done = await room.fetch(wanted, quick)
    assert "range" not in store.requests[2].headers
    assert done.sha256 == digest(body)


async def test_a_shorter_part_than_the_rest_is_taken_and_the_next_asked_for(
    room, store, wanted, quick, mp3
):
    body = mp3()

    async def slice_of_it(seen, writer):
        head = "HTTP/1.1 206 Partial Content\nContent-Range: bytes 3000-3999/5000\n"
        script = store.raw(head + 'Content-Length: 1000\nETag: "v1"', body[3000:4000])
        await script(seen, writer)

    store.then(store.cut(body, 3000, 'ETag: "v1"'), slice_of_it, store.rest(body, 'ETag: "v1"'))
    done = await room.fetch(wanted, quick)
    assert store.requests[2].headers["range"] == "bytes=4000-"
    assert done.sha256 == digest(body)


async def test_a_part_longer_than_its_range_is_an_error(room, store, wanted, quick, mp3):
    body = mp3()
    head = 'HTTP/1.1 206 OK\nContent-Range: bytes 3000-4999/5000\nETag: "v1"'
    store.then(
        store.cut(body, 3000, 'ETag: "v1"'), store.raw(head, body[3000:] + b"more", close=True)
    )
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    assert caught.value.hr == HRESULT.named("NS_E_TOO_MUCH_DATA_FROM_SERVER")


async def test_a_part_that_nobody_asked_for_is_an_error(room, store, wanted, quick, mp3):
    head = "HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-4999/5000\nContent-Length: 5000"
    store.then(store.raw(head, mp3()))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    assert caught.value.hr == HRESULT.from_http_status(206)


async def test_a_range_out_of_the_file_means_that_it_changed(room, store, wanted, quick, mp3):
    new = mp3(2000)
    store.then(
        store.cut(mp3(), 3000, 'ETag: "v1"'),
        store.status("416 Range Not Satisfiable", "Content-Range: bytes */2000"),
        store.whole(new, 'ETag: "v2"'),
    )
    done = await room.fetch(wanted, quick)
    assert "range" not in store.requests[2].headers
    assert done.sha256 == digest(new)


async def test_416_without_a_range_is_final(room, store, wanted, quick):
    store.then(store.status("416 Range Not Satisfiable"))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    assert caught.value.hr == HRESULT.from_http_status(416)
    assert len(store.requests) == 1


async def test_a_policy_may_refuse_the_whole_body_and_keeps_the_part(
    room, store, wanted, quick, mp3
):
    body = mp3()
    store.then(store.cut(body, 3000, 'ETag: "v1"'), store.whole(body, 'ETag: "v1"'))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, evolve(quick, full_response=FullResponse.FAIL))
    assert caught.value.hr == HRESULT.named("BG_E_INSUFFICIENT_RANGE_SUPPORT")
    assert wanted.partial.read_bytes() == body[:3000]


async def test_progress_gives_new_attempts_and_a_trickle_does_not(room, store, wanted, quick, mp3):
    body = mp3(1_000_000)

    async def some_more(seen, writer):
        start = int(seen.headers.get("range", "bytes=0-")[6:-1])
        first = f"HTTP/1.1 {'206' if start else '200'} OK"
        lines = [first, f"Content-Length: {len(body) - start}", 'ETag: "v1"']
        lines += [f"Content-Range: bytes {start}-999999/1000000"] if start else []
        end = start + (100_000 if start < 500_000 else 10)
        await store.raw("\n".join(lines), body[start:end], close=True)(seen, writer)

    store.then(some_more)
    with pytest.raises(TransferError):
        await room.fetch(wanted, quick)
    assert len(store.requests) == 5 + (quick.attempts - 1)


async def test_a_later_session_goes_on_where_the_last_one_stood(
    room, store, wanted, quick, mp3, database, clock
):
    body = mp3()
    await interrupted(room, store, wanted, quick, body, 3000, 'ETag: "v1"')
    store.then(store.rest(body, 'ETag: "v1"'))
    async with another_room(database, clock) as later:
        done = await later.fetch(wanted, quick)
    assert store.requests[-1].headers["range"] == "bytes=3000-"
    assert done.sha256 == digest(body)


async def test_another_url_does_not_go_on_with_the_part(room, store, wanted, quick, mp3):
    await interrupted(room, store, wanted, quick, mp3(), 3000, 'ETag: "v1"')
    store.then(store.whole(mp3(), 'ETag: "v1"'))
    await room.fetch(evolve(wanted, url=wanted.url + "?other"), quick)
    assert "range" not in store.requests[-1].headers


async def test_a_file_for_which_no_row_vouches_is_written_anew(room, store, wanted, quick, mp3):
    body = mp3()
    wanted.partial.write_bytes(b"somebody's bytes, more of them" * 1000)
    store.then(store.whole(body, 'ETag: "v1"'))
    await room.fetch(wanted, quick)
    assert "range" not in store.requests[0].headers
    assert wanted.partial.read_bytes() == body


async def test_a_partial_longer_than_the_file_is_written_anew(
    room, store, wanted, quick, mp3, database
):
    body = mp3()
    await interrupted(room, store, wanted, quick, body, 3000, 'ETag: "v1"')
    wanted.partial.write_bytes(b"x" * 6000)
    store.then(store.honest(body, '"v1"'))
    done = await room.fetch(wanted, quick)
    assert "range" not in store.requests[-1].headers
    assert done.sha256 == digest(body)


async def test_a_row_whose_file_is_gone_is_pruned(room, store, wanted, quick, mp3, database, clock):
    await interrupted(room, store, wanted, quick, mp3(), 3000, 'ETag: "v1"')
    assert len(rows(database)) == 1
    wanted.partial.unlink()
    async with another_room(database, clock):
        assert rows(database) == []


async def test_a_large_whole_file_is_not_fetched_twice(
    room, store, wanted, quick, mp3, database, clock
):
    body = mp3(2_000_000)
    store.then(store.whole(body, 'ETag: "v1"'))
    first = await room.fetch(wanted, quick)
    async with another_room(database, clock) as later:
        assert await later.fetch(wanted, quick) == first
    assert len(store.requests) == 1


async def test_a_whole_file_that_somebody_altered_is_fetched_again(room, store, wanted, quick, mp3):
    body = mp3(2_000_000)
    store.then(store.honest(body, '"v1"'))
    await room.fetch(wanted, quick)
    wanted.partial.write_bytes(body[:-1] + b"?")
    await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body
    assert len(store.requests) == 2


async def test_forget_removes_file_and_row(room, store, wanted, quick, mp3, database):
    await interrupted(room, store, wanted, quick, mp3(), 3000, 'ETag: "v1"')
    room.forget(wanted.partial)
    room.forget(wanted.partial)
    assert rows(database) == []
    assert not wanted.partial.exists()


async def test_rows_hold_no_url(room, store, wanted, quick, mp3, database):
    secret = evolve(wanted, url=wanted.url + "?sig=Tops3cret")
    await interrupted(room, store, secret, quick, mp3(), 3000, 'ETag: "v1"')
    stored = "".join(str(value) for value in tuple(rows(database)[0]))
    assert "Tops3cret" not in stored
    assert "127.0.0.1" not in stored


async def test_cancelling_keeps_the_part_and_its_state(
    room, store, wanted, quick, mp3, database, clock
):
    body = mp3()
    store.then(stalling(store, body, 3000, 'ETag: "v1"'))
    with anyio.CancelScope() as scope:
        await room.fetch(wanted, quick, lambda progress: scope.cancel())
    assert scope.cancelled_caught
    assert wanted.partial.read_bytes() == body[: wanted.partial.stat().st_size]
    store.scripts[:] = [store.rest(body, 'ETag: "v1"')]
    async with another_room(database, clock) as later:
        done = await later.fetch(wanted, quick)
    assert "range" in store.requests[-1].headers
    assert done.sha256 == digest(body)


async def test_one_partial_has_one_writer(room, store, wanted, quick, mp3):
    store.then(stalling(store, mp3(), 3000))
    async with anyio.create_task_group() as group:
        group.start_soon(room.fetch, wanted, quick)
        await store.until(1)
        with pytest.raises(TransferError, match="another transfer"):
            await room.fetch(wanted, quick)
        with pytest.raises(TransferError, match="another transfer"):
            room.forget(wanted.partial)
        group.cancel_scope.cancel()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
async def test_after_a_kill_the_next_process_goes_on(store, wanted, quick, mp3, tmp_path, clock):
    body = mp3(4_000_000)
    store.then(stalling(store, body, 2_000_000, 'ETag: "v1"'))
    path = tmp_path / "killed.db"
    arguments = (wanted.url, str(wanted.partial), str(path))
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, *arguments)
    with anyio.fail_after(60):
        for _ in itertools.takewhile(lambda size: size < 2_000_000, sizes(wanted.partial)):
            await anyio.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    store.scripts[:] = [store.honest(body, '"v1"')]
    database = Database.open(path)
    async with another_room(database, clock) as later:
        done = await later.fetch(wanted, quick)
    database.close()
    assert store.requests[-1].headers["range"] == "bytes=2000000-"
    assert done.sha256 == digest(body)


async def test_a_part_that_already_is_the_whole_needs_no_request(
    room, store, wanted, quick, mp3, database, clock
):
    body = mp3()
    wanted.partial.write_bytes(body)
    state = PartialState(digest_url(wanted.url), Validators('"v1"', None), len(body))
    PartialStates(database, clock).save(wanted.partial, state)
    done = await room.fetch(wanted, quick)
    assert done.sha256 == digest(body)
    assert store.requests == []


async def test_the_range_of_a_resumed_chunked_body_tells_its_length(
    room, store, wanted, quick, mp3
):
    body = mp3()
    head = 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nETag: "v1"'
    store.then(
        store.raw(head, b"bb8\r\n" + body[:3000] + b"\r\n", close=True),
        store.rest(body, 'ETag: "v1"'),
    )
    done = await room.fetch(wanted, quick)
    assert store.requests[1].headers["range"] == "bytes=3000-"
    assert done.sha256 == digest(body)


async def test_progress_falls_back_when_a_transfer_begins_anew(room, store, wanted, quick, mp3):
    seen = []
    store.then(store.cut(mp3(), 4000, 'ETag: "v1"'), store.honest(mp3(2000), '"v2"'))
    await room.fetch(wanted, quick, seen.append)
    assert [p.received for p in seen][-1] == 2000
    assert max(p.received for p in seen) == 4000


async def test_a_page_after_a_good_beginning_is_refused(room, store, wanted, quick, mp3):
    page = b"<html>".ljust(5000)
    store.then(store.cut(mp3(), 3000), store.whole(page))
    with pytest.raises(TransferError, match="HTML"):
        await room.fetch(wanted, quick)
    assert not wanted.partial.exists()


async def test_a_length_that_was_announced_once_proves_nothing_later(
    room, store, wanted, quick, mp3
):
    body = mp3()
    store.then(store.cut(body, 3000), store.raw("HTTP/1.0 200 OK", body[:4000], close=True))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, quick)
    assert caught.value.hr == HRESULT.named("BG_E_MISSING_FILE_SIZE")


async def test_a_part_over_the_policys_bound_is_refused(room, store, wanted, quick, mp3):
    body = mp3()
    await interrupted(room, store, wanted, quick, body, 3000, 'ETag: "v1"')
    store.then(store.rest(body, 'ETag: "v1"'))
    with pytest.raises(TransferError) as caught:
        await room.fetch(wanted, evolve(quick, max_size=4096))
    assert caught.value.hr == HRESULT.named("NS_E_TOO_MUCH_DATA_FROM_SERVER")
    assert not wanted.partial.exists()


async def test_a_final_status_keeps_the_part_for_a_later_call(room, store, wanted, quick, mp3):
    body = mp3()
    await interrupted(room, store, wanted, quick, body, 3000, 'ETag: "v1"')
    store.then(store.status("403 Forbidden"))
    with pytest.raises(TransferError):
        await room.fetch(wanted, quick)
    store.scripts[:] = [store.rest(body, 'ETag: "v1"')]
    done = await room.fetch(wanted, quick)
    assert store.requests[-1].headers["range"] == "bytes=3000-"
    assert done.sha256 == digest(body)


async def test_an_encoded_part_is_refused_and_what_is_there_kept(room, store, wanted, quick, mp3):
    body = mp3()
    await interrupted(room, store, wanted, quick, body, 3000, 'ETag: "v1"')
    store.then(store.rest(body, 'ETag: "v1"', "Content-Encoding: gzip"))
    with pytest.raises(TransferError, match="encoded"):
        await room.fetch(wanted, quick)
    assert wanted.partial.read_bytes() == body[:3000]


async def test_two_partials_are_filled_side_by_side(room, store, wanted, quick, mp3, tmp_path):
    body = mp3(400_000)
    store.then(store.honest(body, '"v1"'))
    paths = [tmp_path / f"{number}.partial" for number in range(20)]
    async with anyio.create_task_group() as group:
        for path in paths:
            group.start_soon(room.fetch, evolve(wanted, partial=path), quick)
    assert {digest(path.read_bytes()) for path in paths} == {digest(body)}
