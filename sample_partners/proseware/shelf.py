"""The files that the store hands out, made when they are first asked for.

Making one takes well under a millisecond, so nothing is tagged at the start and a catalogue
of a hundred thousand tracks needs no disk. The same track gives the same bytes in every
process: the ETag is a digest of them, and it changes with every byte.
"""

import base64
import hashlib
from collections import OrderedDict
from pathlib import Path

from attrs import define, field, frozen

from sample_partners.proseware.asf import protect, with_true_size
from sample_partners.proseware.catalog import Catalog, Piece, Track
from sample_partners.proseware.tagging import tag_asf, tag_mp3, tags_of

LICENSE_URL = "https://licenses.proseware.example/acquire"
LAST_MODIFIED = "Wed, 01 Nov 2006 00:00:00 GMT"

_PIECES_FOLDER = Path(__file__).parent / "media"
_CACHED_FILES = 512
_MEDIA_TYPES = {".mp3": "audio/mpeg", ".wma": "audio/x-ms-wma", ".wmv": "video/x-ms-wmv"}


@frozen
class MediaFile:
    """One whole file with what HTTP says about it."""

    body: bytes
    etag: str
    media_type: str


def key_id_of(track: Track) -> str | None:
    """Return the key id that a protected track's file and its licence share, else None."""
    if not track.is_protected:
        return None
    digest = hashlib.sha256(f"proseware key {track.id}".encode()).digest()
    return base64.b64encode(digest[:16]).decode()


@define
class Shelf:
    """Makes, keeps and finds the files of one catalogue; used on the server's one thread.

    Args:
        catalog: what the store sells.
        copies: a folder for a copy of every file made, or None.
    """

    catalog: Catalog
    copies: Path | None = None
    _files: "OrderedDict[int, MediaFile]" = field(init=False, factory=OrderedDict)
    _pieces: dict[Piece, bytes] = field(init=False, factory=dict)

    def file_of(self, track: Track) -> MediaFile:
        """Return the file of a track of this catalogue."""
        known = self._files.get(track.id)
        if known is not None:
            self._files.move_to_end(track.id)
            return known
        made = self._make(track)
        self._keep(track, made)
        return made

    def _make(self, track: Track) -> MediaFile:
        body = self._body(track)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return MediaFile(body, etag, _MEDIA_TYPES[track.piece.extension])

    def _body(self, track: Track) -> bytes:
        piece, tags = self._piece(track.piece), tags_of(self.catalog, track)
        if track.piece.extension == ".mp3":
            return tag_mp3(piece, tags)
        return with_true_size(_protect_if_due(tag_asf(piece, tags), track))

    def _piece(self, piece: Piece) -> bytes:
        if piece not in self._pieces:
            self._pieces[piece] = (_PIECES_FOLDER / piece).read_bytes()
        return self._pieces[piece]

    def _keep(self, track: Track, made: MediaFile) -> None:
        self._files[track.id] = made
        if len(self._files) > _CACHED_FILES:
            self._files.popitem(last=False)
        if self.copies is not None:
            (self.copies / track.file_name).write_bytes(made.body)


def _protect_if_due(file: bytes, track: Track) -> bytes:
    key_id = key_id_of(track)
    if key_id is None:
        return file
    secret = hashlib.sha256(f"proseware secret {track.id}".encode()).digest()
    return protect(file, key_id=key_id, license_url=LICENSE_URL, secret=secret)
