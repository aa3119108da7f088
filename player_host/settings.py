"""What a user may set: where the home folder is, and `partners.toml`.

`partners.toml` keeps the host's words and the plug-in's words about a partner apart::

    [proseware.host]
    network = "loopback"
    [proseware.settings]
    store_url = "http://127.0.0.1:8080"
    password = { env = "PROSEWARE_PASSWORD" }

A value of the form `{ env = "NAME" }` is read from the environment, so that a secret need not
stand in a file; it is read when that partner's settings are taken, so that what one partner
lacks stops no other. A wrong setting is named with its file, its key and what was expected.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

from attrs import field, frozen
from platformdirs import user_data_path

from partner_api.structuring import SettingsProblems, structure
from player_host.errors import SettingsError, StorageError
from player_host.toml_text import parse_toml, read_toml
from player_host.units import Seconds

HOME_VARIABLE: Final = "PLAYER_HOST_HOME"
MAX_FILE_NAME_CHARACTERS: Final = 80

T = TypeVar("T")


class NetworkClass(StrEnum):
    """Which addresses a partner's URLs may lead to (`network` in `partners.toml`)."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"


def _positive(_: object, attribute: Any, value: float | None) -> None:
    if value is not None and not 0 < value <= 1_000_000:
        raise ValueError(f"{attribute.name} must be above 0 and at most 1000000")


def _not_negative(_: object, attribute: Any, value: int) -> None:
    if not 0 <= value <= 1_000_000:
        raise ValueError(f"{attribute.name} must be at least 0 and at most 1000000")


@frozen
class HostSettings:
    """The table `[NAME.host]`: how the host treats a partner."""

    enabled: bool = True
    network: NetworkClass = NetworkClass.PUBLIC
    call_deadline: Seconds | None = field(default=None, validator=_positive)
    """How long one call into the plug-in may take; None for 30 seconds."""
    answer_deadline: Seconds | None = field(default=None, validator=_positive)
    """How long a plug-in has to answer every track of a download (T1-DL-44); None for 600 s."""
    load_deadline: Seconds = field(default=Seconds(20.0), validator=_positive)
    """How long starting its process and importing it may take."""
    interpreter: str | None = None
    """The Python that runs the plug-in; None for the one that runs the Player."""
    surrogate: tuple[str, ...] = ()
    """The command of a surrogate in another language; three descriptors are appended."""
    memory_limit_mib: int = field(default=4096, validator=_not_negative)
    """Of the whole address space of its process, in MiB; 0 for none."""
    restarts: int = field(default=3, validator=_not_negative)
    """How often a lost instance is replaced within one session."""


@frozen
class PartnerSettings:
    """What `partners.toml` says about one partner."""

    name: str
    source: Path
    host: HostSettings = HostSettings()
    table: Mapping[str, Any] = field(factory=dict, repr=False)
    """The table `[NAME.settings]` as it stands in the file."""

    @property
    def key(self) -> str:
        """Where the plug-in's settings stand, for messages."""
        return f"[{_toml_key(self.name)}.settings]"

    @property
    def command(self) -> tuple[str, ...]:
        """The command that starts its surrogate.

        An interpreter that is a path is looked for beside `partners.toml`, else on the PATH.
        """
        if self.host.surrogate:
            return self.host.surrogate
        return (self._interpreter(), "-m", "partner_api.surrogate")

    def _interpreter(self) -> str:
        if self.host.interpreter is None:
            return sys.executable
        path = Path(self.host.interpreter).expanduser()
        return str(self.source.parent / path) if len(path.parts) > 1 else str(path)

    @property
    def plugin(self) -> dict[str, Any]:
        """The table for the plug-in, with what the environment says; secrets are among it.

        Raises:
            SettingsError: the environment lacks a variable that the table names.
        """
        where = f"{self.source}: {self.key}"
        return {key: _resolved(value, where=f"{where} {key}") for key, value in self.table.items()}

    @property
    def from_environment(self) -> tuple[str, ...]:
        """The values that the environment gives; secrets, by custom."""
        return tuple(os.environ[name] for name in _variables(self.table) if name in os.environ)


class PartnersFile(dict[str, PartnerSettings]):
    """What `partners.toml` says, by the names of plug-ins.

    Args:
        source: the file; it need not exist.
    """

    def __init__(self, source: Path, partners: Mapping[str, PartnerSettings] | None = None) -> None:
        super().__init__(partners or {})
        self.source = source

    def of(self, name: str) -> PartnerSettings:
        """Return what is said about a plug-in; the defaults, if nothing is."""
        return self.get(name) or PartnerSettings(name, self.source)


