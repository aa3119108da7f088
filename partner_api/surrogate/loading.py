"""From the name of a plug-in to its class, and to what can be said of it before it is made.

Runs in the plug-in's own process; for debugging also in the Player's. Importing runs code of the
plug-in: whatever it does, a class or a `LoadingFailed` comes out, if anything does.
"""

import importlib
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from partner_api.partner import ContentPartner
from partner_api.service_info import ENTRY_POINT_GROUP, ServiceInfo
from partner_api.stub import describe

NEEDED: Final = ("Download", "DownloadTrackComplete")
"""Without these a plug-in cannot take part in the main job (T1-LIFE-07)."""


class LoadingFailed(Exception):
    """A plug-in cannot be used.

    Args:
        problem: what is wrong, one line.
        advice: what to do about it.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice


@frozen
class Imported:
    """What an entry point or a reference led to, and where it was found."""

    found: object
    reference: str
    distribution: str = ""
    version: str = ""


def import_plugin(name: str, reference: str | None) -> Imported:
    """Import a plug-in.

    Args:
        name: of its entry point.
        reference: its class as `module:attribute`, looked for in the working directory too; None
            to look for the entry point.

    Raises:
        LoadingFailed: there is none, or its import fails.
    """
    point = _entry_point(name) if reference is None else EntryPoint(name, reference, "")
    if reference is not None:
        _look_in_working_directory()
    return Imported(
        _imported(point),
        point.value,
        point.dist.name if point.dist else "",
        point.dist.version if point.dist else "",
    )


def judge_class(found: object, reference: str) -> type[ContentPartner[Any]]:
    """Return the object as a partner's class.

    Raises:
        LoadingFailed: it is none, has no ServiceInfo, or lacks a method without which nothing
            can be downloaded.
    """
    try:
        return _judged(found, reference)
    except LoadingFailed:
        raise
    except BaseException as error:
        # A class of classes can run code of its own at every look.
        raise LoadingFailed(
            f"looking at {reference} failed: {describe(error)}{place_of(error)}",
            "Mend the class",
        ) from error


def _judged(found: object, reference: str) -> type[ContentPartner[Any]]:
    if not isinstance(found, type) or not issubclass(found, ContentPartner):
        raise LoadingFailed(
            f"{reference} is no subclass of partner_api.ContentPartner",
            "Derive the class from partner_api.ContentPartner, or mend the entry point",
        )
    if not isinstance(getattr(found, "service_info", None), ServiceInfo):
        raise LoadingFailed(
            "service_info is missing or no ServiceInfo",
            "Give the class an attribute service_info = ServiceInfo(...)",
        )
    implemented = methods_of(found)
    missing = [method for method in NEEDED if method not in implemented]
    if missing:
        raise LoadingFailed(
            f"its class does not implement {' and '.join(missing)}",
            "Write what is missing; `player-host partners check` shows the documented signatures",
        )
    return found


def methods_of(partner_class: type[ContentPartner[Any]]) -> tuple[str, ...]:
    """Return the documented methods that a class overrides, in the documented order."""
    return tuple(
        name
        for name in DOCUMENTED_METHODS
        if getattr(partner_class, name, None) is not getattr(ContentPartner, name)
    )


def place_of(error: BaseException) -> str:
    """Return file and line at which an error was raised, as ` (shop/partner.py:12)`, or ""."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and __file__ != f.filename]
    if not own:
        return ""
    path = Path(own[-1].filename)
    return f" ({'/'.join(path.parts[-2:])}:{own[-1].lineno})"


def _entry_point(name: str) -> EntryPoint:
    found = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
    if not found:
        raise LoadingFailed(
            f"no plug-in named {name!r} is installed for {sys.executable}",
            "Install it into that environment, or name another interpreter in partners.toml",
        )
    return found[0]


def _look_in_working_directory() -> None:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


def _imported(point: EntryPoint) -> object:
    module_name, _, attribute = point.value.partition(":")
    try:
        loaded: object = importlib.import_module(module_name)
        for part in attribute.split("."):
            loaded = getattr(loaded, part)
    except BaseException as error:
        raise LoadingFailed(
            f"importing {point.value} failed: {describe(error)}{place_of(error)}",
            "Mend the plug-in, or what it imports",
        ) from error
    return loaded


DOCUMENTED_METHODS: Final = tuple(
    name for name, value in vars(ContentPartner).items() if callable(value) and name[0].isupper()
)
"""The names of the methods of a partner."""
