"""Exhibits that break what the Player is told: T1-HR, T1-PRC, T1-CAT, T1-INFO and T1-ITEM."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Final

from partner_api import (
    E_INVALIDARG,
    HRESULT,
    S_FALSE,
    CatalogURL,
    ComError,
    ContentContainerList,
    ItemInfo,
    PartnerInfo,
    Variant,
)
from sample_partners.zoo.base import (
    ERROR_NAMES,
    PAGES,
    STORE_URL,
    Exhibit,
    Order,
    amount_of,
    total_of,
)

NEW_VERSION: Final = 20_061_101
_TOMORROW: Final = Variant.date(datetime(2100, 1, 1, tzinfo=UTC))


class SucceedsWithSFalse(Exhibit):
    """Begins a download with another success code than S_OK."""

    def take(self, order: Order) -> HRESULT | None:
        """Begin."""
        super().take(order)
        return S_FALSE


# --- T1-PRC --------------------------------------------------------------------------------------


class AddsPricesUp(Exhibit):
    """Refuses a list in which an album costs more or less than its tracks."""

    def take(self, order: Order) -> HRESULT | None:
        """Begin, if the sums are right."""
        for container in order.container_list:
            price = amount_of(container.price)
            amounts = [amount_of(item.price) for item in container]
            if price is not None and None not in amounts and price != sum(filter(None, amounts)):
                return E_INVALIDARG
        return super().take(order)


class ComparesTheWrongWayRound(Exhibit):
    """Is positive where the first list is cheaper."""

    def CompareContainerListPrices(
        self, list_base: ContentContainerList, list_compare: ContentContainerList
    ) -> int:
        """Compare.

        Raises:
            ComError: a price is unknown or cannot be paid.
        """
        return -super().CompareContainerListPrices(list_base, list_compare)


class ComparesWhatHasNoPrice(Exhibit):
    """Takes an unknown price for the same price."""

    def CompareContainerListPrices(
        self, list_base: ContentContainerList, list_compare: ContentContainerList
    ) -> int:
        """Compare, or return 0."""
        try:
            base, other = total_of(list_base), total_of(list_compare)
        except ComError:
            return 0
        return (base > other) - (base < other)


# --- T1-CAT --------------------------------------------------------------------------------------


class PromisesACatalogue(Exhibit):
    """Has a new catalogue, and does not say where."""

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Return its version alone."""
        return CatalogURL(NEW_VERSION, "", _TOMORROW)


class HasNoDate(Exhibit):
    """Says in words when the Player shall ask again."""

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Return a text as expiration."""
        return CatalogURL(catalog_version, "", Variant.bstr("tomorrow"))


class KeepsTheVersionToItself(Exhibit):
    """Gives every catalogue the same URL."""

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Return a path without the version."""
        return CatalogURL(NEW_VERSION, f"{STORE_URL}/catalog.wmdb.lz", _TOMORROW)


class CountsVersionsFromZero(Exhibit):
    """Publishes its first catalogue as version 0."""

    def GetCatalogURL(
        self, catalog_version: int, catalog_schema_version: int, catalog_lcid: int
    ) -> CatalogURL:
        """Return it."""
        return CatalogURL(0, f"{STORE_URL}/0/catalog.wmdb.lz", _TOMORROW)


# --- T1-INFO -------------------------------------------------------------------------------------


class Misinformed(Exhibit):
    """Answers one fact wrongly; a subclass says which, and how."""

    fact: ClassVar[PartnerInfo]
    answer_to_it: ClassVar[Variant]

    def facts(self) -> Mapping[str, Variant]:
        """Return them with the wrong one."""
        return {**super().facts(), self.fact: self.answer_to_it}


class LoginStateIsANumber(Misinformed):
    """`LOGIN_STATE` as a VT_UI4."""

    fact = PartnerInfo.LOGIN_STATE
    answer_to_it = Variant.ui4(1)


class AccountTypeIsSigned(Misinformed):
    """`MEDIA_PLAYER_ACCOUNT_TYPE` as a VT_I4."""

    fact = PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE
    answer_to_it = Variant.i4(1)


class AccountTypeIsUnheardOf(Misinformed):
    """A `MEDIA_PLAYER_ACCOUNT_TYPE` that there is not."""

    fact = PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE
    answer_to_it = Variant.ui4(4)


