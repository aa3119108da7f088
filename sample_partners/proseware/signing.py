"""What the store signs: its customers' tokens and the URLs of its files.

Both carry all they say, so the server keeps no sessions; with a given seed they outlive a
restart of the store, as a download that is resumed later needs.
"""

import hashlib
import hmac
from enum import Enum

from attrs import frozen

Unixtime = int


class UrlVerdict(Enum):
    """What the signature of a media URL says."""

    GOOD = "good"
    FORGED = "forged"
    EXPIRED = "expired"


@frozen
class Signer:
    """Signs and checks with one key.

    Args:
        key: the store's secret; the same key accepts what it signed in an earlier process.
    """

    key: bytes

    @classmethod
    def from_seed(cls, seed: str) -> "Signer":
        """Return the signer of a seed text."""
        return cls(hashlib.sha256(f"proseware store {seed}".encode()).digest())

    def token_of(self, account_name: str) -> str:
        """Return the token with which an account proves that it logged in."""
        return f"{account_name}.{self._sign('token', account_name)}"

    def account_of(self, token: str) -> str | None:
        """Return the account name of a token, or None if it was not signed here."""
        name, _, signature = token.rpartition(".")
        return name if self._matches(signature, "token", name) else None

    def query_of(self, file_name: str, expires: Unixtime) -> str:
        """Return the query that opens a file until the given second."""
        return f"expires={expires}&signature={self._sign('url', file_name, str(expires))}"

    def check_url(self, file_name: str, expires: str, signature: str, now: Unixtime) -> UrlVerdict:
        """Return what a media URL's query is worth; every argument may be hostile."""
        if not self._matches(signature, "url", file_name, expires):
            return UrlVerdict.FORGED
        return UrlVerdict.GOOD if now < int(expires) else UrlVerdict.EXPIRED

    def _sign(self, *parts: str) -> str:
        return hmac.new(self.key, _bytes("\0".join(parts)), hashlib.sha256).hexdigest()

    def _matches(self, signature: str, *parts: str) -> bool:
        return hmac.compare_digest(_bytes(signature), _bytes(self._sign(*parts)))


def _bytes(text: str) -> bytes:
    # JSON may bring half a surrogate pair, which UTF-8 alone refuses.
    return text.encode("utf-8", "surrogatepass")
