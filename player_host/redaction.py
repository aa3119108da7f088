"""What a transcript must not show: blobs, what a URL has besides its path, a partner's secrets.

All become digests under a key that lives as long as the session, so that equality within one
transcript can still be judged.
"""

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

from attrs import evolve, fields

from partner_api.calls import CALLS, RETURNS, Call, Faulted, Malformed, Return
from partner_api.encoding import call_from_data, call_to_data, return_from_data, return_to_data
from partner_api.variant import Variant

R = TypeVar("R", Call, Return)

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}://[^\s?#]*(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
_QUERY_MARK: Final = re.compile("[?#=@]")


def redacted(record: R, key: bytes) -> R:
    """Return the record with blobs and the secret parts of URLs replaced by keyed digests."""
    changes = {}
    for name, redact in _REDACTED[type(record)]:
        value = getattr(record, name)
        if isinstance(value, bytes | str | Variant):
            changes[name] = redact(value, key)
    return evolve(record, **changes) if changes else record


class Concealment:
    """Replaces the secrets of a partner's settings wherever they stand in a transcript.

    Args:
        key: of the digests.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._secrets: dict[str, str] = {}

    def learn(self, secrets: Iterable[str]) -> None:
        """Add secrets."""
        known = {*self._secrets, *secrets}
        # The longest first: one may be the beginning of another.
        ordered = sorted(known, key=len, reverse=True)
        self._secrets = {secret: _digest(secret, self._key) for secret in ordered}

    def concealed(self, record: R) -> R:
        """Return the record with a digest for every secret in its texts."""
        if not self._secrets:
            return record
        to_data, from_data = _CODING[isinstance(record, Call)]
        data = to_data(record)
        if not any(escaped in _dumps(data) for escaped in map(_escaped, self._secrets)):
            return record
        try:
            concealed: Any = from_data(type(record).__name__, self._without(data))
        except Exception:
            # The secret is also a word of the protocol: what it stands in cannot be written.
            concealed = _unspeakable(record)
        return cast("R", concealed)

    def concealed_text(self, text: str) -> str:
        """Return the text with a digest for every secret in it."""
        for secret, digest in self._secrets.items():
            text = text.replace(secret, digest)
        return text

    def _without(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.concealed_text(value)
        if isinstance(value, dict):
            return {name: self._without(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self._without(inner) for inner in value]
        return value


def _unspeakable(record: Call | Return) -> Call | Return:
    problem = "it holds a secret where a digest cannot stand"
    if isinstance(record, Return):
        return Faulted(record.hr, problem)
    return Malformed(type(record).__name__, problem)


def _escaped(text: str) -> str:
    return _dumps(text)[1:-1]


def _redact_blob(blob: bytes, key: bytes) -> bytes:
    return hmac.digest(key, blob, "sha256")[:12]


def _redact_variant(variant: Variant, key: bytes) -> Variant:
    if not isinstance(variant.value, str):
        return variant
    return evolve(variant, value=_redact_words(variant.value, key))


def _redact_words(words: str, key: bytes) -> str:
    """Redact the URLs in a text that may be a URL, hold some, or have nothing to do with any."""
    if _URL.search(words) is None and "=" in words.partition("?")[2]:
        return _redact_url(words, key)
    return _URL.sub(lambda url: _redact_url(url[0], key), words)


def _redact_parameters(parameters: str, key: bytes) -> str:
    """Redact what a page is given: a URL, or a query that stands alone."""
    if _URL.match(parameters):
        return _redact_words(parameters, key)
    return f"?{_digest(parameters, key)}" if _QUERY_MARK.search(parameters) else parameters


def _redact_url(url: str, key: bytes) -> str:
    """Redact a URL; one that has no query, no fragment and no userinfo stays as it is."""
    if not any(mark in url for mark in "?#@"):
        return url
    digest = _digest(url, key)
    parts = _split(url)
    if parts is None:
        return f"?{digest}"
    host = parts.netloc.rpartition("@")[2]
    if host == parts.netloc and "?" not in url and "#" not in url:
        return url
    return urlunsplit((parts.scheme, host, parts.path, digest, ""))


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL, or None where it cannot be said which of them are secret."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # half a password may stand there: then it is no number
    except ValueError:
        return None
    rooted = parts.scheme in {"", "file"} and parts.path.startswith("/")
    return parts if parts.netloc or rooted or "@" not in url else None


def _digest(text: str, key: bytes) -> str:
    return "~" + hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]


_Redactor = Callable[[Any, bytes], Any]
_BY_TYPE: Final[Mapping[Any, _Redactor]] = {bytes: _redact_blob, Variant: _redact_variant}
_BY_NAME: Final[Mapping[str, _Redactor]] = {
    "url": _redact_url,
    "parameters": _redact_parameters,
    "view_params": _redact_parameters,
}


def _redactors(record: type[Any]) -> tuple[tuple[str, _Redactor], ...]:
    found = ((a.name, _BY_TYPE.get(a.type) or _BY_NAME.get(a.name)) for a in fields(record))
    return tuple((name, redact) for name, redact in found if redact is not None)


_dumps = json.JSONEncoder().encode
_CODING: Final[Mapping[bool, tuple[Callable[[Any], Any], Callable[[str, Any], Any]]]] = {
    True: (call_to_data, call_from_data),
    False: (return_to_data, return_from_data),
}
_REDACTED: Final = {record: _redactors(record) for record in (*CALLS.values(), *RETURNS.values())}
