"""What the docstrings say of what the wire carries."""

import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Final

import docstring_parser
from docstring_parser import Docstring, DocstringStyle

from partner_api import calls
from partner_api.callback import CatalogVersion, ContentPartnerCallback
from partner_api.calls import CALLBACK_CALLS, Call, Return
from partner_api.licensing import LicenseStore
from partner_api.partner import CatalogURL, ContentPartner, SilentPurchase, Template

_VALUE_OF: Final[Mapping[type[Return], type]] = {
    calls.SilentPurchaseReturned: SilentPurchase,
    calls.CatalogURLReturned: CatalogURL,
    calls.TemplateReturned: Template,
    calls.CatalogVersionReturned: CatalogVersion,
}
"""Whose docstring says what the values of a return mean."""

_MEANINGS: Final[Mapping[type, Mapping[str, str]]] = {
    calls.SetCallback: {
        "attached": "true: the Player's methods can be called from now on; false: no longer."
    },
    calls.IndexOutOfRange: {
        "getter": "the getter's name, such as `GetContentID`.",
        "index": "the index; -1 for one that is below 0, or no number.",
        "count": "how many there are.",
    },
    calls.Malformed: {
        "called": "the name of the call that the plug-in wanted to make.",
        "problem": "which argument is wrong, and why.",
    },
    calls.MalformedAnswer: {
        "cookie": "the cookie; null, where that is what is wrong.",
        "track_id": "the track; null, where that is what is wrong.",
        "problem": "which argument is wrong, and why.",
    },
    calls.Faulted: {"reason": "what happened, in one line, for the transcript."},
    calls.InfoReturned: {"data": "the answer."},
    calls.CommandsReturned: {"items": "the entries of the menu, in order."},
    calls.StreamingURLReturned: {"url": "good for one playback."},
    calls.ComparisonReturned: {"result": "only the sign counts."},
    calls.ContentIDsReturned: {"content_ids": "of this store's items in the library."},
}
"""What no docstring says."""


def summary(documented: object) -> str:
    """Return the first sentence of a docstring."""
    return one_line(_parsed(documented).short_description or "")


def meanings(documented: object) -> dict[str, str]:
    """Return what a docstring says of each parameter or attribute."""
    found = _parsed(documented).params
    return {one.arg_name: one_line(one.description or "") for one in found}


def call_summary(record: type[Call]) -> str:
    """Return what a call is for."""
    return summary(method_of(record) or record)


def call_meanings(record: type[Call]) -> dict[str, str]:
    """Return what the arguments of a call mean."""
    return meanings(method_of(record)) | dict(_MEANINGS.get(record, {}))


def return_meanings(record: type[Return]) -> dict[str, str]:
    """Return what the values of a return mean."""
    return meanings(_VALUE_OF.get(record)) | dict(_MEANINGS.get(record, {}))


def method_of(record: type[Call]) -> FunctionType | None:
    """Return the documented method that a record stands for; None where it is none."""
    owner: type = ContentPartnerCallback if record in CALLBACK_CALLS else ContentPartner
    if record is calls.Predeliver:
        owner = LicenseStore
    name = "Notify" if record in {calls.PartnerNotify, calls.CallbackNotify} else record.__name__
    method: FunctionType | None = getattr(owner, name, None)
    return method


def one_line(text: str) -> str:
    """Return a text without its line ends."""
    return " ".join(text.split())


def _parsed(documented: object) -> Docstring:
    text = inspect.getdoc(documented) if documented is not None else ""
    return docstring_parser.parse(text or "", style=DocstringStyle.GOOGLE)
