"""Transfers from nginx: ranges, validators and limits of a server that nobody here wrote."""

import hashlib

import anyio
import anyio.to_thread
import pytest
from attrs import evolve

from partner_api.hresult import HRESULT
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.transfer import TransferRequest
from player_host.units import Seconds

pytestmark = pytest.mark.anyio

SIZE = 600_000
AT_ONCE = 300_000
"""What nginx sends before `limit_rate` holds it back."""

HELD_BACK = f"limit_rate_after {AT_ONCE}; limit_rate 1k;"
OLD = 1_600_000_000.0
"""A time stamp long enough ago to be a strong validator."""


@pytest.fixture
def asked(nginx, partial):
    """The request for a file of nginx; a digest may be declared."""

    def ask(name="track.mp3", fragment=""):
        url = nginx.url(f"/{name}{fragment}")
        return TransferRequest(
            url, partial.with_name(f"{name}.partial"), NetworkClass.LOOPBACK, True
        )

    return ask


async def interrupted(room, request, policy):
    """Leave a partial file behind: the transfer is cancelled when nginx holds it back."""

    def look(progress):
        if progress.received >= AT_ONCE:
            scope.cancel()

    with anyio.CancelScope() as scope:
        await room.fetch(request, policy, look)
    assert AT_ONCE <= request.partial.stat().st_size < SIZE


def sha256(body):
    return hashlib.sha256(body).hexdigest()


async def test_an_interrupted_transfer_goes_on_with_the_rest(room, nginx, asked, quick, mp3):
    body = nginx.put("track.mp3", mp3(SIZE))
    nginx.serve(HELD_BACK)
    await interrupted(room, asked(), quick)
    kept = asked().partial.stat().st_size
    nginx.serve()
    done = await room.fetch(asked(), quick)
    assert done.path.read_bytes() == body
    last = nginx.answers(1)[-1]
    assert (last.status, last.range) == (206, f"bytes={kept}-")
    assert last.if_range


async def test_a_transfer_outlives_the_server(room, nginx, asked, quick, mp3):
    body = nginx.put("track.mp3", mp3(SIZE))
    nginx.serve(HELD_BACK)
    patient = evolve(quick, attempts=10_000)
    reached = anyio.Event()

    async def restart():
        await reached.wait()
        await anyio.to_thread.run_sync(nginx.serve)

    def look(progress):
        if progress.received >= AT_ONCE:
            reached.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(restart)
        done = await room.fetch(asked(), patient, look)
    assert done.path.read_bytes() == body
    assert [answer.status for answer in nginx.answers(1)] == [206]


async def test_a_file_that_changed_is_fetched_whole(room, nginx, asked, quick, mp3):
    nginx.put("track.mp3", mp3(SIZE), modified=OLD)
    nginx.serve(HELD_BACK)
    await interrupted(room, asked(), quick)
    new = nginx.put("track.mp3", mp3(SIZE), modified=OLD + 1)
    nginx.serve()
    done = await room.fetch(asked(), quick)
    assert done.path.read_bytes() == new
    last = nginx.answers(1)[-1]
    assert last.range
    assert (last.status, last.if_range) == (200, f'"{int(OLD):x}-{SIZE:x}"')


async def test_a_change_that_nginx_cannot_see_is_told_by_a_digest(room, nginx, asked, quick, mp3):
    new = mp3(SIZE)
    nginx.put("track.mp3", mp3(SIZE), modified=OLD)
    nginx.serve(HELD_BACK)
    declared = asked(fragment=f"#sha-256={sha256(new)}")
    await interrupted(room, declared, quick)
    nginx.put("track.mp3", new, modified=OLD)  # the same size and time: the same tag
    nginx.serve()
    done = await room.fetch(declared, quick)
    assert done.path.read_bytes() == new
    assert [answer.status for answer in nginx.answers(2)] == [206, 200]


async def test_a_file_that_became_shorter_than_what_is_there_is_fetched_anew(
    room, nginx, asked, quick, mp3
):
    nginx.put("track.mp3", mp3(SIZE), modified=OLD)
    nginx.serve("etag off;", HELD_BACK)
    await interrupted(room, asked(), quick)
    short = nginx.put("track.mp3", mp3(AT_ONCE // 2), modified=OLD)
    nginx.serve("etag off;")
    done = await room.fetch(asked(), quick)
    assert done.path.read_bytes() == short
    assert [answer.status for answer in nginx.answers(2)] == [416, 200]


@pytest.mark.parametrize("status", [429, 503])
async def test_a_limit_of_requests_is_met_with_so_many_attempts_and_then_named(
    room, nginx, asked, quick, mp3, status
):
    nginx.put("first.mp3", mp3())
    body = nginx.put("second.mp3", mp3())
    nginx.serve("limit_req zone=one;", f"limit_req_status {status};")
    await room.fetch(asked("first.mp3"), quick)
    with pytest.raises(TransferError) as caught:
        await room.fetch(asked("second.mp3"), quick)
    assert caught.value.hr == HRESULT.from_http_status(status)
    refused = [status] * quick.attempts
    assert [answer.status for answer in nginx.answers(1 + quick.attempts)] == [200, *refused]
    nginx.serve()
    assert (await room.fetch(asked("second.mp3"), quick)).path.read_bytes() == body


async def test_a_slow_body_that_keeps_within_the_policy_is_whole(room, nginx, asked, quick, mp3):
    body = nginx.put("track.mp3", mp3(30_000))
    nginx.serve("limit_rate 30k;", "sendfile_max_chunk 4k;")
    assert (await room.fetch(asked(), quick)).path.read_bytes() == body


async def test_a_body_that_hardly_moves_is_given_up_and_its_beginning_kept(
    room, nginx, asked, quick, mp3
):
    body = nginx.put("track.mp3", mp3(SIZE))
    nginx.serve(HELD_BACK)
    hasty = evolve(quick, attempts=1, patience=Seconds(0.5))
    with pytest.raises(TransferError) as caught:
        await room.fetch(asked(), hasty)
    assert caught.value.hr == HRESULT.named("BG_E_NO_PROGRESS")
    assert body.startswith(asked().partial.read_bytes())
