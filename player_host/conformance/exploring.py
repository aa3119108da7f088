"""Schedules that nobody thought of: drawn by Hypothesis, the same ones for the same seed.

Hypothesis draws; the kit plays what was drawn, and confirms and shortens what looks broken in its
own way, for a process that answers from many threads is no pure function.

A walk is one schedule of several rounds: downloads with fresh cookies and what may happen beside
them, and at the end of each a store and a Player that refuse nothing. So one process of the plug-in
serves many rounds, until the walk itself restarts or kills it.
"""

from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import LibraryLocation, PriceMarker, TransactionType
from partner_api.hresult import E_ABORT, E_FAIL, E_OUTOFMEMORY, S_FALSE, S_OK
from player_host.conformance.offers import Offer
from player_host.conformance.relay import Mode
from player_host.conformance.schedule import (
    AnswersFail,
    AskForWords,
    Attach,
    AwaitAnswers,
    Complete,
    CompleteAll,
    Detach,
    Event,
    Kill,
    LicensesFail,
    Needs,
    Pause,
    Request,
    Schedule,
    StoreIs,
    Together,
)

ROUNDS: Final = 6
"""So many rounds has a walk."""

MOST_STEPS: Final = 8
RESTARTS_ARE_RARE: Final = 20
ODD_COOKIES: Final = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
OUTCOMES: Final = (S_OK, S_FALSE, E_ABORT, E_FAIL)
BREAKDOWNS: Final = (Mode.DOWN, Mode.FAILING, Mode.GARBAGE)


def explore(offer: Offer, count: int, number: int) -> tuple[Schedule, ...]:
    """Return walks that were drawn.

    Args:
        offer: what a partner has on offer.
        count: how many.
        number: the seed: the same number draws the same walks with one version of Hypothesis.
    """
    drawn: list[tuple[Event, ...]] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(walks(offer))
    def note(events: tuple[Event, ...]) -> None:
        drawn.append(events)

    if count:
        note()
    needs = Needs(store=bool(offer.store_setting))
    return tuple(
        Schedule(f"explored {number}.{place}", events, "drawn at random", needs)
        for place, events in enumerate(dict.fromkeys(drawn), 1)
    )


@st.composite
def walks(draw: st.DrawFn, offer: Offer) -> tuple[Event, ...]:
    """Draw the events of a walk: one start, and rounds whose cookies nobody used before."""
    count = draw(st.integers(ROUNDS // 2, ROUNDS))
    cookies = draw(st.lists(_cookies(), min_size=3 * count, max_size=3 * count, unique=True))
    events: list[Event] = [Attach()]
    for n in range(count):
        events.extend(draw(_rounds(cookies[3 * n : 3 * n + 3], offer)))
    return (*events, Detach())


@st.composite
def _rounds(draw: st.DrawFn, cookies: list[int], offer: Offer) -> tuple[Event, ...]:
    events: list[Event] = []
    begun: list[int] = []
    for _ in range(draw(st.integers(1, MOST_STEPS))):
        if len(begun) < len(cookies) and draw(st.booleans()):
            begun.append(cookies[len(begun)])
            events.append(Request(begun[-1], draw(_lists(offer))))
        else:
            events.extend(draw(_happenings(begun, offer)))
    for cookie in begun:
        events.extend((AwaitAnswers(cookie), CompleteAll(cookie)))
    return tuple(events)


def _cookies() -> st.SearchStrategy[int]:
    return st.sampled_from(ODD_COOKIES) | st.integers(0, 2**32 - 1)


@st.composite
def _lists(draw: st.DrawFn, offer: Offer) -> ContentContainerList:
    containers = draw(st.lists(_containers(offer), min_size=1, max_size=3))
    return ContentContainerList(TransactionType.DOWNLOAD, tuple(containers))


@st.composite
def _containers(draw: st.DrawFn, offer: Offer) -> ContentContainer:
    known = (*offer.tracks[:20], *offer.refused[:5], offer.unknown)
    prices = st.sampled_from((PriceMarker.UNKNOWN.value, PriceMarker.FREE.value, "$0.99"))
    tracks = draw(st.lists(st.sampled_from(known), min_size=1, max_size=6))
    items = tuple(ContentItem(track, draw(prices)) for track in tracks)
    kind = draw(st.sampled_from((LibraryLocation.ALBUM, LibraryLocation.LIST, None)))
    if kind is None:
        return ContentContainer.loose(items)
    return ContentContainer(kind, draw(st.integers(1, 2**32 - 2)), draw(prices), items)


@st.composite
def _happenings(draw: st.DrawFn, begun: list[int], offer: Offer) -> tuple[Event, ...]:
    """Draw something that happens beside the downloads; failures end where they began."""
    if draw(st.integers(1, RESTARTS_ARE_RARE)) == 1:
        return (draw(st.sampled_from((Detach(), Kill()))), Attach())
    if not begun:
        return draw(st.sampled_from(((Pause(0.01),), (AskForWords(),))))
    cookie = draw(st.sampled_from(begun))
    track = draw(st.sampled_from(offer.tracks[:20] or (offer.unknown,)))
    outcome = draw(st.sampled_from(OUTCOMES))
    choices: list[tuple[Event, ...]] = [
        (AwaitAnswers(cookie),),
        (AwaitAnswers(cookie), CompleteAll(cookie, outcome, reverse=draw(st.booleans()))),
        (Complete(cookie, track, outcome),),
        (AwaitAnswers(cookie), Complete(cookie, track, outcome)),
        (Together((CompleteAll(cookie), AskForWords())),),
        (AnswersFail(E_OUTOFMEMORY), Pause(0.02), AnswersFail(None)),
        (LicensesFail(E_FAIL), Pause(0.02), LicensesFail(None)),
        (Pause(0.02),),
        (AskForWords(),),
    ]
    if offer.store_setting:
        breakdown = draw(st.sampled_from(BREAKDOWNS))
        choices.append((StoreIs(breakdown), Pause(0.02), StoreIs(Mode.UP)))
    return draw(st.sampled_from(choices))
