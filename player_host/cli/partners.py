"""`player-host partners`: which plug-ins there are, what is wrong with them, which may be used."""

from typing import Any, Final

import anyio
from attrs import asdict
from cyclopts import App
from rich.text import Text

from partner_api.enums import Capability
from partner_api.service_info import ServiceInfo
from partner_api.surrogate.findings import Finding, Severity
from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import count_text, shortened, shown
from player_host.errors import UsageError
from player_host.plugins.discovery import (
    PluginRecord,
    PluginStatus,
    is_reference,
    known_names,
    probe,
    survey,
)
from player_host.plugins.switching import names_in, switch
from player_host.settings import PartnersFile, load_partner_settings

MAX_FINDINGS: Final = 100
MAX_TEXT_CHARACTERS: Final = 300
"""So much of a plug-in's findings is shown: they come from its own process, however large."""

_STYLES: Final = {PluginStatus.READY: "green", PluginStatus.DISABLED: "yellow"}

application = App(name="partners", help="List, check, enable and disable plug-ins.")


@application.default
def list_partners(*, desk: Given) -> ExitStatus:
    """List the plug-ins: those that are installed, and those that partners.toml names.

    Each is loaded in a process of its own. One that cannot be used is listed
    with its reason. Status is ready, disabled, incompatible or broken.

    --json: a list of `name`, `reference`, `status`, `reason`, `advice`,
    `distribution`, `version`, `capabilities`, `methods` (the documented ones
    that it implements) and `service_info` (null, or `key`, `friendly_name`,
    `capabilities`, `threading_model`, `contract_version`).
    """
    records = anyio.run(survey, load_partner_settings(desk.home.partners_toml))
    if desk.as_json:
        desk.show_json([record_to_json(record) for record in records])
        return ExitStatus.DONE
    if not records:
        desk.remark("no plug-in is installed")
        return ExitStatus.DONE
    table = plain_table("partner", "status", "store", "key", "calls", "from", elastic="from")
    for record in records:
        add_row(table, record.name, _status(record), *_described(record), _origin(record))
    desk.show(table)
    desk.show(*(line for record in records for line in _reason_lines(record)))
    return ExitStatus.DONE


application.command(list_partners, name="list")


@application.command
def check(*names: str, desk: Given) -> ExitStatus:
    """Look for what is wrong with plug-ins: methods, parameters, capabilities, the settings class.

    Each is loaded in a process of its own, also one that is disabled, but not
    started: no store is needed. Status 1 if there are errors; a warning is none.

    --json: a list of the keys of `partners list`, and `errors`, `warnings`,
    `findings` (`severity`, `subject`, `problem`, `advice`, `documented`,
    `found`, `requirement`).

    Args:
        names: plug-ins, as `player-host partners` lists them, or module:attribute
        desk: where the result is shown
    """
    if not names:
        raise UsageError("no plug-in is named", remedy="`player-host partners` lists them")
    for name in names:
        check_partner(desk, name)
    settings = load_partner_settings(desk.home.partners_toml)
    records = anyio.run(_examined, tuple(dict.fromkeys(names)), settings)
    if desk.as_json:
        desk.show_json([_checked_to_json(record) for record in records])
    else:
        desk.show(*(line for record in records for line in _report(record)))
    return ExitStatus.DONE if all(map(_is_sound, records)) else ExitStatus.FAILED


@application.command
def enable(name: str, /, *, desk: Given) -> ExitStatus:
    """Let a plug-in be used again. What else partners.toml says stays as it is.

    --json: `name`, `enabled`, `changed` (false if it was so already), `file`.

    Args:
        name: a plug-in, as `player-host partners` lists it, or module:attribute
        desk: where the result is shown
    """
    return _switch(desk, name, enabled=True)


@application.command
def disable(name: str, /, *, desk: Given) -> ExitStatus:
    """Keep a plug-in from being used; a Player that is running goes on with it.

    --json: `name`, `enabled`, `changed` (false if it was so already), `file`.

    Args:
        name: a plug-in, as `player-host partners` lists it, or module:attribute
        desk: where the result is shown
    """
    return _switch(desk, name, enabled=False)


def record_to_json(record: PluginRecord) -> dict[str, Any]:
    """Return the documented keys of a plug-in's record."""
    info = record.service_info
    return {
        "name": record.name,
        "reference": record.reference,
        "status": record.status.value,
        "reason": record.reason,
        "advice": record.advice,
        "distribution": record.distribution,
        "version": record.version,
        "capabilities": [] if info is None else _flags(info.capabilities),
        "methods": list(record.methods),
        "service_info": None if info is None else _info_to_json(info),
    }


