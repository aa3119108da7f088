"""The one table of what can go wrong in a transfer, with the HRESULT that a plug-in is told.

An HTTP status that ends a transfer is `0x80190000 + n` (HR-04). Whether an error is worth a
further attempt, and how often, is a property of its HRESULT and decided here, nowhere else.
"""

import errno
from typing import Final

from attrs import frozen

from partner_api.hresult import E_ACCESSDENIED, HRESULT
from player_host.errors import AnotherFile, StorageError, TransferError

HTTP_PREFIX: Final = 0x8019


@frozen
class Fault:
    """One row of the table: a code, what it says, what to do about it.

    Attributes:
        transient: whether a further attempt may succeed.
        attempts: how many attempts may end this way in one transfer, progress or not; None where
            the policy alone counts.
        spoils: whether the bytes that came are of no use to anybody.
    """

    hr: HRESULT
    what: str
    remedy: str = ""
    transient: bool = False
    attempts: int | None = None
    spoils: bool = False

    def at(self, where: str, detail: object = "") -> TransferError:
        """Make the error, at a redacted URL, with what is known beside the general words."""
        what = f"{self.what} ({detail})" if detail else self.what
        return TransferError(what, where=where, remedy=self.remedy, hr=self.hr)


@frozen
class StatusClass:
    """The statuses of one hundred: whether a further attempt may succeed, and which differ."""

    transient: bool
    exceptions: frozenset[int]


STATUSES: Final = {
    2: StatusClass(transient=False, exceptions=frozenset()),
    3: StatusClass(transient=True, exceptions=frozenset({300, 301, 302, 303, 304, 305, 307, 308})),
    4: StatusClass(transient=False, exceptions=frozenset({408, 409, 429})),
    5: StatusClass(transient=True, exceptions=frozenset({501, 505})),
}
"""As BITS classes them, with what came later: 308 is a redirect, 429 asks for patience."""

OTHER_STATUS: Final = StatusClass(transient=True, exceptions=frozenset())


def _win32(name: str) -> HRESULT:
    return HRESULT.named(f"HRESULT_FROM_WIN32({name})")


_named = HRESULT.named

