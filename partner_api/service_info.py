"""What a plug-in says about itself before it is started: its registration."""

from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import instance_of

from partner_api.enums import Capability, ThreadingModel

CONTRACT_VERSION: Final = 1
"""The version of the contract that this package is."""

ENTRY_POINT_GROUP: Final = "partner_api.partners"
"""The group of entry points by which plug-ins are found (T1-LIFE-05)."""

_LONGEST_NAME: Final = 255
_ALSO_PRINTABLE: Final = (
    "\u00a0\u200c\u200d\u3000"  # blanks and joiners that names are written with
)


def _is_printable(text: str) -> bool:
    return all(one.isprintable() or one in _ALSO_PRINTABLE for one in text)


def _name(_instance: Any, attribute: "Attribute[str]", value: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{attribute.name} is a str, not {type(value).__name__}")
    if not value or value != value.strip() or not _is_printable(value):
        raise ValueError(f"{attribute.name} is a printable text without blanks at its ends")
    if len(value) > _LONGEST_NAME:
        raise ValueError(f"{attribute.name} has at most {_LONGEST_NAME} characters")


def _version(_instance: Any, attribute: "Attribute[int]", value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{attribute.name} is an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{attribute.name} is at least 1")


@frozen
class ServiceInfo:
    """The registration of one plug-in; the class attribute `ContentPartner.service_info`.

    Attributes:
        key: the agreed key name of the store, 1 to 255 characters; exactly the content
            distributor of its files (T1-REG-01).
        friendly_name: the store's display name, 1 to 255 characters (T1-REG-05).
        capabilities: what the plug-in can do; without `Capability.CONTENT_PARTNER` the Player
            does not load it (T1-REG-03, T1-LIFE-05).
        threading_model: how calls reach it (T1-REG-09, T1-THR-02, T1-THR-03).
        contract_version: the version of this package's contract that it was written against, 1 or
            more; only plug-ins written against this one are loaded.

    Raises:
        TypeError: if a value has the wrong type.
        ValueError: if a name is empty, too long, not printable or padded with blanks, or the
            version is below 1.
    """

    key: str = field(validator=_name)
    friendly_name: str = field(validator=_name)
    capabilities: Capability = field(validator=instance_of(Capability))
    threading_model: ThreadingModel = field(
        default=ThreadingModel.APARTMENT, validator=instance_of(ThreadingModel)
    )
    contract_version: int = field(default=1, validator=_version)
