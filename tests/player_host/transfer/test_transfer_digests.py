"""Digests are read from every header and from the URL's fragment, and mean what hashlib says."""

import base64
import hashlib
from contextlib import nullcontext, suppress

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from partner_api.licensing import DIGEST_FORM, License, Right
from player_host.transfer.digests import (
    FRAGMENT,
    LICENSE,
    Algorithm,
    Announced,
    Digest,
    announced,
    as_text,
    conflict,
    declared,
    declared_with,
    differing,
    from_text,
    united,
)

BODIES = st.binary(max_size=200)
ALGORITHMS = st.sampled_from(Algorithm)
REGISTERED = {"sha512": "sha-512", "sha256": "sha-256", "sha1": "sha", "md5": "md5"}
ABC_256 = hashlib.sha256(b"abc").digest()
ABC_MD5 = hashlib.md5(b"abc").digest()


def digest_of(body, algorithm):
    return hashlib.new(algorithm.value, body).digest()


def encoded(body, algorithm):
    return base64.b64encode(digest_of(body, algorithm)).decode()


def values(digests):
    return {(one.algorithm, one.value) for one in digests}


@given(BODIES, st.sets(ALGORITHMS, min_size=1), st.sampled_from([",", ", ", " ,\t"]))
def test_structured_fields_name_the_digests_that_hashlib_computes(body, algorithms, comma):
    text = comma.join(f"{REGISTERED[a]}=:{encoded(body, a)}:" for a in algorithms)
    found = announced({"repr-digest": text}, partial=False)

    assert values(found.whole) == {(a, digest_of(body, a)) for a in algorithms}
    assert (found.part, found.unreadable) == ((), ())


@given(BODIES, st.sets(ALGORITHMS, min_size=1), st.booleans(), st.booleans())
def test_the_older_header_takes_base64_and_hexadecimal_in_any_case(body, algorithms, hexed, upper):
    def piece(algorithm):
        name, value = REGISTERED[algorithm.value], encoded(body, algorithm)
        value = digest_of(body, algorithm).hex() if hexed else value
        return f"{name.upper() if upper else name}={value.upper() if hexed and upper else value}"

    found = announced({"digest": ",".join(map(piece, algorithms))}, partial=False)

    assert values(found.whole) == {(a, digest_of(body, a)) for a in algorithms}
    assert found.unreadable == ()


@given(BODIES, ALGORITHMS, st.sampled_from(["base64", "bare", "url", "escaped", "hex", "HEX"]))
def test_a_fragment_declares_a_digest_in_any_of_its_spellings(body, algorithm, spelling):
    raw = digest_of(body, algorithm)
    value = {
        "base64": base64.b64encode(raw).decode(),
        "bare": base64.b64encode(raw).decode().rstrip("="),
        "url": base64.urlsafe_b64encode(raw).decode(),
        "escaped": "".join(f"%{byte:02x}" for byte in base64.b64encode(raw)),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
    }[spelling]

    found = declared(f"https://a.example/x?y#t=10&{REGISTERED[algorithm.value]}={value}")
    assert found == (Digest(algorithm, raw, FRAGMENT),)


