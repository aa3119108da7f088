"""The threads on which plug-ins live."""

import asyncio
import threading
import time

import anyio
import anyio.to_thread
import pytest

from partner_api import RPC_E_DISCONNECTED, S_OK, ContentPartner, ThreadingModel, Variant
from partner_api.calls import (
    Download,
    Faulted,
    GetContentPartnerInfo,
    InfoReturned,
    Return,
    SetCallback,
)
from partner_api.content import ContentContainerList
from partner_api.enums import CallbackNotification, TransactionType
from partner_api.hresult import RPC_E_SERVER_DIED_DNE, RPC_E_TIMEOUT
from partner_api.proxy import CallbackProxy
from partner_api.stub import FREE_THREADS
from player_host.errors import PartnerUnavailable, SettingsError
from player_host.plugins.apartment import Apartment

pytestmark = pytest.mark.anyio

DOWNLOAD = Download(ContentContainerList(TransactionType.DOWNLOAD, ()), 1)
INFO = GetContentPartnerInfo("UserName")
PATIENCE = 10.0


class Port:
    """Answers every callback with S_OK."""

    def receive(self, call):
        return Return(S_OK)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def apartments():
    made = []

    def make(partner_class, model=ThreadingModel.APARTMENT):
        apartment = Apartment("shop", lambda: partner_class(None), model, CallbackProxy(Port()))
        made.append(apartment)
        return apartment

    yield make
    for apartment in made:
        apartment.give_up()


class Noting(ContentPartner):
    """Notes on which thread it was made and called."""

    def __init__(self, context):
        super().__init__(context)
        self.threads = [threading.current_thread().name]
        self.seen = []

    def SetCallback(self, callback):
        self.callback = callback
        self.threads.append(threading.current_thread().name)

    def GetContentPartnerInfo(self, info_name):
        self.seen.append(int(info_name))
        return Variant.bstr(",".join(sorted({*self.threads, threading.current_thread().name})))


@pytest.mark.requirement("T1-THR-02")
async def test_an_apartment_is_made_and_called_on_one_thread_that_is_not_the_event_loops(
    apartments,
):
    apartment = apartments(Noting)
    await apartment.start(PATIENCE)
    await apartment.call(SetCallback(attached=True), PATIENCE)
    returned = await apartment.call(GetContentPartnerInfo("1"), PATIENCE)
    assert isinstance(returned, InfoReturned)
    assert returned.data.value == "shop-0"
    assert threading.current_thread().name != "shop-0"


@pytest.mark.requirement("T1-THR-02")
async def test_calls_into_an_apartment_arrive_in_the_order_in_which_they_were_made(apartments):
    made = []

    class Kept(Noting):
        def __init__(self, context):
            super().__init__(context)
            made.append(self)

    apartment = apartments(Kept)
    await apartment.start(PATIENCE)
    async with anyio.create_task_group() as tasks:
        for number in range(50):
            call = GetContentPartnerInfo(str(number))
            tasks.start_soon(apartment.call, call, PATIENCE)
    assert made[0].seen == list(range(50))


@pytest.mark.requirement("T1-THR-03")
async def test_a_free_plug_in_gets_as_many_calls_at_once_as_it_has_threads(apartments):
    together = threading.Barrier(FREE_THREADS)

    class Meeting(ContentPartner):
        def Download(self, container_list, cookie):
            together.wait(PATIENCE)

    apartment = apartments(Meeting, ThreadingModel.FREE)
    await apartment.start(PATIENCE)
    ends = []

    async def call():
        ends.append(await apartment.call(DOWNLOAD, PATIENCE))

    async with anyio.create_task_group() as tasks:
        for _ in range(FREE_THREADS):
            tasks.start_soon(call)
    assert ends == [Return(S_OK)] * FREE_THREADS


@pytest.mark.requirement("HR-09")
async def test_a_call_that_misses_its_deadline_costs_the_instance(apartments):
    release = threading.Event()

    class Hanging(ContentPartner):
        def SetCallback(self, callback):
            self.callback = callback

        def Download(self, container_list, cookie):
            release.wait()
            kind = CallbackNotification.AUTH_RESULT
            late.append(self.callback.Notify(kind, Variant.empty()))
            ended.set()

    late, ended = [], threading.Event()
    apartment = apartments(Hanging)
    await apartment.start(PATIENCE)
    await apartment.call(SetCallback(attached=True), PATIENCE)
    first = await apartment.call(DOWNLOAD, 0.05)
    second = await apartment.call(INFO, PATIENCE)
    assert isinstance(first, Faulted)
    assert (first.hr, second.hr) == (RPC_E_TIMEOUT, RPC_E_SERVER_DIED_DNE)
    assert apartment.dead
    release.set()
    await anyio.to_thread.run_sync(ended.wait, PATIENCE)
    assert late == [RPC_E_DISCONNECTED]


