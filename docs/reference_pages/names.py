"""What `partner_api` has, and on which page of the reference it is described."""

import csv
import sys
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import partner_api
from partner_api import enums, hresult
from partner_api.hresult import HRESULT
from reference_pages.source import members_of

INTERFACES: Final = (
    "ContentPartner",
    "ContentPartnerCallback",
    "LicenseStore",
    "ContentContainerList",
    "ContentContainer",
)
"""The classes that have a page for each method."""

INDEX: Final = "index.md"
ENUMERATIONS: Final = "enumerations.md"
RESULT_CODES: Final = "result-codes.md"


def public(name: str) -> Any:
    """Return what a name of `partner_api` stands for."""
    return getattr(partner_api, name)


def module_of(name: str) -> ModuleType:
    """Return the module that defines a class."""
    return sys.modules[public(name).__module__]


def values() -> list[str]:
    """Return the classes that have one page: of what is passed, raised or used."""
    classes = [name for name in partner_api.__all__ if isinstance(public(name), type)]
    return [n for n in classes if n not in INTERFACES and not issubclass(public(n), Enum)]


def enumerations() -> list[type[Enum]]:
    """Return the enumerations, which share a page."""
    found = (public(name) for name in partner_api.__all__)
    return [one for one in found if isinstance(one, type) and issubclass(one, Enum)]


def constants() -> dict[str, object]:
    """Return what is no class: numbers, texts and result codes."""
    found = {name: public(name) for name in partner_api.__all__}
    return {name: one for name, one in found.items() if not isinstance(one, type)}


def result_codes() -> list[dict[str, str]]:
    """Return the rows of `hresult.tsv`."""
    path = Path(hresult.__file__).with_name("hresult.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def page_of(interface: str, method: str) -> str:
    """Return the file name of a method's page."""
    return f"{interface}.{method}.md"


def targets() -> dict[str, str]:
    """Return page, and anchor where there is one, by what may stand in a code span."""
    found = {row["name"]: RESULT_CODES for row in result_codes()}
    found |= {name: f"{name}.md" for name in (*INTERFACES, *values())}
    found |= {kind.__name__: _at(ENUMERATIONS, kind.__name__) for kind in enumerations()}
    found |= {
        name: RESULT_CODES if isinstance(one, HRESULT) else _at(ENUMERATIONS, "Constants")
        for name, one in constants().items()
    }
    return found | _methods() | _notifications()


def _methods() -> dict[str, str]:
    """Return the pages of methods, without their class where one class alone has the method."""
    found = [
        (interface, name) for interface in INTERFACES for name in members_of(public(interface))
    ]
    names = [name for _, name in found]
    alone = {name: page_of(kind, name) for kind, name in found if names.count(name) == 1}
    return alone | {f"{kind}.{name}": page_of(kind, name) for kind, name in found}


def _notifications() -> dict[str, str]:
    """Return the page of the `Notify` that is meant, by what it tells."""
    sides = (
        ("ContentPartner", enums.PartnerNotification),
        ("ContentPartnerCallback", enums.CallbackNotification),
    )
    return {f"Notify({m.name})": page_of(side, "Notify") for side, kind in sides for m in kind}


def _at(page: str, heading: str) -> str:
    return f"{page}#{heading.lower()}"
