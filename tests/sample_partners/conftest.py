"""A running store, and a Player's side of the protocol that writes down what it hears."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from os import environ
from pathlib import Path
from typing import Any

import httpx
import pytest

from partner_api import (
    HRESULT,
    S_OK,
    ContentContainer,
    ContentContainerList,
    ContentItem,
    ContentPartnerCallback,
    License,
    PartnerContext,
    Secret,
    TransactionType,
    Variant,
)
from sample_partners.proseware import Proseware
from sample_partners.proseware.process import StoreProcess

DEADLINE_S = 30.0


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    log = tmp_path_factory.mktemp("store") / "access.jsonl"
    with StoreProcess(access_log=log) as store:
        yield store


@pytest.fixture
def store(running_store: StoreProcess) -> StoreProcess:
    running_store.clear_faults()
    return running_store


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=DEADLINE_S) as client:
        yield client


class Customer:
    """Speaks the store's web interface without the plug-in."""

    def __init__(self, http: httpx.Client, store: StoreProcess, name: str) -> None:
        self._http, self._store = http, store
        answer = http.post(f"{store.url}/login", json={"account": name, "password": name})
        self.headers = {"authorization": f"Bearer {answer.json()['token']}"}

    def ask(self, *track_ids: int) -> dict[int, dict[str, Any]]:
        answer = self._http.post(
            f"{self._store.url}/licenses", json={"track_ids": track_ids}, headers=self.headers
        )
        return {track["track_id"]: track for track in answer.json()["tracks"]}

    def url_of(self, track_id: int) -> str:
        return str(self.ask(track_id)[track_id]["url"])

    def file_of(self, track_id: int) -> bytes:
        return self._http.get(self.url_of(track_id)).content


@pytest.fixture
def customer_of(http: httpx.Client) -> Callable[[StoreProcess, str], Customer]:
    return lambda store, name: Customer(http, store, name)


@pytest.fixture
def demo(http: httpx.Client, store: StoreProcess) -> Customer:
    return Customer(http, store, "demo")


class Player(ContentPartnerCallback):
    """A callback and a licence store in one, so that the order of the calls can be seen."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[int, HRESULT] = {}
        self.predelivery = S_OK
        self._changed = threading.Condition()
        self._gate = threading.Event()
        self._gate.set()

    def DownloadTrack(self, cookie, url, track_id, params, hr) -> HRESULT:
        self._note("DownloadTrack", cookie, url, track_id, params, HRESULT(hr))
        self._gate.wait(DEADLINE_S)
        return self.answers.get(track_id, S_OK)

    def Predeliver(self, license: License) -> HRESULT:  # noqa: A002
        self._note("Predeliver", license)
        return self.predelivery

    def Notify(self, type, context: Variant) -> HRESULT:  # noqa: A002
        self._note("Notify", type, context)
        return S_OK

    def hold(self) -> None:
        """Let `DownloadTrack` wait until `go_on`."""
        self._gate.clear()

    def go_on(self) -> None:
        self._gate.set()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        return [call[1:] for call in list(self.calls) if call[0] == name]

    def wait_for(self, count: int) -> dict[int, tuple[str | None, HRESULT]]:
        """Return URL and code by track, once so many tracks are answered."""
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: len(self.named("DownloadTrack")) >= count, DEADLINE_S
            )
        assert arrived, f"only {len(self.named('DownloadTrack'))} of {count} answers came"
        return {track: (url, hr) for _, url, track, _, hr in self.named("DownloadTrack")}

    def _note(self, *call: Any) -> None:
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()


def _answer_nothing(self: Any, *_: Any) -> HRESULT:
    raise AssertionError("the store has no business with this method")


# What a download needs is written out above; Proseware calls nothing else.
for _name in set(ContentPartnerCallback.__abstractmethods__) - set(vars(Player)):
    setattr(Player, _name, _answer_nothing)
Player.__abstractmethods__ = frozenset()


@pytest.fixture
def player() -> Player:
    return Player()


@pytest.fixture
def player_class() -> type[Player]:
    return Player


@pytest.fixture
def context(player: Player, tmp_path: Path) -> Callable[..., PartnerContext[Any]]:
    def make(url: str, **settings: Any) -> PartnerContext[Any]:
        chosen = {"account": "demo", "password": Secret("demo")} | settings
        log = logging.getLogger("proseware-test")
        return PartnerContext(Proseware.Settings(url, **chosen), player, tmp_path, log)

    return make


@pytest.fixture
def partner(
    store: StoreProcess, player: Player, context: Callable[..., PartnerContext[Any]]
) -> Iterator[Proseware]:
    plug_in = Proseware(context(store.url))
    plug_in.SetCallback(player)
    yield plug_in
    player.go_on()
    plug_in.SetCallback(None)


@pytest.fixture
def order() -> Callable[..., ContentContainerList]:
    def make(*track_ids: int) -> ContentContainerList:
        loose = ContentContainer.loose(ContentItem(track_id) for track_id in track_ids)
        return ContentContainerList(TransactionType.DOWNLOAD, (loose,))

    return make


@pytest.fixture
def program() -> Callable[[str], str]:
    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and environ.get("CI") == "true":
            pytest.fail(f"{name} is missing, and here it must not be")
        return path or pytest.skip(f"{name} is not installed")

    return find


@pytest.fixture
def lines_of() -> Callable[[bytes], list[list[str]]]:
    def read(table: bytes) -> list[list[str]]:
        text = table.decode("utf-16")
        return [line.split("\t") for line in text.split("\r\n")[:-1]]

    return read
