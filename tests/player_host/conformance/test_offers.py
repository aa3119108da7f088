"""A fixture file is read, and what is wrong in it is named."""

from pathlib import Path

import pytest

from player_host.conformance.expectations import read_expectations
from player_host.conformance.offers import Offer, read_offers
from player_host.conformance.scenarios import scenarios
from player_host.errors import UsageError

SOUND = """
[shop]
tracks = [1, 2, 3]
refused = [9]
albums = { 7 = [1, 2] }
lists = { 3 = [3, 9] }
unknown = 77
[shop.signed_out]
password = "wrong"
[shop.store]
setting = "store_url"
[other]
tracks = []
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "conformance.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_fixture_says_what_a_partner_has_on_offer(tmp_path: Path) -> None:
    offers = read_offers(written(tmp_path, SOUND))
    shop = offers["shop"]
    assert offers.keys() == {"shop", "other"}
    assert (shop.tracks, shop.refused, shop.unknown) == ((1, 2, 3), (9,), 77)
    assert (shop.albums, shop.lists) == ({7: (1, 2)}, {3: (3, 9)})
    assert (shop.signed_out, shop.store_setting) == ({"password": "wrong"}, "store_url")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("tracks = 1", "tracks", "a table"),
        ("[shop]\ntrack = [1]", "shop", "no key 'track'"),
        ("[shop]\ntracks = 1", "shop.tracks", "a list"),
        ("[shop]\ntracks = [-1]", "shop.tracks", "-1"),
        ("[shop]\ntracks = [4294967295]", "shop.tracks", "4294967295"),
        ("[shop]\ntracks = [true]", "shop.tracks", "True"),
        ("[shop]\nalbums = [1]", "shop.albums", "a table"),
        ("[shop]\nalbums = { seven = [1] }", "shop.albums", "seven"),
        ("[shop]\ntracks = [1]\nrefused = [1]", "shop", "both"),
        ("[shop]\nstore = 1", "shop.store", "setting"),
        ("[shop]\nsigned_out = 1", "shop.signed_out", "settings"),
        ("[shop", "conformance.toml", "no TOML"),
    ],
)
def test_what_is_wrong_in_a_fixture_is_named_with_its_place(tmp_path, text, place, words) -> None:
    with pytest.raises(UsageError) as caught:
        read_offers(written(tmp_path, text))
    assert caught.value.where.endswith(place)
    assert words in caught.value.what


def test_a_fixture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_offers(tmp_path / "none.toml")


def test_scenarios_follow_from_what_there_is() -> None:
    names = {scenario.name for scenario in scenarios(Offer((1,)))}
    assert {"one track", "odd cookies", "questions", "killed"} <= names
    assert names.isdisjoint({"album", "list", "mixed", "store down", "not logged in"})
    offer = Offer((1,), (9,), {7: (1,)}, {3: (9,)}, signed_out={"a": 1}, store_setting="url")
    assert {"album", "list", "mixed", "store down", "not logged in"} <= {
        scenario.name for scenario in scenarios(offer)
    }


def test_expected_failures_have_reasons(tmp_path: Path) -> None:
    file = written(tmp_path, '[shop]\nT1-DL-29 = "next release"\n')
    assert read_expectations(file, "shop") == {"T1-DL-29": "next release"}
    assert read_expectations(file, "other") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[shop]\nT1-DL-99 = "why"', "T1-DL-99"),
        ("[shop]\nT1-DL-29 = true", "reason"),
        ('[shop]\nT1-DL-29 = " "', "reason"),
        ("shop = 1", "table"),
        ("[", "TOML"),
    ],
)
def test_an_expectation_that_is_wrong_is_named(tmp_path, text, words) -> None:
    with pytest.raises(UsageError) as caught:
        read_expectations(written(tmp_path, text), "shop")
    assert words in str(caught.value)
