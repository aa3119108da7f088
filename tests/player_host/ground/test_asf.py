"""The walk over an ASF header and the reading of its protection objects, on sound and bad bytes."""

import base64
import io
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from player_host.asf import (
    CONTENT_ENCRYPTION,
    EXTENDED_ENCRYPTION,
    HEADER,
    MAX_KEY_ID_LENGTH,
    MAX_OBJECT_SIZE,
    MAX_OBJECTS,
    MAX_READABLE_HEADER_SIZE,
    MAX_SOUND_HEADER_SIZE,
    STREAM_PROPERTIES,
    VIDEO_MEDIA,
    AsfObject,
    ContentEncryption,
    read_content_encryption,
    read_extended_encryption,
    readable_objects,
    sound_objects,
)
from player_host.errors import MediaError
from player_host.library.asf_header import AsfHeader, read_asf_header
from player_host.licensing import Protection, read_protection

WANTED = frozenset({STREAM_PROPERTIES, CONTENT_ENCRYPTION, EXTENDED_ENCRYPTION})
OTHER = bytes(16)
ELEMENT = "<WRMHEADER><DATA>{}<KID>{}</KID></DATA></WRMHEADER>"
ATTRIBUTE = '<WRMHEADER><PROTECTINFO>{}<KID ALGID="AESCTR" VALUE="{}"/></PROTECTINFO></WRMHEADER>'
DISTRIBUTOR = "<ContentDistributor>Proseware</ContentDistributor>"


def asf_object(guid, body):
    return guid + struct.pack("<Q", 24 + len(body)) + body


def asf(*objects, count=None, size=None):
    content = b"".join(objects)
    told = len(objects) if count is None else count
    length = 30 + len(content) if size is None else size
    return HEADER + struct.pack("<QI", length, told) + b"\1\2" + content


def fields(*parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def simple(key_id):
    return asf_object(
        CONTENT_ENCRYPTION, fields(b"secret", b"DRM\0", key_id, b"http://licence.example/\0")
    )


def drm_header(xml):
    return fields(("\ufeff" + xml).encode("utf-16-le", "surrogatepass"))


def extended(xml):
    return asf_object(EXTENDED_ENCRYPTION, drm_header(xml))


def sound(data):
    return list(sound_objects(io.BytesIO(data), WANTED, "song.wma"))


def readable(data):
    return list(readable_objects(io.BytesIO(data), WANTED))


VIDEO = asf_object(STREAM_PROPERTIES, VIDEO_MEDIA + bytes(38))
FILLER = asf_object(OTHER, b"x" * 40)
PARTS = (
    VIDEO,
    FILLER,
    simple(b"key-1\0"),
    extended(ELEMENT.format(DISTRIBUTOR, "key-2")),
    extended(ATTRIBUTE.format("", "key-3")),
)
KEYS = st.one_of(
    st.binary(min_size=16, max_size=16).map(lambda raw: base64.b64encode(raw).decode()),
    st.uuids().map(str),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=40),
    st.integers(MAX_KEY_ID_LENGTH - 1, MAX_KEY_ID_LENGTH + 1).map("k".__mul__),
).filter(lambda key: not set(key) & set('<>"'))


@st.composite
def mutated(draw):
    """Build a header of real objects, some of its bytes replaced, left out or added."""
    whole = bytearray(asf(*draw(st.lists(st.sampled_from(PARTS), max_size=5))))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(whole)))
        end = draw(st.integers(start, min(start + 12, len(whole))))
        whole[start:end] = draw(st.binary(max_size=12))
    return bytes(whole)


def test_both_walks_give_the_wanted_objects_in_their_order():
    data = asf(VIDEO, FILLER, simple(b"key-1\0")) + b"media data"

    assert sound(data) == readable(data)
    assert [found.guid for found in sound(data)] == [STREAM_PROPERTIES, CONTENT_ENCRYPTION]
    assert sound(data)[0] == AsfObject(STREAM_PROPERTIES, 54, VIDEO_MEDIA + bytes(38))


def test_the_walk_begins_at_the_first_byte_wherever_the_file_stands():
    file = io.BytesIO(asf(VIDEO))
    file.seek(7)

    assert len(list(sound_objects(file, WANTED, ""))) == 1


