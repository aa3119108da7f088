"""ffprobe and exiftool, which share no code with the reader, see the same tags."""

import json
import os
import shutil
import subprocess

import pytest
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, PRIV, TALB, TIT2, TPE1, TPE2, TRCK, TXXX
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggvorbis import OggVorbis

from player_host.library.tags import read_tags

STORE = "Contoso Störe ✓ 音楽"
KEY = "WM/ContentDistributor"
ALL = ["tone.mp3", "tone.wma", "tone.wmv", "tone.m4a", "tone.mp4", "tone.flac", "tone.ogg"]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is missing; the checks of every change need it")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _tag(path) -> None:
    if path.suffix == ".mp3":
        _tag_mp3(path)
    elif path.suffix in (".wma", ".wmv"):
        media = ASF(path)
        media["Title"], media["Author"], media["WM/AlbumTitle"] = ["Söng"], ["Ann"], ["Album"]
        media["WM/AlbumArtist"], media["WM/TrackNumber"], media[KEY] = ["Band"], ["3"], [STORE]
        media.save()
    elif path.suffix in (".m4a", ".mp4"):
        media = MP4(path)
        media["©nam"], media["©ART"], media["©alb"] = ["Söng"], ["Ann"], ["Album"]
        media["aART"], media["trkn"] = ["Band"], [(3, 0)]
        media[f"----:com.apple.iTunes:{KEY}"] = [MP4FreeForm(STORE.encode())]
        media.save()
    else:
        media = FLAC(path) if path.suffix == ".flac" else OggVorbis(path)
        media["title"], media["artist"], media["album"] = "Söng", "Ann", "Album"
        media["albumartist"], media["tracknumber"] = "Band", "3"
        media["contentdistributor"] = STORE
        media.save()


def _tag_mp3(path) -> None:
    tags = ID3()
    for frame in (TIT2(text="Söng"), TPE1(text="Ann"), TALB(text="Album"), TPE2(text="Band")):
        tags.add(frame)
    tags.add(TRCK(text="3"))
    tags.add(TXXX(desc=KEY, text=STORE))
    tags.add(PRIV(owner=KEY, data=STORE.encode("utf-16-le") + b"\0\0"))
    for frame in tags.values():
        if hasattr(frame, "encoding"):
            frame.encoding = 3
    tags.save(path)


def _probe(path) -> tuple[dict[str, str], dict]:
    command = [_program("ffprobe"), "-v", "error", "-of", "json", "-show_format", "-show_streams"]
    shown = subprocess.run([*command, path], check=True, capture_output=True, timeout=60)
    answer = json.loads(shown.stdout)
    # Ogg keeps its comments with the stream.
    tags = answer["format"].get("tags", {}) | answer["streams"][0].get("tags", {})
    return {key.lower(): text for key, text in tags.items()}, answer


@pytest.mark.requirement("LIB-06", "LIB-23")
@pytest.mark.parametrize("name", ALL)
def test_ffprobe_sees_the_tags_that_are_read(media, name):
    path = media(name)
    _tag(path)
    seen, _ = _probe(path)
    tags = read_tags(path)
    store = seen.get(KEY.lower()) or seen.get("contentdistributor")

    assert (tags.title, tags.artist, tags.album_title) == (
        seen["title"],
        seen.get("album_artist") or seen.get("wm/albumartist") or seen.get("albumartist"),
        seen["album"],
    )
    assert tags.authors == (seen["artist"],)
    assert tags.track_number == int(seen["track"].partition("/")[0])
    assert tags.content_distributor == store == STORE


@pytest.mark.requirement("LIB-10", "LIB-13")
@pytest.mark.parametrize("name", ALL)
def test_ffprobe_sees_the_duration_and_kind_that_are_read(media, name):
    path = media(name)
    _, answer = _probe(path)
    tags = read_tags(path)
    kinds = {stream["codec_type"] for stream in answer["streams"]}

    assert tags.duration == pytest.approx(float(answer["format"]["duration"]), abs=0.1)
    assert tags.media_type == ("video" if "video" in kinds else "audio")


@pytest.mark.parametrize("name", ALL)
def test_exiftool_sees_the_tags_that_are_read(media, name):
    path = media(name)
    _tag(path)
    command = [_program("exiftool"), "-json", "-charset", "utf8", str(path)]
    shown = subprocess.run(command, check=True, capture_output=True, timeout=60)
    (seen,) = json.loads(shown.stdout)
    tags = read_tags(path)

    album = seen.get("Album", seen.get("AlbumTitle"))
    assert (tags.title, tags.album_title) == (seen["Title"], album)
    assert tags.authors == (seen.get("Artist", seen.get("Author")),)
