import csv
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import partner_api.hresult as hresult_module
from partner_api.hresult import E_FAIL, E_INVALIDARG, HRESULT, S_FALSE, S_OK, ComError, UnknownName

TABLE = Path(hresult_module.__file__).with_name("hresult.tsv")
with TABLE.open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))

FACILITIES = {
    "NULL": 0,
    "RPC": 1,
    "DISPATCH": 2,
    "ITF": 4,
    "WIN32": 7,
    "WINDOWS": 8,
    "NS": 13,
    "HTTP": 25,
    "BACKGROUNDCOPY": 32,
}

CONSTANTS = {
    "S_OK": 0x00000000,
    "S_FALSE": 0x00000001,
    "E_NOTIMPL": 0x80004001,
    "E_POINTER": 0x80004003,
    "E_ABORT": 0x80004004,
    "E_FAIL": 0x80004005,
    "E_UNEXPECTED": 0x8000FFFF,
    "E_ACCESSDENIED": 0x80070005,
    "E_OUTOFMEMORY": 0x8007000E,
    "E_INVALIDARG": 0x80070057,
    "RPC_E_CALL_REJECTED": 0x80010001,
    "RPC_E_SERVER_DIED": 0x80010007,
    "RPC_E_INVALID_DATA": 0x8001000F,
    "RPC_E_SERVER_DIED_DNE": 0x80010012,
    "RPC_E_SERVERFAULT": 0x80010105,
    "RPC_E_DISCONNECTED": 0x80010108,
    "RPC_E_TIMEOUT": 0x8001011F,
}

unsigned = st.integers(0, 2**32 - 1)
signed = st.integers(-(2**31), 2**31 - 1)


@pytest.mark.parametrize(("name", "value"), CONSTANTS.items())
def test_each_module_constant_has_its_documented_value_and_name(name: str, value: int) -> None:
    constant = getattr(hresult_module, name)
    assert isinstance(constant, HRESULT)
    assert constant == value
    assert constant.name == name


def test_the_table_has_its_five_columns_and_is_not_empty() -> None:
    assert len(ROWS) > 700
    for row in ROWS:
        assert list(row) == ["name", "value", "facility", "severity", "meaning"]
        assert all(row.values())


def test_no_name_occurs_twice_in_the_table() -> None:
    names = [row["name"] for row in ROWS]
    assert len(set(names)) == len(names)


@pytest.mark.requirement("HR-06")
@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_each_name_of_the_table_leads_to_its_value_and_parts(row: dict[str, str]) -> None:
    code = HRESULT.named(row["name"])
    assert code == int(row["value"], 16)
    assert code.facility == FACILITIES[row["facility"]]
    assert code.facility_name == row["facility"]
    assert code.severity == row["severity"]
    assert code.failed == (int(row["value"], 16) >= 0x80000000)


@pytest.mark.requirement("HR-06")
def test_each_value_of_the_table_leads_back_to_its_first_name_and_meaning() -> None:
    first = {int(row["value"], 16): row for row in reversed(ROWS)}
    for value, row in first.items():
        assert HRESULT(value).name == row["name"]
        assert HRESULT(value).meaning == row["meaning"]


def test_a_second_name_of_a_value_is_found_but_the_first_is_shown() -> None:
    second = HRESULT.named("HRESULT_FROM_WIN32(ERROR_ACCESS_DENIED)")
    assert second.name == "E_ACCESSDENIED"


@pytest.mark.parametrize("name", ["E_NO_SUCH_NAME", "", "e_fail", "E_FAIL "])
def test_a_name_that_is_not_in_the_table_is_a_key_error_that_says_so(name: str) -> None:
    with pytest.raises(UnknownName, match="no HRESULT is named") as caught:
        HRESULT.named(name)
    assert isinstance(caught.value, KeyError)
    assert repr(name) in str(caught.value)


@pytest.mark.requirement("HR-01", "T1-HR-01")
@given(unsigned)
def test_bit_31_alone_decides_between_success_and_failure(value: int) -> None:
    code = HRESULT(value)
    assert code.failed == (value >= 2**31)
    assert code.succeeded != code.failed


@pytest.mark.requirement("HR-01", "T1-HR-02")
@pytest.mark.parametrize("name", ["S_OK", "S_FALSE", "BG_S_PARTIAL_COMPLETE"])
def test_there_are_other_successes_than_s_ok(name: str) -> None:
    assert HRESULT.named(name).succeeded


@given(signed)
def test_a_negative_number_is_folded_to_the_unsigned_one(value: int) -> None:
    code = HRESULT(value)
    assert 0 <= code < 2**32
    assert code.to_bytes(4, "little") == value.to_bytes(4, "little", signed=True)


@given(unsigned)
def test_an_unsigned_number_stays_as_it_is(value: int) -> None:
    assert int(HRESULT(value)) == value
    assert HRESULT(HRESULT(value)) == value


@given(st.integers(min_value=2**32) | st.integers(max_value=-(2**31) - 1))
def test_a_number_of_more_than_32_bits_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        HRESULT(value)