URL_INVALID: Final = Fault(
    _win32("ERROR_WINHTTP_INVALID_URL"),
    "the URL is not valid",
    "Give an absolute http or https URL",
)
URL_SCHEME: Final = Fault(
    _win32("ERROR_WINHTTP_UNRECOGNIZED_SCHEME"),
    "the URL's scheme is not supported",
    "Give an absolute http or https URL",
)
NETWORK_REFUSED: Final = Fault(
    _named("NS_E_CURL_NOTSAFE"),
    "the URL leads out of the network that is allowed",
    "Set `network` of the partner to the class its store lies in, if that is meant",
)
NAME_NOT_RESOLVED: Final = Fault(
    _win32("ERROR_WINHTTP_NAME_NOT_RESOLVED"),
    "the server's name could not be resolved",
    "Check the host name and the network connection",
    transient=True,
)
CANNOT_CONNECT: Final = Fault(
    _win32("ERROR_WINHTTP_CANNOT_CONNECT"),
    "the server cannot be reached",
    "Check that the store's server runs and listens there",
    transient=True,
)
CONNECT_TIMEOUT: Final = Fault(
    _named("NS_E_CONNECT_TIMEOUT"), "connecting to the server took too long", transient=True
)
READ_TIMEOUT: Final = Fault(
    _win32("ERROR_WINHTTP_TIMEOUT"), "the server fell silent", transient=True
)
NO_PROGRESS: Final = Fault(
    _named("BG_E_NO_PROGRESS"), "the server sends hardly anything", transient=True
)
CONNECTION_LOST: Final = Fault(
    _win32("ERROR_WINHTTP_CONNECTION_ERROR"), "the connection was lost", transient=True
)
CERTIFICATE: Final = Fault(
    _win32("ERROR_WINHTTP_SECURE_FAILURE"),
    "the server's certificate is not trusted",
    "Check the certificate: issuer, host name, dates",
)
SECURE_CHANNEL: Final = Fault(
    _win32("ERROR_WINHTTP_SECURE_CHANNEL_ERROR"), "the secure connection could not be made"
)
ANSWER_UNREADABLE: Final = Fault(
    _win32("ERROR_WINHTTP_INVALID_SERVER_RESPONSE"),
    "the server's answer is no HTTP",
    transient=True,
)
ENCODED: Final = Fault(
    _named("BG_E_INVALID_SERVER_RESPONSE"),
    "the body is encoded although identity was asked for",
    "Serve the file without Content-Encoding",
)
REDIRECT_LIMIT: Final = Fault(
    _win32("ERROR_WINHTTP_REDIRECT_FAILED"),
    "the server redirects too often",
    "Let the URL lead to the file itself",
)
REDIRECT_WRONG: Final = Fault(
    _named("NS_E_INVALID_REDIRECT"), "the server redirects to a place that is not allowed"
)
TRUNCATED: Final = Fault(
    _win32("ERROR_HANDLE_EOF"), "the body ended before its announced length", transient=True
)
TOO_LONG: Final = Fault(
    _named("NS_E_TOO_MUCH_DATA_FROM_SERVER"),
    "the server sends more than it announced or may",
    spoils=True,
)
EMPTY: Final = Fault(_named("NS_E_INVALID_DATA"), "the body is empty", spoils=True)
LENGTH_UNPROVEN: Final = Fault(
    _named("BG_E_MISSING_FILE_SIZE"),
    "the server does not tell the length, and nothing proves that the file is whole",
    "Send Content-Length",
    spoils=True,
)
NO_RANGE: Final = Fault(
    _named("BG_E_INSUFFICIENT_RANGE_SUPPORT"),
    "the server sent the whole body where the rest was asked for",
)
FILE_CHANGED: Final = Fault(
    _named("BG_E_REMOTE_FILE_CHANGED"),
    "the file changed on the server while it was transferred",
    transient=True,
)
NOT_MEDIA: Final = Fault(
    _named("NS_E_INVALID_DATA"),
    "the server sent a document where a media file was expected",
    "Open the URL in a browser: it may be an error page with status 200",
    spoils=True,
)
WRONG_MEDIA: Final = Fault(
    _named("NS_E_WMP_UNSUPPORTED_FORMAT"),
    "the file is no media of a supported kind",
    "Send ASF (WMA), MP3, MP4, FLAC or Ogg",
    spoils=True,
)
DIGEST_UNREADABLE: Final = Fault(
    _win32("ERROR_WINHTTP_INVALID_URL"),
    "the digest in the URL's fragment cannot be read",
    "Write #sha-256= and the file's digest in base64 or hexadecimal digits",
)
DIGEST_CONFLICT: Final = Fault(
    _win32("ERROR_WINHTTP_INVALID_URL"),
    "the URL's fragment and the licence declare different digests",
    "Declare the file's digest in one place, or the same one in both",
)
DIGEST_MISMATCH: Final = Fault(
    _named("BG_E_VALIDATION_FAILED"),
    "the bytes have another digest than the one that was told",
    "Compare the file on the store's server with the digest",
    transient=True,
    attempts=2,
)
PROXY_UNUSABLE: Final = Fault(
    _named("BG_E_INVALID_PROXY_INFO"),
    "the variable names no proxy that can be used",
    "Write http://host:port or https://host:port (other kinds are not supported), "
    "or name the store in NO_PROXY",
)
PROXY_NOT_FOUND: Final = Fault(
    _named("NS_E_PROXY_NOT_FOUND"),
    "the proxy's name could not be resolved",
    "Check the proxy in this environment variable, or name the store in NO_PROXY",
    transient=True,
)
PROXY_UNREACHABLE: Final = Fault(
    _named("NS_E_CANNOT_CONNECT_TO_PROXY"),
    "the proxy cannot be reached",
    "Check the proxy in this environment variable, or name the store in NO_PROXY",
    transient=True,
)
PROXY_CONNECT_TIMEOUT: Final = Fault(
    _named("NS_E_PROXY_CONNECT_TIMEOUT"),
    "connecting to the proxy took too long",
    "Check the proxy in this environment variable, or name the store in NO_PROXY",
    transient=True,
)
PROXY_TIMEOUT: Final = Fault(
    _named("NS_E_PROXY_TIMEOUT"),
    "the proxy did not connect to the store in time",
    transient=True,
)
PROXY_INSECURE: Final = Fault(
    _win32("ERROR_WINHTTP_SECURE_CHANNEL_ERROR"),
    "the secure connection to the proxy could not be made",
    "Check the proxy's certificate; if it speaks no TLS itself, "
    "write http:// in this environment variable",
)
PROXY_CREDENTIALS: Final = Fault(
    HRESULT.from_http_status(407),
    "the proxy wants a user name and a password, or other ones",
    "Write http://name:password@host:port in this environment variable",
)
PROXY_REFUSED: Final = Fault(
    _named("NS_E_PROXY_ACCESSDENIED"),
    "the proxy does not allow the connection",
    "Ask whoever runs the proxy, or name the store in NO_PROXY",
)
PROXY_FAILED: Final = Fault(
    _named("NS_E_ERROR_FROM_PROXY"),
    "the proxy could not connect to the store",
    "Check the store's host name, and the proxy in this environment variable",
    transient=True,
)
BUSY: Final = Fault(
    _win32("ERROR_SHARING_VIOLATION"), "another transfer is writing the same partial file"
)

