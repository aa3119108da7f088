"""Lets something happen at the n-th passage of a function, for Player and plug-in alike."""

import inspect
import threading
from collections.abc import Callable
from functools import wraps
from itertools import count
from typing import Any

from attrs import frozen


@frozen
class Cut:
    """Before or after a function, at those passages that match."""

    owner: Any
    name: str
    before: bool = False
    matches: Callable[..., bool] = lambda *_, **__: True


def arm(cut: Cut, passage: int, strike: Callable[[], object]) -> None:
    """Call `strike` at the n-th passage of a cut, on the thread that passes."""
    original = getattr(cut.owner, cut.name)
    make = _around_task if inspect.iscoroutinefunction(original) else _around
    setattr(cut.owner, cut.name, make(cut, original, _Passages(cut, passage), strike))


class _Passages:
    def __init__(self, cut: Cut, last: int) -> None:
        self._matches, self._last = cut.matches, last
        self._numbers, self._lock = count(1), threading.Lock()

    def is_last(self, *args: Any, **kwargs: Any) -> bool:
        if not self._matches(*args, **kwargs):
            return False
        with self._lock:
            return next(self._numbers) == self._last


def _around(
    cut: Cut, original: Callable[..., Any], passages: _Passages, strike: Callable[[], object]
) -> Callable[..., Any]:
    @wraps(original)
    def cutting(*args: Any, **kwargs: Any) -> Any:
        if cut.before and passages.is_last(*args, **kwargs):
            strike()
        result = original(*args, **kwargs)
        if not cut.before and passages.is_last(*args, **kwargs):
            strike()
        return result

    return cutting


def _around_task(
    cut: Cut, original: Callable[..., Any], passages: _Passages, strike: Callable[[], object]
) -> Callable[..., Any]:
    @wraps(original)
    async def cutting(*args: Any, **kwargs: Any) -> Any:
        if cut.before and passages.is_last(*args, **kwargs):
            strike()
        result = await original(*args, **kwargs)
        if not cut.before and passages.is_last(*args, **kwargs):
            strike()
        return result

    return cutting
