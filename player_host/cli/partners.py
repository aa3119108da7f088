"""`player-host partners`: which plug-ins there are, and what can be done with each."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.text import Text

from partner_api.service_info import ServiceInfo
from player_host.cli.desk import Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.screens import add_row, plain_table
from player_host.cli.wording import shown
from player_host.errors import PartnerUnavailable
from player_host.plugins.discovery import PluginRecord, PluginStatus, discover, find
from player_host.settings import PartnerSettings, load_partner_settings

_STYLES: Final = {PluginStatus.READY: "green", PluginStatus.DISABLED: "yellow"}


def partners(*, desk: Given) -> ExitStatus:
    """List the plug-ins: those that are installed, and those that partners.toml names.

    One that cannot be used is listed with its reason. Status is ready,
    disabled, incompatible or broken.

    --json: a list of `name`, `reference`, `status`, `reason`, `distribution`,
    `version` and `service_info` (null, or `key`, `friendly_name`,
    `capabilities`, `threading_model`, `contract_version`).
    """
    settings = load_partner_settings(desk.home.partners_toml)
    records = (*discover(settings), *_named_in_settings(settings))
    if desk.as_json:
        desk.show_json([record_to_json(record) for record in records])
        return ExitStatus.DONE
    if not records:
        desk.remark("no plug-in is installed")
        return ExitStatus.DONE
    table = plain_table("partner", "status", "store", "key", "calls")
    for record in records:
        add_row(table, record.name, _status(record), *_described(record.service_info))
    desk.show(table)
    reasons = (f"{shown(r.name)}: {shown(r.reason)}" for r in records if r.reason)
    desk.show(*reasons)
    return ExitStatus.DONE


def record_to_json(record: PluginRecord) -> dict[str, Any]:
    """Return the documented keys of a plug-in's record."""
    info = record.service_info
    return {
        "name": record.name,
        "reference": record.reference,
        "status": record.status.value,
        "reason": record.reason,
        "distribution": record.distribution,
        "version": record.version,
        "service_info": None if info is None else _info_to_json(info),
    }


def _named_in_settings(settings: Mapping[str, PartnerSettings]) -> Iterator[PluginRecord]:
    installed = {record.name for record in discover(settings)}
    for name in sorted(settings.keys() - installed):
        try:
            yield find(name, settings)
        except PartnerUnavailable as error:
            yield PluginRecord(name, name, PluginStatus.BROKEN, error.what)


def _info_to_json(info: ServiceInfo) -> dict[str, Any]:
    return {
        "key": info.key,
        "friendly_name": info.friendly_name,
        "capabilities": [flag.name for flag in info.capabilities],
        "threading_model": info.threading_model.value,
        "contract_version": info.contract_version,
    }


def _status(record: PluginRecord) -> Text:
    return Text(record.status, _STYLES.get(record.status, "red"))


def _described(info: ServiceInfo | None) -> tuple[str, str, str]:
    if info is None:
        return "-", "-", "-"
    return info.friendly_name, info.key, info.threading_model.value
