"""What `read_tags` says of files of every container, of broken files and of hostile tags."""

import io
import random
import struct
import uuid
import zlib
from contextlib import suppress

import mutagen
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.asf import ASF, ASFBoolAttribute, ASFDWordAttribute, ASFGUIDAttribute
from mutagen.flac import FLAC
from mutagen.id3 import (
    APIC,
    ID3,
    PRIV,
    TALB,
    TCOM,
    TCON,
    TIT2,
    TPE1,
    TPE2,
    TPOS,
    TPUB,
    TRCK,
    TXXX,
    TYER,
    UFID,
)
from mutagen.mp4 import MP4, MP4FreeForm
from mutagen.oggvorbis import OggVorbis

from partner_api.hresult import E_ACCESSDENIED, HRESULT
from player_host.errors import MediaError
from player_host.library import containers, id3_trap
from player_host.library.records import MEDIA_CLASS_MUSIC, MEDIA_CLASS_VIDEO
from player_host.library.tags import read_tags

STORE = "Contoso Störe ✓ 音楽"
ALL = ["tone.mp3", "tone.wma", "tone.wmv", "tone.m4a", "tone.mp4", "tone.flac", "tone.ogg"]
FREE = "----:com.apple.iTunes:WM/"


def _tag_asf(path):
    media = ASF(path)
    media["Title"] = ["Song"]
    media["Author"] = ["Ann", "Bob"]
    media["WM/AlbumArtist"] = ["Band"]
    media["WM/AlbumTitle"] = ["Album"]
    media["WM/Genre"] = ["Rock", "Jazz"]
    media["WM/TrackNumber"] = [ASFDWordAttribute(3)]
    media["WM/PartOfSet"] = ["1/2"]
    media["WM/Composer"] = ["Cy", "Di"]
    media["WM/Publisher"] = ["Label"]
    media["WM/Year"] = ["1999"]
    media["WM/ContentDistributor"] = [STORE]
    media["WM/ContentDistributorType"] = ["List"]
    media["WM/Provider"] = ["AMG"]
    media["WM/SubscriptionContentID"] = ["sub-1"]
    media["WM/MediaClassPrimaryID"] = [ASFGUIDAttribute(uuid.UUID(MEDIA_CLASS_MUSIC).bytes_le)]
    media.save()


def _tag_mp3(path):
    tags = ID3()
    tags.add(TIT2(encoding=3, text="Song"))
    tags.add(TPE1(encoding=3, text=["Ann", "Bob"]))
    tags.add(TPE2(encoding=3, text="Band"))
    tags.add(TALB(encoding=3, text="Album"))
    tags.add(TCON(encoding=3, text=["Rock", "Jazz"]))
    tags.add(TRCK(encoding=3, text="3/12"))
    tags.add(TPOS(encoding=3, text="1/2"))
    tags.add(TCOM(encoding=3, text=["Cy", "Di"]))
    tags.add(TPUB(encoding=3, text="Label"))
    tags.add(mutagen.id3.TDRC(encoding=3, text="1999"))
    tags.add(PRIV(owner="WM/ContentDistributor", data=_utf16(STORE)))
    tags.add(PRIV(owner="WM/ContentDistributorType", data=_utf16("List")))
    tags.add(PRIV(owner="WM/Provider", data=_utf16("AMG")))
    tags.add(TXXX(encoding=3, desc="WM/SubscriptionContentID", text="sub-1"))
    tags.add(PRIV(owner="WM/MediaClassPrimaryID", data=uuid.UUID(MEDIA_CLASS_MUSIC).bytes_le))
    tags.save(path)


def _tag_mp4(path):
    media = MP4(path)
    media["©nam"], media["©ART"], media["aART"] = ["Song"], ["Ann", "Bob"], ["Band"]
    media["©alb"], media["©gen"], media["©wrt"] = ["Album"], ["Rock", "Jazz"], ["Cy", "Di"]
    media["trkn"], media["disk"], media["©day"] = [(3, 12)], [(1, 2)], ["1999"]
    free = {"Publisher": "Label", "ContentDistributor": STORE, "ContentDistributorType": "List"}
    free |= {"Provider": "AMG", "SubscriptionContentID": "sub-1"}
    free |= {"MediaClassPrimaryID": MEDIA_CLASS_MUSIC}
    for name, text in free.items():
        media[f"{FREE}{name}"] = [MP4FreeForm(text.encode())]
    media.save()


