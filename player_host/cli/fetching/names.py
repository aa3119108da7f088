"""Under which names `player-host fetch` puts files and partial files into its folder."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import define, field

from player_host.file_names import NameBounds, name_key
from player_host.transfer.names import alternatives, file_name

BOUNDS: Final = NameBounds(size=200, units=180)
"""Leave room for the marks of a partial file."""

_DIGEST_DIGITS: Final = 16


def name_of(url: str, disposition: str | None = None) -> str:
    """Return a safe file name for a URL: the last part of its path, `download` where it has none.

    The name that a server proposes with Content-Disposition goes before it.

    >>> name_of("https://contoso.example/music/01%20Platform%20One.mp3?key=secret")
    '01 Platform One.mp3'
    """
    return file_name(url, disposition, BOUNDS)


def partial_name(name: str, url: str, home: Path) -> str:
    """Return the name of the partial file: the same command finds it again, no other URL does.

    It begins with a dot, as no fetched file does. Two home folders know nothing of each other's
    transfers, so they have partial files of their own.
    """
    words = f"{home}\n{url}".encode("utf-8", "surrogatepass")
    return f".{name}.{hashlib.sha256(words).hexdigest()[:_DIGEST_DIGITS]}.part"


@define
class Names:
    """The names in one folder, those that are promised included.

    A name is taken also where it differs in case only: other file systems mix the two. Names are
    promised on the event loop, and on the thread that publishes.
    """

    _taken: set[str]
    _left: dict[str, Iterator[str]] = field(init=False, factory=dict)
    _lock: threading.Lock = field(init=False, factory=threading.Lock)

    def free(self, name: str) -> str:
        """Return the name, or `name (2).ext` and so on where it is taken; it is promised now."""
        with self._lock:
            # Many URLs may have one name: what was tried for one is not tried for the next.
            left = self._left.setdefault(name_key(name), alternatives(name, BOUNDS))
            free = next(one for one in left if name_key(one) not in self._taken)
            self._taken.add(name_key(free))
            return free
