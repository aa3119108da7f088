"""A URL that expires while bytes of its track lie there: the store is asked again, once."""

import asyncio
import hashlib
import io
import threading
from contextlib import closing, suppress

import anyio
import anyio.to_thread
import pytest
from attrs import define, field
from rich.console import Console

from partner_api import E_FAIL, HRESULT, S_OK, License, Right
from partner_api.calls import Download, DownloadTrackComplete
from partner_api.transaction import TrackState
from player_host.cli.desk import Desk
from player_host.cli.following import SettledTracks, follow
from player_host.cli.outcome import ExitStatus
from player_host.cli.reports import Outcome, outcomes_of_requests, report_request
from player_host.cli.screens import show_request
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.downloads.ledger import Ledger
from player_host.downloads.renewals import Renewals
from player_host.player import open_player

pytestmark = pytest.mark.anyio

GONE = HRESULT.from_http_status(410)
CHANGED = HRESULT.named("BG_E_REMOTE_FILE_CHANGED")
NOT_BOUGHT = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
CUT_AT = 9_000


@define(eq=False)
class SigningStore:
    """Hands out one file at URLs that carry a ticket; the tickets say how long they are good.

    A ticket is good for as many requests as `lives` says of it, the first of them cut short; one
    of which nothing is said is good for ever, and any request for it gets what was asked for.
    """

    body: bytes
    lives: dict[str, int] = field(factory=lambda: {"1": 1})
    bodies: dict[str, bytes] = field(factory=dict)
    tags: dict[str, str] = field(factory=dict)
    status: str = "410 Gone"
    seen: list[tuple[str, str | None, str | None]] = field(factory=list)
    url: str = ""
    connections: set = field(factory=set)

    async def serve(self, reader, writer):
        self.connections.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            writer.write(self.answer(*asked(head)))
            await writer.drain()
        writer.close()

    def answer(self, ticket, start, if_range):
        self.seen.append((ticket, None if start is None else f"bytes={start}-", if_range))
        left = self.lives.get(ticket)
        if left is not None:
            self.lives[ticket] = left - 1
        if left == 0:
            lines = [f"HTTP/1.1 {self.status}", "Content-Length: 0", "Connection: close", "", ""]
            return "\r\n".join(lines).encode()
        body, tag = self.bodies.get(ticket, self.body), self.tags.get(ticket, '"v1"')
        sent = body if left is None else body[:CUT_AT]
        ranged = start is not None and if_range in {None, tag}
        lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}"]
        if ranged:
            lines = ["HTTP/1.1 206 OK", f"Content-Length: {len(body) - start}"]
            lines += [f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}"]
            sent = sent[start:]
        lines += [f"ETag: {tag}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode() + sent


def asked(head):
    """Return the ticket of a request, the byte from which on, and If-Range."""
    first, *lines = head.split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines if line)
    given = fields.get("range", "").removeprefix("bytes=").removesuffix("-")
    start = int(given) if given else None
    return first.split()[1].rpartition("=")[2], start, fields.get("if-range")


@pytest.fixture
async def signing(make_song):
    store = SigningStore(make_song() + bytes(8_000))
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    store.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield store
    server.close()
    for task in store.connections:
        task.cancel()
    await asyncio.gather(*store.connections, return_exceptions=True)


@pytest.fixture
def ticket_shop(shop, signing):
    """A shop that gives a URL with a new ticket at each answer."""

    class Partner(shop):
        digest = None
        tickets = 0

        def Download(self, container_list, cookie):
            self.cookies.append(cookie)
            self.lists.append(container_list)
            for track_id in self.tracks(container_list):
                self.grant_ticket(cookie, track_id)

        def grant_ticket(self, cookie, track_id):
            type(self).tickets += 1
            licence = License(track_id, None, {Right.PLAY}, digest=self.digest)
            self.context.licenses.Predeliver(licence)
            url = f"{signing.url}/{track_id}.mp3?ticket={self.tickets}"
            self.answer(cookie, track_id, url=url, params=f"ticket {self.tickets}")

    return Partner


def digest_of(body):
    return f"sha-256={hashlib.sha256(body).hexdigest()}"


RESUMED = ("2", f"bytes={CUT_AT}-", '"v1"')


@pytest.mark.requirement("T1-DL-09", "T1-DL-19", "T1-DL-20", "T1-DL-22", "T1-DL-42", "T1-DL-45")
@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "410 Gone"])
async def test_the_bytes_that_lie_there_are_gone_on_with_at_a_new_url(
    bench, ticket_shop, signing, status
):
    signing.status = status
    async with bench.playing(ticket_shop) as player:
        tracks = await bench.download(player, "track:1")
        assert bench.library(player)
        assert player.progress([1]).counts == {TrackState.COMPLETED: 1}
        assert player.requests()[0].state == "done"
    assert list(bench.files().values()) == [signing.body]
    assert [seen[0] for seen in signing.seen] == ["1", "1", "2"]
    assert signing.seen[-1] == RESUMED
    code = HRESULT.from_http_status(int(status[:3]))
    assert ticket_shop.completions == [(1, code, "ticket 1"), (1, S_OK, "ticket 2")]
    assert (tracks[1].state, tracks[1].hr, tracks[1].asked_again) == (
        TrackState.COMPLETED,
        S_OK,
        True,
    )