@frozen
class Home:
    """The folder in which a Player keeps everything."""

    path: Path

    @property
    def database(self) -> Path:
        """The ledger, the library, the catalogue, the licences."""
        return self.path / "player.db"

    @property
    def music(self) -> Path:
        """The user's Music folder (T1-DL-25)."""
        return self.path / "Music"

    @property
    def incoming(self) -> Path:
        """Where unfinished transfers lie."""
        return self.music / ".incoming"

    @property
    def transcripts(self) -> Path:
        """One transcript per session."""
        return self.path / "transcripts"

    @property
    def partners_toml(self) -> Path:
        """The settings of partners."""
        return self.path / "partners.toml"

    def plugin_data(self, partner: str) -> Path:
        """Return the folder that belongs to one plug-in."""
        return self.path / "plugins" / file_name_of(partner)

    def make(self) -> None:
        """Make the folders.

        Raises:
            StorageError: one of them cannot be made.
        """
        for folder in (self.path, self.music, self.incoming, self.transcripts):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"the folder cannot be made ({error.strerror})",
                    where=str(folder),
                    remedy="Choose another home folder with --home, or mend the permissions",
                ) from error


def file_name_of(partner: str) -> str:
    """Return a file name for a partner: its own where that is safe, else one with a digest.

    Two partners never share a name, and no name leads out of its folder.
    """
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in partner)
    if safe == partner and len(safe) <= MAX_FILE_NAME_CHARACTERS:
        return safe
    digest = hashlib.sha256(partner.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[:MAX_FILE_NAME_CHARACTERS]}-{digest}"


def find_home(chosen: Path | None) -> Home:
    """Return the home folder: the one chosen, else $PLAYER_HOST_HOME, else the platform's."""
    if chosen is not None:
        return Home(chosen.absolute())
    from_environment = os.environ.get(HOME_VARIABLE)
    if from_environment:
        return Home(Path(from_environment).absolute())
    return Home(user_data_path("player-host", appauthor=False))


def load_partner_settings(path: Path) -> PartnersFile:
    """Read `partners.toml`; a missing file means no settings.

    Raises:
        SettingsError: the file is no TOML, or a value in it is wrong.
    """
    document = parse_toml(read_toml(path), path)
    partners = {name: _partner(name, table, path) for name, table in document.items()}
    return PartnersFile(path, partners)


def structure_settings(kind: type[T], data: object, *, where: str) -> T:
    """Make a settings object of a table.

    Args:
        kind: an attrs class; its field types say what is expected.
        data: the table.
        where: file and table, for the message.

    Raises:
        SettingsError: a value is wrong, missing or unknown; every one is named.
    """
    try:
        return structure(kind, data)
    except SettingsProblems as error:
        raise settings_error(error.problems, where=where) from error


def settings_error(problems: Iterable[str], *, where: str) -> SettingsError:
    """Return the error for a table that does not fit; `where` names file and table."""
    return SettingsError(
        "; ".join(problems),
        where=where,
        remedy="Mend the table in that file; a missing file or table has to be written",
    )


def _toml_key(name: str) -> str:
    """Return a name as a key of TOML: quoted, where it is more than letters, digits, - and _."""
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else json.dumps(name)


def _partner(name: str, table: object, path: Path) -> PartnerSettings:
    key = _toml_key(name)
    where = f"{path}: [{key}]"
    if not isinstance(table, dict):
        raise SettingsError("a table was expected", where=where)
    unknown = sorted(set(table) - {"host", "settings"})
    if unknown:
        raise SettingsError(
            f"unknown key {unknown[0]!r}",
            where=where,
            remedy=f"Only [{key}.host] and [{key}.settings] have a meaning",
        )
    host = structure_settings(HostSettings, table.get("host", {}), where=f"{path}: [{key}.host]")
    plugin = table.get("settings", {})
    if not isinstance(plugin, dict):
        raise SettingsError("a table was expected", where=f"{path}: [{key}.settings]")
    return PartnerSettings(name, path, host, plugin)


def _resolved(value: Any, *, where: str) -> Any:
    """Replace every `{ env = "NAME" }` by what the environment says."""
    if isinstance(value, dict) and set(value) == {"env"} and isinstance(value["env"], str):
        return _from_environment(value["env"], where)
    if isinstance(value, dict):
        return {key: _resolved(inner, where=f"{where} {key}") for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, where=where) for inner in value]
    return value


def _variables(value: Any) -> Iterator[str]:
    """Yield the name of every variable that a table refers to."""
    if isinstance(value, dict) and set(value) == {"env"} and isinstance(value["env"], str):
        yield value["env"]
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _variables(inner)


def _from_environment(variable: str, where: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise SettingsError(
            f"the environment has no variable {variable}",
            where=where,
            remedy=f"Set {variable}, or write the value into the file",
        ) from None
