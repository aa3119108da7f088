"""Records survive the way through JSON; what is no record never becomes one."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partner_api.calls import (
    CALLS,
    RETURNS,
    Call,
    CatalogURLReturned,
    Download,
    DownloadTrack,
    Faulted,
    GetCommands,
    GetItemInfo,
    GetStreamingURL,
    Login,
    Predeliver,
    Return,
    TemplateReturned,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.encoding import (
    call_from_data,
    call_to_data,
    container_list_from_data,
    container_list_to_data,
    return_from_data,
    return_to_data,
)
from partner_api.enums import (
    LibraryLocation,
    PriceMarker,
    StreamingType,
    TemplateSize,
    TransactionType,
)
from partner_api.hresult import E_FAIL, HRESULT, S_OK
from partner_api.licensing import DIGEST_FORM, License, Right
from partner_api.partner import ContextMenuInfo
from partner_api.variant import Variant

TEXT = st.text(st.characters(codec=None) | st.sampled_from("\0\ud83c\udfb5"), max_size=12)
DWORDS = st.integers(0, 0xFFFF_FFFF)
RESULTS = DWORDS.map(HRESULT)
ITEMS = st.lists(st.builds(ContentItem, DWORDS, TEXT | st.sampled_from(PriceMarker)), max_size=3)
CONTAINERS = st.builds(ContentContainer.loose, ITEMS) | st.builds(
    ContentContainer,
    st.sampled_from([LibraryLocation.ALBUM, LibraryLocation.LIST]),
    DWORDS,
    TEXT,
    ITEMS,
)
LISTS = st.builds(
    ContentContainerList, st.sampled_from(TransactionType), st.lists(CONTAINERS, max_size=3)
)
MOMENTS = st.datetimes(
    datetime(1900, 1, 1),
    datetime(9990, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5))]),
)
VARIANTS = st.one_of(
    st.just(Variant.empty()),
    st.builds(Variant.i4, st.integers(-(2**31), 2**31 - 1)),
    st.builds(Variant.ui4, DWORDS),
    st.builds(Variant.bstr, TEXT),
    st.builds(Variant.boolean, st.booleans()),
    st.builds(Variant.error, RESULTS),
    st.builds(Variant.date, MOMENTS | st.floats(-657_000, 2_900_000)),
)
LICENSES = st.builds(
    License,
    DWORDS,
    st.none() | st.text(st.characters(codec=None), min_size=1, max_size=9),
    st.frozensets(st.sampled_from(Right)),
    st.none() | MOMENTS,
    st.none() | st.from_regex(DIGEST_FORM, fullmatch=True, alphabet=st.characters(codec="ascii")),
)
for kind, strategy in (
    (str, TEXT),
    (int, st.integers(0, 2**31 - 1)),
    (HRESULT, RESULTS),
    (ContentContainerList, LISTS),
    (Variant, VARIANTS),
    (License, LICENSES),
    (ContextMenuInfo, st.builds(ContextMenuInfo, DWORDS, TEXT, TEXT)),
):
    st.register_type_strategy(kind, strategy)

through_json = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def over_the_wire(data: dict[str, Any]) -> Any:
    return json.loads(json.dumps(data))


# --- every record ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CALLS)
@through_json
@given(data=st.data())
def test_a_call_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    call = data.draw(st.from_type(CALLS[name]))
    back = call_from_data(name, over_the_wire(call_to_data(call)))
    assert back == call
    assert [type(value) for value in back.arguments] == [type(value) for value in call.arguments]


@pytest.mark.parametrize("name", RETURNS)
@through_json
@given(data=st.data())
def test_a_return_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    returned = data.draw(st.from_type(RETURNS[name]))
    back = return_from_data(name, over_the_wire(return_to_data(returned)))
    assert back == returned
    assert type(back.hr) is HRESULT


@settings(deadline=None)
@given(LISTS)
def test_a_container_list_comes_back_as_it_was(container_list: ContentContainerList) -> None:
    data = over_the_wire(container_list_to_data(container_list))
    assert container_list_from_data(data) == container_list


@settings(deadline=None)
@given(TEXT)
@pytest.mark.requirement("T1-DL-18", "T1-DL-22")
def test_params_come_back_with_every_code_unit(params: str) -> None:
    answer = DownloadTrack(0, None, 7, params, S_OK)
    back = call_from_data("DownloadTrack", over_the_wire(call_to_data(answer)))
    assert isinstance(back, DownloadTrack)
    assert back.params is not None
    assert back.params.encode("utf-16-le", "surrogatepass") == params.encode(
        "utf-16-le", "surrogatepass"
    )


def test_the_form_is_readable() -> None:
    item = ContentItem(7, "$1")
    container_list = ContentContainerList(
        TransactionType.DOWNLOAD, [ContentContainer(LibraryLocation.ALBUM, 3, "$9", [item])]
    )
    assert call_to_data(Download(container_list, 5)) == {
        "container_list": {
            "transaction_type": 1,
            "containers": [{"type": "CPAlbumID", "id": 3, "price": "$9", "items": [[7, "$1"]]}],
        },
        "cookie": 5,
    }
    assert return_to_data(Faulted(E_FAIL, "raised")) == {"hr": "0x80004005", "reason": "raised"}
    assert call_to_data(Login(b"\0\xff", b"", used_cached_creds=True, ok_to_cache=False)) == {
        "user_info": "AP8=",
        "pwd_info": "",
        "used_cached_creds": True,
        "ok_to_cache": False,
    }


# --- hostile data: a table ---------------------------------------------------------------------

LIST_DATA = {
    "transaction_type": 1,
    "containers": [{"type": "CPAlbumID", "id": 3, "price": "$9", "items": [[7, "$1"]]}],
}
LICENSE_DATA = {"content_id": 7, "key_id": None, "rights": ["play"], "expires": None}
ANSWER_DATA = {"cookie": 0, "url": None, "track_id": 7, "params": None, "hr": "0x00000000"}
GOOD: dict[str, dict[str, Any]] = {
    "DownloadTrack": ANSWER_DATA,
    "Download": {"container_list": LIST_DATA, "cookie": 0},
    "Predeliver": {"license": LICENSE_DATA},
    "GetItemInfo": {"info_name": "a", "context": {"type": "UI4", "value": 7}},
    "GetStreamingURL": {"streaming_type": 1, "stream_context": {"type": "EMPTY", "value": None}},
    "GetCommands": {
        "location": "a",
        "location_context": {"type": "EMPTY", "value": None},
        "item_location": "b",
        "item_ids": [1],
    },
    "Login": {"user_info": "AA==", "pwd_info": "", "used_cached_creds": True, "ok_to_cache": True},
    "SetCallback": {"attached": True},
}
PLACES: dict[tuple[str, ...], tuple[Any, ...]] = {
    ("DownloadTrack", "cookie"): (True, 1.0, "1", None, [], {}),
    ("DownloadTrack", "track_id"): (False, 7.0, "7", None),
    ("DownloadTrack", "url"): (1, True, [], {}, ["https://a/7"]),
    ("DownloadTrack", "params"): (1, True, [], {}),
    ("DownloadTrack", "hr"): (0, True, None, "", "S_OK", "0x100000000", "-0x80000001", [], {}),
    ("Download", "container_list"): (7, "a", [], [1], True, {}),
    ("Download", "container_list", "transaction_type"): (3, -1, "1", None, True, 1.0, []),
    ("Download", "container_list", "containers"): (None, 1, "a", {"type": 1}, [1], ["a"], [None]),
    ("Download", "container_list", "containers", "0", "type"): ("CPArtistID", "", 0, None, []),
    ("Download", "container_list", "containers", "0", "id"): (-1, 2**32, True, 3.0, "3", None),
    ("Download", "container_list", "containers", "0", "price"): (9, None, [], True),
    ("Download", "container_list", "containers", "0", "items"): (
        *(None, 1, "ab", ["ab"], [[7]], [[7, "$1", 0]], [7], [["7", "$1"]], [[True, "$1"]]),
        *([[7, 1]], [[-1, "$1"]], [[2**32, "$1"]], [[7.0, "$1"]], {"ab": 1}),
    ),
    ("Predeliver", "license"): (None, "a", [], {}, 7),
    ("Predeliver", "license", "content_id"): (-1, 2**32, True, "7", 7.0, None),
    ("Predeliver", "license", "key_id"): ("", 7, True, [], "k" * 1025),
    ("Predeliver", "license", "rights"): (None, "play", ["listen"], [1], [None], {"play": 1}, 1),
    ("Predeliver", "license", "expires"): (
        *(0, 1, "", False, [], {}, "tomorrow", "2026-03-01T12:00:00"),
    ),
    ("Predeliver", "license", "digest"): (0, True, "", [], {}, "sha-256=0", "md5=" + "g" * 32),
    ("GetItemInfo", "info_name"): (1, None, True, []),
    ("GetItemInfo", "context"): (None, 7, "a", [], {}, {"type": "UI4"}, {"value": 7}),
    ("GetItemInfo", "context", "type"): ("NONE", 19, None, "ui4", "BSTR", "ERROR", "BOOL", [], {}),
    ("GetItemInfo", "context", "value"): (True, -1, 2**32, 7.0, "7", None, [], "0x7"),
    ("GetStreamingURL", "streaming_type"): (4, -1, "1", None, True, 1.0, []),
    ("GetStreamingURL", "stream_context", "value"): (0, False, "", [], {}),
    ("GetCommands", "item_ids"): (None, 1, "1", ["1"], [True], [1.0], [None], {"1": 1}, "", {}),
    ("Login", "user_info"): ("A", "A===", "é", "A A=", None, 1, []),
    ("Login", "used_cached_creds"): (1, 0, "true", None),
    ("SetCallback", "attached"): (1, 0, "", None, []),
}
WRONG = [(*place, value) for place, values in PLACES.items() for value in values]


def changed(path: list[str], value: Any, data: Any) -> Any:
    """Return the data with the value at the end of the path, and all else as it was."""
    if not path:
        return value
    copy: Any = list(data) if isinstance(data, list) else dict(data)
    key: Any = int(path[0]) if isinstance(data, list) else path[0]
    copy[key] = changed(path[1:], value, copy[key])
    return copy


def objects_of(data: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of every object within the data, the whole included."""
    if isinstance(data, list):
        return [p for n, one in enumerate(data) for p in objects_of(one, (*path, str(n)))]
    if not isinstance(data, dict):
        return []
    return [path, *(p for key, one in data.items() for p in objects_of(one, (*path, key)))]


