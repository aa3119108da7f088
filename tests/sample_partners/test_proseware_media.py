"""The files: whole, tagged as the documents say, protected where they should be, always alike."""

import hashlib
import json
import re
import struct
import subprocess
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.asf import ASF
from mutagen.id3 import ID3
from mutagen.mp3 import MP3

from sample_partners.proseware import shelf as shelf_module
from sample_partners.proseware.asf import protect, with_true_size
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.shelf import Shelf, key_id_of
from sample_partners.proseware.synthetic import synthetic

CATALOG = repertoire()
SHELF = Shelf(CATALOG)
MEDIA = Path(shelf_module.__file__).parent / "media"
MUSIC = UUID("D1607DBC-E323-4BE2-86A1-48A42A28441E")
VIDEO = UUID("DB9830BD-3AB3-4FAB-8A37-1A995F7FF74B")
ENCRYPTION = UUID("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E").bytes_le
BY_FILE = {track.file_name: track for track in CATALOG.tracks}


def body(track_id: int) -> bytes:
    return SHELF.file_of(CATALOG.track_by_id[track_id]).body


def asf(track_id: int) -> ASF:
    return ASF(BytesIO(body(track_id)))


def id3(track_id: int) -> ID3:
    return ID3(BytesIO(body(track_id)), translate=False)


def digests(shelf: Shelf) -> dict[int, str]:
    return {
        track.id: hashlib.sha256(shelf.file_of(track).body).hexdigest()
        for track in shelf.catalog.tracks
    }


def test_the_same_catalogue_gives_the_same_bytes():
    assert digests(Shelf(repertoire())) == digests(Shelf(repertoire()))


def test_every_track_has_bytes_of_its_own():
    assert len(set(digests(SHELF).values())) == len(CATALOG.tracks)


def test_all_media_of_the_repository_are_small():
    assert sum(file.stat().st_size for file in MEDIA.iterdir()) < 400_000


def test_a_file_forgotten_by_the_cache_is_made_again_with_the_same_etag():
    catalog = synthetic(600)
    shelf = Shelf(catalog)
    first = shelf.file_of(catalog.tracks[0])
    for track in catalog.tracks:
        shelf.file_of(track)

    again = shelf.file_of(catalog.tracks[0])

    assert again is not first
    assert again == first


def test_a_copy_of_every_file_made_lands_in_the_work_folder(tmp_path):
    made = Shelf(CATALOG, tmp_path).file_of(CATALOG.track_by_id[701])

    assert (tmp_path / "701.mp3").read_bytes() == made.body


def test_a_synthetic_track_is_a_few_kilobytes_of_valid_mp3():
    catalog = synthetic(3)
    made = Shelf(catalog).file_of(catalog.tracks[1]).body

    assert len(made) < 4_096
    assert MP3(BytesIO(made)).info.length > 0.5
    assert str(ID3(BytesIO(made))["TIT2"]) == "Track 2"


def test_an_mp3_file_counts_its_own_bytes_behind_the_tag():
    file = body(701)
    at = file.index(b"Info")
    flags, _, counted = struct.unpack_from(">III", file, at + 4)

    assert flags & 3 == 3
    assert counted == len((MEDIA / "piece.mp3").read_bytes())
    assert file[-counted:] == (MEDIA / "piece.mp3").read_bytes()


