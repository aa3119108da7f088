"""Which digests a file ought to have: those in an answer's headers, and those in its URL. Pure.

* `Repr-Digest` (RFC 9530) and `Digest` (RFC 3230) are of the whole file, in a 206 as well.
* `Content-Digest` (RFC 9530) is of what an answer carries: the whole file in a 200, the part in a
  206.
* `Content-MD5` is of the whole file in a 200. In a 206 servers mean either by it; it says nothing.
* The fragment of a URL (`#sha-256=...`) is never sent; a store declares the whole file's digest
  there, or in the licence.

Unknown algorithms are passed over. A header that cannot be read is worth a log event and nothing
else; a declaration that cannot be read is an error.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urldefrag

from attrs import field, frozen

from partner_api.licensing import License

MAX_VALUE_LENGTH: Final = 4096
FRAGMENT: Final = "URL"
LICENSE: Final = "licence"


class Algorithm(StrEnum):
    """The algorithms that are checked, as `hashlib` names them."""

    SHA_512 = "sha512"
    SHA_256 = "sha256"
    SHA_1 = "sha1"
    MD5 = "md5"

    @property
    def size(self) -> int:
        """How many bytes such a digest has."""
        return _SIZES[self]


_SIZES: Final = {
    Algorithm.SHA_512: 64,
    Algorithm.SHA_256: 32,
    Algorithm.SHA_1: 20,
    Algorithm.MD5: 16,
}
_NAMES: Final = {
    "sha-512": Algorithm.SHA_512,
    "sha-256": Algorithm.SHA_256,
    "sha-1": Algorithm.SHA_1,
    "sha": Algorithm.SHA_1,
    "md5": Algorithm.MD5,
    # Not registered, but written often.
    "sha512": Algorithm.SHA_512,
    "sha256": Algorithm.SHA_256,
    "sha1": Algorithm.SHA_1,
    "id-sha-512": Algorithm.SHA_512,
    "id-sha-256": Algorithm.SHA_256,
}

# A dictionary of structured fields (RFC 8941, 3.2) without inner lists, which no digest is.
_KEY: Final = r"[a-z*][a-z0-9_.*-]*"
_ITEM: Final = (
    r'(?: :[A-Za-z0-9+/=]*:  |  "(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"  |  \?[01]'
    r"  |  -?[0-9]{1,15}(?:\.[0-9]{1,3})?  |  [A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]* )"
)
_MEMBER: Final = re.compile(
    rf"(?P<key>{_KEY})(?:=(?P<value>{_ITEM}))?(?:;[\x20]*{_KEY}(?:={_ITEM})?)*", re.VERBOSE
)
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]*")
_URL_ALPHABET: Final = str.maketrans("-_", "+/")


@frozen
class Digest:
    """A digest that bytes ought to have, and who says so.

    Attributes:
        algorithm: how it is computed.
        value: as many bytes as the algorithm gives.
        source: the header's name, or `URL`; for messages.
    """

    algorithm: Algorithm
    value: bytes = field(repr=bytes.hex)
    source: str


@frozen
class Announced:
    """What the headers of one answer say.

    Attributes:
        whole: digests of the whole file.
        part: digests of what this answer carries, where that is a part of the file.
        unreadable: the names of the headers that were passed over, wholly or in part.
    """

    whole: tuple[Digest, ...] = ()
    part: tuple[Digest, ...] = ()
    unreadable: tuple[str, ...] = ()


def announced(headers: Mapping[str, str], *, partial: bool) -> Announced:
    """Return the digests that an answer announces.

    Args:
        headers: names in lower case; a repeated one is joined with commas.
        partial: whether the answer is a 206.
    """
    whole: list[Digest] = []
    part: list[Digest] = []
    unreadable: list[str] = []
    for name, read in _READERS.items():
        text = headers.get(name)
        if text is None or (partial and name == "content-md5"):
            continue
        found = list(_pairs(read, text))
        known = [Digest(of, value, name) for of, value in found if of and value is not None]
        (part if partial and name == "content-digest" else whole).extend(known)
        if any(value is None for _, value in found):
            unreadable.append(name)
    return Announced(_once(whole), _once(part), tuple(unreadable))


def declared(url: str) -> tuple[Digest, ...]:
    """Return the digests that stand in the fragment of a URL.

    The fragment is a list of `name=value`, separated by `&`; names that are no algorithm's, such
    as those of media fragments, mean nothing. A value is base64 (either alphabet, padded or not)
    or hexadecimal.

    Raises:
        ValueError: the value of a known algorithm is missing or no such digest, or two differ.
    """
    found: dict[Algorithm, bytes] = {}
    for piece in urldefrag(url).fragment.split("&"):
        name, _, text = piece.partition("=")
        algorithm = _NAMES.get(name.strip().lower())
        if algorithm is None:
            continue
        value = _value(unquote(text), algorithm)
        if value is None:
            raise ValueError(f"{name} is no digest of {algorithm.size} bytes")
        if found.setdefault(algorithm, value) != value:
            raise ValueError(f"{name} is given twice")
    return tuple(Digest(algorithm, value, FRAGMENT) for algorithm, value in found.items())


def declared_with(license: License | None) -> tuple[Digest, ...]:  # noqa: A002
    """Return the digest that a licence declares: one, or none."""
    if license is None or license.digest is None:
        return ()
    name, _, text = license.digest.partition("=")
    value = _value(text, _NAMES[name])
    assert value is not None  # as the licence was checked when it was made
    return (Digest(_NAMES[name], value, LICENSE),)


def differing(expected: Iterable[Digest], actual: Mapping[Algorithm, bytes]) -> Digest | None:
    """Return the first expected digest that the actual ones contradict, or None.

    Args:
        expected: all of them have to agree.
        actual: has every algorithm that is expected.
    """
    return next((one for one in expected if actual[one.algorithm] != one.value), None)


def united(first: Iterable[Digest], second: Iterable[Digest]) -> tuple[Digest, ...]:
    """Return the digests of both, each value once."""
    return _once((*first, *second))


def conflict(first: Iterable[Digest], second: Iterable[Digest]) -> bool:
    """Say whether no bytes can have all of these digests."""
    values = {one.algorithm: one.value for one in first}
    return any(values.get(one.algorithm, one.value) != one.value for one in second)


def as_text(digests: Iterable[Digest]) -> str:
    """Return digests as a database keeps them."""
    return "\n".join(f"{one.algorithm} {one.value.hex()} {one.source}" for one in digests)


def from_text(text: str) -> tuple[Digest, ...]:
    """Return the digests that `as_text` wrote."""
    rows = (line.split(" ") for line in text.splitlines())
    return tuple(Digest(Algorithm(name), bytes.fromhex(value), by) for name, value, by in rows)


_Pair = tuple[Algorithm | None, bytes | None]
"""An algorithm and its value: no algorithm for an unreadable header, no value for a bad one."""


def _pairs(read: Callable[[str], Iterator[_Pair]], text: str) -> Iterator[_Pair]:
    if len(text) > MAX_VALUE_LENGTH:
        return iter([(None, None)])
    return read(text)


def _structured(text: str) -> Iterator[_Pair]:
    """Read a dictionary of byte sequences (RFC 9530, sections 2 and 3)."""
    members = _dictionary(text.strip(" "))
    if members is None:
        yield None, None
        return
    for key, item in members.items():
        algorithm = _NAMES.get(key)
        if algorithm is not None:
            yield algorithm, _sequence(item, algorithm)


def _dictionary(text: str) -> dict[str, str | None] | None:
    """Return keys and items, the last of each key; None where the grammar is broken."""
    members: dict[str, str | None] = {}
    position = 0
    while text:
        match = _MEMBER.match(text, position)
        if match is None:
            return None
        members[match["key"]] = match["value"]
        if match.end() == len(text):
            break
        comma = _COMMA.match(text, match.end())
        if comma is None:
            return None
        position = comma.end()
    return members


def _sequence(item: str | None, algorithm: Algorithm) -> bytes | None:
    if item is None or not item.startswith(":"):
        return None
    return _sized(_from_base64(item[1:-1]), algorithm)


def _instance(text: str) -> Iterator[_Pair]:
    """Read a list of instance digests (RFC 3230, 4.1.1)."""
    for piece in text.split(","):
        name, equals, value = piece.strip().partition("=")
        algorithm = _NAMES.get(name.strip().lower())
        if algorithm is not None:
            yield algorithm, _value(value, algorithm)
        elif name and not equals:
            yield None, None


def _md5(text: str) -> Iterator[_Pair]:
    yield Algorithm.MD5, _value(text, Algorithm.MD5)


_READERS: Final[Mapping[str, Callable[[str], Iterator[_Pair]]]] = {
    "repr-digest": _structured,
    "content-digest": _structured,
    "digest": _instance,
    "content-md5": _md5,
}


def _value(text: str, algorithm: Algorithm) -> bytes | None:
    """Return a digest in base64 or hexadecimal digits; their lengths tell them apart."""
    text = text.strip().strip('"')
    if len(text) == 2 * algorithm.size and _HEXADECIMAL.fullmatch(text):
        return bytes.fromhex(text)
    return _sized(_from_base64(text.translate(_URL_ALPHABET)), algorithm)


def _from_base64(text: str) -> bytes:
    """Return what a text encodes, padded or not; nothing where it is no base64."""
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _sized(value: bytes, algorithm: Algorithm) -> bytes | None:
    return value if len(value) == algorithm.size else None


def _once(digests: Iterable[Digest]) -> tuple[Digest, ...]:
    """Return the digests without repetitions of the same value."""
    return tuple({(one.algorithm, one.value): one for one in digests}.values())
