"""The protection header of Windows Media files, and what else the walk over the header finds."""

import io
import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.asf import ASF

from player_host.library.asf_header import AsfHeader, read_asf_header
from player_host.library.tags import read_tags

CONTENT_ENCRYPTION = uuid.UUID("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E").bytes_le
EXTENDED_ENCRYPTION = uuid.UUID("298AE614-2622-4C17-B935-DAE07EE9289C").bytes_le
DRM_HEADER = (
    '<WRMHEADER version="2.0.0.0"><DATA><KID>kid==</KID><LAINFO>http://x</LAINFO>'
    "<ContentDistributor>{}</ContentDistributor></DATA></WRMHEADER>"
)


def _object(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<Q", 24 + len(body)) + body


def _encryption(key: str = "key-1") -> bytes:
    parts = (b"secret", b"DRM\0", key.encode() + b"\0", b"http://licence\0")
    return _object(CONTENT_ENCRYPTION, b"".join(struct.pack("<I", len(p)) + p for p in parts))


def _drm(distributor: str) -> bytes:
    data = ("\ufeff" + DRM_HEADER.format(distributor)).encode("utf-16-le")
    return _object(EXTENDED_ENCRYPTION, struct.pack("<I", len(data)) + data)


def _splice(path, *objects: bytes):
    content = path.read_bytes()
    size, count = struct.unpack_from("<QI", content, 16)
    extra = b"".join(objects)
    head = struct.pack("<QI", size + len(extra), count + len(objects))
    path.write_bytes(content[:16] + head + content[28:30] + extra + content[30:])
    return path


@pytest.mark.requirement("LIB-08")
def test_the_drm_header_names_the_distributor_where_the_file_header_does_not(media):
    tags = read_tags(_splice(media("tone.wma"), _encryption(), _drm("Proseware &amp; Sons")))

    assert tags.content_distributor == "Proseware & Sons"
    assert (tags.is_protected, tags.drm_key_id) == (True, "key-1")
    assert tags.file_type == "wma"


@pytest.mark.requirement("LIB-08")
def test_the_file_header_comes_before_the_drm_header(media):
    path = _splice(media("tone.wma"), _drm("From DRM"))
    file = ASF(path)
    file["WM/ContentDistributor"] = ["From the file"]
    file.save()

    assert read_tags(path).content_distributor == "From the file"


def test_the_key_of_the_drm_header_counts_where_there_is_no_other(media):
    assert read_tags(_splice(media("tone.wma"), _drm("X"))).drm_key_id == "kid=="


def test_a_file_without_protection_says_so(media):
    tags = read_tags(media("tone.wma"))

    assert (tags.is_protected, tags.drm_key_id) == (False, "")


def test_video_streams_are_found(media):
    with media("tone.wmv").open("rb") as file:
        assert read_asf_header(file).has_video
    with media("tone.wma").open("rb") as file:
        assert not read_asf_header(file).has_video


@pytest.mark.parametrize("length", [0, 23, 2**63])
def test_an_object_of_impossible_length_ends_the_walk(media, length):
    path = _splice(media("tone.wma"), CONTENT_ENCRYPTION + struct.pack("<Q", length))
    with path.open("rb") as file:
        assert read_asf_header(file) == AsfHeader()


@given(st.binary(max_size=200))
def test_a_broken_protection_object_is_read_as_far_as_it_goes(body):
    start = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    objects = _object(CONTENT_ENCRYPTION, body) + _object(EXTENDED_ENCRYPTION, body)
    head = start + struct.pack("<QI", 30 + len(objects), 2) + b"\1\2"

    assert read_asf_header(io.BytesIO(head + objects)).is_protected


@given(st.binary(max_size=300))
def test_bytes_that_are_no_header_give_an_empty_answer(content):
    assert read_asf_header(io.BytesIO(content)) == AsfHeader()
