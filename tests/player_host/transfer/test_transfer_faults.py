"""The table of faults: every row is a failure, and says what happened."""

import pytest

from partner_api.hresult import E_FAIL, HRESULT
from player_host.transfer import faults

TABLE = {name: row for name, row in vars(faults).items() if isinstance(row, faults.Fault)}


@pytest.mark.parametrize("name", TABLE)
def test_every_row_makes_an_error_with_its_code(name):
    row = TABLE[name]
    error = row.at("http://a.example/b", "detail")
    assert error.hr == row.hr
    assert error.hr.failed
    assert str(error).startswith(f"http://a.example/b: {row.what} (detail)")
    assert row.what == row.what.rstrip(".")


def test_one_code_is_always_or_never_transient_and_spoiling():
    for row in TABLE.values():
        assert faults.is_transient(row.hr) is row.transient
        assert faults.spoils_bytes(row.hr) is row.spoils
        assert not (row.transient and row.spoils)


@pytest.mark.requirement("HR-04")
@pytest.mark.parametrize(
    ("status", "transient"),
    [
        (400, False),
        (404, False),
        (408, True),
        (429, True),
        (500, True),
        (501, False),
        (505, False),
        (503, True),
        (599, True),
        (302, False),
        (206, False),
        (306, True),
        (308, False),
        (409, True),
        (416, False),
        (600, True),
    ],
)
def test_a_status_keeps_its_number_and_is_worth_another_attempt_or_not(status, transient):
    error = faults.http_status(status, "http://a.example/")
    assert error.hr == 0x80190000 + status
    assert faults.is_transient(error.hr) is transient


def test_unknown_codes_are_final():
    assert not faults.is_transient(E_FAIL)
    assert not faults.is_transient(HRESULT(0x800701F4))
    assert not faults.spoils_bytes(E_FAIL)


def test_only_a_transient_row_limits_its_attempts_and_allows_at_least_one_more():
    for row in TABLE.values():
        assert faults.attempts_at_most(row.hr) == row.attempts
        assert row.attempts is None or (row.transient and row.attempts > 1)


@pytest.mark.requirement("HR-04")
def test_every_status_is_classed_as_bits_does_it():
    final = {300, 301, 302, 303, 304, 305, 307, 308, *range(200, 300), *range(400, 500), 501, 505}
    transient = set(range(100, 1000)) - final | {408, 409, 429}

    told = {n for n in range(100, 1000) if faults.is_transient(HRESULT.from_http_status(n))}
    assert told == transient
