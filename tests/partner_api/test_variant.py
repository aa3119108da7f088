import pickle
from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partner_api.enums import AccountType
from partner_api.hresult import E_FAIL, HRESULT
from partner_api.variant import Variant, VarType, check_dword

MILLISECOND = timedelta(milliseconds=1)


def whole_milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


moments = st.datetimes(min_value=datetime(100, 1, 1), timezones=st.just(UTC)).map(
    whole_milliseconds
)


@pytest.mark.parametrize(
    ("tag", "number"),
    [("EMPTY", 0), ("I4", 3), ("DATE", 7), ("BSTR", 8), ("ERROR", 10), ("BOOL", 11), ("UI4", 19)],
)
def test_each_tag_has_its_com_number(tag: str, number: int) -> None:
    assert VarType[tag] == number


def test_there_are_no_other_tags() -> None:
    assert len(VarType) == 7


@pytest.mark.parametrize(
    ("variant", "tag", "value"),
    [
        (Variant.empty(), VarType.EMPTY, None),
        (Variant.i4(-1), VarType.I4, -1),
        (Variant.ui4(700), VarType.UI4, 700),
        (Variant.bstr("Zune"), VarType.BSTR, "Zune"),
        (Variant.boolean(True), VarType.BOOL, True),
        (Variant.error(-2147467259), VarType.ERROR, E_FAIL),
        (Variant.date(43831), VarType.DATE, 43831.0),
    ],
)
def test_each_constructor_gives_its_tag_and_value(
    variant: Variant, tag: VarType, value: object
) -> None:
    assert variant.type is tag
    assert variant.value == value
    assert pickle.loads(pickle.dumps(variant)) == variant


def test_one_number_under_two_tags_is_two_values() -> None:
    assert Variant.i4(1) != Variant.ui4(1)
    assert Variant.ui4(1) != Variant.boolean(True)


def test_a_member_of_an_enumeration_is_a_number() -> None:
    assert Variant.ui4(AccountType.JANUS) == Variant.ui4(3)


def test_an_error_is_an_hresult_whatever_it_was_made_from() -> None:
    assert isinstance(Variant.error(0x80004005).value, HRESULT)


@given(st.integers())
@example(-(2**31) - 1)
@example(-(2**31))
@example(2**31 - 1)
@example(2**31)
def test_a_vt_i4_holds_exactly_the_signed_32_bit_numbers(n: int) -> None:
    if -(2**31) <= n < 2**31:
        assert Variant.i4(n).value == n
    else:
        with pytest.raises(ValueError, match="VT_I4"):
            Variant.i4(n)


@given(st.integers())
@example(-1)
@example(0)
@example(2**32 - 1)
@example(2**32)
def test_a_vt_ui4_holds_exactly_the_unsigned_32_bit_numbers(n: int) -> None:
    if 0 <= n < 2**32:
        assert Variant.ui4(n).value == n
    else:
        with pytest.raises(ValueError, match="VT_UI4"):
            Variant.ui4(n)


@given(st.text())
def test_a_vt_bstr_keeps_every_text(text: str) -> None:
    assert Variant.bstr(text).value == text


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (VarType.EMPTY, 0),
        (VarType.EMPTY, ""),
        (VarType.EMPTY, False),
        (VarType.I4, True),
        (VarType.I4, 1.0),
        (VarType.I4, None),
        (VarType.UI4, False),
        (VarType.UI4, "1"),
        (VarType.BSTR, None),
        (VarType.BSTR, b"text"),
        (VarType.BOOL, 1),
        (VarType.BOOL, None),
        (VarType.ERROR, 0x80004005),
        (VarType.DATE, 43831),
        (VarType.DATE, "2020-01-01"),
    ],
)
def test_a_value_that_does_not_fit_the_tag_is_refused(tag: VarType, value: object) -> None:
    with pytest.raises(ValueError, match=f"VT_{tag.name} cannot hold"):
        Variant(tag, value)  # type: ignore[arg-type]


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueError, match="VT_BSTR cannot hold this bytes"):
        Variant(VarType.BSTR, b"hunter2")  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", [1, 2, 12, "BSTR", None])
def test_a_tag_that_the_protocol_does_not_use_is_refused(tag: object) -> None:
    with pytest.raises(ValueError, match="not a valid VarType"):
        Variant(tag, None)  # type: ignore[arg-type]


def test_a_tag_may_be_given_by_its_number() -> None:
    assert Variant(8, "text").type is VarType.BSTR  # type: ignore[arg-type]


def test_a_variant_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Variant.ui4(1).value = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("days", "moment"),
    [
        (0.0, datetime(1899, 12, 30, tzinfo=UTC)),
        (1.0, datetime(1899, 12, 31, tzinfo=UTC)),
        (43831.0, datetime(2020, 1, 1, tzinfo=UTC)),
        (43831.75, datetime(2020, 1, 1, 18, tzinfo=UTC)),
        (-1.0, datetime(1899, 12, 29, tzinfo=UTC)),
        (-1.25, datetime(1899, 12, 29, 6, tzinfo=UTC)),
        (-657434.0, datetime(100, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_counts_days_from_the_end_of_1899(days: float, moment: datetime) -> None:
    assert Variant.date(days).as_datetime() == moment
    assert Variant.date(moment).value == days


@given(moments)
def test_a_moment_survives_to_the_millisecond(moment: datetime) -> None:
    assert Variant.date(moment).as_datetime() == moment


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2900, 1, 1)))
def test_a_moment_with_microseconds_is_rounded_to_a_millisecond(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    assert abs(Variant.date(moment).as_datetime() - moment) < MILLISECOND


@pytest.mark.requirement("T1-CAT-23")
def test_a_moment_of_another_time_zone_is_kept_in_utc() -> None:
    tokyo = datetime(2020, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert Variant.date(tokyo) == Variant.date(43831.0)
    assert Variant.date(tokyo).as_datetime().utcoffset() == timedelta(0)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Variant.date(datetime(2020, 1, 1))


@pytest.mark.parametrize("days", [-657435.0, 2958466.0, float("nan"), float("inf"), -1e300])
def test_a_date_outside_the_years_100_to_9999_is_refused(days: float) -> None:
    with pytest.raises(ValueError, match="VT_DATE"):
        Variant.date(days)


@given(st.floats(-657434.9, 2958465.999))
def test_every_date_that_is_accepted_is_a_moment(days: float) -> None:
    assert Variant.date(days).as_datetime().tzinfo is UTC


def test_the_last_moment_of_the_last_year_is_accepted() -> None:
    last = datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert Variant.date(last).as_datetime() == last


@pytest.mark.parametrize("variant", [Variant.empty(), Variant.ui4(1), Variant.bstr("2020-01-01")])
def test_only_a_date_is_a_moment(variant: Variant) -> None:
    with pytest.raises(ValueError, match="is no date"):
        variant.as_datetime()


@attrs.frozen
class Holder:
    cookie: int = attrs.field(validator=check_dword)


@given(st.integers())
@example(-1)
@example(0)
@example(2**32 - 1)
@example(2**32)
def test_a_dword_is_an_unsigned_32_bit_number(n: int) -> None:
    if 0 <= n < 2**32:
        assert Holder(n).cookie == n
    else:
        with pytest.raises(ValueError, match="cookie has 32 bits"):
            Holder(n)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_a_dword_is_an_integer(value: object) -> None:
    with pytest.raises(TypeError, match="cookie is an int"):
        Holder(value)  # type: ignore[arg-type]