@pytest.mark.requirement("T1-DL-45", "T1-DL-50")
async def test_the_store_is_asked_for_that_track_alone_after_it_was_told_and_with_a_new_cookie(
    bench, ticket_shop, signing
):
    signing.lives = {"2": 1}
    async with bench.playing(ticket_shop) as player:
        await bench.download(player, "track:1;2;3")
        assert sorted(bench.library(player)) == [1, 2, 3]
    whole, again = ticket_shop.lists
    assert [item.id for container in again for item in container] == [2]
    assert again[0].items[0] in whole[0].items
    assert len(set(ticket_shop.cookies)) == 2
    named = [(type(call), getattr(call, "hr", None)) for call in bench.calls()]
    about = [kind for kind, hr in named if kind is Download or hr == GONE]
    assert about == [Download, DownloadTrackComplete, Download]


async def test_a_track_that_is_listed_twice_is_asked_for_once(bench, ticket_shop, install):
    async with bench.playing(ticket_shop) as player:
        install(player)
        await bench.download(player, "album:7", "list:3")
    lists = [[item.id for container in one for item in container] for one in ticket_shop.lists]
    assert lists == [[70, 71, 73, 73, 70], [70]]


async def test_with_a_declared_digest_the_tag_may_be_another_one(bench, ticket_shop, signing):
    signing.tags = {"2": '"v2"'}
    ticket_shop.digest = digest_of(signing.body)
    async with bench.playing(ticket_shop) as player:
        await bench.download(player, "track:1")
    assert list(bench.files().values()) == [signing.body]
    assert signing.seen[-1] == ("2", f"bytes={CUT_AT}-", None)


async def test_another_file_at_the_new_url_is_never_joined_to_the_old_bytes(
    bench, ticket_shop, signing, make_song
):
    signing.bodies, signing.tags = {"2": make_song("Other") + bytes(8_001)}, {"2": '"v2"'}
    async with bench.playing(ticket_shop) as player:
        tracks = await bench.download(player, "track:1")
        assert player.requests()[0].state == "done"
    assert bench.files() == {}
    assert [seen[0] for seen in signing.seen] == ["1", "1", "2"]
    assert ticket_shop.completions == [(1, GONE, "ticket 1"), (1, CHANGED, "ticket 2")]
    assert tracks[1].hr == CHANGED


async def test_a_second_expiry_is_final(bench, ticket_shop, signing):
    signing.lives = {"1": 1, "2": 0}
    async with bench.playing(ticket_shop) as player:
        tracks = await bench.download(player, "track:1")
        assert player.requests()[0].state == "done"
    assert ticket_shop.completions == [(1, GONE, "ticket 1"), (1, GONE, "ticket 2")]
    assert (tracks[1].state, tracks[1].hr) == (TrackState.COMPLETED, GONE)
    assert len(ticket_shop.cookies) == 2
    assert bench.files() == {}


async def test_a_url_that_was_never_good_is_not_asked_for_again(bench, ticket_shop, signing):
    signing.lives = {"1": 0}
    async with bench.playing(ticket_shop) as player:
        tracks = await bench.download(player, "track:1")
    assert ticket_shop.completions == [(1, GONE, "ticket 1")]
    assert not tracks[1].asked_again
    assert len(ticket_shop.cookies) == 1


async def test_another_status_is_no_expiry(bench, ticket_shop, signing):
    signing.status = "404 Not Found"
    async with bench.playing(ticket_shop) as player:
        await bench.download(player, "track:1")
    assert ticket_shop.completions == [(1, HRESULT.from_http_status(404), "ticket 1")]
    assert bench.files() == {}


REFUSALS = {
    "a refusal": (NOT_BOUGHT, S_OK, TrackState.REFUSED, NOT_BOUGHT),
    "a failing Download": (None, E_FAIL, TrackState.VOID, E_FAIL),
}


