"""Which URLs are taken, and how a URL is shown.

A store's URL often carries a signature in its query. What is shown, logged or told in a
message has gone through `redact_url`; what is stored is `digest_url`.
"""

import hashlib
import re
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from player_host.transfer import faults
from player_host.transfer.digests import Digest, declared

MAX_URL_LENGTH: Final = 8192
MAX_HOST_LENGTH: Final = 253
SCHEMES: Final = frozenset({"http", "https"})
SHOWN_LENGTH: Final = 200
_ILLEGAL: Final = re.compile("[\\x00-\\x20\\x7f\\\\\ud800-\udfff]")


def check_url(text: str | None) -> None:
    """Say whether a URL may be fetched at all; called before a track is accepted.

    Any thread may call this; nothing is looked up. Which addresses the host may have is
    judged later, when it is connected to.

    Args:
        text: absolute http or https URL of at most 8,192 characters, without credentials.

    Raises:
        TransferError: the URL breaks a rule (T1-DL-48), or declares a digest that cannot be read;
            `hr` is HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME) where the scheme is
            another one, HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL) otherwise.
    """
    broken = _broken_rule(text)
    if broken is not None:
        fault = faults.URL_SCHEME if broken == "scheme" else faults.URL_INVALID
        raise fault.at(redact_url(text or ""), broken)
    digests_in(text or "")


def digests_in(url: str) -> tuple[Digest, ...]:
    """Return the digests that a store declared in the fragment of a URL.

    Raises:
        TransferError: one of them cannot be read (ERROR_WINHTTP_INVALID_URL).
    """
    try:
        return declared(url)
    except ValueError as error:
        raise faults.DIGEST_UNREADABLE.at(redact_url(url), error) from None


def redact_url(text: str) -> str:
    """Return a URL as it may be shown: no credentials, no query, no fragment, bounded."""
    parts = _split(text)
    if parts is None or not parts.scheme or not _is_authority(parts):
        return "(no absolute URL)" if text else "(no URL)"
    host = parts.netloc.rpartition("@")[2]
    query = "?..." if parts.query else ""
    shown = f"{parts.scheme}://{host}{parts.path}"[:SHOWN_LENGTH]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else "?" for c in shown)
    return shown + query


def digest_url(text: str) -> str:
    """Return what is stored in place of a URL: enough to know it again, nothing to read."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def origin_of(text: str) -> str:
    """Return scheme, host and port of a URL that `check_url` has let pass, in lower case."""
    return "://".join(urlsplit(text)[:2]).lower()


def redirect_target(current: str, location: str) -> str:
    """Return where a redirect leads.

    Raises:
        TransferError: the target is no URL that may be fetched, or leads from https to http.
    """
    try:
        target = urljoin(current, location)
    except ValueError:
        raise faults.REDIRECT_WRONG.at(redact_url(current), "no URL") from None
    broken = _broken_rule(target)
    if broken is not None:
        raise faults.REDIRECT_WRONG.at(redact_url(current), broken)
    if current.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise faults.REDIRECT_WRONG.at(redact_url(current), "from https to http")
    return target


def _broken_rule(text: str | None) -> str | None:
    """Return the first rule that a URL breaks, in words; None for a good one."""
    if not text:
        return "there is none"
    if len(text) > MAX_URL_LENGTH:
        return f"longer than {MAX_URL_LENGTH} characters"
    if _ILLEGAL.search(text):
        return "a blank, a control character or a backslash"
    parts = _split(text)
    return "it cannot be taken apart" if parts is None else _broken_part(parts)


def _broken_part(parts: SplitResult) -> str | None:
    if not parts.scheme:
        return "not absolute"
    if parts.scheme not in SCHEMES:
        return "scheme"
    return _broken_authority(parts) if parts.netloc else "not absolute"


def _broken_authority(parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "credentials"
    try:
        port = parts.port
    except ValueError:
        return "the port"
    if port == 0 or parts.netloc.endswith(":"):
        return "the port"
    host = parts.hostname or ""
    known = _is_ipv6(host) if parts.netloc.startswith("[") else _is_name(host)
    return None if known else "the host name"


def _is_name(host: str) -> bool:
    try:
        encoded = host.encode("idna").decode("ascii").rstrip(".")
    except UnicodeError:
        return False
    return 0 < len(encoded) <= MAX_HOST_LENGTH and all(c.isalnum() or c in "-._" for c in encoded)


def _is_authority(parts: SplitResult) -> bool:
    """Say whether there is a host; what is no port may be a password with a slash in it."""
    try:
        return bool(parts.netloc) and parts.port != 0
    except ValueError:
        return False


def _is_ipv6(host: str) -> bool:
    try:
        return IPv6Address(host).scope_id is None
    except ValueError:
        return False


def _split(text: str) -> SplitResult | None:
    try:
        return urlsplit(text)
    except ValueError:
        return None