@pytest.mark.parametrize("data", [b"", HEADER[:15], b"OggS" * 50])
def test_a_file_of_another_kind_has_no_objects(data):
    assert sound(data) == readable(data) == []


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (asf(VIDEO, count=2), "fewer objects"),
        (asf(VIDEO, asf_object(OTHER, b"")[:16] + struct.pack("<Q", 23)), "a size of 23 bytes"),
        (asf(VIDEO, asf_object(OTHER, b"")[:16] + struct.pack("<Q", 2**63)), "a size of 92233"),
        (asf(VIDEO, simple(b"k"), size=30 + len(VIDEO) + 20), "fewer objects"),
    ],
)
def test_before_the_damage_stands_what_the_lenient_walk_gives(damaged, message):
    assert [found.guid for found in readable(damaged)] == [STREAM_PROPERTIES]
    with pytest.raises(MediaError, match=message) as caught:
        sound(damaged)
    assert caught.value.where == "song.wma"


def test_a_protection_object_at_the_files_end_may_be_cut_short_for_the_lenient_walk():
    whole = asf(simple(b"key-1\0"))
    (found,) = readable(whole[:-30])

    assert (found.size, len(found.body)) == (len(whole) - 54, len(whole) - 84)
    with pytest.raises(MediaError, match="ends within a protection object"):
        sound(whole[:-30])


def test_one_object_too_many_is_refused_or_left_out():
    most = [FILLER] * (MAX_OBJECTS - 1)

    assert len(sound(asf(*most, VIDEO))) == len(readable(asf(*most, VIDEO))) == 1
    assert readable(asf(*most, FILLER, VIDEO)) == []
    with pytest.raises(MediaError, match=f"announces {MAX_OBJECTS + 1} objects"):
        sound(asf(*most, FILLER, VIDEO))


@pytest.mark.parametrize("size", [0, 29, MAX_SOUND_HEADER_SIZE + 1, 2**64 - 1])
def test_a_header_size_out_of_bounds_is_refused_before_any_object(size):
    with pytest.raises(MediaError, match=f"has a size of {size} bytes"):
        sound(asf(VIDEO, size=size))


@pytest.mark.parametrize("size", [MAX_SOUND_HEADER_SIZE + 1, 2**64 - 1])
def test_an_overlong_header_is_readable_as_far_as_it_goes(size):
    assert len(readable(asf(VIDEO, size=size))) == 1


@pytest.mark.parametrize(("beyond", "found"), [(0, [STREAM_PROPERTIES]), (1, [])])
def test_the_lenient_walk_ends_at_its_own_bound(beyond, found, tmp_path):
    gap = MAX_READABLE_HEADER_SIZE - 30 - len(VIDEO) + beyond
    path = tmp_path / "sparse.wma"
    with path.open("wb") as file:
        file.write(asf(OTHER + struct.pack("<Q", gap), count=2, size=2**40))
        file.seek(30 + gap)
        file.write(VIDEO)
    with path.open("rb") as file:
        assert [each.guid for each in readable_objects(file, WANTED)] == found


def test_a_large_object_is_refused_or_read_in_part():
    data = asf(asf_object(CONTENT_ENCRYPTION, bytes(MAX_OBJECT_SIZE + 1)), VIDEO)
    cut, video = readable(data)

    assert (cut.size, len(cut.body)) == (MAX_OBJECT_SIZE + 1, MAX_OBJECT_SIZE)
    assert video.guid == STREAM_PROPERTIES
    with pytest.raises(MediaError, match=f"object has {MAX_OBJECT_SIZE + 1} bytes"):
        sound(data)


@pytest.mark.parametrize("field", [b"key-1", b"key-1\0\0", b" key-1 \0"])
def test_the_key_id_is_the_third_field_of_a_content_encryption_object(field):
    body = fields(b"secret", b"DRM\0", field)

    assert read_content_encryption(body) == ContentEncryption("key-1", is_whole=True)


@pytest.mark.parametrize("field", [b"", b"\0", b"  ", b"k\xff", b"k\x07", b"k" * 1025])
def test_a_field_that_is_no_usable_text_names_no_key(field):
    body = fields(b"", b"", field)

    assert read_content_encryption(body) == ContentEncryption(None, is_whole=True)


@given(st.integers(0, 26))
def test_a_content_encryption_object_is_whole_with_the_last_byte_of_its_key(length):
    body = fields(b"secret", b"DRM\0", b"key1")[:length]

    assert read_content_encryption(body).is_whole is (length == 26)


