"""Clauses about the plug-in's life, methods and reading of lists (T1-LIFE, T1-THR, T1-CON)."""

from itertools import pairwise

from partner_api.calls import (
    CallbackCall,
    Download,
    DownloadTrackComplete,
    Faulted,
    IndexOutOfRange,
    PartnerCall,
    SetCallback,
)
from partner_api.hresult import E_NOTIMPL
from player_host.conformance.clauses import Findings, broken, clause, judged, kept
from player_host.conformance.conversation import (
    KILLED_ON_PURPOSE,
    Conversation,
    Exchange,
)
from player_host.conformance.verdicts import Finding, Outcome

_ALWAYS_THERE = (SetCallback, Download, DownloadTrackComplete)


@clause("T1-LIFE-04")
def nothing_is_called_after_the_callback_was_taken_away(talk: Conversation) -> Findings:
    """`SetCallback(None)` is the end of the callback."""
    for detached in talk.of(SetCallback):
        call = detached.call
        assert isinstance(call, SetCallback)
        if call.attached or detached.ended_line is None or detached.was_lost:
            continue
        late = _between(talk, detached.ended_line, _next_attachment(talk, detached.ended_line))
        for exchange in late:
            yield broken(exchange, f"`{exchange.call.method}` was called after SetCallback(None)")
        if not late:
            yield kept(detached)


@clause("T1-LIFE-07")
def every_method_does_what_a_method_may(talk: Conversation) -> Findings:
    """It returns what it should, raises nothing but `ComError`, and its process lives on."""
    for exchange in talk.of(PartnerCall):
        returned = exchange.returned
        if returned is None or exchange.was_lost:
            continue
        if isinstance(returned, Faulted):
            yield broken(exchange, returned.reason, line=exchange.ended_line)
        elif isinstance(exchange.call, _ALWAYS_THERE) and returned.hr == E_NOTIMPL:
            yield broken(exchange, f"every partner implements `{exchange.call.method}`")
        else:
            yield kept(exchange)
    for loss in talk.losses:
        if not loss.reason.startswith(KILLED_ON_PURPOSE):
            yield Finding(
                Outcome.BROKEN, loss.number, loss.reason, life=_life_at(talk, loss.number)
            )


@clause("T1-THR-03", takes="a partner with the threading model Free")
def concurrent_calls_are_tolerated(talk: Conversation) -> Findings:
    """By a partner that is registered with `ThreadingModel.FREE`."""
    if talk.facts.get("threading") != "Free":
        return
    calls = [exchange for exchange in talk.of(PartnerCall) if exchange.ended_at is not None]
    for before, exchange in pairwise(calls):
        if before.ended_line is None or exchange.number > before.ended_line:
            continue
        for one in (before, exchange):
            what = f"`{one.call.method}` failed while another call was under way"
            yield judged(one, not isinstance(one.returned, Faulted), what)


@clause("T1-CON-08")
def only_indexes_below_the_count_are_used(talk: Conversation) -> Findings:
    """Of containers and of items."""
    for exchange in talk.of(IndexOutOfRange):
        call = exchange.call
        assert isinstance(call, IndexOutOfRange)
        yield broken(exchange, f"{call.getter}({call.index}) of {call.count}")
    for download in talk.downloads:
        if download.answers:
            yield kept(download)


def _between(talk: Conversation, first: int, last: int | None) -> list[Exchange]:
    return [
        exchange
        for exchange in talk.of(CallbackCall)
        if exchange.number > first and (last is None or exchange.number < last)
    ]


def _next_attachment(talk: Conversation, line: int) -> int | None:
    later = (
        exchange.number
        for exchange in talk.of(SetCallback)
        if exchange.number > line
        and isinstance(exchange.call, SetCallback)
        and exchange.call.attached
    )
    return next(later, None)


def _life_at(talk: Conversation, line: int) -> int:
    return max((one.life for one in talk.exchanges if one.number < line), default=0)
