"""Clauses about results and facts that the partner gives (T1-HR, T1-INFO, T1-ITEM, T1-CAT)."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from partner_api.calls import (
    CatalogURLReturned,
    Faulted,
    GetCatalogURL,
    GetContentPartnerInfo,
    GetItemInfo,
    InfoReturned,
    PartnerCall,
    Return,
)
from partner_api.enums import AccountType, ItemInfo, PartnerInfo
from partner_api.hresult import S_OK
from partner_api.transaction import is_usable_url
from partner_api.variant import Variant, VarType
from player_host.conformance.clauses import Findings, absent, broken, clause, judged, kept
from player_host.conformance.conversation import Conversation, Exchange

_ART: Final = frozenset(
    {
        ItemInfo.ALBUM_ART_URL,
        ItemInfo.ARTIST_ART_URL,
        ItemInfo.LIST_ART_URL,
        ItemInfo.GENRE_ART_URL,
        ItemInfo.SUBGENRE_ART_URL,
        ItemInfo.RADIO_ART_URL,
    }
)
_ERROR_NAMES: Final = frozenset(
    {ItemInfo.ERROR_DESCRIPTION, ItemInfo.ERROR_URL, ItemInfo.ERROR_URL_LINK_TEXT}
)
_CONTEXTS: Final[Mapping[str, VarType]] = {
    **dict.fromkeys(_ART, VarType.UI4),
    ItemInfo.TREE_LIST_ICON_URL: VarType.UI4,
    ItemInfo.ALT_LOGIN_URL: VarType.EMPTY,
    ItemInfo.ALT_LOGIN_CAPTION: VarType.EMPTY,
    ItemInfo.CREATE_ACCOUNT_URL: VarType.EMPTY,
    ItemInfo.FORGET_PASSWORD_URL: VarType.EMPTY,
    ItemInfo.AUTHENTICATION_SUCCESS_URL: VarType.I4,
    ItemInfo.LOGIN_FAILURE_URL: VarType.UI4,
    ItemInfo.POPUP_URL: VarType.I4,
    ItemInfo.POPUP_CAPTION: VarType.I4,
    ItemInfo.HTML_VIEW_URL: VarType.BSTR,
    **dict.fromkeys(_ERROR_NAMES, VarType.ERROR),
}
"""The type of the context that each item info takes (T1-ITEM-01 to T1-ITEM-06)."""


@clause("T1-HR-02")
def success_is_s_ok(talk: Conversation) -> Findings:
    """A method that succeeds returns S_OK, and no other success code."""
    for exchange in talk.of(PartnerCall):
        returned = exchange.returned
        if returned is not None and returned.hr.succeeded:
            what = f"`{exchange.call.method}` returned {returned.hr.name}"
            yield judged(exchange, returned.hr == S_OK, what)


def _is(kind: VarType) -> Callable[[Variant], bool]:
    return lambda data: data.type is kind


def _is_account_type(data: Variant) -> bool:
    return data.type is VarType.UI4 and data.value in {int(kind) for kind in AccountType}


_FACTS: Final[Mapping[str, tuple[str, str, Callable[[Variant], bool]]]] = {
    "T1-INFO-01": (PartnerInfo.LOGIN_STATE, "VT_BOOL", _is(VarType.BOOL)),
    "T1-INFO-02": (
        PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE,
        "VT_UI4 with 1, 2 or 3",
        _is_account_type,
    ),
    "T1-INFO-03": (PartnerInfo.ACCOUNT_TYPE, "VT_BSTR", _is(VarType.BSTR)),
    "T1-INFO-04": (PartnerInfo.HAS_CACHED_CREDENTIALS, "VT_BOOL", _is(VarType.BOOL)),
    "T1-INFO-05": (PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING, "VT_UI4", _is(VarType.UI4)),
    "T1-INFO-06": (PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD, "VT_BOOL", _is(VarType.BOOL)),
    "T1-INFO-07": (PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE, "VT_UI4", _is(VarType.UI4)),
    "T1-INFO-08": (PartnerInfo.ACCOUNT_BALANCE, "VT_BSTR", _is(VarType.BSTR)),
    "T1-INFO-09": (PartnerInfo.USER_NAME, "VT_BSTR", _is(VarType.BSTR)),
}


def _fact_check(name: str, expected: str, fits: Callable[[Variant], bool]) -> Any:
    def check(talk: Conversation) -> Findings:
        for exchange, call, returned in _answered(talk, GetContentPartnerInfo):
            if call.info_name != name:
                continue
            if not isinstance(returned, InfoReturned):
                yield absent(exchange, f"{name} is not answered ({returned.hr.name})")
                continue
            data = returned.data
            what = f"{name} was answered with VT_{data.type.name} {data.value!r}, not {expected}"
            is_asked_for_nobody = name == PartnerInfo.LOGIN_STATE and _nobody_is_signed_in(talk)
            yield judged(exchange, (_is_signed_out if is_asked_for_nobody else fits)(data), what)

    check.__doc__ = f"{name} is a {expected}."
    check.__name__ = f"{_snake(name)}_has_its_type"
    return check


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


for _id, (_name, _expected, _fits) in _FACTS.items():
    clause(_id)(_fact_check(_name, _expected, _fits))


def _nobody_is_signed_in(talk: Conversation) -> bool:
    return talk.facts.get("signed_in") is False


def _is_signed_out(data: Variant) -> bool:
    return data.type is VarType.BOOL and data.value is False


@clause("T1-INFO-14")
def without_a_login_name_and_balance_are_empty(talk: Conversation) -> Findings:
    """S_OK with an empty text."""
    if not _nobody_is_signed_in(talk):
        return
    for exchange, call, returned in _answered(talk, GetContentPartnerInfo):
        if call.info_name in {PartnerInfo.USER_NAME, PartnerInfo.ACCOUNT_BALANCE}:
            said = returned.data.value if isinstance(returned, InfoReturned) else None
            what = f"{call.info_name} was answered {said!r} though nobody is signed in"
            yield judged(exchange, said in {"", None} and returned.hr.succeeded, what)


@clause("T1-INFO-15")
def an_unknown_fact_is_a_failure(talk: Conversation) -> Findings:
    """Of a name that no document has."""
    for exchange, call, returned in _answered(talk, GetContentPartnerInfo):
        if call.info_name not in set(PartnerInfo):
            what = f"the unknown name {call.info_name!r} was answered {returned.hr.name}"
            yield judged(exchange, returned.hr.failed, what)


@clause("T1-ITEM-07")
def every_item_info_is_a_text(talk: Conversation) -> Findings:
    """A VT_BSTR."""
    for exchange, call, returned in _answered(talk, GetItemInfo):
        if isinstance(returned, InfoReturned):
            kind = returned.data.type
            what = f"{call.info_name} was answered with VT_{kind.name}"
            yield judged(exchange, kind is VarType.BSTR, what)


def _url_check(names: frozenset[ItemInfo], meaning: str) -> Any:
    def check(talk: Conversation) -> Findings:
        for exchange, call, returned in _well_asked(talk):
            if call.info_name not in names:
                continue
            url = returned.data.value if isinstance(returned, InfoReturned) else None
            if not url:
                yield absent(exchange, f"{call.info_name} is not answered ({returned.hr.name})")
            else:
                what = f"{call.info_name} was answered with what is no URL"
                yield judged(exchange, isinstance(url, str) and is_usable_url(url), what)

    check.__doc__ = f"{meaning} is the URL of a page or a picture."
    check.__name__ = f"{_snake(min(names))}_is_a_url"
    return check


clause("T1-ITEM-08")(_url_check(_ART, "Art"))
clause("T1-ITEM-09")(_url_check(frozenset({ItemInfo.TREE_LIST_ICON_URL}), "A list's icon"))
clause("T1-ITEM-15")(
    _url_check(
        frozenset({ItemInfo.CREATE_ACCOUNT_URL, ItemInfo.FORGET_PASSWORD_URL}),
        "The page of the account, and that for a forgotten password,",
    )
)


@clause("T1-ITEM-11")
def an_unknown_code_has_no_words(talk: Conversation) -> Findings:
    """The error names fail for a code that the partner never gave and does not know."""
    foreign = talk.numbers("foreign_codes")
    for exchange, call, returned in _well_asked(talk):
        if call.info_name in _ERROR_NAMES and call.context.value in foreign:
            what = f"{call.info_name} was answered for a code that the partner cannot know"
            yield judged(exchange, returned.hr.failed, what)


@clause("T1-ITEM-19")
def an_unknown_item_info_is_a_failure(talk: Conversation) -> Findings:
    """Of a name that no document has, and of a context of the wrong type."""
    for exchange, call, returned in _answered(talk, GetItemInfo):
        wrong = _what_is_wrong(call)
        if wrong:
            yield judged(exchange, returned.hr.failed, f"{wrong} was answered {returned.hr.name}")


def _what_is_wrong(call: GetItemInfo) -> str:
    """Say why an item info cannot be given; "" where it can."""
    expected = _CONTEXTS.get(call.info_name)
    if expected is None:
        return f"the unknown name {call.info_name!r}"
    given = call.context.type
    if given is expected:
        return ""
    return f"{call.info_name} of a VT_{given.name}, where a VT_{expected.name} belongs,"


def _well_asked(talk: Conversation) -> Iterator[tuple[Exchange, GetItemInfo, Return]]:
    """Yield the answered questions that have a known name and a context of its type."""
    for exchange, call, returned in _answered(talk, GetItemInfo):
        if not _what_is_wrong(call):
            yield exchange, call, returned


@clause("T1-CAT-03")
def a_catalogue_has_url_version_and_date(talk: Conversation) -> Findings:
    """All three, where something is new (T1-CAT-18)."""
    for exchange, call, returned in _catalog_urls(talk):
        if returned.new_version == call.catalog_version:
            yield kept(exchange)
        elif not is_usable_url(returned.url):
            yield broken(exchange, f"version {returned.new_version} was promised without a URL")
        else:
            yield kept(exchange)


@clause("T1-CAT-04")
def the_expiration_is_a_date(talk: Conversation) -> Findings:
    """A VT_DATE."""
    for exchange, _, returned in _catalog_urls(talk):
        kind = returned.expiration.type
        yield judged(exchange, kind is VarType.DATE, f"the expiration date is a VT_{kind.name}")


@clause("T1-CAT-09")
def the_version_is_in_the_path(talk: Conversation) -> Findings:
    """Of the catalogue's URL."""
    for exchange, call, returned in _catalog_urls(talk):
        if returned.new_version != call.catalog_version and is_usable_url(returned.url):
            path = returned.url.partition("?")[0].partition("://")[2].partition("/")[2]
            what = f"the path of the URL does not contain the version {returned.new_version}"
            yield judged(exchange, str(returned.new_version) in path, what)


@clause("T1-CAT-22")
def a_published_catalogue_has_a_version_above_0(talk: Conversation) -> Findings:
    """0 says that there is none."""
    for exchange, call, returned in _catalog_urls(talk):
        if returned.new_version != call.catalog_version or returned.url:
            yield judged(exchange, returned.new_version > 0, "version 0 was published")


def _catalog_urls(
    talk: Conversation,
) -> Iterator[tuple[Exchange, GetCatalogURL, CatalogURLReturned]]:
    for exchange, call, returned in _answered(talk, GetCatalogURL):
        if isinstance(returned, CatalogURLReturned):
            yield exchange, call, returned


_Question = TypeVar("_Question", bound=PartnerCall)


def _answered(
    talk: Conversation, kind: type[_Question]
) -> Iterator[tuple[Exchange, _Question, Return]]:
    """Yield the questions of a kind that the plug-in answered properly (T1-LIFE-07)."""
    for exchange in talk.of(kind):
        call, returned = exchange.call, exchange.returned
        if isinstance(call, kind) and returned is not None and not isinstance(returned, Faulted):
            yield exchange, call, returned