_TABLE: Final = tuple(row for row in list(vars().values()) if isinstance(row, Fault))
_TRANSIENT: Final = frozenset(fault.hr for fault in _TABLE if fault.transient)
_LIMITED: Final = {fault.hr: fault.attempts for fault in _TABLE if fault.attempts is not None}
_SPOILING: Final = frozenset(fault.hr for fault in _TABLE if fault.spoils)

_EXPIRED: Final = frozenset(HRESULT.from_http_status(status) for status in (401, 403, 410))

_STORAGE: Final[dict[int, tuple[str, HRESULT, str]]] = {
    errno.ENOSPC: ("the disk is full", _win32("ERROR_DISK_FULL"), "Free some space"),
    errno.EFBIG: (
        "the file system or a quota allows no larger file",
        _win32("ERROR_DISK_FULL"),
        "Raise the limit or use another disk",
    ),
    errno.EROFS: (
        "the disk is write-protected",
        _win32("ERROR_WRITE_PROTECT"),
        "Use another folder",
    ),
    errno.EACCES: ("the file may not be written", E_ACCESSDENIED, "Mend the permissions"),
    errno.EPERM: ("the file may not be written", E_ACCESSDENIED, "Mend the permissions"),
    errno.ELOOP: (
        "there is a link in the place of the file",
        E_ACCESSDENIED,
        "Look who has put it there, and remove it",
    ),
    errno.ENOENT: (
        "the folder does not exist",
        _win32("ERROR_PATH_NOT_FOUND"),
        "Make the folder, or mend the path",
    ),
    errno.ENOTDIR: (
        "a part of the path is no folder",
        _win32("ERROR_PATH_NOT_FOUND"),
        "Make the folder, or mend the path",
    ),
}
if hasattr(errno, "EDQUOT"):
    _STORAGE[errno.EDQUOT] = _STORAGE[errno.ENOSPC]


def http_status(status: int, where: str) -> TransferError:
    """Make the error for an HTTP status that ends a transfer (HR-04)."""
    return TransferError(
        f"the server answered with HTTP status {status}",
        where=where,
        remedy="Look at the store's server log" if status >= 500 else "Check the URL",
        hr=HRESULT.from_http_status(status),
    )


def another_file(where: str) -> AnotherFile:
    """Make the error for a new URL that leads to another file than the one that was begun."""
    return AnotherFile(
        "the new URL leads to another file than the one that was begun",
        where=where,
        remedy="Give a URL of the same file, or ask for the track again",
        hr=FILE_CHANGED.hr,
    )


def says_expired(hr: HRESULT) -> bool:
    """Return whether a code says that a URL is no longer good: HTTP 401, 403 or 410."""
    return hr in _EXPIRED


def storage(error: OSError, where: str) -> StorageError:
    """Make the error for what the operating system said about a local file."""
    general = (error.strerror or "the file cannot be written", _named("NS_E_FILE_WRITE"), "")
    what, hr, remedy = _STORAGE.get(error.errno or 0, general)
    return StorageError(what, where=where, remedy=remedy, hr=hr)


def is_transient(hr: HRESULT) -> bool:
    """Return whether a further attempt may succeed where this code ended the last one.

    An HTTP status is looked up in `STATUSES`; any other code has to stand in a row above.
    """
    if hr >> 16 != HTTP_PREFIX:
        return hr in _TRANSIENT
    status = hr & 0xFFFF
    kind = STATUSES.get(status // 100, OTHER_STATUS)
    return kind.transient is not (status in kind.exceptions)


def attempts_at_most(hr: HRESULT) -> int | None:
    """Return how many attempts of one transfer may end with a code; None where nothing limits it.

    Progress does not make it more: the policy's own count is reset by progress, this one is not.
    """
    return _LIMITED.get(hr)


def spoils_bytes(hr: HRESULT) -> bool:
    """Return whether a code says that what has come so far is of no use."""
    return hr in _SPOILING
