"""Under which key each container keeps an attribute of the library.

The first key that is present wins. Besides the keys in the tables, every attribute named
`WM/...` is looked for in the container's free-form place (`free_form_names`): PRIV and then
TXXX in MP3 (LIB-24), a `----` atom in MP4, a comment of that name in FLAC and Ogg.
ASF keeps the documented names literally; its table holds only what deviates.
"""

from functools import cache
from types import MappingProxyType
from typing import Final

ASF_KEYS: Final = MappingProxyType(
    {
        "WM/Year": ("WM/Year", "date"),
    }
)

# LIB-23; the names of ID3v2.4 after translation of the older versions.
ID3_FRAMES: Final = MappingProxyType(
    {
        "Title": ("TIT2",),
        "Author": ("TPE1",),
        "WM/AlbumArtist": ("TPE2",),
        "WM/AlbumTitle": ("TALB",),
        "WM/TrackNumber": ("TRCK",),
        "WM/PartOfSet": ("TPOS",),
        "WM/Genre": ("TCON",),
        "WM/Year": ("TDRC",),
        "ReleaseDate": ("TDRL", "TDRC"),
        "WM/Composer": ("TCOM",),
        "WM/Publisher": ("TPUB",),
        "Copyright": ("TCOP",),
    }
)

# Every frame that is parsed at all, in the names of the three versions. Others, pictures
# above all, are left unread.
ID3_PARSED: Final = frozenset(
    {"TIT2", "TPE1", "TPE2", "TALB", "TRCK", "TPOS", "TCON", "TDRC", "TDRL", "TYER", "TDAT"}
    | {"TIME", "TCOM", "TPUB", "TCOP", "TXXX", "PRIV", "UFID"}
    | {"TT2", "TP1", "TP2", "TAL", "TRK", "TPA", "TCO", "TYE", "TDA", "TIM", "TCM", "TPB"}
    | {"TCR", "TXX", "UFI"}
)

MP4_ATOMS: Final = MappingProxyType(
    {
        "Title": ("©nam",),
        "Author": ("©ART",),
        "WM/AlbumArtist": ("aART",),
        "WM/AlbumTitle": ("©alb",),
        "WM/TrackNumber": ("trkn",),
        "WM/PartOfSet": ("disk",),
        "WM/Genre": ("©gen",),
        "WM/Composer": ("©wrt",),
        "WM/Year": ("©day",),
        "ReleaseDate": ("©day",),
        "Copyright": ("cprt",),
    }
)

VORBIS_COMMENTS: Final = MappingProxyType(
    {
        "Title": ("TITLE",),
        "Author": ("ARTIST",),
        "WM/AlbumArtist": ("ALBUMARTIST", "ALBUM ARTIST"),
        "WM/AlbumTitle": ("ALBUM",),
        "WM/TrackNumber": ("TRACKNUMBER",),
        "WM/PartOfSet": ("DISCNUMBER",),
        "WM/Genre": ("GENRE",),
        "WM/Composer": ("COMPOSER",),
        "WM/Publisher": ("PUBLISHER", "LABEL", "ORGANIZATION"),
        "WM/Year": ("DATE", "YEAR"),
        "ReleaseDate": ("DATE",),
        "Copyright": ("COPYRIGHT",),
    }
)


@cache
def free_form_names(attribute: str) -> tuple[str, ...]:
    """Return the names for free-form places: as documented, then without `WM/`."""
    return tuple(dict.fromkeys((attribute, attribute.removeprefix("WM/"))))