@pytest.mark.parametrize("value", [True, False, 0.0, 1.5, "0x80004005", None, b"\0"])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__):
        HRESULT(value)  # type: ignore[arg-type]


@pytest.mark.requirement("HR-02")
@given(unsigned)
def test_facility_and_code_are_cut_from_the_documented_bits(value: int) -> None:
    bits = f"{value:032b}"
    assert HRESULT(value).facility == int(bits[3:16], 2)
    assert HRESULT(value).code == int(bits[16:], 2)


@pytest.mark.requirement("HR-03")
@given(st.integers(1, 2**31 - 1))
def test_a_positive_win32_error_keeps_its_low_16_bits(n: int) -> None:
    code = HRESULT.from_win32(n)
    assert f"{code:08X}" == "8007" + f"{n:08X}"[4:]


@pytest.mark.requirement("HR-03")
@given(st.integers(-(2**31), 0))
def test_a_win32_error_at_or_below_zero_is_unchanged(n: int) -> None:
    assert HRESULT.from_win32(n) == HRESULT(n)


@pytest.mark.requirement("HR-03")
def test_a_win32_error_that_is_an_hresult_already_is_unchanged() -> None:
    assert HRESULT.from_win32(0x80004005) == E_FAIL


@pytest.mark.requirement("HR-03")
def test_win32_errors_of_the_table_agree_with_the_mapping() -> None:
    assert HRESULT.from_win32(87) == E_INVALIDARG
    assert HRESULT.from_win32(2).name == "HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)"


@pytest.mark.requirement("HR-04")
@given(st.integers(100, 999))
def test_an_http_status_is_added_to_the_base_of_its_facility(status: int) -> None:
    code = HRESULT.from_http_status(status)
    assert code == 0x80190000 + status
    assert code.facility_name == "HTTP"


@pytest.mark.requirement("HR-04")
def test_a_known_http_status_has_a_name() -> None:
    assert HRESULT.from_http_status(404).name == "BG_E_HTTP_ERROR_404"


@pytest.mark.parametrize("status", [-404, 0, 99, 1000, 2**40])
def test_a_status_without_three_digits_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="three digits"):
        HRESULT.from_http_status(status)


def test_a_status_that_is_no_integer_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        HRESULT.from_http_status(404.0)  # type: ignore[arg-type]


@pytest.mark.requirement("HR-05")
@pytest.mark.parametrize(
    ("value", "severity", "failed"),
    [
        (0x000D0000, "success", False),
        (0x400D0000, "informational", False),
        (0x800D0000, "warning", True),
        (0xC00D0000, "error", True),
    ],
)
def test_ns_codes_have_four_severities(value: int, severity: str, failed: bool) -> None:
    assert HRESULT(value).severity == severity
    assert HRESULT(value).failed is failed


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (0x8004ABCD, "0x8004ABCD (error, facility ITF, code 0xABCD)"),
        (0x0004ABCD, "0x0004ABCD (success, facility ITF, code 0xABCD)"),
        (0x9FFF0001, "0x9FFF0001 (error, facility 8191, code 0x0001)"),
        (0xC00DFFFE, "0xC00DFFFE (error, facility NS, code 0xFFFE)"),
    ],
)
def test_an_unknown_code_is_described_by_its_parts(value: int, name: str) -> None:
    assert HRESULT(value).name == name
    assert repr(HRESULT(value)) == f"HRESULT({name})"
    assert HRESULT(value).meaning == ""


def test_a_known_code_shows_number_and_name() -> None:
    assert repr(E_FAIL) == "HRESULT(0x80004005 E_FAIL)"
    assert str(E_FAIL) == "E_FAIL"
    assert f"{E_FAIL:#010x}" == "0x80004005"


def test_a_code_is_the_integer_for_everybody_else() -> None:
    assert {E_FAIL: "found"}[0x80004005] == "found"
    assert json.dumps(E_FAIL) == "2147500037"


@given(unsigned)
def test_a_code_survives_pickling(value: int) -> None:
    copy = pickle.loads(pickle.dumps(HRESULT(value)))
    assert copy == value
    assert type(copy) is HRESULT


def test_a_com_error_carries_its_code_and_says_it() -> None:
    error = ComError(-2147467259, "the store is closed")
    assert error.hr == E_FAIL
    assert isinstance(error.hr, HRESULT)
    assert str(error) == "E_FAIL: the store is closed"
    assert str(ComError(E_FAIL)) == "E_FAIL"


def test_a_com_error_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(ComError(E_FAIL, "closed")))
    assert (copy.hr, copy.message) == (E_FAIL, "closed")


@pytest.mark.parametrize("hr", [S_OK, S_FALSE, 0x00040001])
def test_a_success_code_cannot_be_raised(hr: int) -> None:
    with pytest.raises(ValueError, match="success code"):
        ComError(hr)


def test_the_table_is_read_only_when_a_name_is_needed() -> None:
    script = (
        "import partner_api\n"
        "from partner_api import hresult\n"
        "partner_api.HRESULT.from_win32(5).failed\n"
        "before = hresult._table.cache_info().currsize\n"
        "partner_api.E_FAIL.name\n"
        "print(before, hresult._table.cache_info().currsize)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == ["0", "1"]
