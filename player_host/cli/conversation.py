"""The conversation of a session, as verbs and messages show it: all of its lines."""

from collections.abc import Sequence

from player_host.conformance.reports.lines import Line, conversation_lines
from player_host.transcript import Entry


def conversation(entries: Sequence[Entry]) -> list[Line]:
    """Return the conversation; a call that ended at once is one line, other ends are their own."""
    return conversation_lines(entries, most=len(entries))
