"""All orders of short conversations: every one is played, or every one is judged."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from attrs import frozen

from partner_api.hresult import S_OK
from partner_api.transaction import (
    DownloadTransaction,
    TrackEvent,
    Verdict,
)
from player_host.conformance.container_lists import loose_list
from player_host.conformance.offers import Offer
from player_host.conformance.schedule import (
    Attach,
    AwaitAnswers,
    CompleteAll,
    Detach,
    Event,
    Kill,
    Request,
    Schedule,
)

T = TypeVar("T")


def interleavings(chains: Sequence[Sequence[T]]) -> Iterator[tuple[T, ...]]:
    """Yield every order of all events in which each chain keeps its own."""
    if not any(chains):
        yield ()
        return
    for place, chain in enumerate(chains):
        if chain:
            rest = [*chains[:place], chain[1:], *chains[place + 1 :]]
            for order in interleavings(rest):
                yield (chain[0], *order)


def short_schedules(offer: Offer) -> tuple[Schedule, ...]:
    """Return two downloads of the same tracks in every order, also with a kill at each place."""
    tracks = loose_list((offer.tracks or offer.refused or (offer.unknown,))[:2])
    chains = [
        (Request(cookie, tracks), AwaitAnswers(cookie), CompleteAll(cookie)) for cookie in (1, 2)
    ]
    orders = [*interleavings(chains)]
    whole = [(Attach(), *order, Detach()) for order in orders]
    killed = [
        (Attach(), *order[:place], Kill(), Attach(), *order[place:], Detach())
        for order in orders
        for place in range(1, len(order))
    ]
    every: list[tuple[Event, ...]] = [*whole, *killed]
    return tuple(
        Schedule(f"order {number}", events, "every order of two downloads")
        for number, events in enumerate(every, 1)
    )


@frozen
class Judged:
    """What came of judging all orders of some tracks' events.

    Attributes:
        orders: how many there are.
        breached: how many of them break a clause.
    """

    orders: int
    breached: int


GRANT: Final = TrackEvent.GRANTED
SOUND: Final = (GRANT, TrackEvent.COMPLETION_CALLED, TrackEvent.COMPLETION_RETURNED)
"""A track's life as a monitor sees it: answered, its completion called and returned."""


def judge_orders(lives: Sequence[Sequence[TrackEvent]]) -> Judged:
    """Judge every order of several tracks' events by the table of the protocol.

    Orders with a common beginning are judged together: a step is taken back before another one
    is tried.

    Args:
        lives: for each track its events, in order.
    """
    machine = DownloadTransaction(1, dict.fromkeys(range(len(lives)), 1))
    machine.download_called()
    machine.download_returned(S_OK)
    left = [0] * len(lives)
    total = sum(map(len, lives))

    def judged_from(depth: int, is_breached: bool) -> tuple[int, int]:
        if depth == total:
            return 1, int(is_breached)
        orders = breached = 0
        for track_id, life in enumerate(lives):
            place = left[track_id]
            if place == len(life):
                continue
            mark = machine.mark(track_id)
            left[track_id] = place + 1
            broke = _step(machine, track_id, life[place])
            found = judged_from(depth + 1, is_breached or broke)
            orders, breached = orders + found[0], breached + found[1]
            left[track_id] = place
            machine.take_back(mark)
        return orders, breached

    return Judged(*judged_from(0, False))


def _step(machine: DownloadTransaction, track_id: int, event: TrackEvent) -> bool:
    if event is GRANT:
        return _is_breach(machine.answered(track_id, event, S_OK))
    broke = False
    if event is TrackEvent.COMPLETION_CALLED:
        # A monitor does not see the transfer: it ended, for its outcome is reported.
        broke = _is_breach(machine.happened(track_id, TrackEvent.TRANSFER_ENDED, S_OK))
    return _is_breach(machine.happened(track_id, event)) or broke


def _is_breach(said: Verdict) -> bool:
    return said.violation is not None