def at(path: tuple[str, ...], data: Any) -> Any:
    for key in path:
        data = data[int(key)] if isinstance(data, list) else data[key]
    return data


OBJECTS = [(name, path) for name, data in GOOD.items() for path in objects_of(data)]
MEMBERS = [(name, path, key) for name, path in OBJECTS for key in at(path, GOOD[name])]


def spelled(value: object) -> str:
    return ".".join(map(ascii, value))[:60] if isinstance(value, tuple) else ascii(value)[:60]


@pytest.mark.parametrize("name", GOOD)
def test_the_data_that_the_hostile_ones_are_made_from_are_good(name: str) -> None:
    assert call_to_data(call_from_data(name, GOOD[name])) == GOOD[name]


@pytest.mark.parametrize("wrong", WRONG, ids=spelled)
def test_a_value_of_the_wrong_type_or_range_is_an_error(wrong: tuple[Any, ...]) -> None:
    name, *path, value = wrong
    with pytest.raises(Exception):  # noqa: B017, PT011 - the converter's errors are many
        call_from_data(name, changed(path, value, GOOD[name]))


@pytest.mark.parametrize(("name", "path"), OBJECTS, ids=spelled)
def test_an_unknown_key_is_an_error(name: str, path: tuple[str, ...]) -> None:
    more = {**at(path, GOOD[name]), "unknown": 1}
    with pytest.raises(Exception):  # noqa: B017, PT011
        call_from_data(name, changed([*path], more, GOOD[name]))


