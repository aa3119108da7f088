"""Opens media files, one function for each container. The only module that imports mutagen.

Each function gives the facts of the streams and a lookup from documented attribute names to
raw values. Bytes come from outside: mutagen may answer them with any exception, which
`player_host.library.tags`, the only caller, maps.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final

import mutagen.asf
import mutagen.flac
import mutagen.id3
import mutagen.mp3
import mutagen.mp4
import mutagen.oggflac
import mutagen.oggopus
import mutagen.oggspeex
import mutagen.oggtheora
import mutagen.oggvorbis
from attrs import frozen

from player_host.library import values
from player_host.library.asf_header import ASF_MAGIC, read_asf_header
from player_host.library.id3_trap import refuse_trap
from player_host.library.mapping import (
    ASF_KEYS,
    ID3_FRAMES,
    ID3_PARSED,
    MP4_ATOMS,
    VORBIS_COMMENTS,
    free_form_names,
)
from player_host.library.records import MediaTags
from player_host.log import get_logger

Lookup = Callable[[str], Sequence[object]]

# mutagen's constructors are not annotated.
_asf: Any = mutagen.asf
_flac: Any = mutagen.flac
_id3: Any = mutagen.id3
_mp3: Any = mutagen.mp3
_mp4: Any = mutagen.mp4

_log = get_logger(__name__)

_OGG_KINDS: Final[tuple[tuple[bytes, Any, str], ...]] = (
    (b"\x01vorbis", mutagen.oggvorbis.OggVorbis, "ogg"),
    (b"OpusHead", mutagen.oggopus.OggOpus, "opus"),
    (b"\x7fFLAC", mutagen.oggflac.OggFLAC, "oga"),
    (b"Speex   ", mutagen.oggspeex.OggSpeex, "spx"),
    (b"\x80theora", mutagen.oggtheora.OggTheora, "ogv"),
)
_PARSED_FRAMES: Final = {
    name: frame for name, frame in (_id3.Frames | _id3.Frames_2_2).items() if name in ID3_PARSED
}
_PROTECTED_CODECS: Final = ("drms", "drmi", "enca", "encv")


@frozen
class Opened:
    """A file as its container's reader sees it: the facts of the streams, and the tags."""

    facts: MediaTags
    lookup: Lookup


def opener(head: bytes) -> Callable[[BinaryIO], Opened] | None:
    """Return what opens a file that begins with these bytes (64 are enough), or None.

    The function returned takes the file at its start, on any thread, and raises whatever
    mutagen raises for damaged files.
    """
    if head.startswith(ASF_MAGIC):
        return _open_asf
    if head[4:8] == b"ftyp":
        return _open_mp4
    if head.startswith(b"fLaC"):
        return _open_flac
    if head.startswith(b"OggS"):
        return _ogg_opener(head)
    # A frame's sync bits, and a layer: 00 there would be an AAC stream.
    synced = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06
    return _open_mp3 if head.startswith(b"ID3") or synced else None


def _open_asf(file: BinaryIO) -> Opened:
    media = _asf.ASF(file)
    header = read_asf_header(file)
    if not header.has_streams:
        raise ValueError("the file has no streams")
    facts = MediaTags(
        file_type="wmv" if header.has_video else "wma",
        media_type="video" if header.has_video else "audio",
        duration=values.seconds(media.info.length),
        is_protected=header.is_protected,
        drm_key_id=values.clean_text(header.key_id),
        content_distributor=values.clean_text(header.distributor),
    )
    stored = [(name, attribute.value) for name, attribute in media.tags or ()]

    def lookup(attribute: str) -> Sequence[object]:
        keys = ASF_KEYS.get(attribute, (attribute,))
        return _first_present(keys, lambda key: [v for name, v in stored if name == key])

    return Opened(facts, lookup)


def _open_mp3(file: BinaryIO) -> Opened:
    tags = _id3_tag(file)
    file.seek(0)
    length = values.seconds(_mp3.MPEGInfo(file).length)
    return Opened(MediaTags(file_type="mp3", duration=length), _id3_lookup(tags))


def _id3_tag(file: BinaryIO) -> Any:
    """Return the tag of an MP3 file; an empty one where it is missing, broken or a trap."""
    try:
        refuse_trap(file)
        file.seek(0)
        return _id3.ID3(file, known_frames=_PARSED_FRAMES)
    except _id3.ID3NoHeaderError:
        return _id3.ID3()
    except Exception as error:  # the tag is lost, the music is not
        _log.warning("library.tags.unreadable", container="mp3", error=type(error).__name__)
        return _id3.ID3()


