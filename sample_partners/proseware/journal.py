"""A journal of every call in both directions: a witness that outlives the process.

One JSON line per call, written when its result is known and on the disk before the caller
hears of it: `{"call": "Download", "args": {"cookie": 7, ...}, "result": "S_OK"}`. A result of
None counts as S_OK; a raised `ComError` is noted by its code.
"""

import functools
import inspect
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from partner_api import (
    HRESULT,
    S_OK,
    ComError,
    ContentContainerList,
    ContentPartnerCallback,
    License,
    Variant,
)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Journal:
    """Notes calls; may be used from several threads at once.

    Args:
        path: the file to append to; None notes nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    def call(self, name: str, function: Callable[..., Result], /, **arguments: Any) -> Result:
        """Call a function with these arguments and note the call; return or raise what it does."""
        try:
            result = function(**arguments)
        except ComError as error:
            self._note(name, arguments, error.hr)
            raise
        self._note(name, arguments, S_OK if result is None else result)
        return result

    def _note(self, name: str, arguments: dict[str, Any], result: object) -> None:
        if self._path is None:
            return
        call = {"call": name, "args": _arguments(arguments), "result": _plain(result)}
        line = json.dumps(call) + "\n"
        with self._lock, self._path.open("ab") as file:
            file.write(line.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())


class _HasJournal(Protocol):
    journal: Journal


Owner = TypeVar("Owner", bound=_HasJournal)


def journaled(
    method: Callable[Concatenate[Owner, Arguments], Result],
) -> Callable[Concatenate[Owner, Arguments], Result]:
    """Decorate a method whose calls are noted in its owner's `journal`."""
    signature = inspect.signature(method)

    @functools.wraps(method)
    def noted(self: Owner, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        arguments = signature.bind(self, *args, **kwargs).arguments
        arguments.pop("self")
        return self.journal.call(method.__name__, functools.partial(method, self), **arguments)

    return noted


@functools.singledispatch
def _plain(value: object) -> object:
    return type(value).__name__


@_plain.register(str)
@_plain.register(int)
@_plain.register(type(None))
def _(value: str | int | None) -> object:
    return value


@_plain.register
def _(value: HRESULT) -> str:
    return value.name


@_plain.register
def _(value: Variant) -> object:
    return _plain(value.value)


@_plain.register
def _(value: ContentContainerList) -> list[list[int]]:
    return [[item.id for item in container] for container in value]


@_plain.register
def _(value: License) -> int:
    return value.content_id


@_plain.register
def _(_value: ContentPartnerCallback) -> str:
    return "callback"


def _arguments(arguments: dict[str, Any]) -> dict[str, object]:
    plain = {name: _plain(value) for name, value in arguments.items()}
    if arguments.get("url"):
        # The query of a file's URL opens the file; it is nobody else's business.
        plain["url"] = arguments["url"].partition("?")[0]
    return plain