class TestTagsOfWma:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Title", "First Lamp"),
            ("Author", "The Lantern Quartet"),
            ("WM/AlbumArtist", "The Lantern Quartet"),
            ("WM/AlbumTitle", "Lantern Hours"),
            ("WM/Genre", "Classical"),
            ("WM/TrackNumber", "2"),
            ("WM/Year", "2005"),
            ("WM/Provider", "Proseware Music"),
            ("WM/ContentDistributor", "Proseware"),
        ],
    )
    def test_a_text_stands_under_its_attribute_name(self, name, value):
        assert [str(text) for text in asf(102)[name]] == [value]

    @pytest.mark.parametrize(
        ("track", "name", "guid"),
        [
            (102, "WM/MediaClassPrimaryID", MUSIC),
            (102, "WM/MediaClassSecondaryID", UUID(int=0)),
            (501, "WM/MediaClassPrimaryID", VIDEO),
            (501, "WM/MediaClassSecondaryID", UUID("E3E689E2-BA8C-4330-96DF-A0EEEFFA6876")),
        ],
    )
    def test_a_class_is_a_guid_attribute(self, track, name, guid):
        (attribute,) = asf(track)[name]

        assert attribute.TYPE == 6
        assert UUID(bytes_le=attribute.value) == guid

    def test_a_compilation_names_the_artist_and_the_various_artists(self):
        tags = asf(303)

        assert str(tags["Author"][0]) == "Morning Trains, Zoë Fjällström"
        assert str(tags["WM/AlbumArtist"][0]) == "Various Artists"

    def test_a_composer_is_written_where_there_is_one(self):
        assert str(asf(101)["WM/Composer"][0]) == "C. Lamplight"
        assert "WM/Composer" not in asf(102)


class TestTagsOfMp3:
    @pytest.mark.parametrize(
        ("frame", "value"),
        [
            ("TIT2", "Platform One"),
            ("TPE1", "Morning Trains"),
            ("TPE2", "Morning Trains"),
            ("TALB", "Morning Trains"),
            ("TCON", "Pop"),
            ("TRCK", "1"),
            ("TYER", "2006"),
            ("TXXX:WM/ContentDistributor", "Proseware"),
            ("TXXX:WM/Provider", "Proseware Music"),
            ("TXXX:WM/MediaClassPrimaryID", str(MUSIC).upper()),
        ],
    )
    def test_a_text_stands_in_its_frame(self, frame, value):
        assert str(id3(701)[frame]) == value

    @pytest.mark.parametrize("name", ["WM/ContentDistributor", "WM/Provider"])
    def test_a_text_without_a_frame_is_also_a_private_one_ending_in_two_zero_bytes(self, name):
        (frame,) = id3(701).getall(f"PRIV:{name}")

        assert frame.data.endswith(b"\0\0")
        assert frame.data[:-2].decode("utf-16-le") == str(id3(701)[f"TXXX:{name}"])

    def test_a_class_is_also_a_private_frame_in_memory_order(self):
        (frame,) = id3(701).getall("PRIV:WM/MediaClassPrimaryID")

        assert UUID(bytes_le=frame.data) == MUSIC

    def test_the_tag_is_of_version_2_3(self):
        assert id3(701).version == (2, 3, 0)

    @pytest.mark.parametrize("track_id", [203, 403, 405, 408, 409])
    def test_an_awkward_title_is_kept_as_it_is(self, track_id):
        assert str(id3(track_id)["TIT2"]) == CATALOG.track_by_id[track_id].title


class TestProtection:
    def test_a_protected_file_names_the_key_of_its_licence(self):
        file = body(301)
        at = file.index(ENCRYPTION) + 24
        secret, kind, key, url = _fields(file, at)

        assert secret
        assert kind == b"DRM\0"
        assert key == key_id_of(CATALOG.track_by_id[301]).encode() + b"\0"
        assert url.startswith(b"https://")
        assert url.endswith(b"\0")

    def test_an_unprotected_file_has_no_such_object_and_no_key(self):
        assert ENCRYPTION not in body(302)
        assert key_id_of(CATALOG.track_by_id[302]) is None

    def test_every_protected_track_has_a_key_of_its_own(self):
        protected = [track for track in CATALOG.tracks if track.is_protected]

        assert len({key_id_of(track) for track in protected}) == len(protected)

    @given(
        key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
        secret=st.binary(max_size=200),
    )
    def test_the_splice_changes_the_header_alone(self, key, secret):
        plain = (MEDIA / "piece.wma").read_bytes()

        spliced = protect(plain, key_id=key, license_url="https://x.example/", secret=secret)

        size, count = struct.unpack_from("<QI", plain, 16)
        new_size, new_count = struct.unpack_from("<QI", spliced, 16)
        assert new_count == count + 1
        assert new_size - size == len(spliced) - len(plain)
        assert spliced[new_size:] == plain[size:]
        assert _fields(spliced, 30 + 24)[2] == key.encode() + b"\0"
        assert ASF(BytesIO(spliced)).info.length == ASF(BytesIO(plain)).info.length

    @pytest.mark.parametrize("file", [b"", b"RIFF", b"\0" * 100])
    def test_what_is_no_asf_file_cannot_be_protected(self, file):
        with pytest.raises(ValueError, match="no ASF file"):
            protect(file, key_id="k", license_url="u", secret=b"")

    def test_a_header_without_file_properties_is_refused(self):
        head = struct.pack(
            "<16sQIBB", UUID("75B22630-668E-11CF-A6D9-00AA0062CE6C").bytes_le, 30, 5, 1, 2
        )

        with pytest.raises(ValueError, match="no ASF object"):
            with_true_size(head)

    @pytest.mark.parametrize("track_id", [301, 302, 501])
    def test_the_header_states_the_true_length_of_the_file(self, track_id):
        file = body(track_id)
        at = file.index(UUID("8CABDCA1-A947-11CF-8EE4-00C00C205365").bytes_le)

        assert struct.unpack_from("<Q", file, at + 40) == (len(file),)