def _tag_comments(media):
    several = {"artist": ["Ann", "Bob"], "genre": ["Rock", "Jazz"], "composer": ["Cy", "Di"]}
    single = {"title": "Song", "albumartist": "Band", "album": "Album", "tracknumber": "3/12"}
    single |= {"discnumber": "1/2", "publisher": "Label", "date": "1999", "provider": "AMG"}
    single |= {"contentdistributor": STORE, "contentdistributortype": "List"}
    single |= {"WM/SubscriptionContentID": "sub-1", "MediaClassPrimaryID": MEDIA_CLASS_MUSIC}
    for key, text in single.items():
        media[key] = text
    for key, texts in several.items():
        media[key] = texts
    media.save()


WRITERS = {
    "tone.mp3": _tag_mp3,
    "tone.wma": _tag_asf,
    "tone.wmv": _tag_asf,
    "tone.m4a": _tag_mp4,
    "tone.mp4": _tag_mp4,
    "tone.flac": lambda path: _tag_comments(FLAC(path)),
    "tone.ogg": lambda path: _tag_comments(OggVorbis(path)),
}


def _utf16(text: str) -> bytes:
    return text.encode("utf-16-le") + b"\0\0"


def _mp3(path, *frames, version=4):
    tags = ID3()
    for frame in frames:
        tags.add(frame)
    if version == 3:
        tags.update_to_v23()
    tags.save(path, v2_version=version)
    return read_tags(path)


def _asf(path, **attributes):
    file = ASF(path)
    for name, value in attributes.items():
        file[name.replace("__", "/")] = value
    file.save()
    return read_tags(path)


@pytest.mark.requirement("LIB-10", "LIB-11", "LIB-13")
@pytest.mark.parametrize("name", ALL)
def test_the_streams_give_type_and_duration(media, name):
    tags = read_tags(media(name))

    assert tags.file_type == name.partition(".")[2]
    assert tags.media_type == ("video" if name in ("tone.wmv", "tone.mp4") else "audio")
    assert tags.duration == pytest.approx(1.0, abs=0.1)
    assert (tags.title, tags.authors, tags.content_distributor) == ("", (), "")


@pytest.mark.parametrize("name", ALL)
def test_the_container_is_known_by_its_bytes_not_by_its_name(media, name, tmp_path):
    renamed = media(name).rename(tmp_path / "1.part")

    assert read_tags(renamed).file_type == name.partition(".")[2]


@pytest.mark.requirement("LIB-06", "LIB-16", "LIB-17", "LIB-19", "LIB-25", "LIB-31")
@pytest.mark.parametrize("name", ALL)
def test_every_container_carries_the_attributes_of_a_store_file(media, name):
    path = media(name)
    WRITERS[name](path)
    tags = read_tags(path)

    assert (tags.title, tags.authors) == ("Song", ("Ann", "Bob"))
    assert (tags.album_artist, tags.album_title) == ("Band", "Album")
    assert (tags.genres, tags.composers) == (("Rock", "Jazz"), ("Cy", "Di"))
    assert (tags.track_number, tags.part_of_set) == (3, "1/2")
    assert (tags.publisher, tags.year, tags.release_date) == ("Label", 1999, "1999")
    assert (tags.content_distributor, tags.content_distributor_type) == (STORE, "List")
    assert (tags.provider, tags.subscription_content_id) == ("AMG", "sub-1")
    assert tags.media_class_primary_id == MEDIA_CLASS_MUSIC


@pytest.mark.requirement("LIB-23")
@pytest.mark.parametrize("version", [3, 4])
def test_the_frames_of_both_versions_map_as_documented(media, version):
    frames = [TIT2(text="T"), TPE1(text="P1"), TPE2(text="P2"), TALB(text="L")]
    frames += [TRCK(text="7"), TCON(text="(17)"), TYER(text="2001")]
    tags = _mp3(media("tone.mp3"), *frames, version=version)

    assert (tags.title, tags.authors, tags.album_artist, tags.album_title) == (
        "T",
        ("P1",),
        "P2",
        "L",
    )
    assert (tags.track_number, tags.genres) == (7, ("Rock",))


@pytest.mark.requirement("LIB-23")
def test_the_year_frame_of_version_3_is_the_year(media):
    assert _mp3(media("tone.mp3"), TYER(text="2001"), version=3).year == 2001


