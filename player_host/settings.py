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
import tomllib
from collections.abc import Mapping
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import cattrs
from attrs import field, fields, frozen, has
from cattrs import Converter
from platformdirs import user_data_path

from partner_api.secret import Secret
from player_host.errors import SettingsError, StorageError
from player_host.units import Seconds

HOME_VARIABLE: Final = "PLAYER_HOST_HOME"
MAX_FILE_NAME_CHARACTERS: Final = 80
MAX_PARTNERS_TOML_BYTES: Final = 1024 * 1024

T = TypeVar("T")


class NetworkClass(StrEnum):
    """Which addresses a partner's URLs may lead to (`network` in `partners.toml`)."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"


def _positive(_: object, attribute: Any, value: float) -> None:
    if not 0 < value <= 1_000_000:
        raise ValueError(f"{attribute.name} must be above 0 and at most 1000000")


@frozen
class HostSettings:
    """The table `[NAME.host]`: how the host treats a partner."""

    enabled: bool = True
    network: NetworkClass = NetworkClass.PUBLIC
    call_deadline: Seconds = field(default=Seconds(30.0), validator=_positive)
    """How long one call into the plug-in may take."""
    answer_deadline: Seconds = field(default=Seconds(600.0), validator=_positive)
    """How long a plug-in has to answer every track of a download (T1-DL-44)."""


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
    def plugin(self) -> dict[str, Any]:
        """The table for the plug-in, with what the environment says; secrets are among it.

        Raises:
            SettingsError: the environment lacks a variable that the table names.
        """
        where = f"{self.source}: {self.key}"
        return {key: _resolved(value, where=f"{where} {key}") for key, value in self.table.items()}


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


def load_partner_settings(path: Path) -> dict[str, PartnerSettings]:
    """Read `partners.toml`; a missing file means no settings.

    Raises:
        SettingsError: the file is no TOML, or a value in it is wrong.
    """
    try:
        if path.stat().st_size > MAX_PARTNERS_TOML_BYTES:
            raise SettingsError("the file is larger than 1 MiB", where=str(path))
        document = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the file is no valid TOML: {error}", where=str(path)) from error
    except OSError as error:
        raise SettingsError(
            f"the file cannot be read ({error.strerror})", where=str(path)
        ) from error
    return {name: _partner(name, table, path) for name, table in document.items()}


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
        return _converter.structure(data, kind)
    except Exception as error:
        problems = cattrs.transform_error(error, path="", format_exception=_explain)
        raise SettingsError(
            "; ".join(_readable(p) for p in problems),
            where=where,
            remedy="Mend the table in that file; a missing file or table has to be written",
        ) from error


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


def _from_environment(variable: str, where: str) -> str:
    try:
        return os.environ[variable]
    except KeyError:
        raise SettingsError(
            f"the environment has no variable {variable}",
            where=where,
            remedy=f"Set {variable}, or write the value into the file",
        ) from None


def _readable(problem: str) -> str:
    message, _, place = problem.rpartition(" @ ")
    key = place.lstrip(".")
    return f"{key}: {message}" if key else message


def _explain(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return "the key is missing" + (f"; expected {_expectation(kind)}" if kind else "")
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = ", ".join(f.name for f in fields(error.cl)) if has(error.cl) else ""
        extra = ", ".join(sorted(error.extra_fields))
        return f"unknown key {extra}; known are {known}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"expected {_expectation(kind)}"
    return str(error) or f"expected {_expectation(kind)}"


def _expectation(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(repr(member.value) for member in kind)
    if isinstance(kind, type):
        return _WORDS.get(kind, kind.__name__)
    return str(kind)


_WORDS: Final[Mapping[type, str]] = {
    str: "text",
    Secret: "text",
    Path: "a path",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _exactly(expected: type, *accepted: type) -> Any:
    def check(value: Any, asked: type) -> Any:
        if issubclass(asked, Enum):  # text enumerations are str too
            return asked(value)
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            found = _WORDS.get(type(value), type(value).__name__)
            raise TypeError(f"expected {_WORDS[expected]}, found {found}")
        return expected(value)

    return check


def _make_converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook(str, _exactly(str, str))
    converter.register_structure_hook(Secret, _exactly(Secret, str))
    converter.register_structure_hook(Path, _exactly(Path, str))
    converter.register_structure_hook(int, _exactly(int, int))
    converter.register_structure_hook(float, _exactly(float, int, float))
    converter.register_structure_hook(bool, _exactly(bool, bool))
    return converter


_converter = _make_converter()