def _fields(file: bytes, at: int) -> list[bytes]:
    fields = []
    for _ in range(4):
        (length,) = struct.unpack_from("<I", file, at)
        fields.append(file[at + 4 : at + 4 + length])
        at += 4 + length
    return fields


class TestAsOtherProgramsSeeThem:
    @pytest.mark.parametrize("name", ["301.wma", "302.wma", "501.wmv", "701.mp3"])
    def test_ffprobe_opens_the_file_and_shows_its_tags(self, program, tmp_path, name):
        shown = self.ffprobe(program("ffprobe"), self.written(tmp_path, name))

        assert float(shown["format"]["duration"]) > 1.5
        tags = shown["format"]["tags"]
        assert tags["title"] == BY_FILE[name].title
        assert tags["WM/ContentDistributor"] == "Proseware"

    def test_ffprobe_shows_the_key_of_a_protected_file(self, program, tmp_path):
        shown = self.ffprobe(program("ffprobe"), self.written(tmp_path, "301.wma"))

        assert shown["format"]["tags"]["ASF_Key_ID"] == key_id_of(BY_FILE["301.wma"])

    def test_ffprobe_finds_a_picture_track_in_the_video(self, program, tmp_path):
        shown = self.ffprobe(program("ffprobe"), self.written(tmp_path, "501.wmv"))

        assert {stream["codec_name"] for stream in shown["streams"]} == {"wmv2", "wmav2"}

    @pytest.mark.parametrize("name", ["302.wma", "501.wmv"])
    def test_exiftool_shows_the_distributor_without_a_warning(self, program, tmp_path, name):
        path = self.written(tmp_path, name)
        shown = json.loads(run(program("exiftool"), "-json", "-charset", "utf8", str(path)))[0]

        assert shown["ContentDistributor"] == "Proseware"
        assert shown["Title"] == BY_FILE[name].title
        assert not [key for key in shown if re.fullmatch("Warning|Error", key)]

    def test_exiftool_shows_both_forms_of_the_distributor_of_an_mp3_file(self, program, tmp_path):
        path = self.written(tmp_path, "701.mp3")
        texts = run(program("exiftool"), "-a", "-s3", "-UserDefinedText", str(path))
        private = run(program("exiftool"), "-b", "-WM_ContentDistributor", str(path))

        assert "(WM/ContentDistributor) Proseware" in texts.splitlines()
        assert private.replace("\0", "") == "Proseware"

    def written(self, folder: Path, name: str) -> Path:
        path = folder / name
        path.write_bytes(body(BY_FILE[name].id))
        return path

    def ffprobe(self, program: str, path: Path) -> dict:
        options = ("-v", "error", "-show_format", "-show_streams", "-of", "json")
        return json.loads(run(program, *options, str(path)))


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return done.stdout.decode()
