"""The file of expected failures: requirements that a partner is known to break, with reasons.

[proseware]
T1-DL-29 = "our texts come with the next release"
"""

from collections.abc import Mapping
from pathlib import Path

from player_host.conformance.requirements import requirement
from player_host.errors import UsageError
from player_host.toml_text import load_toml


def read_expectations(path: Path, partner: str) -> Mapping[str, str]:
    """Return what is expected of a partner: reasons by requirement.

    Raises:
        UsageError: the file is not there, cannot be read or is no TOML, names no requirement, or
            lacks a reason; `where` names the place.
    """
    table = load_toml(path).get(partner, {})
    if not isinstance(table, dict):
        raise UsageError("a table was expected", where=f"{path}: {partner}")
    for name, reason in table.items():
        requirement(name, where=f"{path}: {partner}")
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError("a reason was expected", where=f"{path}: {partner} {name}")
    return table
