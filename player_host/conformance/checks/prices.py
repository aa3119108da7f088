"""Clauses about prices (T1-PRC)."""

import re
from decimal import Decimal
from typing import Final

from partner_api.calls import CompareContainerListPrices, ComparisonReturned, Download, Faulted
from partner_api.content import ContentContainer, ContentContainerList
from partner_api.enums import PriceMarker
from player_host.conformance.clauses import Findings, broken, clause, judged, kept
from player_host.conformance.conversation import Conversation

_AMOUNT: Final = re.compile(r"(?P<before>\D*)(?P<amount>\d{1,9}(?:\.\d{1,4})?)(?P<after>\D*)")


@clause("T1-PRC-05")
def a_container_need_not_cost_what_its_items_cost(talk: Conversation) -> Findings:
    """Such a list is downloaded like any other."""
    for exchange in talk.of(Download):
        call, hr = exchange.call, exchange.hr
        assert isinstance(call, Download)
        if call.container_list is None or hr is None or isinstance(exchange.returned, Faulted):
            continue
        if any(_differs(container) for container in call.container_list):
            what = f"a container that costs more or less than its items was answered {hr.name}"
            yield judged(exchange, hr.succeeded, what)


@clause("T1-PRC-06", takes="a partner that compares prices")
def the_sign_says_which_list_is_cheaper(talk: Conversation) -> Findings:
    """Negative: the base list is; positive: the other one."""
    for exchange in talk.of(CompareContainerListPrices):
        call, returned = exchange.call, exchange.returned
        assert isinstance(call, CompareContainerListPrices)
        base, other = _total(call.list_base), _total(call.list_compare)
        if not isinstance(returned, ComparisonReturned) or base is None or other is None:
            continue
        expected = (base > other) - (base < other)
        found = (returned.result > 0) - (returned.result < 0)
        what = f"{base} against {other} was answered with {returned.result}"
        yield judged(exchange, found == expected, what)


@clause("T1-PRC-09")
def what_has_no_price_is_not_compared(talk: Conversation) -> Findings:
    """Unknown prices, and what cannot be bought, end the comparison with a failure code."""
    for exchange in talk.of(CompareContainerListPrices):
        call, returned = exchange.call, exchange.returned
        assert isinstance(call, CompareContainerListPrices)
        if returned is None or exchange.was_lost:
            continue
        if _is_priceless(call.list_base) or _is_priceless(call.list_compare):
            if returned.hr.failed:
                yield kept(exchange)
            else:
                yield broken(exchange, "a list without a price was compared")


def _differs(container: ContentContainer) -> bool:
    price = _amount(container.price)
    items = [_amount(item.price) for item in container]
    if price is None or not items or any(item is None for item in items):
        return False
    return price != sum(item for item in items if item is not None)


def _total(container_list: ContentContainerList) -> Decimal | None:
    """Return what a list costs; None where that cannot be said."""
    total = Decimal(0)
    for container in container_list:
        price = _amount(container.price)
        if price is not None:
            total += price
            continue
        for item in container:
            amount = _amount(item.price)
            if amount is None:
                return None
            total += amount
    return total


def _is_priceless(container_list: ContentContainerList) -> bool:
    return any(
        container.price in _PRICELESS and any(item.price in _PRICELESS for item in container)
        for container in container_list
    )


def _amount(price: str) -> Decimal | None:
    if price == PriceMarker.FREE:
        return Decimal(0)
    found = _AMOUNT.fullmatch(price)
    return Decimal(found["amount"]) if found else None


_PRICELESS: Final = frozenset({PriceMarker.UNKNOWN, PriceMarker.CANNOT_BUY})
