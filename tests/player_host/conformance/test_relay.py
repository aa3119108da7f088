"""The kit in the way between a plug-in and its store, over real connections."""

import http.server
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException

import pytest
from anyio.to_thread import run_sync
from conformance_stores import served

from player_host.conformance.relay import Mode, relay_to
from player_host.errors import UsageError

pytestmark = pytest.mark.anyio


class Store(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"you asked for {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def store_url() -> Iterator[str]:
    with served(Store) as url:
        yield f"{url}/shop"


async def got(url: str) -> bytes:
    def get() -> bytes:
        with urllib.request.urlopen(url, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    return await run_sync(get)


async def test_what_the_store_says_comes_through(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        assert relay.url != store_url
        assert await got(f"{relay.url}/7") == b"you asked for /shop/7"


async def test_a_slow_way_brings_the_same(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        await relay.switch(Mode.SLOW)
        assert await got(f"{relay.url}/7") == b"you asked for /shop/7"


async def test_a_way_that_is_down_ends_every_connection(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        await relay.switch(Mode.DOWN)
        with pytest.raises((OSError, HTTPException)):
            await got(relay.url)


async def test_a_failing_way_answers_500(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        await relay.switch(Mode.FAILING)
        with pytest.raises(urllib.error.HTTPError) as caught:
            await got(relay.url)
        with caught.value as error:
            assert error.code == 500


async def test_garbage_is_no_answer_of_the_store(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        await relay.switch(Mode.GARBAGE)
        assert b"you asked" not in await got(relay.url)


async def test_a_way_that_was_mended_leads_to_the_store_again(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        await relay.switch(Mode.FAILING)
        await relay.switch(Mode.UP)
        assert await got(relay.url) == b"you asked for /shop"


async def test_a_mode_that_nobody_knows_is_refused(store_url: str) -> None:
    async with relay_to(store_url) as relay:
        with pytest.raises(UsageError, match="no mode 'odd'"):
            await relay.switch("odd")


@pytest.mark.parametrize("url", ["https://store.example", "", "/shop", "ftp://store.example"])
async def test_the_kit_stands_in_plain_ways_alone(url: str) -> None:
    with pytest.raises(UsageError, match="plain http"):
        async with relay_to(url):
            pass
