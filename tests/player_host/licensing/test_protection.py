"""The protection that a file's header announces, and headers that are broken."""

import struct
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host.errors import MediaError, StorageError
from player_host.licensing import Protection, ProtectionKind, read_protection
from player_host.licensing.protection import normal_key_id

HEADER = UUID("75b22630-668e-11cf-a6d9-00aa0062ce6c").bytes_le
SIMPLE = UUID("2211b3fb-bd23-11d2-b4b7-00a0c955fc6e").bytes_le
EXTENDED = UUID("298ae614-2622-4c17-b935-dae07ee9289c").bytes_le
OTHER = UUID("8cabdca1-a947-11cf-8ee4-00c00c205365").bytes_le
KID = "eFY0Erya8N4SNFZ4mrze8A=="


def asf_object(guid, body):
    return guid + struct.pack("<Q", len(body) + 24) + body


def asf(*objects, count=None, size=None):
    body = b"".join(objects)
    told = len(objects) if count is None else count
    length = len(body) + 30 if size is None else size
    return HEADER + struct.pack("<QLBB", length, told, 1, 2) + body + b"media data"


def simple(key_id=b"key-1\0", *, cut=0):
    fields = (b"secret", b"DRM\0", key_id, b"http://licence.example/\0")
    body = b"".join(struct.pack("<L", len(field)) + field for field in fields)
    return asf_object(SIMPLE, body[: len(body) - cut])


def extended(xml):
    text = b"\xff\xfe" + xml.encode("utf-16-le")
    return asf_object(EXTENDED, struct.pack("<L", len(text)) + text)


FILLER = asf_object(OTHER, b"x" * 40)
XML = f'<WRMHEADER version="2.0.0.0"><DATA><KID>{KID}</KID></DATA></WRMHEADER>'


@pytest.fixture
def read(tmp_path):
    def ask(data):
        (tmp_path / "file.wma").write_bytes(data)
        return read_protection(tmp_path / "file.wma")

    return ask


def test_the_content_encryption_object_names_its_key(read):
    found = read(asf(FILLER, simple(), FILLER))
    assert found == Protection("key-1", ProtectionKind.CONTENT_ENCRYPTION)


@pytest.mark.parametrize(
    "xml",
    [XML, f'<WRMHEADER><PROTECTINFO><KID ALGID="AESCTR" VALUE="{KID}"/></PROTECTINFO></WRMHEADER>'],
)
def test_the_extended_object_names_its_key(read, xml):
    found = read(asf(extended(xml)))
    assert found == Protection(KID, ProtectionKind.EXTENDED_CONTENT_ENCRYPTION)


def test_of_both_objects_the_extended_one_counts(read):
    for objects in ((simple(), extended(XML)), (extended(XML), simple())):
        assert read(asf(*objects)).kind is ProtectionKind.EXTENDED_CONTENT_ENCRYPTION


def test_a_header_without_a_key_is_protected_all_the_same(read):
    assert read(asf(simple(b""))).key_id is None
    assert read(asf(simple(b"\xff\xfe"))).key_id is None
    assert read(asf(simple(b"k" * 2000))).key_id is None
    assert read(asf(extended("<WRMHEADER/>"))).key_id is None
    assert read(asf(extended("<KID>\n\x01</KID>"))).key_id is None


@pytest.mark.parametrize(
    "data", [b"", b"ID3", HEADER[:15], b"OggS" * 50, asf(), asf(FILLER, FILLER)]
)
def test_other_files_are_unprotected(read, data):
    assert read(data) is None


@pytest.mark.parametrize(
    "data",
    [
        HEADER,
        HEADER + b"\0" * 13,
        asf(size=29),
        asf(size=2**40),
        asf(count=5000),
        asf(FILLER, count=2),
        asf(FILLER, size=40),
        asf(asf_object(OTHER, b"")[:16] + struct.pack("<Q", 23)),
        asf(asf_object(OTHER, b"")[:16] + struct.pack("<Q", 2**63)),
        asf(simple(cut=31)),
        asf(asf_object(SIMPLE, b"")),
        asf(asf_object(SIMPLE, struct.pack("<L", 2**32 - 1))),
        asf(asf_object(SIMPLE, b"x" * (2**20 + 1))),
        asf(simple())[:80],
    ],
)
def test_a_broken_header_is_an_error_that_names_the_file(read, data, tmp_path):
    with pytest.raises(MediaError, match="ASF header is broken") as caught:
        read(data)
    assert caught.value.where == str(tmp_path / "file.wma")


def test_a_missing_file_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError):
        read_protection(tmp_path / "none.wma")


@settings(deadline=None)
@given(
    noise=st.binary(max_size=300),
    objects=st.lists(st.sampled_from([FILLER, simple(), extended(XML)]), max_size=4),
    data=st.data(),
)
def test_damaged_headers_are_read_or_refused(tmp_path_factory, noise, objects, data):
    whole = asf(*objects)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    path = tmp_path_factory.getbasetemp() / "damaged.wma"
    path.write_bytes(whole[:start] + noise + whole[end:])
    try:
        found = read_protection(path)
    except MediaError:
        return
    assert found is None or isinstance(found, Protection)


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_random_bytes_never_crash_the_walk(tmp_path_factory, noise):
    path = tmp_path_factory.getbasetemp() / "random.wma"
    path.write_bytes(HEADER + noise)
    try:
        found = read_protection(path)
    except MediaError:
        return
    assert found is None or found.key_id is None or found.key_id.isprintable()


@settings(deadline=None)
@given(st.uuids())
def test_a_guid_is_one_key_in_every_notation(guid):
    forms = {str(guid), str(guid).upper(), f"{{{guid}}}", f" {guid} "}
    assert {normal_key_id(form) for form in forms} == {str(guid)}


@settings(deadline=None)
@given(st.text())
def test_any_text_is_a_key_of_its_own_kind(text):
    assert normal_key_id(normal_key_id(text)) == normal_key_id(text)
