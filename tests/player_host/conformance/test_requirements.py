"""The catalogue of requirements: what a row may be, and how one is found."""

import re
import unicodedata
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from player_host.conformance import requirements as catalogue
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.coverage import GROUPS
from player_host.conformance.judge import FOLLOWS
from player_host.conformance.requirements import (
    Level,
    Provenance,
    requirement,
    requirements,
)
from player_host.errors import UsageError

FILE = Path(catalogue.__file__).with_name("requirements.tsv")
LINES = FILE.read_bytes().decode("utf-8").split("\n")
CELLS = [line.split("\t") for line in LINES[1:-1]]
ROWS = list(requirements().values())
ID = re.compile(r"T1-[A-Z]+-\d\d")
SIZES = {
    "T1-DL": 55,
    "T1-PRC": 10,
    "T1-CON": 13,
    "T1-LIFE": 14,
    "T1-THR": 8,
    "T1-HR": 5,
    "T1-CAT": 26,
    "T1-INFO": 16,
    "T1-ITEM": 21,
    "T1-TSV": 18,
    "T1-TRK": 15,
    "T1-ALB": 9,
    "T1-ART": 3,
    "T1-GEN": 6,
    "T1-LST": 13,
    "T1-RFD": 8,
}


def test_the_file_has_eight_columns_in_every_line_and_ends_with_a_line_end():
    assert LINES[0].split("\t") == [
        "id",
        "actor",
        "level",
        "method",
        "requirement",
        "source",
        "provenance",
        "unobserved",
    ]
    assert LINES[-1] == ""
    assert {len(cells) for cells in CELLS} == {8}


def test_a_cell_is_printable_text_without_blanks_around_it():
    for cell in (cell for cells in CELLS for cell in cells):
        assert cell == " ".join(cell.split())
        assert cell.isprintable()
        assert cell == unicodedata.normalize("NFC", cell)


def test_every_line_is_read_and_no_id_occurs_twice():
    assert [row.id for row in ROWS] == [cells[0] for cells in CELLS]


def test_ids_have_their_permanent_shape_and_rise_within_a_group_that_stands_together():
    assert all(ID.fullmatch(row.id) for row in ROWS)
    groups = [group for group, _ in groupby(row.group for row in ROWS)]
    assert len(groups) == len(set(groups))
    for group in groups:
        ids = [row.id for row in ROWS if row.group == group]
        assert ids == sorted(ids)


def test_the_groups_that_are_judged_are_whole():
    assert Counter(row.group for row in ROWS if row.group in GROUPS) == SIZES
    for group, size in SIZES.items():
        assert {f"{group}-{number:02}" for number in range(1, size + 1)} <= requirements().keys()


def test_a_row_says_whose_duty_it_is_and_where_it_comes_from():
    for row in ROWS:
        assert row.actor in {"partner", "player"}, row.id
        assert row.method, row.id
        assert (row.level is Level.OPEN) == (row.provenance is Provenance.SETTLED), row.id
        assert len(set(row.sources)) == len(row.sources) >= 1, row.id
        for page in row.sources:
            assert re.fullmatch(r"[\w-]+\.(md|h)|sample:\w+\.cpp", page), row.id


def test_a_text_is_a_statement_of_one_or_two_sentences():
    for row in ROWS:
        assert row.text.endswith("."), row.id
        assert len(row.text) <= 260, row.id
        assert row.text.count("`") % 2 == 0, row.id
        assert not re.search(r"TODO|\?|->|\(inferred\)|\(settled here\)", row.text), row.id
        assert len(re.findall(r"\.(?= [A-Z`]|$)", row.text)) <= 2, row.id


def test_a_recommendation_says_should():
    recommended = [row for row in ROWS if row.level is Level.SHOULD]
    assert recommended
    assert [row.id for row in recommended if "should" not in row.text] == []


def test_what_cannot_be_seen_is_a_duty_of_the_partner_without_a_check_and_says_why():
    for row in ROWS:
        if row.unobserved:
            assert row.actor == "partner", row.id
            assert row.group in GROUPS, row.id
            assert row.id not in CLAUSES, row.id
            assert row.unobserved[0].islower(), row.id
            assert not row.unobserved.endswith("."), row.id
            assert set(ID.findall(row.unobserved)) <= CLAUSES.keys(), row.id


def test_every_check_is_that_of_a_duty_of_the_partner_in_a_judged_group():
    for name in CLAUSES:
        assert requirement(name).actor == "partner"
        assert requirement(name).group in GROUPS


def test_roots_and_consequences_are_rows_with_a_check():
    named = {*FOLLOWS, *(root for roots in FOLLOWS.values() for root, _ in roots)}
    assert named <= CLAUSES.keys()


def test_the_kinds_of_provenance_are_told_apart_in_words():
    assert len({one.words for one in Provenance}) == len(Provenance)


def test_an_unknown_id_is_refused_with_those_that_come_near():
    with pytest.raises(UsageError) as caught:
        requirement("T1-DL-7")
    assert caught.value.what == "there is no requirement 'T1-DL-7'"
    assert "T1-DL-07" in caught.value.remedy


def test_what_resembles_no_id_is_refused_with_the_way_to_the_list():
    with pytest.raises(UsageError) as caught:
        requirement("music, please")
    assert caught.value.remedy == "`player-host conformance list` shows them all"


@settings(deadline=None)
@given(st.text() | st.from_regex(ID, fullmatch=True))
def test_any_text_is_an_id_or_refused_in_few_words(name: str):
    if name in requirements():
        assert requirement(name).id == name
        return
    with pytest.raises(UsageError) as caught:
        requirement(name)
    assert len(str(caught.value)) < 600


def test_a_long_text_is_not_repeated_whole():
    with pytest.raises(UsageError) as caught:
        requirement("T1-DL-" * 100_000)
    assert len(str(caught.value)) < 600