def _id3_lookup(tags: Any) -> Lookup:
    # Sorted out once: every attribute asks for the free-form frames.
    frames: dict[str, list[Any]] = {}
    for frame in tags.values():
        frames.setdefault(frame.FrameID, []).append(frame)
    private = {frame.owner: [frame.data] for frame in reversed(frames.get("PRIV", ()))}
    named = {frame.desc.casefold(): frame for frame in reversed(frames.get("TXXX", ()))}

    def free_form(attribute: str) -> Sequence[object]:
        if attribute in private:
            return private[attribute]
        for name in free_form_names(attribute):
            if name.casefold() in named:
                return [str(text) for text in named[name.casefold()].text]
        if attribute == "WM/UniqueFileIdentifier":
            return _unique_file_identifiers(frames.get("UFID", ()))
        return ()

    def lookup(attribute: str) -> Sequence[object]:
        fixed = _first_present(
            ID3_FRAMES.get(attribute, ()),
            lambda key: [text for frame in frames.get(key, ()) for text in _frame_texts(frame)],
        )
        return fixed or free_form(attribute)

    return lookup


def _frame_texts(frame: Any) -> list[object]:
    texts = frame.genres if frame.FrameID == "TCON" else frame.text
    return [str(text) for text in texts]


def _unique_file_identifiers(frames: Sequence[Any]) -> Sequence[object]:
    pairs = [f"{f.owner}={f.data.decode('utf-8', 'replace')}" for f in frames]
    return [";".join(pairs)] if pairs else ()


def _open_mp4(file: BinaryIO) -> Opened:
    atoms = _mp4.Atoms(file)
    info = _mp4.MP4Info(atoms, file)
    video = any(_is_video(track, file) for track in atoms[b"moov"].findall(b"trak"))
    facts = MediaTags(
        file_type="mp4" if video else "m4a",
        media_type="video" if video else "audio",
        duration=values.seconds(info.length),
        is_protected=info.codec.startswith(_PROTECTED_CODECS),
    )
    return Opened(facts, _mp4_lookup(_mp4_tags(file)))


def _is_video(track: Any, file: BinaryIO) -> bool:
    _, handler = track[b"mdia", b"hdlr"].read(file)
    return bytes(handler[8:12]) == b"vide"


def _mp4_tags(file: BinaryIO) -> Mapping[str, Sequence[object]]:
    file.seek(0)
    try:
        return dict(_mp4.MP4(file).tags or {})
    except Exception as error:  # the tag is lost, the music is not
        _log.warning("library.tags.unreadable", container="mp4", error=type(error).__name__)
        return {}


def _mp4_lookup(tags: Mapping[str, Sequence[object]]) -> Lookup:
    free = {key.rpartition(":")[2].casefold(): v for key, v in tags.items() if key[:4] == "----"}

    def lookup(attribute: str) -> Sequence[object]:
        fixed = _first_present(MP4_ATOMS.get(attribute, ()), lambda key: tags.get(key, ()))
        names = (name.casefold() for name in free_form_names(attribute))
        return fixed or _first_present(names, lambda name: _plain(free.get(name, ())))

    return lookup


def _plain(stored: Sequence[object]) -> list[object]:
    return [bytes(v) if isinstance(v, bytes) else v for v in stored]


def _open_flac(file: BinaryIO) -> Opened:
    return _with_comments(_flac.FLAC(file), "flac")


def _ogg_opener(head: bytes) -> Callable[[BinaryIO], Opened] | None:
    for mark, reader, extension in _OGG_KINDS:
        if mark in head:
            return lambda file: _with_comments(reader(file), extension)
    return None


def _with_comments(media: Any, extension: str) -> Opened:
    facts = MediaTags(
        file_type=extension,
        media_type="video" if extension == "ogv" else "audio",
        duration=values.seconds(media.info.length),
    )
    stored = [(key.upper(), text) for key, text in media.tags or ()]

    def lookup(attribute: str) -> Sequence[object]:
        free = (name.upper() for name in free_form_names(attribute))
        keys = (*VORBIS_COMMENTS.get(attribute, ()), *free)
        return _first_present(keys, lambda key: [text for name, text in stored if name == key])

    return Opened(facts, lookup)


def _first_present(
    keys: Iterable[str], find: Callable[[str], Sequence[object]]
) -> Sequence[object]:
    return next((found for key in keys if (found := find(key))), ())
