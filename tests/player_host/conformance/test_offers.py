"""A fixture file is read, and what is wrong in it is named."""

from pathlib import Path

import pytest

from player_host.conformance.expectations import read_expectations
from player_host.conformance.offers import MAX_FILE_BYTES, Offer, read_offers
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
        (f"[shop]\nalbums = {{ {'7' * 5_000} = [1] }}", "shop.albums", "the ID of an album"),
        ("[shop]\ntracks = [1]\nrefused = [1]", "shop", "both"),
        ("[shop]\nstore = 1", "shop.store", "setting"),
        ("[shop]\nsigned_out = 1", "shop.signed_out", "settings"),
        ("[shop]\ntracks = [1\n", "line 3, column 1", "no valid TOML"),
        (f"[shop]\ntracks = [{'7' * 5_000}]", "conformance.toml", "too many digits"),
    ],
)
def test_what_is_wrong_in_a_fixture_is_named_with_its_place(tmp_path, text, place, words) -> None:
    with pytest.raises(UsageError) as caught:
        read_offers(written(tmp_path, text))
    assert caught.value.where.endswith(place)
    assert words in caught.value.what


def test_a_fixture_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_offers(tmp_path / "none.toml")
    assert caught.value.where.endswith("none.toml")


def test_a_fixture_may_be_larger_than_a_file_of_settings(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="larger than 16 MiB"):
        read_offers(written(tmp_path, "#" * (MAX_FILE_BYTES + 1)))
    assert read_offers(written(tmp_path, "#" * MAX_FILE_BYTES)) == {}


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
    ("text", "place", "words"),
    [
        ('[shop]\nT1-DL-99 = "why"', "shop", "T1-DL-99"),
        ("[shop]\nT1-DL-29 = true", "shop T1-DL-29", "reason"),
        ('[shop]\nT1-DL-29 = " "', "shop T1-DL-29", "reason"),
        ("shop = 1", "shop", "table"),
        ("[", "line 1, column 2", "TOML"),
        ("#" * 1_048_577, "conformance.toml", "larger than 1 MiB"),
    ],
    ids=["unknown requirement", "no text", "blank", "no table", "no TOML", "too large"],
)
def test_an_expectation_that_is_wrong_is_named_with_its_place(tmp_path, text, place, words) -> None:
    with pytest.raises(UsageError) as caught:
        read_expectations(written(tmp_path, text), "shop")
    assert caught.value.where.endswith(place)
    assert words in str(caught.value)


def test_a_file_of_expected_failures_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_expectations(tmp_path / "none.toml", "shop")
    assert caught.value.where.endswith("none.toml")