@pytest.mark.requirement("T1-DL-34", "T1-DL-35")
@pytest.mark.parametrize("case", REFUSALS)
async def test_what_the_store_refuses_the_second_time_is_refused(bench, ticket_shop, signing, case):
    answer, returned, state, hr = REFUSALS[case]

    class Partner(ticket_shop):
        def Download(self, container_list, cookie):
            if not self.cookies:
                return super().Download(container_list, cookie)
            self.cookies.append(cookie)
            if answer is not None:
                self.answer(cookie, 1, url=None, hr=answer)
            return returned

    async with bench.playing(Partner) as player:
        tracks = await bench.download(player, "track:1")
        assert player.requests()[0].state == "done"
    assert (tracks[1].state, tracks[1].hr) == (state, hr)
    assert Partner.completions == [(1, GONE, "ticket 1")]
    assert bench.files() == {}


async def test_a_download_that_is_cancelled_meanwhile_is_not_asked_for_again(
    bench, ticket_shop, signing
):
    told, cancelled = threading.Event(), threading.Event()

    class Partner(ticket_shop):
        def DownloadTrackComplete(self, hr, track_id, params):
            told.set()
            assert cancelled.wait(10)
            super().DownloadTrackComplete(hr, track_id, params)

    async with bench.playing(Partner) as player:
        request = await player.download(["track:1"])
        assert await anyio.to_thread.run_sync(told.wait, 10)
        player.cancel(request.id)
        cancelled.set()
        await player.wait([request.id])
        assert player.requests()[0].state == "cancelled"
        (track,) = player.tracks(request.id)
        assert (track.hr, track.asked_again) == (GONE, False)
    assert len(Partner.cookies) == 1
    async with open_player(bench.home):
        assert bench.files() == {}


@pytest.fixture
async def told_and_closed(bench, ticket_shop, signing, monkeypatch):
    """A home whose Player ended between the completion of the old answer and the new request."""
    with monkeypatch.context() as patched:
        patched.setattr(Renewals, "consider", lambda *_: None)
        async with bench.playing(ticket_shop) as player:
            await bench.download(player, "track:1")
    return bench


async def test_what_is_still_to_be_asked_for_waits(told_and_closed):
    async with open_player(told_and_closed.home) as player:
        (request,) = player.requests()
        assert (request.state, request.counts) == ("open", {TrackState.ABANDONED: 1})
        report = report_request(player.database, request.id)
        assert [track.outcome for track in report.tracks] == [Outcome.WAITING]
        assert report.status == ExitStatus.PARTIAL
        assert outcomes_of_requests(player.database) == {request.id: {Outcome.WAITING: 1}}


async def test_the_next_session_asks_by_itself(told_and_closed, ticket_shop, signing):
    async with told_and_closed.playing(ticket_shop) as player:
        await player.wait([1])
        assert player.requests()[0].state == "done"
    assert list(told_and_closed.files().values()) == [signing.body]
    assert signing.seen[-1] == RESUMED
    assert [hr for _, hr, _ in ticket_shop.completions] == [GONE, S_OK]


async def test_what_is_cancelled_before_is_not_asked_for(told_and_closed, ticket_shop):
    with closing(Database.open(told_and_closed.home.database)) as database:
        Ledger(database, SystemClock()).set_request_state(1, "cancelling")
    async with told_and_closed.playing(ticket_shop) as player:
        await player.wait([1])
        assert player.requests()[0].state == "cancelled"
    assert len(ticket_shop.cookies) == 1
    async with open_player(told_and_closed.home):
        assert told_and_closed.files() == {}


async def test_a_plug_in_that_does_not_answer_is_asked_once_more_by_resuming(
    bench, ticket_shop, signing
):
    class Silent(ticket_shop):
        def Download(self, container_list, cookie):
            if len(self.cookies) == 1:
                self.cookies.append(cookie)
            else:
                super().Download(container_list, cookie)

    async with bench.playing(Silent) as player:
        await player.download(["track:1"])
        while len(Silent.cookies) < 2:  # noqa: ASYNC110 - a plug-in has no event of ours
            await anyio.sleep(0.001)
    async with bench.playing(Silent) as player:
        await player.resume(1)
        await player.wait([1])
    assert len(set(Silent.cookies)) == 3
    assert signing.seen[-1] == RESUMED
    assert [hr for _, hr, _ in Silent.completions] == [GONE, S_OK]


async def test_people_and_programs_are_told(bench, ticket_shop, signing):
    said, settled = io.StringIO(), SettledTracks()
    desk = Desk(
        chosen_home=bench.home.path,
        out=Console(file=said, width=400),
        err=Console(file=said, width=400),
    )
    async with bench.playing(ticket_shop, options={"observer": settled}) as player:
        request = await player.download(["track:1"])
        await follow(desk, player, settled, [request.id])
        report = report_request(player.database, request.id)
    assert [track["asked_again"] for track in report.to_json()["tracks"]] == [True]
    show_request(desk, report)
    lines = said.getvalue().splitlines()
    assert f"track 1 expired; asked the store again ({GONE.name})" in lines
    assert "track 1 downloaded" in lines
    assert "expired; asked the store again: 1" in lines