async def test_a_cancelled_caller_waits_for_the_end_of_the_call(apartments):
    entered, release, ended = threading.Event(), threading.Event(), []

    class Slow(ContentPartner):
        def Download(self, container_list, cookie):
            entered.set()
            release.wait(PATIENCE)
            ended.append(cookie)

    apartment = apartments(Slow)
    await apartment.start(PATIENCE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(apartment.call, DOWNLOAD, PATIENCE)
        await anyio.to_thread.run_sync(entered.wait)
        tasks.cancel_scope.cancel()
        release.set()
    assert ended == [1]


class Odd(Exception):
    def __str__(self):
        raise ValueError


@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(2), KeyboardInterrupt(), StopIteration(), Odd()]
)
@pytest.mark.parametrize("model", ThreadingModel)
async def test_whatever_a_constructor_raises_makes_the_plug_in_unavailable(
    apartments, error, model
):
    class Unmade(ContentPartner):
        def __init__(self, context):
            raise error

    with pytest.raises(PartnerUnavailable, match=rf"partner shop.*{type(error).__name__}"):
        await apartments(Unmade, model).start(PATIENCE)


async def test_a_constructor_that_misses_the_deadline_makes_the_plug_in_unavailable(apartments):
    release = threading.Event()

    class Unmade(ContentPartner):
        def __init__(self, context):
            release.wait()

    with pytest.raises(PartnerUnavailable, match="did not return within"):
        await apartments(Unmade).start(0.05)
    release.set()


@pytest.mark.parametrize("model", ThreadingModel)
async def test_the_threads_end_when_the_apartment_is_closed(apartments, model):
    before = set(threading.enumerate())
    apartment = apartments(Noting, model)
    await apartment.start(PATIENCE)
    mine = set(threading.enumerate()) - before
    apartment.close()
    for thread in mine:
        if thread.name.startswith("shop-"):
            await anyio.to_thread.run_sync(thread.join, PATIENCE)
    assert not any(thread.is_alive() for thread in mine if thread.name.startswith("shop-"))


@pytest.mark.requirement("T1-THR-02", "HR-09")
async def test_waiting_for_the_calls_ahead_does_not_count_against_a_deadline(apartments):
    class Slow(ContentPartner):
        def Download(self, container_list, cookie):
            time.sleep(0.3)

    apartment = apartments(Slow)
    await apartment.start(PATIENCE)
    ends = []

    async def call():
        ends.append(await apartment.call(DOWNLOAD, 0.8))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(call)
    assert ends == [Return(S_OK)] * 4
    assert not apartment.dead


@pytest.mark.requirement("HR-09")
async def test_calls_behind_one_that_hangs_end_with_the_instance_and_never_reach_it(apartments):
    entered, release = [], threading.Event()

    class Hanging(ContentPartner):
        def Download(self, container_list, cookie):
            entered.append(cookie)
            release.wait(PATIENCE)

    before = set(threading.enumerate())
    apartment = apartments(Hanging)
    await apartment.start(PATIENCE)
    (thread,) = (t for t in threading.enumerate() if t not in before and t.name == "shop-0")
    ends = []

    async def call():
        ends.append(await apartment.call(DOWNLOAD, 0.1))

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(call)
    release.set()
    await anyio.to_thread.run_sync(thread.join, PATIENCE)
    assert sorted(end.hr.name for end in ends) == ["RPC_E_SERVER_DIED_DNE"] * 2 + ["RPC_E_TIMEOUT"]
    assert all(isinstance(end, Faulted) for end in ends)
    assert entered == [1]
    assert not thread.is_alive()


async def test_a_call_whose_task_was_cancelled_still_has_its_deadline_for_those_behind(apartments):
    entered, release = threading.Event(), threading.Event()

    class Hanging(ContentPartner):
        def Download(self, container_list, cookie):
            entered.set()
            release.wait(PATIENCE)

    apartment = apartments(Hanging)
    await apartment.start(PATIENCE)
    task = asyncio.ensure_future(apartment.call(DOWNLOAD, 0.1))
    await anyio.to_thread.run_sync(entered.wait)
    task.cancel()
    with anyio.fail_after(PATIENCE / 2):
        returned = await apartment.call(SetCallback(attached=False), PATIENCE)
    release.set()
    assert task.cancelled()
    assert returned.hr == RPC_E_SERVER_DIED_DNE


@pytest.mark.parametrize("model", ThreadingModel)
async def test_wrong_settings_come_out_of_the_start_as_they_are(apartments, model):
    class Unset(ContentPartner):
        def __init__(self, context):
            raise SettingsError("the key is missing", where="partners.toml: [shop.settings]")

    with pytest.raises(SettingsError, match="the key is missing"):
        await apartments(Unset, model).start(PATIENCE)
