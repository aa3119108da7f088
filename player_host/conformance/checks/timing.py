"""Clauses about time: what returns at once (T1-DL-06, T1-THR-07). They are measured alone."""

from typing import Final

from partner_api.calls import Download, PartnerCall
from player_host.conformance.clauses import Findings, broken, clause, kept, still_open, too_slow
from player_host.conformance.conversation import Conversation

AT_ONCE_S: Final = 0.25
TOO_LONG_S: Final = 5.0


@clause("T1-DL-06", is_timed=True)
def download_returns_without_waiting(talk: Conversation) -> Findings:
    """It only begins the work (T1-THR-08)."""
    for exchange in talk.of(Download):
        seconds = exchange.seconds
        if seconds is None:
            yield still_open(exchange, f"`{exchange.call.method}` did not return")
            continue
        what = f"`Download` returned after {seconds:.2f} s"
        if seconds > TOO_LONG_S:
            yield broken(
                exchange, f"{what}; {TOO_LONG_S:g} s are too long", line=exchange.ended_line
            )
        elif seconds > AT_ONCE_S:
            yield too_slow(exchange, f"{what}; at once means within {AT_ONCE_S:g} s")
        else:
            yield kept(exchange)


@clause("T1-THR-07", is_timed=True)
def long_work_happens_elsewhere(talk: Conversation) -> Findings:
    """Every call of the Player returns at once."""
    for exchange in talk.of(PartnerCall):
        seconds = exchange.seconds
        if seconds is None:
            yield still_open(exchange, f"`{exchange.call.method}` did not return")
            continue
        if seconds > AT_ONCE_S:
            what = f"`{exchange.call.method}` returned after {seconds:.2f} s"
            yield broken(exchange, what, line=exchange.ended_line)
        else:
            yield kept(exchange)