def _info_to_json(info: ServiceInfo) -> dict[str, Any]:
    return {
        "key": info.key,
        "friendly_name": info.friendly_name,
        "capabilities": _flags(info.capabilities),
        "threading_model": info.threading_model.value,
        "contract_version": info.contract_version,
    }


def _flags(capabilities: Capability) -> list[str]:
    return [flag.name or "" for flag in capabilities]


def _status(record: PluginRecord) -> Text:
    return Text(record.status, _STYLES.get(record.status, "red"))


def _described(record: PluginRecord) -> tuple[str, str, str]:
    info = record.service_info
    if info is None:
        return "-", "-", "-"
    return info.friendly_name, info.key, info.threading_model.value


def _origin(record: PluginRecord) -> str:
    return f"{record.distribution} {record.version}".strip() or "-"


def _reason_lines(record: PluginRecord) -> list[str]:
    if not record.reason:
        return []
    advice = [f"  what to do: {shown(record.advice)}"] if record.advice else []
    return [f"{shown(record.name)}: {shown(record.reason)}", *advice]


# --- check ----------------------------------------------------------------------------------------


async def _examined(names: tuple[str, ...], settings: PartnersFile) -> list[PluginRecord]:
    return [await probe(name, settings, examine=True) for name in names]


def _is_sound(record: PluginRecord) -> bool:
    return record.status is PluginStatus.READY and not any(map(_is_error, record.findings))


def _is_error(finding: Finding) -> bool:
    return finding.severity == Severity.ERROR


def _checked_to_json(record: PluginRecord) -> dict[str, Any]:
    errors = sum(map(_is_error, record.findings))
    return {
        **record_to_json(record),
        "errors": errors,
        "warnings": len(record.findings) - errors,
        "findings": [asdict(finding) for finding in record.findings[:MAX_FINDINGS]],
    }


def _report(record: PluginRecord) -> list[Text | str]:
    errors = [finding for finding in record.findings if _is_error(finding)]
    warnings = [finding for finding in record.findings if not _is_error(finding)]
    lines: list[Text | str] = []
    # What kept the plug-in from being loaded is mostly among the errors, and said better there.
    lines += [] if errors else _reason_lines(record)
    lines = lines or [_verdict(record, len(errors), len(warnings))]
    for finding in [*errors, *warnings][:MAX_FINDINGS]:
        lines += _finding_lines(finding)
    return lines


def _verdict(record: PluginRecord, errors: int, warnings: int) -> Text:
    counts = [(errors, "error"), (warnings, "warning")]
    found = ", ".join(count_text(count, noun) for count, noun in counts if count)
    style = "red" if errors else "yellow" if warnings else "green"
    return Text.assemble(f"{shown(record.name)}: ", (found or "sound", style))


def _finding_lines(finding: Finding) -> list[Text | str]:
    label = ("error", "red") if _is_error(finding) else ("warning", "yellow")
    clause = f" ({_bounded(finding.requirement)})" if finding.requirement else ""
    head = f": {_bounded(finding.subject)}: {_bounded(finding.problem)}{clause}"
    details = {
        "found": finding.found,
        "documented": finding.documented,
        "what to do": finding.advice,
    }
    lines: list[Text | str] = [Text.assemble("  ", label, head)]
    lines += [f"    {f'{key}:':<12}{_bounded(text)}" for key, text in details.items() if text]
    return lines


def _bounded(text: str) -> str:
    return shortened(shown(text), MAX_TEXT_CHARACTERS)


# --- enable and disable ---------------------------------------------------------------------------


def _switch(desk: Desk, name: str, *, enabled: bool) -> ExitStatus:
    file = desk.home.partners_toml
    _check_name(name, (*known_names(PartnersFile(file)), *names_in(file)))
    changed = switch(file, name, enabled=enabled)
    if desk.as_json:
        document = {"name": name, "enabled": enabled, "changed": changed, "file": str(file)}
        desk.show_json(document)
        return ExitStatus.DONE
    state = "enabled" if enabled else "disabled"
    desk.show(f"{shown(name)} is {state}" + ("" if changed else " already"))
    return ExitStatus.DONE


def _check_name(name: str, known: tuple[str, ...]) -> None:
    """Tell a wrong name, also where the file says something else that is wrong."""
    if is_reference(name) or name in known:
        return
    raise UsageError(
        f"no plug-in named {name!r} is installed, and partners.toml names none",
        remedy=f"There are: {', '.join(sorted(set(known))) or 'none'}."
        " A class can be named as module:attribute",
    )
