"""What everything in a new plug-in's package is called: one name, checked, gives the others."""

import builtins
import keyword
import re
import sys
from typing import Final

from attrs import frozen
from pathvalidate import is_valid_filename

import partner_api
from partner_api.enums import Capability
from partner_api.partner import ContentPartner
from partner_api.service_info import ServiceInfo
from player_host.errors import UsageError

MAX_NAME_CHARACTERS: Final = 40

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NO_LETTER_FIRST: Final = re.compile(r"\A[^a-z]+")
_NEITHER_LETTER_NOR_DIGIT: Final = re.compile(r"[^a-z0-9]+")

_TAKEN_MODULES: Final = frozenset(
    {"partner_api", "player_host", "sample_partners", "content_partner", "proseware"}
    | {"attr", "attrs", "cattr", "cattrs", "pytest", "tests"}
)
"""Besides those of Python: what the plug-in needs, and what is installed beside it."""

_TAKEN_CLASSES: Final = frozenset(
    {*partner_api.__all__, *dir(ContentPartner), *dir(builtins)}
    | {"Decision", "Future", "StoreClient", "StoreFailure", "ThreadPoolExecutor"}
)
"""What the plug-in's class would hide: the names in its module and in itself."""


@frozen
class PartnerNames:
    """What a new plug-in is called, where.

    Attributes:
        name: the distribution and the entry point.
        module: the importable package.
        class_name: the plug-in's class, and the key of its store.
        friendly_name: what people read.
    """

    name: str
    module: str
    class_name: str
    friendly_name: str

    @property
    def entry_point(self) -> str:
        """The value of the entry point."""
        return f"{self.module}:{self.class_name}"


def partner_names(name: str, friendly_name: str | None = None) -> PartnerNames:
    """Derive all names from one.

    Called by the verb `new-partner`.

    Args:
        name: lower-case words of letters and digits with hyphens between them, such as
            `contoso` or `contoso-tunes`; at most 40 characters.
        friendly_name: what people read; None for the words of the name.

    Raises:
        UsageError: a name has another form, or is taken.
    """
    _check_form(name)
    words = name.split("-")
    capitalised = [word.capitalize() for word in words]
    names = PartnerNames(
        name=name,
        module="_".join(words),
        class_name="".join(capitalised),
        friendly_name=" ".join(capitalised) if friendly_name is None else friendly_name,
    )
    _check_not_taken(names)
    _check_friendly_name(names)
    return names


def _check_form(name: str) -> None:
    if _NAME.fullmatch(name) and len(name) <= MAX_NAME_CHARACTERS:
        return
    raise UsageError(
        "this is no name for a plug-in: lower-case letters and digits, a letter first,"
        f" single hyphens between words, at most {MAX_NAME_CHARACTERS} characters",
        where=name[: 2 * MAX_NAME_CHARACTERS],
        remedy=f"Call it {_suggestion(name)}, for example",
    )


def _suggestion(name: str) -> str:
    words = _NEITHER_LETTER_NOR_DIGIT.sub("-", name.lower())
    return _NO_LETTER_FIRST.sub("", words)[:MAX_NAME_CHARACTERS].strip("-") or "contoso-tunes"


def _check_not_taken(names: PartnerNames) -> None:
    if _is_taken_module(names.module):
        what = f"a package {names.module} would stand in the way of another of that name"
    elif names.class_name in _TAKEN_CLASSES:
        what = f"a class {names.class_name} would hide another of that name in its module"
    else:
        return
    raise UsageError(what, where=names.name, remedy=f"Call it {names.name}-store, for example")


def _is_taken_module(module: str) -> bool:
    return (
        module in _TAKEN_MODULES
        or module in sys.stdlib_module_names
        or keyword.iskeyword(module)
        or not is_valid_filename(module, platform="universal")
    )


def _check_friendly_name(names: PartnerNames) -> None:
    """Check the two texts of the registration by making one."""
    try:
        ServiceInfo(names.class_name, names.friendly_name, Capability.CONTENT_PARTNER)
    except ValueError as error:
        raise UsageError(
            str(error), where="--friendly-name", remedy="Give a name as people write it"
        ) from error
