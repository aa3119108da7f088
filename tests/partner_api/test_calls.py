"""The alphabet: one record per documented call, with the method's own parameters."""

import inspect
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api import calls
from partner_api.callback import ContentPartnerCallback
from partner_api.calls import (
    CALLBACK_CALLS,
    CALLS,
    PARTNER_CALLS,
    RETURN_OF,
    RETURNS,
    Call,
    CallbackCall,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    PartnerCall,
    Return,
    argument_names,
    as_utf16,
)
from partner_api.hresult import E_FAIL, HRESULT, S_OK
from partner_api.partner import ContentPartner

OTHER_INTERFACES = {"Predeliver", "IndexOutOfRange", "Malformed", "MalformedAnswer"}
"""Records of what the partner does apart from the thirteen methods."""

PARTNER_METHODS = [r for r in CALLS.values() if issubclass(r, PartnerCall)]
CALLBACK_METHODS = [
    r for r in CALLS.values() if issubclass(r, CallbackCall) and r.__name__ not in OTHER_INTERFACES
]


def methods_of(interface: type) -> list[str]:
    return [
        name for name, value in vars(interface).items() if callable(value) and name[0].isupper()
    ]


def parameters_of(interface: type, method: str) -> tuple[str, ...]:
    return tuple(inspect.signature(getattr(interface, method)).parameters)[1:]


def documented_name(record: type[Call]) -> str:
    return {"PartnerNotify": "Notify", "CallbackNotify": "Notify"}.get(
        record.__name__, record.__name__
    )


def blank(record: type[Any]) -> Any:
    """Make a record whose fields hold anything, just to look at its shape."""
    return record(*(f"value of {attribute.name}" for attribute in attrs.fields(record)))


def test_the_23_methods_of_a_partner_have_one_record_each() -> None:
    methods = methods_of(ContentPartner)
    assert sorted(map(documented_name, PARTNER_METHODS)) == sorted(methods)
    assert len(PARTNER_METHODS) == 23


def test_the_13_methods_of_the_callback_have_one_record_each() -> None:
    names = sorted(map(documented_name, CALLBACK_METHODS))
    assert names == sorted(methods_of(ContentPartnerCallback))
    assert len(CALLBACK_METHODS) == 13


def test_the_records_are_listed_by_direction_each_of_them_once() -> None:
    assert list(PARTNER_CALLS) == PARTNER_METHODS
    others = {record for record in CALLBACK_CALLS if record.__name__ in OTHER_INTERFACES}
    assert [record for record in CALLBACK_CALLS if record not in others] == CALLBACK_METHODS
    assert len(CALLBACK_CALLS) == 13 + len(OTHER_INTERFACES)


def test_a_class_that_attrs_replaced_is_no_record() -> None:
    """A slotted class takes the place of the one it was made from, which may live on a while."""
    for record in (*PARTNER_CALLS, *CALLBACK_CALLS):
        assert getattr(calls, record.__name__) is record


@pytest.mark.parametrize("record", PARTNER_METHODS, ids=lambda r: r.__name__)
def test_a_call_of_the_partner_has_the_parameters_of_its_method(record: type[Call]) -> None:
    documented = parameters_of(ContentPartner, documented_name(record))
    if record is calls.SetCallback:  # an object cannot travel
        assert (documented, argument_names(record)) == (("callback",), ("attached",))
    else:
        assert argument_names(record) == documented


@pytest.mark.parametrize("record", CALLBACK_METHODS, ids=lambda r: r.__name__)
def test_a_call_of_the_callback_has_the_parameters_of_its_method(record: type[Call]) -> None:
    documented = parameters_of(ContentPartnerCallback, documented_name(record))
    assert argument_names(record) == documented


@pytest.mark.parametrize("record", CALLS.values(), ids=lambda r: r.__name__)
def test_a_call_knows_its_method_and_its_arguments_in_order(record: type[Call]) -> None:
    call = blank(record)
    assert call.method == documented_name(record)
    assert call.arguments == tuple(f"value of {name}" for name in argument_names(record))


def test_the_arguments_of_an_answer_are_in_the_documented_order() -> None:
    answer = DownloadTrack(1, "https://a/7", 7, "p", E_FAIL)
    assert answer.arguments == (1, "https://a/7", 7, "p", E_FAIL)
    assert DownloadTrackComplete(S_OK, 7, "p").arguments == (S_OK, 7, "p")


def test_asking_twice_for_the_names_of_the_arguments_gives_the_same() -> None:
    assert argument_names(DownloadTrack) == ("cookie", "url", "track_id", "params", "hr")
    assert argument_names(DownloadTrack) == argument_names(DownloadTrack)


