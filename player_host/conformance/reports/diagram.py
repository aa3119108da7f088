"""A conversation as a sequence diagram: what each line draws between Player and partner.

The template draws it with the means of a page: the two lifelines are the edges of a column, a
call is an arrow across it, its end a dashed one back. So text wraps on a narrow screen, a long
conversation goes on over several sheets of paper, and all of it can be read aloud and copied.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from player_host.conformance.reports.lines import Kind, Line

PLAYER: Final = "player"
PARTNER: Final = "partner"


@frozen
class Arrow:
    """One arrow.

    Attributes:
        text: what stands above it.
        sender: from whom it leads to the other one: `player` or `partner`.
        is_answer: whether it is the end of a call.
    """

    text: str
    sender: str
    is_answer: bool = False


@frozen
class Row:
    """What one line of a conversation draws.

    Attributes:
        line: the line.
        arrows: from top to bottom; none where the line's text stands between the lifelines.
    """

    line: Line
    arrows: tuple[Arrow, ...] = ()


def sequence_diagram(lines: Sequence[Line]) -> tuple[Row, ...]:
    """Return the rows of the diagram of a conversation.

    Args:
        lines: as `conversation_lines` returns them.
    """
    return tuple(Row(line, _arrows(line)) for line in lines)


def _arrows(line: Line) -> tuple[Arrow, ...]:
    if line.kind in {Kind.GAP, Kind.LOSS}:
        return ()
    other = PLAYER if line.by == PARTNER else PARTNER
    if line.kind is Kind.RETURN:
        return (Arrow(line.what, other, is_answer=True),)
    call = Arrow(line.text, line.by)
    return (call, Arrow(line.answer, other, is_answer=True)) if line.answer else (call,)
