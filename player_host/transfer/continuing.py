"""Going on at a new URL with the bytes that were begun at another one. Pure.

Stores sign the URLs of their files, and a URL may be no longer good before its file is whole. The
store then gives another URL of the same file. What says that it is the same file:

* a digest of the whole file, where one is known: the rest is asked for without If-Range, because
  many servers change a file's entity tag with the URL; a part of a file of the same length is
  taken, and the digest of the whole decides in the end;
* else the validators: the rest is asked for with If-Range, as at the old URL.

Anything else is another file.
"""

from collections.abc import Mapping

from attrs import evolve

from player_host.transfer.admission import rest_of
from player_host.transfer.state import PartialState
from player_host.transfer.validators import content_length, strong_validators
from player_host.units import ByteCount


def range_headers(state: PartialState, size: ByteCount, *, any_version: bool) -> dict[str, str]:
    """Return the headers that ask for the rest of a file.

    Args:
        state: what is known of the bytes that lie there.
        size: how many they are.
        any_version: whether a digest is known that decides in the end.
    """
    headers = {"Range": f"bytes={size}-"}
    return headers if any_version else headers | {"If-Range": state.validators.if_range}


def continued(
    state: PartialState,
    size: ByteCount,
    headers: Mapping[str, str],
    url_digest: str,
    *,
    any_version: bool,
) -> PartialState | None:
    """Return what is known of a file after a 206 that goes on with it; None where it does not.

    The new URL takes the place of the old one with its own validators. Where it has no strong ones
    the old URL stays, so that the rest of the rest is asked for without If-Range again.
    """
    total = rest_of(state, size, headers, any_version=any_version)
    if total is None:
        return None
    known = state.validators.with_tag_of(headers)
    fresh = strong_validators(headers) if any_version else known
    if fresh is None:
        return evolve(state, total=total)
    return evolve(state, url_digest=url_digest, validators=fresh, total=total)


def is_same_file(state: PartialState, headers: Mapping[str, str], *, any_version: bool) -> bool:
    """Say whether a full body at the new URL is the file that was begun."""
    chunked = "transfer-encoding" in headers
    total = None if chunked else content_length(headers)
    return total == state.total and (any_version or state.validators.admits(headers))
