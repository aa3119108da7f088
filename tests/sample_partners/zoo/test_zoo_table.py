"""The public table of the zoo and its classes fit each other, and the catalogue."""

import csv
import importlib
import inspect
import tomllib
from collections import Counter
from importlib import resources
from typing import Any

import pytest

from partner_api import ContentPartner
from player_host.conformance import checks
from player_host.conformance.clauses import CLAUSES
from sample_partners.zoo import answers, conforming, facts, lifecycle
from sample_partners.zoo.base import Exhibit

TABLE: dict[str, list[dict[str, Any]]] = tomllib.loads(
    resources.files("sample_partners.zoo").joinpath("zoo.toml").read_text("utf-8")
)
BROKEN = [entry for entry in TABLE["exhibits"] if entry["kind"] == "broken"]
CONFORMING = [entry for entry in TABLE["exhibits"] if entry["kind"] == "conforming"]
GROUPS = ("T1-DL", "T1-LIFE", "T1-THR", "T1-CON", "T1-PRC", "T1-HR", "T1-CAT", "T1-INFO", "T1-ITEM")


def duties() -> dict[str, str]:
    """Return the level of each of the partner's requirements."""
    text = (
        resources.files("player_host.conformance").joinpath("requirements.tsv").read_text("utf-8")
    )
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return {row["id"]: row["level"] for row in rows if row["actor"] == "partner"}


def name_of(entry: dict[str, Any]) -> str:
    return str(entry["name"])


def test_every_exhibit_is_listed_once():
    listed = Counter(map(name_of, TABLE["exhibits"]))

    assert set(listed.values()) == {1}
    assert set(listed) == {
        f"{module.__name__}:{name}"
        for module in (answers, lifecycle, facts, conforming)
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exhibit) and kind.__module__ == module.__name__
        if kind is not facts.Misinformed
    }


@pytest.mark.parametrize("entry", TABLE["exhibits"], ids=name_of)
def test_an_exhibit_is_a_plug_in_with_a_key_of_its_own(entry):
    module, _, name = entry["name"].partition(":")
    kind = getattr(importlib.import_module(module), name)

    assert issubclass(kind, ContentPartner)
    assert kind.service_info.key == name


@pytest.mark.parametrize("entry", BROKEN, ids=name_of)
def test_a_broken_exhibit_says_what_it_breaks_and_how_it_shows(entry):
    assert entry.keys() == {
        "name",
        "kind",
        "primary",
        "consequences",
        "calls",
        "needs",
        "seen_by",
    }
    ids = {entry["primary"], entry["seen_by"], *entry["consequences"]}
    assert ids <= duties().keys()
    assert entry["seen_by"] in CLAUSES
    assert entry["primary"] not in entry["consequences"]
    assert entry["calls"] >= 2
    assert entry["needs"]


@pytest.mark.parametrize("entry", CONFORMING, ids=name_of)
def test_a_conforming_exhibit_has_nothing_against_it(entry):
    assert entry.keys() == {"name", "kind"}


def test_every_duty_of_a_partner_is_broken_by_an_exhibit_or_cannot_be_seen():
    shown = {name for entry in BROKEN for name in (entry["primary"], *entry["consequences"])}
    unseen = [row["requirement"] for row in TABLE["unobserved"]]
    expected = {
        name
        for name, level in duties().items()
        if level != "may" and name.rpartition("-")[0] in GROUPS
    }

    assert len(unseen) == len(set(unseen))
    assert shown | set(unseen) == expected
    assert shown.isdisjoint(unseen)


def test_what_cannot_be_seen_has_its_reason():
    assert all(row.keys() == {"requirement", "reason"} for row in TABLE["unobserved"])
    assert all(row["reason"] for row in TABLE["unobserved"])


def test_what_cannot_be_seen_has_no_check():
    assert checks.__all__
    assert CLAUSES.keys().isdisjoint(row["requirement"] for row in TABLE["unobserved"])


def test_every_check_has_an_exhibit_that_it_has_to_find():
    found = {entry["seen_by"] for entry in BROKEN} | {
        name for entry in BROKEN for name in entry["consequences"]
    }

    assert {name for name in CLAUSES if name.rpartition("-")[0] in GROUPS} <= found


def test_there_are_conforming_exhibits_in_number():
    assert len(CONFORMING) >= 12
