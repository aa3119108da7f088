"""Tokens and URLs that the store signed, and all the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_partners.proseware.signing import Signer, UrlVerdict

SIGNER = Signer.from_seed("one")
STRANGER = Signer.from_seed("two")
NOW = 1_800_000_000


def checked(signer, query, name="701.mp3", now=NOW):
    fields = dict(pair.split("=") for pair in query.split("&"))
    return signer.check_url(name, fields["expires"], fields["signature"], now)


def test_a_token_names_the_account_it_was_made_for():
    assert SIGNER.account_of(SIGNER.token_of("demo")) == "demo"


def test_another_stores_token_is_none():
    assert SIGNER.account_of(STRANGER.token_of("demo")) is None


def test_a_token_for_one_account_opens_no_other():
    signature = SIGNER.token_of("guest").rpartition(".")[2]

    assert SIGNER.account_of(f"demo.{signature}") is None


@given(st.text())
def test_no_text_found_by_chance_is_a_token(text):
    assert SIGNER.account_of(text) is None


def test_a_url_is_good_until_its_second_comes():
    query = SIGNER.query_of("701.mp3", NOW + 10)

    assert checked(SIGNER, query, now=NOW + 9) is UrlVerdict.GOOD
    assert checked(SIGNER, query, now=NOW + 10) is UrlVerdict.EXPIRED


def test_a_url_opens_no_other_file():
    assert checked(SIGNER, SIGNER.query_of("701.mp3", NOW + 10), "702.mp3") is UrlVerdict.FORGED


def test_the_expiry_cannot_be_moved():
    query = SIGNER.query_of("701.mp3", NOW - 10)

    assert checked(SIGNER, query.replace(str(NOW - 10), str(NOW + 99))) is UrlVerdict.FORGED


def test_another_stores_url_is_forged():
    assert checked(SIGNER, STRANGER.query_of("701.mp3", NOW + 10)) is UrlVerdict.FORGED


def test_the_same_seed_signs_alike_in_every_process():
    assert Signer.from_seed("one") == SIGNER
    assert checked(Signer.from_seed("one"), SIGNER.query_of("701.mp3", NOW + 1)) is UrlVerdict.GOOD


def test_a_token_is_no_signature_of_a_url():
    token = SIGNER.token_of(f"701.mp3\0{NOW + 10}")

    verdict = SIGNER.check_url("701.mp3", str(NOW + 10), token.rpartition(".")[2], NOW)

    assert verdict is UrlVerdict.FORGED


@given(expires=st.text(), signature=st.text())
def test_no_query_found_by_chance_opens_a_file(expires, signature):
    assert SIGNER.check_url("701.mp3", expires, signature, NOW) is UrlVerdict.FORGED


@pytest.mark.parametrize("signature", ["", "\ud800", "é"])
def test_a_signature_of_strange_characters_is_forged_and_no_error(signature):
    assert SIGNER.check_url("701.mp3", str(NOW), signature, NOW) is UrlVerdict.FORGED
