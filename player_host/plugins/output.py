"""What a plug-in prints and logs: bounded, scrubbed of secrets, put into the log under its name."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from partner_api.stub import without_queries
from player_host.log import get_logger
from player_host.units import Seconds

MAX_LINE_CHARACTERS: Final = 8_000
BURST_LINES: Final = 500
LINES_PER_SECOND: Final = 50.0
REMEMBERED_LINES: Final = 5
SHORTEST_SECRET: Final = 6
"""A shorter secret cannot be told from ordinary words."""

SHORTEST_PIECE: Final = 4
"""So much of a secret at the end of a text may be one that was cut."""

MASK: Final = "**********"


class Scrubber:
    """Knows the secrets of one partner, and takes them out of texts. Any thread may use it."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self._listeners: list[Callable[[tuple[str, ...]], None]] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets; those of fewer than six characters are left out."""
        # What is printed comes line by line, so each line of a secret is one, too.
        pieces = {piece for secret in secrets for piece in (secret, *secret.splitlines())}
        known = {*self._secrets, *(p for p in pieces if len(p) >= SHORTEST_SECRET)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))
        for listener in self._listeners:
            listener(self._secrets)

    def tell(self, listener: Callable[[tuple[str, ...]], None]) -> None:
        """Let a listener have every secret: those that are known, and later ones at once."""
        self._listeners.append(listener)
        listener(self._secrets)

    def scrub(self, text: str) -> str:
        """Return the text with every secret masked, also one of which the end was cut off."""
        for secret in self._secrets:
            text = _without_half(text.replace(secret, MASK), secret)
        return text


def _without_half(text: str, secret: str) -> str:
    """Mask the beginning of a secret at the end of a text."""
    for length in range(len(secret) - 1, SHORTEST_PIECE - 1, -1):
        if text.endswith(secret[:length]):
            return text[:-length] + MASK
    return text


def texts_at(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield every text at a place of a table, however deep; "login.password" is a place."""
    value: Any = table
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)


class OutputLog:
    """The log of one plug-in's output.

    A flood is cut: after a burst of lines so many per second pass, the others are counted.

    Args:
        partner: the plug-in's name.
        scrubber: takes secrets out.
    """

    def __init__(self, partner: str, scrubber: Scrubber) -> None:
        self._log = get_logger(f"partner.{partner}").bind(partner=partner)
        self._scrubber = scrubber
        self._lock = threading.Lock()
        self._allowed = float(BURST_LINES)
        self._asked_at = Seconds(time.monotonic())
        self._suppressed = 0
        self._last: deque[str] = deque(maxlen=REMEMBERED_LINES)

    def printed(self, stream: str, text: str) -> None:
        """Take a line of "stdout" or "stderr"; called by the thread that drains it."""
        if text.strip():
            self._put(logging.WARNING, "partner.printed", text, stream=stream)

    def logged(self, level: int, text: str) -> None:
        """Take a line that the plug-in logged through its context."""
        # Levels between and beyond the standard ones have no name to be shown.
        standard = min(max(level // 10 * 10, logging.DEBUG), logging.CRITICAL)
        self._put(standard, "partner.logged", text)

    def last_words(self) -> str:
        """Return the last lines, for a message about the end of the process; "" for none."""
        with self._lock:
            return " | ".join(self._last)

    def close(self) -> None:
        """Tell how many lines were left out."""
        with self._lock:
            suppressed, self._suppressed = self._suppressed, 0
        self._tell(suppressed)

    def _put(self, level: int, event: str, text: str, **fields: str) -> None:
        shown = without_queries(self._scrubber.scrub(text)[:MAX_LINE_CHARACTERS])
        with self._lock:
            self._last.append(shown[:200])
            if not self._take():
                self._suppressed += 1
                return
            suppressed, self._suppressed = self._suppressed, 0
        self._tell(suppressed)
        self._log.log(level, event, text=shown, **fields)

    def _take(self) -> bool:
        now = Seconds(time.monotonic())
        earned = (now - self._asked_at) * LINES_PER_SECOND
        self._asked_at = now
        self._allowed = min(BURST_LINES, self._allowed + earned)
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True

    def _tell(self, suppressed: int) -> None:
        if suppressed:
            self._log.warning("partner.output_suppressed", lines=suppressed)
