"""A conversation as a sequence diagram: SVG that stands within a page and takes its colours.

Two lifelines, the Player on the left and the partner on the right. A call is an arrow, its end a
dashed one back, a loss of the plug-in a line across. The offending line has a bar and a frame, so
that it can be told without colours.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from attrs import frozen
from markupsafe import Markup

from player_host.conformance.reports.lines import Kind, Line
from player_host.conformance.reports.wording import SENTENCE_CHARACTERS, shown

_WIDTH: Final = 760
_PLAYER: Final = 110
_PARTNER: Final = 700
_TOP: Final = 44
_LINE_HEIGHT: Final = 34
_ANSWER_HEIGHT: Final = 24
_CELL: Final = 7.0
"""How wide a character of the text is, at 11 pixels of a monospaced font."""

_CELLS: Final = int((_PARTNER - _PLAYER - 20) / _CELL)
_MOST_ROWS: Final = 70


@frozen
class _Arrow:
    """One arrow, or what stands in its place."""

    y: int
    text: str
    from_player: bool
    is_answer: bool


def sequence_diagram(lines: Sequence[Line], title: str) -> Markup:
    """Return the diagram of a conversation.

    Args:
        lines: as `conversation_lines` returns them.
        title: what it shows, for those who cannot see it.
    """
    parts: list[Markup] = []
    y = _TOP
    for line in lines[:_MOST_ROWS]:
        height = _height(line)
        if line.is_marked:
            parts.append(_MARK.format(y=y - 2, height=height, width=_WIDTH - 4))
        parts.extend(_drawn(line, y))
        y += height
    return _FRAME.format(
        title=shown(title, SENTENCE_CHARACTERS),
        width=_WIDTH,
        height=y + 12,
        player=_PLAYER,
        partner=_PARTNER,
        top=_TOP - 12,
        bottom=y + 4,
        body=Markup("\n").join(parts),
    )


def _height(line: Line) -> int:
    return _LINE_HEIGHT + (_ANSWER_HEIGHT if line.kind is Kind.CALL and line.answer else 0)


def _drawn(line: Line, y: int) -> list[Markup]:
    if line.kind is Kind.GAP:
        return [_REMARK.format(x=(_PLAYER + _PARTNER) // 2, y=y + 20, text=_cut(line.text))]
    number = _NUMBER.format(y=y + 24, number=line.number, at=f"{line.at:.3f} s")
    if line.kind is Kind.LOSS:
        return [number, _loss(line, y)]
    from_player = line.by == "player"
    if line.kind is Kind.RETURN:
        return [number, _arrow(_Arrow(y + 24, line.what, not from_player, is_answer=True))]
    drawn = [number, _arrow(_Arrow(y + 24, line.text, from_player, is_answer=False))]
    if line.answer:
        back = _Arrow(y + 24 + _ANSWER_HEIGHT, line.answer, not from_player, is_answer=True)
        drawn.append(_arrow(back))
    return drawn


def _arrow(arrow: _Arrow) -> Markup:
    begin, end = (_PLAYER, _PARTNER) if arrow.from_player else (_PARTNER, _PLAYER)
    inward = 8 if arrow.from_player else -8
    return _ARROW.format(
        kind="answer" if arrow.is_answer else "call",
        dashes="5 4" if arrow.is_answer else "none",
        begin=begin,
        end=end,
        back=end - inward,
        y=arrow.y,
        above=arrow.y - 4,
        below=arrow.y + 4,
        x=begin + inward,
        text_y=arrow.y - 5,
        anchor="start" if arrow.from_player else "end",
        text=_cut(arrow.text),
    )


def _loss(line: Line, y: int) -> Markup:
    return _LOSS.format(
        y=y + 24,
        begin=_PLAYER,
        partner=_PARTNER,
        left=_PARTNER - 6,
        right=_PARTNER + 6,
        above=y + 18,
        below=y + 30,
        x=_PARTNER - 10,
        text_y=y + 19,
        text=_cut(line.text),
    )


def _cut(text: str) -> str:
    """Return as much of a text as fits between the lifelines; some characters are two wide."""
    cells = 0
    for position, character in enumerate(text):
        cells += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
        if cells > _CELLS:
            return text[: position - 1] + "…"
    return text


_FRAME: Final = Markup(
    '<svg class="talk" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}"'
    ' width="{width}" height="{height}" font-family="ui-monospace, monospace" font-size="11"'
    ' fill="currentColor" stroke="none">\n<title>{title}</title>\n'
    '<g class="lifelines"><text x="{player}" y="20" text-anchor="middle" font-weight="bold">Player'
    '</text><text x="{partner}" y="20" text-anchor="middle" font-weight="bold">partner</text>'
    '<path d="M{player} {top}V{bottom}M{partner} {top}V{bottom}" stroke="currentColor"'
    ' stroke-opacity="0.4"/></g>\n{body}\n</svg>'
)
_MARK: Final = Markup(
    '<g class="mark"><rect x="2" y="{y}" width="{width}" height="{height}" rx="4"'
    ' fill="currentColor" fill-opacity="0.08" stroke="currentColor"/>'
    '<rect x="2" y="{y}" width="5" height="{height}" fill="currentColor"/></g>'
)
_NUMBER: Final = Markup(
    '<text class="number" x="14" y="{y}" fill-opacity="0.8">{number}'
    '<tspan x="14" dy="-11" font-size="9">{at}</tspan></text>'
)
_REMARK: Final = Markup(
    '<text class="gap" x="{x}" y="{y}" text-anchor="middle" font-style="italic">{text}</text>'
)
_ARROW: Final = Markup(
    '<g class="{kind}"><path d="M{begin} {y}H{end}" stroke="currentColor" fill="none"'
    ' stroke-dasharray="{dashes}"/><path d="M{end} {y}L{back} {above}V{below}Z"/>'
    '<text x="{x}" y="{text_y}" text-anchor="{anchor}">{text}</text></g>'
)
_LOSS: Final = Markup(
    '<g class="loss"><path d="M{begin} {y}H{partner}" stroke="currentColor" fill="none"'
    ' stroke-dasharray="2 3"/><path d="M{left} {above}L{right} {below}M{left} {below}L{right}'
    ' {above}" stroke="currentColor" stroke-width="2"/>'
    '<text x="{x}" y="{text_y}" text-anchor="end" font-weight="bold">{text}</text></g>'
)
