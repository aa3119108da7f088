"""Kinds of files by their first bytes, and ends of files by their structure."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host import asf
from player_host.errors import StorageError
from player_host.transfer import MediaKind
from player_host.transfer.media import document_kind, foreign_kind, media_kind
from player_host.transfer.structure import proves_end

ASF = (
    asf.HEADER + struct.pack("<Q", 30) + b"\0" * 6 + asf.DATA + struct.pack("<Q", 124) + b"d" * 100
)


def box(kind, body, *, wide=False):
    if wide:
        return struct.pack(">L4sQ", 1, kind, len(body) + 16) + body
    return struct.pack(">L4s", len(body) + 8, kind) + body


MP4 = box(b"ftyp", b"M4A ") + box(b"mdat", b"x" * 99, wide=True) + box(b"moov", b"y" * 50)


def page(flags, serial, body):
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    head = struct.pack("<4sBBqLLLB", b"OggS", 0, flags, 0, serial, 0, 0, len(lacing))
    return head + lacing + body


OGG = page(2, 1, b"a" * 300) + page(2, 2, b"b") + page(4, 1, b"c" * 600) + page(4, 2, b"d")


def mp3(audio=1000, *, tag=True, flags=3, counted=None):
    frames = struct.pack(">L", 10) if flags & 1 else b""
    size = struct.pack(">L", audio if counted is None else counted) if flags & 2 else b""
    header = b"\xff\xfb\x90\x00" + b"\0" * 32 + b"Xing" + struct.pack(">L", flags) + frames + size
    id3 = b"ID3\x04\0\0\0\0\1\0" + b"\0" * 128 if tag else b""
    return id3 + header.ljust(audio, b"\x55")


FILES = {MediaKind.ASF: ASF, MediaKind.MP4: MP4, MediaKind.OGG: OGG, MediaKind.MP3: mp3()}


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (ASF, MediaKind.ASF),
        (b"ID3\x03\0", MediaKind.MP3),
        (b"\xff\xfb\x90\x64", MediaKind.MP3),
        (b"\xff\xf3\x40\xc0", MediaKind.MP3),
        (b"\0\0\0\x20ftypM4A ", MediaKind.MP4),
        (b"fLaC\0\0\0\x22", MediaKind.FLAC),
        (b"OggS\0\x02", MediaKind.OGG),
        (b"\xff\xf1\x50\x80", None),
        (b"\xff\xfb\xf0\x00", None),
        (b"\xff\xfb\x0c\x00", None),
        (b"\xff\xeb\x90\x64", None),
        (b"\xff\xfb", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_kind(head, kind):
    assert media_kind(head) is kind


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\xef\xbb\xbf\r\n <!DOCTYPE HTML>", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b'<?xml version="1.0"?>', "an XML document"),
        (b'[{"error": 1}]', "a JSON document"),
        (b"[playlist]\nFile1=x", "a playlist (PLS)"),
        (b"<ASX VERSION='3'>", "a playlist (ASX)"),
        (b"<?wpl version='1.0'?>", "a playlist (WPL)"),
        (b"https://store.example/a", "a playlist (a list of URLs)"),
        (b"<error/>", "a document in a markup language"),
        (b"fLaC", None),
        (b"", None),
    ],
)
def test_documents_are_told_apart(head, words):
    assert document_kind(head) == words


def test_other_files_are_named():
    assert foreign_kind(b"\x89PNG\r\n\x1a\n") == "a PNG image"
    assert foreign_kind(b"\0") is None


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_have_a_name(head):
    assert media_kind(head) in {None, *MediaKind}
    assert foreign_kind(head) is None or isinstance(foreign_kind(head), str)
    assert document_kind(head) is None or media_kind(head) is None or head[4:8] == b"ftyp"


@pytest.fixture
def proof(tmp_path):
    def ask(data, kind):
        (tmp_path / "file").write_bytes(data)
        return proves_end(tmp_path / "file", kind)

    return ask


@pytest.mark.parametrize("kind", FILES)
def test_a_whole_file_proves_its_end(proof, kind):
    assert proof(FILES[kind], kind)


@pytest.mark.parametrize("kind", FILES)
def test_no_beginning_of_a_file_proves_its_end(proof, kind):
    data = FILES[kind]
    assert not any(proof(data[:end], kind) for end in range(len(data)))


@pytest.mark.parametrize("kind", FILES)
def test_bytes_behind_the_end_prove_nothing(proof, kind):
    assert not proof(FILES[kind] + b"\0", kind)


def test_what_says_nothing_of_its_end_proves_nothing(proof):
    assert not proof(b"fLaC" + b"\0" * 100, MediaKind.FLAC)
    assert not proof(b"x", None)
    assert not proof(mp3(flags=1), MediaKind.MP3)
    assert not proof(mp3(counted=0), MediaKind.MP3)
    assert not proof(b"\xff\xfb\x90\x00" * 300, MediaKind.MP3)


def test_an_id3v1_tag_may_stand_at_the_end_of_an_mp3(proof):
    assert proof(mp3(tag=False) + b"TAG".ljust(128), MediaKind.MP3)
    assert not proof(mp3(tag=False) + b"x" * 128, MediaKind.MP3)


def test_an_ogg_stream_without_its_last_page_proves_nothing(proof):
    assert not proof(page(2, 1, b"a") + page(4, 2, b"b"), MediaKind.OGG)


def test_a_box_up_to_the_end_proves_nothing(proof):
    open_ended = box(b"ftyp", b"") + box(b"moov", b"") + struct.pack(">L4s", 0, b"mdat") + b"x"
    assert not proof(open_ended, MediaKind.MP4)


@settings(deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(list(FILES)), st.data())
def test_damaged_files_never_crash_the_proof(tmp_path_factory, noise, kind, data):
    whole = FILES[kind]
    at = data.draw(st.integers(0, len(whole)))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(whole[:at] + noise + whole[at:])
    assert proves_end(path, kind) in {True, False}


def test_a_file_that_is_gone_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError):
        proves_end(tmp_path / "none", MediaKind.ASF)
