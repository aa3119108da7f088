import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License, LicenseStore, Right

END = datetime(2030, 1, 1, tzinfo=UTC)
LICENSE = License(content_id=700, key_id="k1", rights=frozenset(Right), expires=END)


def test_there_are_three_rights() -> None:
    assert [str(right) for right in Right] == ["play", "burn", "sync"]


@pytest.mark.requirement("T1-DL-32")
def test_a_licence_without_key_says_that_the_content_is_unprotected() -> None:
    assert License(content_id=700, key_id=None, rights=frozenset({Right.PLAY})).key_id is None


def test_a_licence_without_end_does_not_expire() -> None:
    assert License(content_id=700, key_id=None, rights=frozenset()).expires is None


def test_rights_may_come_in_any_collection_and_as_texts() -> None:
    given_as_list = License(1, "k", rights=["burn", Right.PLAY, "burn"])  # type: ignore[arg-type]
    assert given_as_list.rights == {Right.PLAY, Right.BURN}
    assert isinstance(given_as_list.rights, frozenset)


def test_an_unknown_right_is_refused() -> None:
    with pytest.raises(ValueError, match="resell"):
        License(1, "k", rights={"resell"})  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1))
def test_every_unsigned_32_bit_number_is_a_content_id(content_id: int) -> None:
    assert attrs.evolve(LICENSE, content_id=content_id).content_id == content_id


@pytest.mark.parametrize("content_id", [-1, 2**32])
def test_a_content_id_out_of_range_is_refused(content_id: int) -> None:
    with pytest.raises(ValueError, match="content_id"):
        attrs.evolve(LICENSE, content_id=content_id)


@pytest.mark.parametrize("content_id", [True, 1.0, "1", None])
def test_a_content_id_that_is_no_integer_is_refused(content_id: object) -> None:
    with pytest.raises(TypeError, match="content_id"):
        attrs.evolve(LICENSE, content_id=content_id)


@pytest.mark.parametrize("key_id", ["", "k" * 1025])
def test_a_key_id_is_neither_empty_nor_endless(key_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 1024"):
        attrs.evolve(LICENSE, key_id=key_id)


def test_a_key_id_is_a_text() -> None:
    with pytest.raises(TypeError, match="bytes"):
        attrs.evolve(LICENSE, key_id=b"k1")


def test_the_end_of_a_licence_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        attrs.evolve(LICENSE, expires=datetime(2030, 1, 1))


def test_the_end_of_a_licence_is_a_moment() -> None:
    with pytest.raises(TypeError, match="str"):
        attrs.evolve(LICENSE, expires="2030-01-01")


@pytest.mark.parametrize("algorithm", ["sha-512", "sha-256", "sha-1", "md5"])
@pytest.mark.parametrize("spelling", ["hex", "HEX", "base64", "bare", "url"])
@given(body=st.binary(max_size=50))
def test_a_digest_is_written_in_digits_or_base64(
    algorithm: str, spelling: str, body: bytes
) -> None:
    raw = hashlib.new(algorithm.replace("sha-", "sha"), body).digest()
    value = {
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base64": base64.b64encode(raw).decode(),
        "bare": base64.b64encode(raw).decode().rstrip("="),
        "url": base64.urlsafe_b64encode(raw).decode(),
    }[spelling]
    assert attrs.evolve(LICENSE, digest=f"{algorithm}={value}").digest == f"{algorithm}={value}"


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "0" * 64,
        "sha-256",
        "sha-256=",
        "sha-256=" + "0" * 63,
        "sha-256=" + "0" * 65,
        "sha-256=" + "0" * 64 + "\n",
        " sha-256=" + "0" * 64,
        "SHA-256=" + "0" * 64,
        "sha-256=:" + "A" * 43 + "=:",
        "sha-256=" + "A" * 43 + "==",
        "md5=" + "0" * 40,
        "crc32=" + "0" * 8,
        f"md5={'0' * 32}&md5={'0' * 32}",
        "sha-256=" + "\N{ARABIC-INDIC DIGIT ONE}" * 64,
    ],
)
def test_what_is_no_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="a digest is sha-256="):
        attrs.evolve(LICENSE, digest=digest)


def test_a_digest_is_a_text() -> None:
    with pytest.raises(TypeError, match="bytes"):
        attrs.evolve(LICENSE, digest=b"\0" * 32)


def test_licences_that_end_at_one_moment_are_equal_in_any_time_zone() -> None:
    elsewhere = END.astimezone(timezone(timedelta(hours=9)))
    assert attrs.evolve(LICENSE, expires=elsewhere) == LICENSE


def test_a_licence_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        LICENSE.key_id = None  # type: ignore[misc]


@pytest.mark.requirement("T1-DL-33")
def test_whatever_takes_licences_in_order_is_a_licence_store() -> None:
    class Recording:
        def __init__(self) -> None:
            self.delivered: list[License] = []

        def Predeliver(self, license: License) -> HRESULT:  # noqa: A002
            self.delivered.append(license)
            return S_OK

    recording = Recording()
    store: LicenseStore = recording
    assert store.Predeliver(license=LICENSE).succeeded
    assert recording.delivered == [LICENSE]
