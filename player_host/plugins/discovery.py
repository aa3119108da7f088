"""Which plug-ins there are, and how one is loaded: one record each, whatever is wrong with it.

Type 1 plug-ins are found by the entry-point group `partner_api.partners`, as the original found
them by registry keys (T1-LIFE-05, T1-LIFE-09: every call looks anew). A plug-in with an
interpreter or a surrogate of its own is found in `partners.toml`. Each is loaded in a process of
its own: no code of a plug-in enters this one, and one that cannot be loaded never stops the rest.
"""

import importlib
import math
import re
from collections.abc import Iterable
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import anyio
from attrs import evolve, frozen

from partner_api.enums import Capability
from partner_api.service_info import CONTRACT_VERSION, ENTRY_POINT_GROUP, ServiceInfo
from partner_api.surrogate.findings import Finding
from player_host.errors import PartnerIncompatible, PartnerUnavailable
from player_host.plugins.in_process import load_in_process
from player_host.plugins.instance import Description, Instance, Loss
from player_host.plugins.output import Scrubber
from player_host.plugins.surrogate import start_surrogate
from player_host.settings import PartnerSettings, PartnersFile
from player_host.units import Seconds

CALL_DEADLINE: Final = Seconds(30.0)
ANSWER_DEADLINE: Final = Seconds(600.0)
AT_ONCE: Final = 4
"""How many plug-ins a survey loads at the same time."""

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


class PluginStatus(StrEnum):
    """What can be done with a plug-in."""

    READY = "ready"
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    BROKEN = "broken"


@frozen
class PluginRecord:
    """One plug-in: what it is called, and whether it can be used.

    Attributes:
        name: its entry point's, or `module:attribute`.
        reference: where its class is.
        status: what can be done with it.
        reason: why it is not ready.
        advice: what to do about that.
        service_info: its ServiceInfo, where it could be loaded.
        distribution: whose plug-in it is.
        version: of the distribution.
        methods: the documented methods that it implements.
        findings: of an examination, if there was one.
    """

    name: str
    reference: str
    status: PluginStatus
    reason: str = ""
    advice: str = ""
    service_info: ServiceInfo | None = None
    distribution: str = ""
    version: str = ""
    methods: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@frozen
class Loading:
    """How one plug-in is loaded, at the start and after each loss.

    Attributes:
        settings: what `partners.toml` says about it.
        in_process: in the Player's own process, for debugging.
        scrubber: takes secrets out of what it prints.
    """

    settings: PartnerSettings
    in_process: bool
    scrubber: Scrubber

    @property
    def call_deadline(self) -> Seconds:
        """How long one call may take; in-process for ever, unless the settings say otherwise.

        Somebody may be sitting at a breakpoint.
        """
        return self.settings.host.call_deadline or self._unless_debugging(CALL_DEADLINE)

    @property
    def answer_deadline(self) -> Seconds:
        """How long the plug-in has to answer every track of a download (T1-DL-44)."""
        return self.settings.host.answer_deadline or self._unless_debugging(ANSWER_DEADLINE)

    def _unless_debugging(self, deadline: Seconds) -> Seconds:
        return Seconds(math.inf) if self.in_process else deadline

    async def load(self, *, examine: bool = False) -> Instance:
        """Load the plug-in.

        Raises:
            PartnerUnavailable: it cannot be loaded; the message says why.
            PartnerIncompatible: it is written for another player.
        """
        instance = await self._load(examine=examine)
        info = instance.description.service_info
        problem = incompatibility(info)
        if problem:
            instance.give_up(Loss(PartnerIncompatible.default_hr, problem))
            raise PartnerIncompatible(
                f"the plug-in is incompatible: {problem}",
                where=f"partner {self.settings.name}",
                remedy=advice_for(info),
            )
        return instance

    async def _load(self, *, examine: bool) -> Instance:
        name = self.settings.name
        reference = name if is_reference(name) else None
        if self.in_process:
            return load_in_process(name, reference)
        return await start_surrogate(
            name, self.settings, reference=reference, examine=examine, scrubber=self.scrubber
        )


def is_reference(name: str) -> bool:
    """Whether a plug-in is named by its class, as `module:attribute`."""
    return _REFERENCE.fullmatch(name) is not None


def known_names(settings: PartnersFile) -> tuple[str, ...]:
    """Return the names of all plug-ins: installed here, or elsewhere as `partners.toml` says."""
    importlib.invalidate_caches()
    elsewhere = {
        name for name, s in settings.items() if s.host.interpreter is not None or s.host.surrogate
    }
    return tuple(sorted({*entry_points(group=ENTRY_POINT_GROUP).names, *elsewhere}))


def settings_for(name: str, settings: PartnersFile) -> PartnerSettings:
    """Return what is said about a plug-in that is to be used.

    Args:
        name: its entry point's, or `module:attribute`.
        settings: as `partners.toml` has them; the plug-in need not be among them.

    Raises:
        PartnerUnavailable: it is disabled, or there is none of this name; the message says which
            ones there are.
    """
    found = settings.of(name)
    if not found.host.enabled:
        raise PartnerUnavailable(
            f"the plug-in is disabled: {found.source} says enabled = false",
            where=f"partner {name}",
            remedy=f"`player-host partners enable {name}` enables it",
        )
    if is_reference(name) or name in known_names(settings):
        return found
    raise PartnerUnavailable(
        "no plug-in of this name is installed",
        where=f"partner {name}",
        remedy=f"Installed are: {_listed(known_names(settings))}."
        " A class can be named as module:attribute",
    )