@pytest.mark.parametrize("record", [*CALLS.values(), *RETURNS.values()], ids=lambda r: r.__name__)
def test_a_record_never_changes(record: type[Any]) -> None:
    value = blank(record)
    for attribute in attrs.fields(record):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, attribute.name, "other")
    assert value == blank(record)
    assert hash(value) == hash(blank(record))


@pytest.mark.parametrize("record", PARTNER_METHODS, ids=lambda r: r.__name__)
def test_calls_of_the_player_go_to_the_partner(record: type[Call]) -> None:
    assert issubclass(record, PartnerCall)
    assert record.interface == "Partner"


@pytest.mark.parametrize(
    "record", [r for r in CALLS.values() if issubclass(r, CallbackCall)], ids=lambda r: r.__name__
)
def test_calls_of_the_partner_name_whose_method_they_are(record: type[Call]) -> None:
    assert issubclass(record, CallbackCall)
    assert record.interface == {"Predeliver": "LicenseStore", "IndexOutOfRange": "Container"}.get(
        record.__name__, "Callback"
    )


def test_every_call_is_found_by_the_name_of_its_record() -> None:
    assert all(getattr(calls, name) is record for name, record in CALLS.items())
    assert len(CALLS) == 23 + 13 + len(OTHER_INTERFACES)


# --- returns -----------------------------------------------------------------------------------

WITH_OUT_VALUES = {
    "GetItemInfo",
    "GetContentPartnerInfo",
    "GetCommands",
    "CanBuySilent",
    "GetStreamingURL",
    "GetCatalogURL",
    "GetTemplate",
    "CompareContainerListPrices",
    "GetCatalogVersion",
    "GetContentIDsInLibrary",
}


def returns_an_hresult(interface: type, method: str) -> bool:
    annotation = inspect.signature(getattr(interface, method)).return_annotation
    return annotation in {HRESULT, HRESULT | None, "HRESULT", "HRESULT | None"}


def test_exactly_the_methods_with_out_values_have_a_return_of_their_own() -> None:
    assert {record.__name__ for record in RETURN_OF} == WITH_OUT_VALUES


@pytest.mark.parametrize(
    ("interface", "record"),
    [
        *((ContentPartner, record) for record in PARTNER_METHODS),
        *((ContentPartnerCallback, record) for record in CALLBACK_METHODS),
    ],
    ids=lambda value: value.__name__,
)
def test_a_method_that_returns_an_hresult_ends_with_a_plain_return(
    interface: type, record: type[Call]
) -> None:
    plain = returns_an_hresult(interface, documented_name(record))
    assert (record not in RETURN_OF) == plain


@pytest.mark.parametrize("record", RETURNS.values(), ids=lambda r: r.__name__)
def test_every_return_starts_with_its_hresult(record: type[Return]) -> None:
    assert issubclass(record, Return)
    assert attrs.fields(record)[0].name == "hr"


def test_every_return_is_found_by_the_name_of_its_record() -> None:
    assert set(RETURNS.values()) == {Return, Faulted, *RETURN_OF.values()}
    assert all(name == record.__name__ for name, record in RETURNS.items())
    defined = {
        value
        for value in vars(calls).values()
        if isinstance(value, type) and issubclass(value, Return)
    }
    assert defined == set(RETURNS.values())


# --- text --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\0b", "a\0b"),
        ("Émilie", "Émilie"),
        ("\U0001f3b5", "\U0001f3b5"),
        ("\ud83c\udfb5", "\U0001f3b5"),
        ("\ud83c", "\ud83c"),
        ("\udfb5\ud83c", "\udfb5\ud83c"),
        ("\ud83c\ud83c\udfb5\udfb5", "\ud83c\U0001f3b5\udfb5"),
    ],
    ids=ascii,
)
@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
def test_pairs_are_joined_and_lone_surrogates_stay(text: str, joined: str) -> None:
    assert as_utf16(text) == joined


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
def test_the_code_units_are_those_of_the_text(text: str) -> None:
    joined = as_utf16(text)
    assert joined.encode("utf-16-le", "surrogatepass") == text.encode("utf-16-le", "surrogatepass")
    assert as_utf16(joined) == joined


@settings(deadline=None)
@given(
    st.text(st.sampled_from("a\0\ud83c\udfb5\U0001f3b5")), st.text(st.sampled_from("\ud83c\udfb5"))
)
def test_two_texts_are_equal_exactly_where_their_code_units_are(one: str, other: str) -> None:
    same = one.encode("utf-16-le", "surrogatepass") == other.encode("utf-16-le", "surrogatepass")
    assert (as_utf16(one) == as_utf16(other)) == same


@pytest.mark.parametrize("params", [None, 7])
def test_what_is_no_text_is_left_to_the_checks_that_come_later(params: Any) -> None:
    assert DownloadTrack(1, None, 7, params, S_OK).params == params
