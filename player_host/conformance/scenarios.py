"""The named scenarios: schedules made of what a partner has on offer. Data, no I/O.

Each says what it provokes. One that the offer has nothing for is left out, with the reason.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from attrs import evolve, frozen

from partner_api.calls import (
    CompareContainerListPrices,
    GetCatalogURL,
    GetContentPartnerInfo,
    GetItemInfo,
)
from partner_api.content import ContentContainer, ContentContainerList
from partner_api.enums import ItemInfo, LibraryLocation, PartnerInfo, PriceMarker, TransactionType
from partner_api.hresult import E_ABORT, E_FAIL, E_OUTOFMEMORY
from partner_api.variant import Variant
from player_host.conformance.container_lists import (
    listed,
    loose_list,
    numbered,
    priced,
    priced_list,
)
from player_host.conformance.offers import Offer
from player_host.conformance.relay import Mode
from player_host.conformance.schedule import (
    FOREIGN_CODE,
    NO_NAME,
    AnswersFail,
    Ask,
    AskForWords,
    Attach,
    AwaitAnswers,
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

FIRST_COOKIE: Final = 0x1000
LAST_COOKIE: Final = 0xFFFF_FFFF


@frozen
class Scenario:
    """A schedule and when it is played.

    Attributes:
        schedule: what happens.
        is_quick: whether it belongs to the profile `quick`.
    """

    schedule: Schedule
    is_quick: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return self.schedule.name


def scenarios(offer: Offer) -> tuple[Scenario, ...]:
    """Return every scenario that can be made of an offer, in the order in which they are run."""
    return tuple(evolve(one, schedule=for_offer(one.schedule, offer)) for one in _scenarios(offer))


def for_offer(schedule: Schedule, offer: Offer) -> Schedule:
    """Return a schedule that knows which of its tracks an offer has not to grant."""
    return evolve(schedule, refused=tuple(sorted({*offer.refused, offer.unknown})))


def _scenarios(offer: Offer) -> Iterator[Scenario]:
    for name, (make, why) in _SIMPLE.items():
        made = make(offer)
        if made is not None:
            yield Scenario(Schedule(name, (Attach(), *made), why))
    yield from _long(offer)
    yield from _with_store(offer)
    if offer.signed_out:
        yield Scenario(
            Schedule(
                "not logged in",
                (
                    Attach(),
                    *_all_facts(),
                    *_asked(1, loose_list(_any(offer, 3))),
                    AskForWords(),
                    Detach(),
                ),
                "nobody is signed in",
                Needs(signed_out=True),
            )
        )


def _long(offer: Offer) -> Iterator[Scenario]:
    tracks = offer.tracks or offer.refused
    if not tracks:
        return
    many = loose_list(numbered(tracks, 5_000))
    events = (Attach(), Request(1, many), AwaitAnswers(1), CompleteAll(1), Detach())
    why = "a list of 5,000 tracks, most of them unknown to the store"
    yield Scenario(Schedule("5,000 tracks", events, why), is_quick=False)


def _with_store(offer: Offer) -> Iterator[Scenario]:
    if not offer.store_setting:
        return
    for mode, name in _STORE_SCENARIOS.items():
        events = (
            Attach(),
            StoreIs(mode),
            *_asked(1, loose_list(_any(offer, 3))),
            StoreIs(Mode.UP),
            *_asked(2, loose_list(_any(offer, 3))),
            Detach(),
        )
        why = "answers are owed all the same"
        yield Scenario(Schedule(name, events, why, Needs(store=True)))


def _album(offer: Offer) -> tuple[Event, ...] | None:
    found = next(iter(offer.albums.items()), None)
    if found is None:
        return None
    items = listed(LibraryLocation.ALBUM, *found)
    return (*_asked(1, items), AskForWords(), Detach())


def _store_list(offer: Offer) -> tuple[Event, ...] | None:
    found = next(iter(offer.lists.items()), None)
    if found is None:
        return None
    return _whole(1, listed(LibraryLocation.LIST, *found))


def _mixed(offer: Offer) -> tuple[Event, ...] | None:
    """Return a request of which the store refuses a part; it is then asked for words."""
    if not offer.refused or not offer.tracks:
        return None
    tracks = (*offer.refused[:2], *offer.tracks[:2], *offer.refused[2:4])
    return (*_asked(1, loose_list(tracks)), AskForWords(), Detach())


def _several_containers(offer: Offer) -> tuple[Event, ...] | None:
    tracks = _any(offer, 4)
    containers = (
        ContentContainer(LibraryLocation.ALBUM, 4_000_000_001, "$0.01", priced(tracks[:2])),
        ContentContainer.loose(priced(tracks[2:] or tracks)),
    )
    return _whole(1, ContentContainerList(TransactionType.DOWNLOAD, containers))


def _empty(_offer: Offer) -> tuple[Event, ...] | None:
    nothing = ContentContainerList(TransactionType.DOWNLOAD, (ContentContainer.loose(()),))
    return (Request(1, nothing), Pause(0.1), Request(2, None), Pause(0.1), Detach())


def _one(offer: Offer) -> tuple[Event, ...] | None:
    return _whole(1, loose_list(_any(offer, 1)))


def _loose_tracks(offer: Offer) -> tuple[Event, ...] | None:
    return (*_asked(1, loose_list(_any(offer, 12))), AskForWords(), Detach())


def _twice(offer: Offer) -> tuple[Event, ...] | None:
    first, *others = _any(offer, 3)
    return _whole(1, loose_list((first, *others, first)))


def _unknown(offer: Offer) -> tuple[Event, ...] | None:
    return (*_asked(1, loose_list((offer.unknown, *_any(offer, 2)))), AskForWords(), Detach())


def _cookies(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 2))
    return (
        *_asked(0, tracks),
        *_asked(LAST_COOKIE, tracks),
        *_asked(0x8000_0000, tracks),
        Detach(),
    )


def _two(offer: Offer) -> tuple[Event, ...] | None:
    return (*_at_once((5, 6), loose_list(_any(offer, 4))), Detach())


def _eight(offer: Offer) -> tuple[Event, ...] | None:
    cookies = tuple(range(FIRST_COOKIE, FIRST_COOKIE + 8))
    return (*_at_once(cookies, loose_list(_any(offer, 3))), Detach())


def _concurrent(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 3))
    together = Together(
        (
            *(Request(cookie, tracks) for cookie in range(1, 5)),
            *(Ask(GetContentPartnerInfo(name)) for name in (PartnerInfo.LOGIN_STATE,) * 4),
        )
    )
    finish = tuple(e for cookie in range(1, 5) for e in (AwaitAnswers(cookie), CompleteAll(cookie)))
    return (together, *finish, Detach())


def _shutdown(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 4))
    return (Request(1, tracks), Detach(), Attach(), *_asked(2, tracks), Detach())


def _restart(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 3))
    return (*_asked(1, tracks), Detach(), Attach(), *_asked(2, tracks), Detach())


def _killed(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 4))
    return (Request(1, tracks), Kill(), Attach(), *_asked(2, tracks), Detach())


def _refused_callback(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 3))
    return (
        AnswersFail(E_OUTOFMEMORY),
        Request(1, tracks),
        AwaitAnswers(1),
        Pause(0.1),
        AnswersFail(None),
        *_asked(2, tracks),
        Detach(),
    )


def _licenses_fail(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 3))
    return (
        LicensesFail(E_FAIL),
        Request(1, tracks),
        AwaitAnswers(1),
        LicensesFail(None),
        *_asked(2, tracks),
        Detach(),
    )


def _slow_completions(offer: Offer) -> tuple[Event, ...] | None:
    tracks = loose_list(_any(offer, 4))
    return (
        Request(1, tracks),
        Request(2, tracks),
        AwaitAnswers(2),
        AwaitAnswers(1),
        CompleteAll(2, reverse=True, pause_s=0.05),
        CompleteAll(1, hr=E_ABORT),
        *_asked(3, tracks),
        Detach(),
    )


def _questions(offer: Offer) -> tuple[Event, ...] | None:
    first = _any(offer, 1)[0]
    album = next(iter(offer.albums), 1)
    art = (
        (ItemInfo.ALBUM_ART_URL, Variant.ui4(album)),
        (ItemInfo.TREE_LIST_ICON_URL, Variant.ui4(next(iter(offer.lists), 1))),
        (ItemInfo.CREATE_ACCOUNT_URL, Variant.empty()),
        (ItemInfo.FORGET_PASSWORD_URL, Variant.empty()),
        (ItemInfo.ERROR_DESCRIPTION, Variant.error(FOREIGN_CODE)),
        (ItemInfo.ERROR_URL, Variant.error(FOREIGN_CODE)),
        # Contexts of the wrong type.
        (ItemInfo.ALBUM_ART_URL, Variant.empty()),
        (ItemInfo.TREE_LIST_ICON_URL, Variant.bstr("icon")),
        (ItemInfo.CREATE_ACCOUNT_URL, Variant.ui4(1)),
        (ItemInfo.ERROR_DESCRIPTION, Variant.empty()),
    )
    cheap, dear = priced_list(first, "$0.50"), priced_list(first, "$9.00")
    unknown = priced_list(first, PriceMarker.UNKNOWN)
    return (
        *_all_facts(),
        *(Ask(GetItemInfo(name, context)) for name, context in art),
        Ask(GetItemInfo(NO_NAME, Variant.empty())),
        Ask(GetCatalogURL(0, 0, 0x409)),
        Ask(CompareContainerListPrices(cheap, dear)),
        Ask(CompareContainerListPrices(dear, cheap)),
        Ask(CompareContainerListPrices(cheap, cheap)),
        Ask(CompareContainerListPrices(cheap, unknown)),
        Detach(),
    )


def _all_facts() -> tuple[Event, ...]:
    return tuple(Ask(GetContentPartnerInfo(name)) for name in (*PartnerInfo, NO_NAME))


def _asked(cookie: int, items: ContentContainerList) -> tuple[Event, ...]:
    return (Request(cookie, items), AwaitAnswers(cookie), CompleteAll(cookie))


def _whole(cookie: int, items: ContentContainerList) -> tuple[Event, ...]:
    return (*_asked(cookie, items), Detach())


def _at_once(cookies: tuple[int, ...], items: ContentContainerList) -> tuple[Event, ...]:
    return (
        *(Request(cookie, items) for cookie in cookies),
        *(AwaitAnswers(cookie) for cookie in cookies),
        *(CompleteAll(cookie) for cookie in cookies),
    )


def _any(offer: Offer, count: int) -> tuple[int, ...]:
    """Return some tracks: such as may be downloaded, or others where there are none."""
    return (offer.tracks or offer.refused or (offer.unknown,))[:count]


_Make = Callable[[Offer], tuple[Event, ...] | None]
_SIMPLE: Final[Mapping[str, tuple[_Make, str]]] = {
    "one track": (_one, "the shortest download"),
    "album": (_album, "every track of an album"),
    "loose tracks": (_loose_tracks, "tracks without an album or a list"),
    "list": (_store_list, "a list of the store"),
    "mixed": (_mixed, "some tracks are not to be downloaded"),
    "several containers": (_several_containers, "two containers, one cheaper than its items"),
    "empty list": (_empty, "a list without tracks, and no list at all"),
    "listed twice": (_twice, "a track that occurs twice"),
    "unknown track": (_unknown, "a track that the store does not have"),
    "odd cookies": (_cookies, "0, 0x80000000 and 0xFFFFFFFF are cookies like any other"),
    "two at once": (_two, "two open downloads of the same tracks"),
    "eight at once": (_eight, "eight open downloads of the same tracks"),
    "concurrent calls": (_concurrent, "several calls at the same time"),
    "shutdown in between": (_shutdown, "SetCallback(None) before the answers, then a new start"),
    "callback refused": (_refused_callback, "the Player refuses every answer for a while"),
    "licence store failing": (_licenses_fail, "no licence can be delivered for a while"),
    "completions": (_slow_completions, "slow, in reverse order, and failing"),
    "restart": (_restart, "a new process after a sound end"),
    "killed": (_killed, "the process is killed while it has answers to give"),
    "questions": (_questions, "facts, texts, the catalogue's URL and prices"),
}

_STORE_SCENARIOS: Final[Mapping[Mode, str]] = {
    Mode.DOWN: "store down",
    Mode.SLOW: "store slow",
    Mode.FAILING: "store answers 500",
    Mode.GARBAGE: "store answers garbage",
}