@pytest.mark.requirement("LIB-23")
def test_the_oldest_frames_map_as_documented(media):
    path = media("tone.mp3")
    frames = b"".join(
        name + len(text + b"\0").to_bytes(3, "big") + b"\0" + text
        for name, text in [(b"TT2", b"T"), (b"TP1", b"P1"), (b"TP2", b"P2"), (b"TRK", b"4/9")]
    )
    size = bytes((len(frames) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x02\0\0" + size + frames + path.read_bytes())
    tags = read_tags(path)

    assert (tags.title, tags.authors, tags.album_artist, tags.track_number) == (
        "T",
        ("P1",),
        "P2",
        4,
    )


@pytest.mark.requirement("LIB-23")
def test_the_tag_at_the_end_of_old_files_is_read_too(media):
    path = media("tone.mp3")
    fields = [b"Title".ljust(30, b"\0"), b"Artist".ljust(30, b"\0"), b"Album".ljust(30, b"\0")]
    path.write_bytes(path.read_bytes() + b"TAG" + b"".join(fields) + b"1999" + bytes(30) + b"\x11")
    tags = read_tags(path)

    assert (tags.title, tags.authors, tags.album_title) == ("Title", ("Artist",), "Album")
    assert (tags.year, tags.genres) == (1999, ("Rock",))


@pytest.mark.requirement("LIB-24")
def test_the_private_frame_comes_before_the_free_text(media):
    private = PRIV(owner="WM/ContentDistributor", data=_utf16("Private"))
    free = TXXX(encoding=3, desc="WM/ContentDistributor", text="Free")

    assert _mp3(media("tone.mp3"), free, private).content_distributor == "Private"


@pytest.mark.requirement("LIB-24")
@pytest.mark.parametrize(
    "desc", ["WM/ContentDistributor", "wm/contentdistributor", "ContentDistributor"]
)
def test_without_a_private_frame_the_free_text_counts(media, desc):
    tags = _mp3(media("tone.mp3"), TXXX(encoding=3, desc=desc, text="Free"))

    assert tags.content_distributor == "Free"


def test_the_owners_of_a_file_identifier_are_joined(media):
    owners = UFID(owner="AMGa_id", data=b"R 1"), UFID(owner="AMGp_id", data=b"P 2")
    tags = _mp3(media("tone.mp3"), *owners)

    assert set(tags.unique_file_identifier.split(";")) == {"AMGa_id=R 1", "AMGp_id=P 2"}


@pytest.mark.requirement("LIB-17")
@pytest.mark.parametrize(
    ("attributes", "number"),
    [
        ({"WM__TrackNumber": ["3/12"]}, 3),
        ({"WM__TrackNumber": [ASFDWordAttribute(4)]}, 4),
        ({"WM__Track": [ASFDWordAttribute(0)]}, 1),
        ({"WM__Track": ["4"]}, 5),
        ({"WM__TrackNumber": ["2"], "WM__Track": ["7"]}, 2),
        ({}, None),
    ],
)
def test_track_numbers_of_windows_media_come_as_text_and_number(media, attributes, number):
    assert _asf(media("tone.wma"), **attributes).track_number == number


@pytest.mark.requirement("LIB-25")
def test_the_media_class_of_a_video_is_read(media):
    raw = uuid.UUID(MEDIA_CLASS_VIDEO).bytes_le
    tags = _asf(media("tone.wmv"), WM__MediaClassPrimaryID=[ASFGUIDAttribute(raw)])

    assert tags.media_class_primary_id == MEDIA_CLASS_VIDEO


@pytest.mark.requirement("LIB-14")
def test_the_distributors_duration_is_read_and_reported_where_there_is_no_other(media):
    tags = _asf(media("tone.wma"), ContentDistributorDuration=["12.5"])

    assert tags.content_distributor_duration == 12.5
    assert tags.reported_duration == tags.duration != 0.0


@pytest.mark.requirement("LIB-19")
def test_a_distributor_type_other_than_list_or_radio_is_none(media):
    tags = _asf(media("tone.wma"), WM__ContentDistributorType=["Disc"])

    assert tags.content_distributor_type == ""


def test_a_file_may_say_that_it_is_protected(media):
    tags = _asf(media("tone.wma"), Is_Protected=[ASFBoolAttribute(True)])

    assert tags.is_protected


NO_MEDIA = {
    "nothing": b"",
    "an error page": b"<!DOCTYPE html><title>500</title>",
    "an error in JSON": b'{"subsonic-response": {"status": "failed"}}',
    "zeros": bytes(5_000),
    "an AAC stream": b"\xff\xf1" + bytes(100),
    "a tag alone": b"ID3\x04\0\0\0\0\0\0",
    "an Ogg of unknown content": b"OggS" + bytes(100),
    "an MP4 without a film": b"\0\0\0\x10ftypM4A \0\0\0\0",
    "an MP4 of endless depth": b"\0\0\0\x10ftypM4A \0\0\0\0" + b"\x7f\xff\xff\xffmoov" * 5_000,
    "an ASF without objects": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(100),
    "a FLAC of lies": b"fLaC\xff\xff\xff\xff" + bytes(10),
}


@pytest.mark.parametrize("what", NO_MEDIA)
def test_what_is_no_media_is_refused_with_the_librarys_code(tmp_path, what):
    path = tmp_path / "x.mp3"
    path.write_bytes(NO_MEDIA[what])

    with pytest.raises(MediaError) as caught:
        read_tags(path)

    assert caught.value.hr == HRESULT.named("NS_E_WMP_INVALID_LIBRARY_ADD")
    assert caught.value.where == str(path)


def test_a_missing_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(MediaError, match="cannot be read") as caught:
        read_tags(tmp_path / "none")

    assert caught.value.hr == E_ACCESSDENIED


@pytest.mark.parametrize("name", ALL)
@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_damaged_file_gives_tags_or_a_media_error(media, name, data):
    path = media(name)
    WRITERS[name](path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, min(len(content), 1_500) - 1))] = data.draw(
            st.integers(0, 255)
        )
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    with suppress(MediaError):
        tags = read_tags(path)
        assert tags.duration >= 0.0
        assert len(tags.title) <= 4_096


