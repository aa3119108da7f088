"""Licences: what a partner delivers before it lets a track be downloaded.

A licence is kept for the partner and the user's account, also beyond the session. For every
method of the store:

* **Caller.** The plug-in, through `PartnerContext.licenses`, until `SetCallback(None)`.
* **Thread.** Any thread of the plug-in, as with the callback (T1-THR-05).
* **Failure codes.** `E_INVALIDARG`: the argument is no `License`. `RPC_E_DISCONNECTED`: the
  callback was released (T1-LIFE-04). `RPC_E_CALL_REJECTED`: the plug-in makes far more calls than
  its downloads need. `E_FAIL`: the licence could not be kept.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from attrs import Attribute, field, frozen

from partner_api.hresult import HRESULT
from partner_api.variant import check_dword

DIGEST_FORM: Final = (
    "(sha-512=([0-9A-Fa-f]{128}|[A-Za-z0-9+/_-]{86}(==)?)"
    "|sha-256=([0-9A-Fa-f]{64}|[A-Za-z0-9+/_-]{43}=?)"
    "|sha-1=([0-9A-Fa-f]{40}|[A-Za-z0-9+/_-]{27}=?)"
    "|md5=([0-9A-Fa-f]{32}|[A-Za-z0-9+/_-]{22}(==)?))"
)
"""A regular expression: how a file's digest is written. The lengths are those of the algorithms."""

_LONGEST_KEY_ID: Final = 1024
_DIGEST: Final = re.compile(DIGEST_FORM)


class Right(StrEnum):
    """What a licence lets the user do with the content."""

    PLAY = "play"
    BURN = "burn"
    SYNC = "sync"


def _rights(values: Iterable[Right]) -> frozenset[Right]:
    return frozenset(map(Right, values))


def _key_id(_instance: Any, _attribute: "Attribute[str | None]", value: str | None) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"a key ID is a str or None, not {type(value).__name__}")
    if not 1 <= len(value) <= _LONGEST_KEY_ID:
        raise ValueError(f"a key ID has 1 to {_LONGEST_KEY_ID} characters; None says unprotected")


def _expiry(_instance: Any, _attribute: "Attribute[datetime | None]", value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, datetime):
        raise TypeError(f"the end of a licence is a datetime, not {type(value).__name__}")
    if value.utcoffset() is None:
        raise ValueError("the end of a licence needs a time zone")


def _digest(_instance: Any, _attribute: "Attribute[str | None]", value: str | None) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"a digest is a str or None, not {type(value).__name__}")
    if _DIGEST.fullmatch(value) is None:
        raise ValueError(
            "a digest is sha-256=, sha-512=, sha-1= or md5= and the whole value, in base64 or"
            " hexadecimal digits"
        )


@frozen
class License:
    """The right of one account to use one item.

    Attributes:
        content_id: the item's ID in the store's catalogue, 0 to 2**32 - 1.
        key_id: the key that the file is protected with, 1 to 1024 characters, as its
            protection header names it; `None` says that the content is unprotected. Unprotected
            tracks need a licence as well (T1-DL-32). What cannot be printed is not kept.
        rights: what the user may do; without `Right.PLAY` a track is not downloaded.
        expires: the moment from which on the licence is no longer good (a `datetime` with a time
            zone), or `None` for one that does not end.
        digest: the digest of the whole file as the store hands it out, such as `sha-256=` with 64
            hexadecimal digits or base64 (`sha-512`, `sha-1` and `md5` too), or `None` to declare
            none. A file with another one is not taken.

    Raises:
        TypeError: if a value has the wrong type.
        ValueError: if a value is out of its range, a right is unknown, `expires` is naive or
            `digest` is none.
    """

    content_id: int = field(validator=check_dword)
    key_id: str | None = field(validator=_key_id)
    rights: frozenset[Right] = field(converter=_rights)
    expires: datetime | None = field(default=None, validator=_expiry)
    digest: str | None = field(default=None, validator=_digest)


class LicenseStore(Protocol):
    """Where a partner delivers licences: `PartnerContext.licenses`.

    What is delivered has its place in the order of the calls (T1-DL-33).
    """

    def Predeliver(self, license: License) -> HRESULT:  # noqa: N802, A002 - spelt like the protocol
        """Deliver a licence to the user's computer.

        Called before the partner answers a track with a success code in `DownloadTrack`, reports
        a purchase with `BuyComplete` or a renewal with `RefreshLicenseComplete` (T1-DL-17,
        T1-DL-33, T1-BUY-15, T1-LIC-27). Returns when the licence is stored.

        Args:
            license: the right of the user's account to use one item. A later licence for the same
                item replaces an earlier one.

        Returns:
            A success code if the licence is in place. After a failure code it is not, and an
            earlier one stays.
        """
        ...
