"""From a URL to what is sent: host, port, and the path as bytes. Pure.

A store may have signed its URL, so every character that may stand in a request is sent as it came;
only what may not is encoded, and dot segments are resolved, as browsers do.
"""

import re
from typing import Final
from urllib.parse import quote, urlsplit

import idna
from attrs import frozen

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_DOTS: Final = re.compile(r"/\.{1,2}(/|$)")
_PATH_SAFE: Final = "!$%&'()*+,-./:;=@[\\]^_|~"
_QUERY_SAFE: Final = "!$%&'()*+,-./:;=?@[\\]^_`{|}~"
_AS_IT_IS: Final = re.compile(r"[!$%&()*+,\-./0-9:;=?@A-Z\[\]^_a-z|~]*")


@frozen
class Target:
    """What a GET asks for.

    Attributes:
        url: as it was given, without its fragment; it may hold a secret.
        scheme: `http` or `https`.
        host: a name in ASCII, or an address; without brackets.
        port: of the URL, or the scheme's own one.
        path: path and query, as they are sent.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: bytes

    @property
    def authority(self) -> bytes:
        """Host and port as the Host field has them: the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{host}{port}".encode("ascii")


def target_of(url: str) -> Target:
    """Return what to ask for.

    Args:
        url: one that `check_url` has let pass.

    Raises:
        ValueError: its host is no name that can be looked up.
    """
    parts = urlsplit(url)
    host, path = parts.hostname or "", parts.path or "/"
    if not host.isascii():
        host = _ascii(host)
    if not path.startswith("/"):
        path = f"/{path}"
    if "/." in path:
        path = _without_dots(path)
    sent = f"{path}?{parts.query}" if parts.query or _has_empty_query(url) else path
    if not _AS_IT_IS.fullmatch(sent):
        query = sent[len(path) :]
        sent = quote(path, safe=_PATH_SAFE) + quote(query, safe=_QUERY_SAFE)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return Target(url.partition("#")[0], parts.scheme, host, port, sent.encode("ascii"))


def _ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(str(error)) from None


def _has_empty_query(url: str) -> bool:
    return url.partition("#")[0].endswith("?")


def _without_dots(path: str) -> str:
    """Resolve `.` and `..` (RFC 3986, 5.2.4)."""
    if not _DOTS.search(path):
        return path
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    ends_in_folder = parts[-1] in {".", ".."}
    return "/" + "/".join(kept) + ("/" if ends_in_folder and kept else "")