class AccountTypeHasNoName(Misinformed):
    """`ACCOUNT_TYPE` as a VT_UI4."""

    fact = PartnerInfo.ACCOUNT_TYPE
    answer_to_it = Variant.ui4(1)


class CachedCredentialsAreCounted(Misinformed):
    """`HAS_CACHED_CREDENTIALS` as a VT_I4."""

    fact = PartnerInfo.HAS_CACHED_CREDENTIALS
    answer_to_it = Variant.i4(0)


class WarningIsAText(Misinformed):
    """`LICENSE_REFRESH_ADVANCE_WARNING` as a VT_BSTR."""

    fact = PartnerInfo.LICENSE_REFRESH_ADVANCE_WARNING
    answer_to_it = Variant.bstr("5 days")


class NewDownloadIsANumber(Misinformed):
    """`PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD` as a VT_UI4."""

    fact = PartnerInfo.PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD
    answer_to_it = Variant.ui4(0)


class MaximumIsSigned(Misinformed):
    """`MAXIMUM_TRACKS_PER_PURCHASE` as a VT_I4, with -1 for no maximum."""

    fact = PartnerInfo.MAXIMUM_TRACKS_PER_PURCHASE
    answer_to_it = Variant.i4(-1)


class BalanceIsANumber(Misinformed):
    """`ACCOUNT_BALANCE` as a VT_I4."""

    fact = PartnerInfo.ACCOUNT_BALANCE
    answer_to_it = Variant.i4(2_000)


class UserHasANumber(Misinformed):
    """`USER_NAME` as a VT_UI4."""

    fact = PartnerInfo.USER_NAME
    answer_to_it = Variant.ui4(4_711)


class GreetsNobody(Misinformed):
    """Has a user name also where nobody is signed in."""

    fact = PartnerInfo.USER_NAME
    answer_to_it = Variant.bstr("somebody")


class KnowsEveryFact(Exhibit):
    """Answers an unknown name with nothing, and S_OK."""

    def GetContentPartnerInfo(self, info_name: str) -> Variant:
        """Answer what it knows, and what it does not know."""
        return self.facts().get(info_name, Variant.empty())


# --- T1-ITEM -------------------------------------------------------------------------------------


class HasEmptyPictures(Exhibit):
    """Answers art that it does not have with a VT_EMPTY."""

    def art(self, info_name: str, context: Variant) -> Variant:
        """Return it."""
        return Variant.empty()


class GivesPathsOfArt(Exhibit):
    """Gives a file's name for the URL of a picture."""

    def art(self, info_name: str, context: Variant) -> Variant:
        """Return it, for art."""
        if info_name == ItemInfo.TREE_LIST_ICON_URL:
            return super().art(info_name, context)
        return Variant.bstr(f"art/{context.value}.jpg")


class GivesPathsOfIcons(Exhibit):
    """Gives a file's name for the URL of a list's icon."""

    def art(self, info_name: str, context: Variant) -> Variant:
        """Return it, for icons."""
        if info_name != ItemInfo.TREE_LIST_ICON_URL:
            return super().art(info_name, context)
        return Variant.bstr(f"icons/{context.value}.ico")


class HasNoPageForTheAccount(Exhibit):
    """Gives a telephone number for the URL of a page."""

    def page(self, info_name: str) -> Variant:
        """Return it."""
        return Variant.bstr("+1 555 0100")


class HasWordsForEverything(Exhibit):
    """Describes codes that it cannot know."""

    def words(self, info_name: str, code: HRESULT) -> Variant:
        """Return what it knows, or something."""
        try:
            return super().words(info_name, code)
        except ComError:
            if info_name not in ERROR_NAMES:
                raise
            return Variant.bstr(f"{STORE_URL}/help")


class KnowsEveryItemInfo(Exhibit):
    """Answers an unknown name with an empty text, and S_OK."""

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Answer what there is, and what there is not."""
        if info_name in set(ItemInfo):
            return super().GetItemInfo(info_name, context)
        return Variant.bstr("")


class LooksAtNoContext(Exhibit):
    """Gives the pages of the account, whatever it was asked for them with."""

    def GetItemInfo(self, info_name: str, context: Variant) -> Variant:
        """Answer, for pages without a look at the context."""
        if info_name in PAGES:
            return self.page(info_name)
        return super().GetItemInfo(info_name, context)