@pytest.mark.parametrize(
    ("xml", "key_id"),
    [
        (ELEMENT.format("", " key-1\n"), "key-1"),
        (ATTRIBUTE.format("", "key-1"), "key-1"),
        ("<KID></KID><kid x='1'>key-1</KID >", "key-1"),
        ('<KID VALUE="of the attribute">of the text</KID>', "of the text"),
        ("<KID>" + "k" * MAX_KEY_ID_LENGTH + "</KID>", "k" * MAX_KEY_ID_LENGTH),
        ("<KID>" + "k" * (MAX_KEY_ID_LENGTH + 1) + "</KID>", None),
        ("<KID>a\x07b</KID>", None),
        ('<KID VALUE="key-1\n"/>', None),
        ("<KID>  </KID>", None),
        ("<KIDS>key-1</KIDS>", None),
        ("", None),
    ],
)
def test_the_key_id_of_a_drm_header(xml, key_id):
    assert read_extended_encryption(drm_header(xml)).key_id == key_id


def test_the_distributor_of_a_drm_header_has_its_entities_resolved_once():
    xml = "<ContentDistributor> A &amp; B &amp;lt; </ContentDistributor>"

    assert read_extended_encryption(drm_header(xml)).distributor == " A & B &lt; "
    assert read_extended_encryption(drm_header("<KID>k</KID>")).distributor == ""


@pytest.mark.parametrize(
    ("start", "unit"),
    [("<KID>", " "), ("<KID ", " "), ("", "<KID>"), ("", "<KID>k</KID "), ("<KID ", ' VALUE="')],
)
def test_a_drm_header_of_the_largest_size_is_searched_to_its_end(start, unit):
    text = (start + unit * MAX_OBJECT_SIZE)[: MAX_OBJECT_SIZE // 2 - 40]
    body = drm_header(text + "<KID>last</KID>")

    assert read_extended_encryption(body).key_id == "last"


@given(st.binary(max_size=200))
def test_no_body_makes_the_readers_fail(body):
    simple_key = read_content_encryption(body).key_id
    drm = read_extended_encryption(body)
    for key_id in (simple_key, drm.key_id):
        assert key_id is None or (key_id.isprintable() and 1 <= len(key_id) <= MAX_KEY_ID_LENGTH)


@given(st.one_of(mutated(), st.binary(max_size=300).map(HEADER.__add__), st.binary(max_size=300)))
def test_any_bytes_give_objects_or_a_media_error(data):
    found = readable(data)
    assert all(each.guid in WANTED and len(each.body) <= each.size for each in found)
    try:
        whole = sound(data)
    except MediaError:
        return
    assert whole == found
    assert all(len(each.body) == each.size for each in whole)


@settings(deadline=None)
@given(st.one_of(mutated(), st.binary(max_size=300).map(HEADER.__add__)))
def test_any_file_is_read_by_the_library_and_read_or_refused_by_licensing(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "mutated.wma"
    path.write_bytes(data)
    with path.open("rb") as file:
        header = read_asf_header(file)
    assert isinstance(header, AsfHeader)
    try:
        protection = read_protection(path)
    except MediaError:
        return
    assert isinstance(protection, Protection | None)
    assert header.is_protected or protection is None


@settings(deadline=None)
@given(
    key=KEYS,
    form=st.sampled_from([ELEMENT, ATTRIBUTE, None]),
    before=st.lists(st.sampled_from([VIDEO, FILLER]), max_size=3),
    after=st.lists(st.sampled_from([VIDEO, FILLER]), max_size=3),
)
@example(key="a&amp;b", form=ELEMENT, before=[], after=[])
@example(key="  ", form=ATTRIBUTE, before=[], after=[])
def test_library_and_licensing_read_the_same_key_id(tmp_path_factory, key, form, before, after):
    protection = simple(key.encode()) if form is None else extended(form.format(DISTRIBUTOR, key))
    path = tmp_path_factory.getbasetemp() / "agreed.wma"
    path.write_bytes(asf(*before, protection, *after) + b"media data")
    with path.open("rb") as file:
        described = read_asf_header(file)
    judged = read_protection(path)

    text = key if form is ATTRIBUTE else key.strip()
    expected = text if text.strip() and len(text) <= MAX_KEY_ID_LENGTH else ""
    assert described.is_protected
    assert (described.key_id, judged.key_id) == (expected, expected or None)