@given(st.from_regex(DIGEST_FORM, fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_a_licence_and_a_fragment_mean_the_same_by_the_same_words(text):
    (of_license,) = declared_with(License(7, None, {Right.PLAY}, digest=text))
    (of_fragment,) = declared(f"https://a.example/#{text}")

    assert of_license == evolve(of_fragment, source=LICENSE)


def test_a_licence_without_a_digest_declares_nothing():
    assert declared_with(None) == declared_with(License(7, None, {Right.PLAY})) == ()


@given(BODIES, BODIES, st.sets(ALGORITHMS, min_size=1))
def test_digests_agree_when_the_bytes_are_the_same_and_else_differ(body, other, algorithms):
    expected = [Digest(a, digest_of(body, a), "test") for a in algorithms]
    actual = {a: digest_of(other, a) for a in Algorithm}

    assert (differing(expected, actual) is None) == (body == other)


@given(st.dictionaries(st.sampled_from(["repr-digest", "content-digest", "digest"]), st.text()))
def test_rubbish_in_headers_announces_nothing(headers):
    found = announced(headers, partial=False)

    assert (found.whole, found.part) == ((), ())
    assert set(found.unreadable) <= set(headers)


@given(st.text(st.characters(codec="utf-8")))
def test_a_fragment_of_rubbish_declares_nothing(text):
    known = any(word in text.lower() for word in ("sha", "md5"))
    with suppress(ValueError) if known else nullcontext():
        assert declared(f"https://a.example/#{text}") == ()


@given(BODIES, st.lists(ALGORITHMS, unique=True), st.sampled_from(["digest", FRAGMENT]))
def test_what_a_database_keeps_is_what_was_announced(body, algorithms, source):
    digests = tuple(Digest(a, digest_of(body, a), source) for a in algorithms)

    assert from_text(as_text(digests)) == digests


def test_content_digest_and_content_md5_are_of_the_whole_file_in_a_200_and_not_in_a_206():
    sequence = f"sha-256=:{base64.b64encode(ABC_256).decode()}:"
    headers = {"content-digest": sequence, "content-md5": base64.b64encode(ABC_MD5).decode()}
    content = Digest(Algorithm.SHA_256, ABC_256, "content-digest")
    md5 = Digest(Algorithm.MD5, ABC_MD5, "content-md5")

    assert announced(headers, partial=False) == Announced(whole=(content, md5))
    assert announced(headers, partial=True) == Announced(part=(content,))


@pytest.mark.parametrize("header", ["repr-digest", "digest"])
def test_what_is_said_of_the_representation_is_of_the_whole_file_in_a_206_too(header):
    colon = ":" if header == "repr-digest" else ""
    text = f"sha-256={colon}{base64.b64encode(ABC_256).decode()}{colon}"

    found = announced({header: text}, partial=True)
    assert values(found.whole) == {(Algorithm.SHA_256, ABC_256)}
    assert found.part == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha-999=:AAAA:",
        'unixsum=5, a;b="c";d, b=?1, c=1.5, d="x, y\\"", e=tok/en',
        "crc32c=:AAAA:;q=1",
    ],
)
def test_unknown_algorithms_are_passed_over(text):
    assert announced({"repr-digest": text}, partial=False) == Announced()


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("repr-digest", "sha-256"),
        ("repr-digest", "sha-256=:AAAA:"),
        ("repr-digest", "sha-256=" + ABC_256.hex()),
        ("repr-digest", "sha-256=:" + ABC_256.hex() + ":"),
        ("repr-digest", "SHA-256=:AAAA:"),
        ("repr-digest", "md5=:AAAA:,"),
        ("repr-digest", "a=1,,b=2"),
        ("repr-digest", "a=1 b=2"),
        ("repr-digest", "a=:é:"),
        ("content-digest", "sha-512=:!:"),
        ("content-digest", "a=1" * 5000),
        ("digest", "sha-256=zz"),
        ("digest", "md5"),
        ("digest", "rubbish"),
        ("content-md5", ""),
        ("content-md5", "AAAA, AAAA"),
    ],
)
def test_a_header_that_cannot_be_read_is_told_from_an_absent_one(header, text):
    assert announced({header: text}, partial=False) == Announced(unreadable=(header,))


def test_a_bad_value_leaves_the_others_of_its_header():
    text = f"sha-256=:AAAA:, md5=:{base64.b64encode(ABC_MD5).decode()}:"

    found = announced({"repr-digest": text}, partial=False)
    assert values(found.whole) == {(Algorithm.MD5, ABC_MD5)}
    assert found.unreadable == ("repr-digest",)


def test_the_last_of_a_repeated_key_counts():
    text = f"md5=:AAAA:, md5=:{base64.b64encode(ABC_MD5).decode()}:"

    assert announced({"repr-digest": text}, partial=False).unreadable == ()


@pytest.mark.parametrize(
    "fragment",
    ["", "#", "#chapter-2", "#t=10,20", "#sha-999=00", "#=&&="],
)
def test_a_fragment_without_an_algorithm_declares_nothing(fragment):
    assert declared(f"https://a.example/x{fragment}") == ()


@pytest.mark.parametrize(
    "fragment",
    [
        "sha-256",
        "sha-256=",
        "sha-256=00",
        "SHA256=" + "0" * 63,
        "md5=" + "g" * 32,
        "md5=%ff%fe",
        "sha-1=" + ABC_256.hex(),
        f"md5={'0' * 32}&md5={'1' * 32}",
    ],
)
def test_a_declaration_that_cannot_be_kept_is_an_error(fragment):
    with pytest.raises(ValueError, match=r"digest|twice"):
        declared(f"https://a.example/x#{fragment}")


@given(st.lists(st.tuples(ALGORITHMS, BODIES)), st.lists(st.tuples(ALGORITHMS, BODIES)))
def test_digests_conflict_when_no_bytes_can_have_them(first, second):
    first = [Digest(a, digest_of(body, a), "x") for a, body in dict(first).items()]
    second = [Digest(a, digest_of(body, a), "y") for a, body in dict(second).items()]
    both = united(first, second)

    assert conflict(first, second) == (len({one.algorithm for one in both}) < len(both))
    assert values(both) == values(first) | values(second)
