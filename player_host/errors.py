"""The one tree of errors that the host raises.

    PlayerHostError
    ├── UsageError                what the caller asked for makes no sense
    │   ├── SettingsError         a setting is wrong: file, key, what was expected
    │   ├── UnknownItem           the catalogue has no such album, track or list
    │   └── NothingSelected       the request names nothing that can be downloaded
    ├── HomeError                 the home folder cannot be used
    │   ├── HomeInUse             another Player has it
    │   ├── DatabaseDamaged       player.db is no sound database
    │   └── DatabaseTooNew        player.db was written by a later version
    ├── PartnerError              a plug-in failed
    │   ├── PartnerUnavailable    it cannot be loaded or started
    │   │   └── PartnerIncompatible   it is written for another Player
    │   └── PartnerCallFailed     a call ended with a failure code, an exception or a deadline
    ├── CatalogError              the store's catalogue breaks a rule: file, row, field, rule
    ├── TransferError             a URL could not be brought to a whole, sound file
    │   └── AnotherFile           a new URL leads to another file than the one that was begun
    ├── MediaError                a file is not the media it should be, or cannot be read
    ├── LicensingError            a licence is missing, expired or does not fit
    └── StorageError              the disk is full, or a folder cannot be written

An error is raised where its cause is known. It says what happened, where, and what to do;
errors about which a plug-in is told carry the HRESULT. `player_host.cli` is the one place
that turns them into messages and exit statuses.
"""

from collections.abc import Iterator

from partner_api.hresult import E_FAIL, HRESULT
from partner_api.surrogate.findings import Finding


class PlayerHostError(Exception):
    """Base of every error that the host raises on purpose.

    Args:
        what: what happened, a sentence without a final full stop.
        where: file, key, URL (redacted), row: the place, if there is one.
        remedy: what the reader can do about it.
        hr: the code for a plug-in that has to be told; a failure code.
    """

    default_hr: HRESULT = E_FAIL

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", hr: HRESULT | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.hr = self.default_hr if hr is None else hr

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f". {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{advice}"


class UsageError(PlayerHostError):
    """What the caller asked for makes no sense."""


class SettingsError(UsageError):
    """A setting is wrong; `where` names the file and the key."""


class UnknownItem(UsageError):
    """The installed catalogue has no such item."""


class NothingSelected(UsageError):
    """The request names nothing that can be downloaded."""


class HomeError(PlayerHostError):
    """The home folder cannot be used."""


class HomeInUse(HomeError):
    """Another Player has the home folder."""


class DatabaseDamaged(HomeError):
    """`player.db` is not a sound database; it was left as it is."""


class DatabaseTooNew(HomeError):
    """`player.db` was written by a later version; it was left as it is."""


class PartnerError(PlayerHostError):
    """A plug-in failed."""


class PartnerUnavailable(PartnerError):
    """A plug-in cannot be loaded or started.

    Attributes:
        findings: of an examination of it, if one was asked for.
    """

    findings: tuple[Finding, ...] = ()


class PartnerIncompatible(PartnerUnavailable):
    """A plug-in, or its surrogate, speaks another version, or is no Type 1 plug-in."""


class PartnerCallFailed(PartnerError):
    """A call to a plug-in ended with a failure code, an exception or a missed deadline."""


class CatalogError(PlayerHostError):
    """A store's catalogue breaks a rule; `where` names file, row and field."""


class TransferError(PlayerHostError):
    """A URL could not be brought to a whole, sound file; `hr` is what the plug-in is told."""


class AnotherFile(TransferError):
    """A new URL leads to another file than the one that was begun; a further attempt is no use."""


class MediaError(PlayerHostError):
    """A file is not the media that it should be, or cannot be read."""


class LicensingError(PlayerHostError):
    """A licence is missing, expired, or does not fit the file."""


class StorageError(PlayerHostError):
    """The disk is full, or a folder cannot be written."""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what a task group's group of errors holds, however deep, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from causes(inner)
    else:
        yield error


def only_cause(error: BaseException) -> BaseException:
    """Return the one error of a group, however often tasks met it, or the group itself."""
    found = {id(cause): cause for cause in causes(error)}
    return error if len(found) > 1 else next(iter(found.values()))