def test_hostile_tags_are_bounded_and_cleaned(media):
    tags = _mp3(
        media("tone.mp3"),
        TIT2(encoding=3, text="x" * 100_000),
        TPE1(encoding=3, text=[f"a{n}" for n in range(1_000)]),
        TALB(encoding=3, text="a\x1b[2Jb\r\n"),
        PRIV(owner="WM/MediaClassPrimaryID", data=b"short"),
        TRCK(encoding=3, text="9" * 1_000),
    )

    assert len(tags.title) == 4_096
    assert len(tags.authors) == 64
    assert tags.album_title == "a[2Jb"
    assert (tags.media_class_primary_id, tags.track_number) == ("", None)


def test_a_broken_frame_hides_no_other(media):
    path = media("tone.mp3")
    _mp3(path, TIT2(encoding=3, text="Song"), TALB(encoding=3, text="Album"))
    path.write_bytes(path.read_bytes().replace(b"\x03Song", b"\x09Song"))

    assert read_tags(path).album_title == "Album"


def _compressed(version: int) -> bytes:
    packed = zlib.compress(bytes([3]) + b"x" * 1_000_000)
    length = struct.pack(">I", 1_000_001)
    if version == 4:
        size = bytes((len(packed) + 4 >> shift) & 0x7F for shift in (21, 14, 7, 0))
        return b"TIT2" + size + b"\x00\x09" + length + packed
    return b"TIT2" + struct.pack(">I", len(packed) + 4) + b"\x00\x80" + length + packed


@pytest.mark.parametrize("version", [3, 4])
def test_a_frame_that_would_unfold_in_memory_is_not_unfolded(media, version, monkeypatch):
    path = media("tone.mp3")
    frame = _compressed(version)
    size = bytes((len(frame) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3" + bytes([version, 0, 0]) + size + frame + path.read_bytes())

    assert read_tags(path).title == ""
    monkeypatch.setattr(containers, "refuse_trap", lambda file: None)
    assert read_tags(path).title != "", "the trap would have worked"


def test_a_trap_behind_another_frames_name_is_still_found():
    frame = b"TPE1" + _compressed(3)
    tag = b"ID3\x03\0\0" + bytes((len(frame) >> s) & 0x7F for s in (21, 14, 7, 0)) + frame

    with pytest.raises(ValueError, match="compressed"):
        id3_trap.refuse_trap(io.BytesIO(tag))


def test_a_trap_with_the_sync_scheme_is_found():
    head = _compressed(3)
    disguised = head[:7] + b"\xff\0" + head[8:]
    size = bytes((len(disguised) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    tag = b"ID3\x03\0\x80" + size + disguised

    with pytest.raises(ValueError, match="compressed"):
        id3_trap.refuse_trap(io.BytesIO(tag))


def test_a_large_picture_is_no_trap(media):
    picture = random.Random(1).randbytes(2_000_000) + b"TIT2\0\0\0\0\x88\x88picture"
    frame = APIC(encoding=3, mime="image/jpeg", type=3, desc="", data=picture)

    assert _mp3(media("tone.mp3"), TIT2(encoding=3, text="Song"), frame).title == "Song"


def test_a_tag_of_monstrous_size_is_left_unread(media, monkeypatch):
    path = media("tone.mp3")
    _mp3(path, TIT2(encoding=3, text="Song"))
    monkeypatch.setattr(id3_trap, "MAX_ID3_BYTES", 100)

    assert read_tags(path).title == ""


def test_an_mp4_with_broken_tags_is_still_music(media):
    path = media("tone.m4a")
    _tag_mp4(path)
    content = path.read_bytes()
    at = content.index(b"trkn")
    path.write_bytes(content[:at] + b"trkn\0\0\0\0" + content[at + 8 :])
    tags = read_tags(path)

    assert tags.file_type == "m4a"
    assert tags.duration > 0.9


def test_reading_leaves_the_file_as_it_is(media):
    path = media("tone.mp3")
    _tag_mp3(path)
    before = path.read_bytes()
    read_tags(path)

    assert path.read_bytes() == before
