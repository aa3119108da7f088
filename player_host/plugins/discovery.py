"""Which plug-ins are installed: one record each, whatever is wrong with it.

Type 1 plug-ins are found by the entry-point group `partner_api.partners`, as the original found
them by registry keys (T1-LIFE-05, T1-LIFE-09: every call looks anew). Loading one gives a record
with a status and a reason; one that cannot be imported never stops the rest.
"""

import importlib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from attrs import frozen

from partner_api.enums import Capability
from partner_api.partner import ContentPartner
from partner_api.service_info import ServiceInfo
from player_host.errors import PartnerUnavailable
from player_host.plugins.invocation import describe
from player_host.settings import PartnerSettings

GROUP: Final = "partner_api.partners"
CONTRACT_VERSION: Final = 1
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class PluginStatus(StrEnum):
    """What can be done with a plug-in."""

    READY = "ready"
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    BROKEN = "broken"


@frozen
class PluginRecord:
    """One plug-in: what it is called, and whether it can be used."""

    name: str
    reference: str
    status: PluginStatus
    reason: str = ""
    service_info: ServiceInfo | None = None
    distribution: str = ""
    version: str = ""
    partner_class: type[ContentPartner[Any]] | None = None


def discover(settings: Mapping[str, PartnerSettings]) -> tuple[PluginRecord, ...]:
    """Return a record for every installed plug-in, in the order of their names."""
    importlib.invalidate_caches()
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return tuple(_record(point, settings.get(point.name)) for point in points)


def find(name: str, settings: Mapping[str, PartnerSettings]) -> PluginRecord:
    """Return the record of one plug-in, named by its entry point or as `module:attribute`.

    Raises:
        PartnerUnavailable: no such plug-in is installed, or it cannot be used; the message says
            why, and which ones there are.
    """
    record = _named(name, settings)
    if record.status is not PluginStatus.READY:
        raise PartnerUnavailable(
            f"the plug-in is {record.status}: {record.reason}", where=f"partner {name}"
        )
    return record


def _named(name: str, settings: Mapping[str, PartnerSettings]) -> PluginRecord:
    if _REFERENCE.fullmatch(name):
        return _record(EntryPoint(name, name, GROUP), settings.get(name))
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise PartnerUnavailable(
            "no plug-in of this name is installed",
            where=f"partner {name}",
            remedy=f"Installed are: {_listed(points)}. A class can be named as module:attribute",
        )
    return _record(points[name], settings.get(name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _record(point: EntryPoint, settings: PartnerSettings | None) -> PluginRecord:
    base = PluginRecord(
        name=point.name,
        reference=point.value,
        status=PluginStatus.BROKEN,
        distribution=point.dist.name if point.dist else "",
        version=point.dist.version if point.dist else "",
    )
    if settings is not None and not settings.host.enabled:
        return _with(base, PluginStatus.DISABLED, f"{settings.source} says enabled = false")
    try:
        loaded = _load(point)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        reason = f"importing {point.value} failed: {describe(error)}"
        return _with(base, PluginStatus.BROKEN, reason)
    return _judge(base, loaded)


def _load(point: EntryPoint) -> object:
    module_name, _, attribute = point.value.partition(":")
    loaded: object = importlib.import_module(module_name)
    for part in attribute.split("."):
        loaded = getattr(loaded, part)
    return loaded


def _judge(base: PluginRecord, loaded: object) -> PluginRecord:
    if not isinstance(loaded, type) or not issubclass(loaded, ContentPartner):
        reason = f"{base.reference} is no subclass of partner_api.ContentPartner"
        return _with(base, PluginStatus.BROKEN, reason)
    info = getattr(loaded, "service_info", None)
    if not isinstance(info, ServiceInfo):
        return _with(base, PluginStatus.BROKEN, "service_info is missing or no ServiceInfo")
    if info.contract_version != CONTRACT_VERSION:
        reason = (
            f"it is written for contract version {info.contract_version},"
            f" this player speaks {CONTRACT_VERSION}"
        )
        return _with(base, PluginStatus.INCOMPATIBLE, reason, info)
    if Capability.CONTENT_PARTNER not in info.capabilities:
        reason = "its capabilities lack CONTENT_PARTNER (0x40), so it is no Type 1 plug-in"
        return _with(base, PluginStatus.INCOMPATIBLE, reason, info)
    return _with(base, PluginStatus.READY, "", info, loaded)


def _with(
    base: PluginRecord,
    status: PluginStatus,
    reason: str,
    info: ServiceInfo | None = None,
    partner_class: type[ContentPartner[Any]] | None = None,
) -> PluginRecord:
    return PluginRecord(
        name=base.name,
        reference=base.reference,
        status=status,
        reason=reason,
        service_info=info,
        distribution=base.distribution,
        version=base.version,
        partner_class=partner_class,
    )