@pytest.mark.parametrize(("name", "path", "key"), MEMBERS, ids=spelled)
def test_a_missing_key_is_an_error(name: str, path: tuple[str, ...], key: str) -> None:
    less = {k: v for k, v in at(path, GOOD[name]).items() if k != key}
    with pytest.raises(Exception):  # noqa: B017, PT011
        call_from_data(name, changed([*path], less, GOOD[name]))


@pytest.mark.parametrize("name", ["", "Return", "Call", "downloadtrack", "__init__", "Settings"])
def test_an_unknown_record_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        call_from_data(name, {})


@pytest.mark.parametrize("name", ["", "DownloadTrack", "return"])
def test_an_unknown_return_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        return_from_data(name, {"hr": "0x00000000"})


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("Return", {}),
        ("Return", {"hr": "0x0", "more": 1}),
        ("Return", {"hr": 0}),
        ("Faulted", {"hr": "0x80004005"}),
        ("Faulted", {"hr": "0x80004005", "reason": 5}),
        ("TemplateReturned", {"hr": "0x0", "url": "a", "size": 3}),
        ("TemplateReturned", {"hr": "0x0", "url": "a", "size": True}),
        ("SilentPurchaseReturned", {"hr": "0x0", "total_price": "a", "silent_ok": 1}),
        ("ContentIDsReturned", {"hr": "0x0", "content_ids": [True]}),
        ("ContentIDsReturned", {"hr": "0x0", "content_ids": "12"}),
        ("CommandsReturned", {"hr": "0x0", "items": [{"id": 1}]}),
        ("CommandsReturned", {"hr": "0x0", "items": [{"id": True, "menu_text": "a"}]}),
        ("CommandsReturned", {"hr": "0x0", "items": [{"id": 1, "menu_text": "a", "more": 1}]}),
    ],
    ids=ascii,
)
def test_a_return_that_does_not_fit_is_an_error(name: str, data: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011
        return_from_data(name, data)


# --- hostile data: at random -------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**33), 2**33) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "value", "id", "hr", "items"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(member=st.sampled_from(MEMBERS), value=JSON_VALUES)
def test_a_strange_value_is_an_error_or_exactly_what_it_says(
    member: tuple[str, tuple[str, ...], str], value: Any
) -> None:
    name, path, key = member
    data = changed([*path, key], value, GOOD[name])
    try:
        call: Call = call_from_data(name, data)
    except Exception:
        return
    assert json.dumps(call_to_data(call), sort_keys=True) == json.dumps(data, sort_keys=True)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(CALLS)), data=JSON_VALUES)
