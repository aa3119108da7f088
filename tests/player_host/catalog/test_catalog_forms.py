import pytest

from player_host.catalog import forms
from player_host.catalog.rows import quarter_stars


@pytest.mark.requirement("T1-TSV-06")
@pytest.mark.parametrize(
    ("cell", "value"), [("0", 0), ("007", 7), (" 12 ", 12), ("4294967295", 4294967295)]
)
def test_an_integer_is_digits_with_blanks_around(cell, value):
    assert forms.integer(cell) == value


@pytest.mark.requirement("T1-TSV-06")
@pytest.mark.parametrize(
    "cell", [" ", "-1", "+1", "1.0", "0x10", "1 000", "1_000", "٣", "²", "4294967296", "1" * 5000]
)
def test_nothing_else_is_an_integer(cell):
    with pytest.raises(ValueError, match=r".*"):
        forms.integer(cell)


@pytest.mark.requirement("T1-TRK-01", "T1-CON-13")
def test_ids_reach_from_0_to_the_one_below_the_reserved_id():
    assert forms.identifier("0") == 0
    assert forms.identifier("4294967294") == 0xFFFFFFFE
    with pytest.raises(ValueError, match="4294967295"):
        forms.identifier("4294967295")


@pytest.mark.requirement("T1-TRK-14", "T1-ALB-06")
@pytest.mark.parametrize(
    ("cell", "ids"),
    [("1", (1,)), ("1;2", (1, 2)), ("1;2;", (1, 2)), ("1; 2; ", (1, 2)), (" 3 ;4 ", (3, 4))],
)
def test_id_lists_tolerate_blanks_and_a_final_semicolon(cell, ids):
    assert forms.identifiers(cell) == ids
    assert forms.some_identifiers(cell) == ids


@pytest.mark.parametrize("cell", ["1;;2", "1;;", ";1", "1,2", "a", "1;4294967295"])
def test_an_id_list_has_ids_between_single_semicolons(cell):
    with pytest.raises(ValueError, match=r".*"):
        forms.identifiers(cell)


@pytest.mark.requirement("T1-TRK-14")
@pytest.mark.parametrize("cell", [";", " ", " ; "])
def test_a_list_that_needs_an_id_is_not_content_with_blanks_and_semicolons(cell):
    with pytest.raises(ValueError, match=r".*"):
        forms.some_identifiers(cell)


@pytest.mark.requirement("T1-TSV-18")
@pytest.mark.parametrize(
    ("cell", "value"), [("0", 0.0), ("1.5", 1.5), (" 12.25 ", 12.25), ("-3", -3.0)]
)
def test_a_number_has_a_full_stop_before_its_decimals(cell, value):
    assert forms.number(cell) == value


@pytest.mark.requirement("T1-TSV-18")
@pytest.mark.parametrize(
    "cell", ["1,5", "1.000,5", "1.", ".5", "1e3", "nan", "inf", "1" * 21, "--1", "1.2.3"]
)
def test_nothing_else_is_a_number(cell):
    with pytest.raises(ValueError, match=r".*"):
        forms.number(cell)


@pytest.mark.requirement("T1-ALB-03", "T1-ALB-09")
@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2005-0-0", "2005-00-00"),
        ("2005-00-00", "2005-00-00"),
        ("2005-7-0", "2005-07-00"),
        ("2005-07-09", "2005-07-09"),
        ("2004-2-29", "2004-02-29"),
    ],
)
def test_a_date_may_be_padded_and_its_month_and_day_may_be_0(cell, date):
    assert forms.date(cell) == date


@pytest.mark.requirement("T1-ALB-03")
@pytest.mark.parametrize(
    "cell", ["2005", "05-1-1", "2005-13-1", "2005-2-30", "2005-1-32", "2005/1/1", "0000-1-1", "-"]
)
def test_nothing_else_is_a_date(cell):
    with pytest.raises(ValueError, match=r".*"):
        forms.date(cell)


@pytest.mark.requirement("T1-TRK-11", "T1-RFD-08")
@pytest.mark.parametrize(
    ("rating", "shown"),
    [(None, None), (0, 0), (4.4, 4.5), (4.3, 4.25), (4.125, 4.25), (4.375, 4.5), (5, 5)],
)
def test_stars_are_shown_to_the_nearest_quarter(rating, shown):
    assert quarter_stars(rating) == shown
