"""The tags that a sold file carries, per container.

ASF files take the attribute names literally. MP3 files take ID3v2.3 frames; attributes
without a frame of their own are written twice, as PRIV (what the Player is observed to
write) and as TXXX (what other programs read). The same track gives the same bytes each time.
"""

# mutagen annotates only a part of itself.
# mypy: disable-error-code="no-untyped-call, attr-defined"

from io import BytesIO
from uuid import NAMESPACE_URL, UUID, uuid5

from attrs import frozen
from mutagen.asf import ASF, ASFGUIDAttribute, ASFUnicodeAttribute
from mutagen.id3 import ID3, PRIV, TALB, TCOM, TCON, TIT2, TPE1, TPE2, TRCK, TXXX, TYER, Encoding

from sample_partners.proseware.catalog import Catalog, Piece, Track

DISTRIBUTOR = "Proseware"
PROVIDER = "Proseware Music"

_CLASS_MUSIC = UUID("D1607DBC-E323-4BE2-86A1-48A42A28441E")
_CLASS_VIDEO = UUID("DB9830BD-3AB3-4FAB-8A37-1A995F7FF74B")
_SECONDARY_NONE = UUID(int=0)
_SECONDARY_MUSIC_VIDEO = UUID("E3E689E2-BA8C-4330-96DF-A0EEEFFA6876")

_FRAMES = {
    "Title": TIT2,
    "Author": TPE1,
    "WM/AlbumArtist": TPE2,
    "WM/AlbumTitle": TALB,
    "WM/Genre": TCON,
    "WM/TrackNumber": TRCK,
    "WM/Year": TYER,
    "WM/Composer": TCOM,
}


@frozen
class Tags:
    """The attributes of one file: texts and GUIDs by their documented names."""

    texts: dict[str, str]
    guids: dict[str, UUID]


def tags_of(catalog: Catalog, track: Track) -> Tags:
    """Return what the file of a track says about itself."""
    is_video = track.piece is Piece.WMV
    return Tags(
        texts=_texts(catalog, track),
        guids={
            "WM/MediaClassPrimaryID": _CLASS_VIDEO if is_video else _CLASS_MUSIC,
            "WM/MediaClassSecondaryID": _SECONDARY_MUSIC_VIDEO if is_video else _SECONDARY_NONE,
            "WM/WMContentID": _guid("track", track.id),
            "WM/WMCollectionID": _guid("album", track.album_id),
        },
    )


def tag_asf(file: bytes, tags: Tags) -> bytes:
    """Return a WMA or WMV file with these tags in place of its own."""
    buffer = BytesIO(file)
    asf = ASF(buffer)
    asf.clear()
    for name, text in tags.texts.items():
        asf[name] = [ASFUnicodeAttribute(text)]
    for name, guid in tags.guids.items():
        asf[name] = [ASFGUIDAttribute(guid.bytes_le)]
    buffer.seek(0)
    asf.save(buffer, padding=_no_padding)
    return buffer.getvalue()


def tag_mp3(file: bytes, tags: Tags) -> bytes:
    """Return an untagged MP3 file with these tags in front."""
    id3 = ID3()
    for name, text in tags.texts.items():
        _add_text(id3, name, text)
    for name, guid in tags.guids.items():
        id3.add(PRIV(owner=name, data=guid.bytes_le))
        id3.add(TXXX(encoding=Encoding.UTF16, desc=name, text=str(guid).upper()))
    buffer = BytesIO(file)
    id3.save(buffer, v1=0, v2_version=3, padding=_no_padding)
    return buffer.getvalue()


def _texts(catalog: Catalog, track: Track) -> dict[str, str]:
    album = catalog.album_by_id[track.album_id]
    artists = (catalog.artist_by_id[artist].name for artist in track.artist_ids)
    texts = {
        "Title": track.title,
        "Author": ", ".join(artists),
        "WM/AlbumArtist": catalog.artist_by_id[album.artist_id].name,
        "WM/AlbumTitle": album.name,
        "WM/Genre": catalog.genre_by_id[album.genre_id].title,
        "WM/TrackNumber": str(track.number),
        "WM/Year": album.year,
        "WM/Composer": track.composer,
        "WM/Provider": PROVIDER,
        "WM/ContentDistributor": DISTRIBUTOR,
        "WM/UniqueFileIdentifier": f"{DISTRIBUTOR};track={track.id}",
    }
    return {name: text for name, text in texts.items() if text}


def _guid(kind: str, number: int) -> UUID:
    return uuid5(NAMESPACE_URL, f"https://proseware.example/{kind}/{number}")


def _add_text(id3: ID3, name: str, text: str) -> None:
    frame = _FRAMES.get(name)
    if frame is not None:
        id3.add(frame(encoding=Encoding.UTF16, text=text))
        return
    id3.add(PRIV(owner=name, data=text.encode("utf-16-le") + b"\0\0"))
    id3.add(TXXX(encoding=Encoding.UTF16, desc=name, text=text))


def _no_padding(_info: object) -> int:
    return 0