def test_what_is_no_object_is_no_record(name: str, data: Any) -> None:
    if isinstance(data, dict):
        return
    with pytest.raises(Exception):  # noqa: B017, PT011
        call_from_data(name, data)


# --- the types of what comes back --------------------------------------------------------------


def test_enumerations_results_and_tuples_come_back_as_such() -> None:
    call = call_from_data("GetStreamingURL", GOOD["GetStreamingURL"])
    assert isinstance(call, GetStreamingURL)
    assert call.streaming_type is StreamingType.MUSIC
    commands = call_from_data("GetCommands", GOOD["GetCommands"])
    assert isinstance(commands, GetCommands)
    assert commands.item_ids == (1,)
    info = call_from_data("GetItemInfo", GOOD["GetItemInfo"])
    assert isinstance(info, GetItemInfo)
    assert info.context == Variant.ui4(7)


def test_out_values_come_back_with_their_types() -> None:
    template = TemplateReturned(S_OK, "https://a/", TemplateSize.LARGE)
    back = return_from_data("TemplateReturned", over_the_wire(return_to_data(template)))
    assert isinstance(back, TemplateReturned)
    assert back.size is TemplateSize.LARGE
    url = CatalogURLReturned(S_OK, 4, "https://a/", Variant.date(45_000.5))
    assert return_from_data("CatalogURLReturned", over_the_wire(return_to_data(url))) == url
    assert type(return_from_data("Return", {"hr": "0x00000001"})) is Return


def test_a_licence_comes_back_with_its_rights_and_its_end() -> None:
    ends = datetime(2027, 1, 2, 3, 4, 5, 678, tzinfo=timezone(timedelta(hours=2)))
    call = Predeliver(License(7, "k", frozenset(Right), ends))
    back = call_from_data("Predeliver", over_the_wire(call_to_data(call)))
    assert isinstance(back, Predeliver)
    assert (back.license.rights, back.license.expires) == (frozenset(Right), ends)


def test_a_licence_without_a_digest_is_as_it_was_before_there_were_any() -> None:
    """Players and plug-ins that know no digests go on to understand each other."""
    call = Predeliver(License(7, None, frozenset({Right.PLAY})))
    assert call_to_data(call) == {"license": LICENSE_DATA}
    assert call_from_data("Predeliver", {"license": LICENSE_DATA}) == call
    assert call_from_data("Predeliver", {"license": LICENSE_DATA | {"digest": None}}) == call