def incompatibility(info: ServiceInfo) -> str:
    """Return why a plug-in is not for this player; "" if it is (T1-LIFE-05)."""
    if info.contract_version != CONTRACT_VERSION:
        older = "the player" if info.contract_version > CONTRACT_VERSION else "the plug-in"
        return (
            f"it is written for contract version {info.contract_version},"
            f" this player speaks {CONTRACT_VERSION}: {older} is older"
        )
    if Capability.CONTENT_PARTNER not in info.capabilities:
        return "its capabilities lack CONTENT_PARTNER (0x40), so it is no Type 1 plug-in"
    return ""


def advice_for(info: ServiceInfo) -> str:
    """Return what to do about a plug-in that is not for this player."""
    if info.contract_version > CONTRACT_VERSION:
        return "Update the player"
    if info.contract_version < CONTRACT_VERSION:
        return "Update the plug-in"
    return "Add Capability.CONTENT_PARTNER to its ServiceInfo, if it is one"


async def survey(settings: PartnersFile) -> tuple[PluginRecord, ...]:
    """Return a record for every plug-in, in the order of their names.

    Those that are installed, and those that `partners.toml` names.
    """
    names = sorted({*known_names(settings), *settings})
    records: dict[str, PluginRecord] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def look(name: str) -> None:
        async with limiter:
            records[name] = await probe(name, settings)

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(look, name)
    return _with_distinct_keys([records[name] for name in names])


async def probe(name: str, settings: PartnersFile, *, examine: bool = False) -> PluginRecord:
    """Load one plug-in in a process of its own, let it go, and return its record.

    Args:
        name: its entry point's, or `module:attribute`.
        settings: as `partners.toml` has them.
        examine: whether the record is to hold the findings of an examination.
    """
    installed = _installed(name)
    record = PluginRecord(
        name=name,
        reference=installed.value if installed else name,
        status=PluginStatus.BROKEN,
        distribution=installed.dist.name if installed and installed.dist else "",
        version=installed.dist.version if installed and installed.dist else "",
    )
    chosen = settings.get(name)
    if chosen is not None and not chosen.host.enabled and not examine:
        reason = f"{chosen.source} says enabled = false"
        return evolve(record, status=PluginStatus.DISABLED, reason=reason)
    try:
        chosen = chosen if examine and chosen else settings_for(name, settings)
        instance = await start_surrogate(
            name, chosen, reference=name if is_reference(name) else None, examine=examine
        )
    except PartnerIncompatible as error:
        return evolve(
            record, status=PluginStatus.INCOMPATIBLE, reason=error.what, advice=error.remedy
        )
    except PartnerUnavailable as error:
        return evolve(record, reason=error.what, advice=error.remedy, findings=error.findings)
    await instance.close()
    return _judged(record, instance.description)


async def find(name: str, settings: PartnersFile) -> PluginRecord:
    """Return the record of one plug-in that can be used.

    Raises:
        PartnerUnavailable: there is none of this name, or it cannot be used; the message says
            why.
    """
    record = await probe(name, settings)
    if record.status is PluginStatus.READY:
        return record
    raise PartnerUnavailable(
        f"the plug-in is {record.status}: {record.reason}",
        where=f"partner {name}",
        remedy=record.advice,
    )


def _judged(record: PluginRecord, description: Description) -> PluginRecord:
    problem = incompatibility(description.service_info)
    return evolve(
        record,
        reference=description.reference,
        status=PluginStatus.INCOMPATIBLE if problem else PluginStatus.READY,
        reason=problem,
        advice=advice_for(description.service_info) if problem else "",
        service_info=description.service_info,
        distribution=description.distribution or record.distribution,
        version=description.version or record.version,
        methods=description.methods,
        findings=description.findings,
    )


def _with_distinct_keys(records: Iterable[PluginRecord]) -> tuple[PluginRecord, ...]:
    """Return the records; of those with the same key only the first stays ready (T1-REG-01)."""
    owners: dict[str, str] = {}
    judged = []
    for record in records:
        key = record.service_info.key if record.service_info else ""
        # A class that is named by its place is somebody's choice, and stands in nobody's way.
        apart = record.status is not PluginStatus.READY or is_reference(record.name)
        if apart or owners.setdefault(key, record.name) == record.name:
            judged.append(record)
        else:
            judged.append(_with_taken_key(record, key, owners[key]))
    return tuple(judged)


def _with_taken_key(record: PluginRecord, key: str, owner: str) -> PluginRecord:
    return evolve(
        record,
        status=PluginStatus.BROKEN,
        reason=f"its key {key!r} is that of {owner}, too",
        advice="Give it a key of its own, or disable one of the two in partners.toml",
    )


def _installed(name: str) -> EntryPoint | None:
    return next(iter(entry_points(group=ENTRY_POINT_GROUP, name=name)), None)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
