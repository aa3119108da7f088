"""A suspicion is confirmed by playing it again, then shortened as far as it still shows."""

import pytest
from conformance_scripts import Script, loose

from partner_api.calls import GetContentPartnerInfo
from partner_api.hresult import E_INVALIDARG
from player_host.conformance.confirming import Shown, confirm, shorten
from player_host.conformance.judge import judge
from player_host.conformance.schedule import (
    Ask,
    Attach,
    AwaitAnswers,
    CompleteAll,
    Detach,
    Event,
    Pause,
    Request,
    Schedule,
    Together,
)
from player_host.transcript import Transcript

pytestmark = pytest.mark.anyio

ALL = (1, 2, 3, 4, 5, 6, 7, 8)
LONG = (
    Attach(),
    Ask(GetContentPartnerInfo("UserName")),
    Request(1, loose(*ALL)),
    AwaitAnswers(1),
    CompleteAll(1),
    Pause(0.5),
    Request(2, loose(*ALL)),
    AwaitAnswers(2),
    Request(3, loose(5)),
    CompleteAll(2),
    Detach(),
)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def flat(events: tuple[Event, ...]) -> list[Event]:
    several = ((one.events if isinstance(one, Together) else (one,)) for one in events)
    return [event for group in several for event in group]


class Imagined:
    """A plug-in that answers one track twice, where a schedule has what brings that about."""

    def __init__(self, *, times: int = 10_000, downloads: int = 1) -> None:
        self.plays = 0
        self._times = times
        self._downloads = downloads

    async def play(self, schedule: Schedule) -> Transcript:
        self.plays += 1
        script = Script()
        attached, begun = False, 0
        for event in flat(schedule.events):
            if isinstance(event, Attach):
                script.attach()
                attached = True
            if isinstance(event, Request) and attached:
                begun += 1
                self._answer(script, event, begun)
        return script.detach().transcript

    def _answer(self, script: Script, event: Request, begun: int) -> None:
        assert event.items is not None
        tracks = [item.id for container in event.items for item in container]
        script.download(event.cookie, tracks).grant(event.cookie, *tracks)
        if 5 in tracks and begun >= self._downloads and self.plays <= self._times:
            script.answer(event.cookie, 5, returns=E_INVALIDARG)


async def found(plug_in: Imagined, events: tuple[Event, ...] = LONG) -> Shown | None:
    return await confirm(Schedule("long", events), "T1-DL-07", plug_in.play)


async def test_what_shows_three_times_is_confirmed() -> None:
    plug_in = Imagined()
    shown = await found(plug_in)
    assert shown is not None
    assert plug_in.plays == 3
    assert judge(shown.transcript)["T1-DL-07"] == shown.result


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_what_does_not_show_each_time_is_not_confirmed(times: int) -> None:
    assert await found(Imagined(times=times)) is None


async def test_all_that_does_not_matter_is_left_out() -> None:
    plug_in = Imagined()
    shown = await found(plug_in)
    assert shown is not None
    shortest = await shorten(shown, plug_in.play)
    attach, request, wait = shortest.schedule.events
    assert isinstance(attach, Attach)
    assert isinstance(request, Request)
    assert wait == AwaitAnswers(request.cookie)
    assert request.items == loose(5)


async def test_what_needs_two_downloads_keeps_two() -> None:
    plug_in = Imagined(downloads=2)
    shown = await found(plug_in)
    assert shown is not None
    shortest = await shorten(shown, plug_in.play)
    requests = [event for event in shortest.schedule.events if isinstance(event, Request)]
    assert [len(list(one.items or ())) for one in requests] == [1, 1]
    assert shortest.calls == 4


async def test_shortening_ends_with_its_budget_and_keeps_what_it_has() -> None:
    plug_in = Imagined()
    shown = await found(plug_in)
    assert shown is not None
    shortest = await shorten(shown, plug_in.play, budget=1)
    assert plug_in.plays == 3 + 1 + 3
    assert judge(shortest.transcript)["T1-DL-07"].findings


async def test_a_shorter_conversation_that_does_not_show_each_time_is_not_taken() -> None:
    plug_in = Imagined(times=5)
    shown = await found(plug_in)
    assert shown is not None
    kept = await shorten(shown, plug_in.play)
    assert kept == shown


async def test_what_is_about_other_downloads_goes_first() -> None:
    plug_in = Imagined()
    walk: list[Event] = [Attach()]
    for cookie in range(1, 30):
        walk += [Request(cookie, loose(4 + (cookie == 17))), AwaitAnswers(cookie)]
    shown = await found(plug_in, (*walk, Detach()))
    assert shown is not None
    assert shown.finding.cookie == 17
    shortest = await shorten(shown, plug_in.play)
    assert shortest.schedule.events == (Attach(), Request(17, loose(5)), AwaitAnswers(17))
    assert plug_in.plays < 15


async def test_what_is_done_at_the_same_time_is_left_out_too() -> None:
    plug_in = Imagined()
    at_once = Together(tuple(Request(cookie, loose(1, 5)) for cookie in range(1, 5)))
    waits = tuple(AwaitAnswers(cookie) for cookie in range(1, 5))
    shown = await found(plug_in, (Attach(), at_once, *waits, Detach()))
    assert shown is not None
    shortest = await shorten(shown, plug_in.play)
    (request,) = [one for one in flat(shortest.schedule.events) if isinstance(one, Request)]
    assert request.items == loose(5)
    assert plug_in.plays < 25
