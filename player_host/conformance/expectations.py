"""The file of expected failures: requirements that a partner is known to break, with reasons.

[proseware]
T1-DL-29 = "our texts come with the next release"
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from player_host.conformance.requirements import requirement
from player_host.errors import UsageError

MAX_FILE_BYTES: Final = 1024 * 1024


def read_expectations(path: Path, partner: str) -> Mapping[str, str]:
    """Return what is expected of a partner: reasons by requirement.

    Raises:
        UsageError: the file cannot be read, names no requirement, or lacks a reason.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError("the file is too long", where=str(path))
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the file cannot be read ({error})", where=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"the file is no TOML ({error})", where=str(path)) from error
    table = tables.get(partner, {})
    if not isinstance(table, dict):
        raise UsageError("a table was expected", where=f"{path}: {partner}")
    for name, reason in table.items():
        requirement(name)
        if not isinstance(reason, str) or not reason.strip():
            raise UsageError("a reason was expected", where=f"{path}: {partner} {name}")
    return table
