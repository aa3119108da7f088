import enum
import pickle

import pytest

from partner_api import enums
from partner_api.enums import (
    NAVIGATE_BACK,
    NAVIGATE_FORWARD,
    NO_ID,
    NOT_FOUND_ID,
    Capability,
    ThreadingModel,
)

NUMBERS = """
AccountType          BUY_ONLY                    1  wmpatBuyOnly
AccountType          SUBSCRIPTION                2  wmpatSubscription
AccountType          JANUS                       3  wmpatJanus
CallbackNotification LOGIN_STATE_CHANGE          1  wmpcnLoginStateChange
CallbackNotification AUTH_RESULT                 2  wmpcnAuthResult
CallbackNotification LICENSE_UPDATED             3  wmpcnLicenseUpdated
CallbackNotification NEW_CATALOG_AVAILABLE       4  wmpcnNewCatalogAvailable
CallbackNotification NEW_PLUGIN_AVAILABLE        5  wmpcnNewPluginAvailable
CallbackNotification DISABLE_RADIO_SKIPPING      6  wmpcnDisableRadioSkipping
PartnerNotification  BACKGROUND_PROCESSING_BEGIN 1  wmpsnBackgroundProcessingBegin
PartnerNotification  BACKGROUND_PROCESSING_END   2  wmpsnBackgroundProcessingEnd
PartnerNotification  CATALOG_DOWNLOAD_FAILURE    3  wmpsnCatalogDownloadFailure
PartnerNotification  CATALOG_DOWNLOAD_COMPLETE   4  wmpsnCatalogDownloadComplete
StreamingType        UNKNOWN                     0  wmpstUnknown
StreamingType        MUSIC                       1  wmpstMusic
StreamingType        VIDEO                       2  wmpstVideo
StreamingType        RADIO                       3  wmpstRadio
TaskType             BROWSE                      1  wmpttBrowse
TaskType             SYNC                        2  wmpttSync
TaskType             BURN                        3  wmpttBurn
TaskType             CURRENT                     4  wmpttCurrent
TemplateSize         SMALL                       0  wmptsSmall
TemplateSize         MEDIUM                      1  wmptsMedium
TemplateSize         LARGE                       2  wmptsLarge
TransactionType      NO_TRANSACTION              0  wmpttNoTransaction
TransactionType      DOWNLOAD                    1  wmpttDownload
TransactionType      BUY                         2  wmpttBuy
"""

TEXTS = """
LibraryLocation UNKNOWN             UnknownLocation             g_szUnknownLocation
LibraryLocation ROOT                RootLocation                g_szRootLocation
LibraryLocation FLYOUT_MENU         FlyoutMenu                  g_szFlyoutMenu
LibraryLocation ONLINE_STORE        OnlineStore                 g_szOnlineStore
LibraryLocation LIST                CPListID                    g_szCPListID
LibraryLocation ALL_LISTS           AllCPListIDs                g_szAllCPListIDs
LibraryLocation TRACK               CPTrackID                   g_szCPTrackID
LibraryLocation ALL_TRACKS          AllCPTrackIDs               g_szAllCPTrackIDs
LibraryLocation ARTIST              CPArtistID                  g_szCPArtistID
LibraryLocation ALL_ARTISTS         AllCPArtistIDs              g_szAllCPArtistIDs
LibraryLocation ALBUM               CPAlbumID                   g_szCPAlbumID
LibraryLocation ALL_ALBUMS          AllCPAlbumIDs               g_szAllCPAlbumIDs
LibraryLocation GENRE               CPGenreID                   g_szCPGenreID
LibraryLocation ALL_GENRES          AllCPGenreIDs               g_szAllCPGenreIDs
LibraryLocation SUBGENRE            CPAlbumSubGenreID           g_szCPAlbumSubGenreID
LibraryLocation ALL_SUBGENRES       AllCPAlbumSubGenreIDs       g_szAllCPAlbumSubGenreIDs
LibraryLocation RELEASE_YEAR        ReleaseDateYear             g_szReleaseDateYear
LibraryLocation ALL_RELEASE_YEARS   AllReleaseDateYears         g_szAllReleaseDateYears
LibraryLocation RADIO               CPRadioID                   g_szCPRadioID
LibraryLocation ALL_RADIOS          AllCPRadioIDs               g_szAllCPRadioIDs
LibraryLocation AUTHOR              Author                      g_szAuthor
LibraryLocation ALL_AUTHORS         AllAuthors                  g_szAllAuthors
LibraryLocation PARENTAL_RATING     WMParentalRating            g_szWMParentalRating
LibraryLocation ALL_PARENTAL_RATINGS AllWMParentalRatings       g_szAllWMParentalRatings
LibraryLocation USER_RATING         UserEffectiveRatingStars    g_szUserEffectiveRatingStars
LibraryLocation ALL_USER_RATINGS    AllUserEffectiveRatingStarss g_szAllUserEffectiveRatingStarss
LibraryLocation VIDEO_RECENT        VideoRecent                 g_szVideoRecent
LibraryLocation VIDEO_ROOT          VideoRoot                   g_szVideoRoot
LibraryLocation USER_PLAYLIST       UserPlaylist                g_szUserPlaylist
PriceMarker     UNKNOWN             PriceUnknown                g_szContentPrice_Unknown
PriceMarker     CANNOT_BUY          PriceCannotBuy              g_szContentPrice_CannotBuy
PriceMarker     FREE                PriceFree                   g_szContentPrice_Free
PartnerInfo LOGIN_STATE              LoginState          g_szContentPartnerInfo_LoginState
PartnerInfo MEDIA_PLAYER_ACCOUNT_TYPE MediaPlayerAccountType \
    g_szContentPartnerInfo_MediaPlayerAccountType
PartnerInfo ACCOUNT_TYPE             AccountType         g_szContentPartnerInfo_AccountType
PartnerInfo HAS_CACHED_CREDENTIALS   HasCachedCredentials \
    g_szContentPartnerInfo_HasCachedCredentials
PartnerInfo LICENSE_REFRESH_ADVANCE_WARNING LicenseRefreshAdvanceWarning \
    g_szContentPartnerInfo_LicenseRefreshAdvanceWarning
PartnerInfo PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD PurchasedTrackRequiresReDownload \
    g_szContentPartnerInfo_PurchasedTrackRequiresReDownload
PartnerInfo MAXIMUM_TRACKS_PER_PURCHASE MaximumNumberOfTracksPerPurchase \
    g_szContentPartnerInfo_MaximumTrackPurchasePerPurchase
PartnerInfo ACCOUNT_BALANCE          AccountBalance      g_szContentPartnerInfo_AccountBalance
PartnerInfo USER_NAME                UserName            g_szContentPartnerInfo_UserName
ItemInfo ALBUM_ART_URL               AlbumArt            g_szItemInfo_AlbumArtURL
ItemInfo ARTIST_ART_URL              ArtistArt           g_szItemInfo_ArtistArtURL
ItemInfo LIST_ART_URL                ListArt             g_szItemInfo_ListArtURL
ItemInfo GENRE_ART_URL               GenreArt            g_szItemInfo_GenreArtURL
ItemInfo SUBGENRE_ART_URL            SubGenreArt         g_szItemInfo_SubGenreArtURL
ItemInfo RADIO_ART_URL               RadioArt            g_szItemInfo_RadioArtURL
ItemInfo TREE_LIST_ICON_URL          CPListIDIcon        g_szItemInfo_TreeListIconURL
ItemInfo ALT_LOGIN_URL               ALTLoginURL         g_szItemInfo_ALTLoginURL
ItemInfo ALT_LOGIN_CAPTION           ALTLoginCaption     g_szItemInfo_ALTLoginCaption
ItemInfo CREATE_ACCOUNT_URL          CreateAccount       g_szItemInfo_CreateAccountURL
ItemInfo FORGET_PASSWORD_URL         ForgotPassword      g_szItemInfo_ForgetPasswordURL
ItemInfo AUTHENTICATION_SUCCESS_URL  AuthenticationSuccessURL g_szItemInfo_AuthenticationSuccessURL
ItemInfo LOGIN_FAILURE_URL           LoginFailureURL     g_szItemInfo_LoginFailureURL
ItemInfo POPUP_URL                   Popup               g_szItemInfo_PopupURL
ItemInfo POPUP_CAPTION               PopupCaption        g_szItemInfo_PopupCaption
ItemInfo HTML_VIEW_URL               HTMLViewURL         g_szItemInfo_HTMLViewURL
ItemInfo ERROR_DESCRIPTION           CPErrorDescription  g_szItemInfo_ErrorDescription
ItemInfo ERROR_URL                   CPErrorURL          g_szItemInfo_ErrorURL
ItemInfo ERROR_URL_LINK_TEXT         CPErrorURLLinkText  g_szItemInfo_ErrorURLLinkText
StationEventType STARTED             TrackStarted        g_szStationEvent_Started
StationEventType COMPLETE            TrackComplete       g_szStationEvent_Complete
StationEventType SKIPPED             TrackSkipped        g_szStationEvent_Skipped
RefreshReason PLAY                   RefreshForPlay      g_szRefreshLicensePlay
RefreshReason BURN                   RefreshForBurn      g_szRefreshLicenseBurn
RefreshReason SYNC                   RefreshForSync      g_szRefreshLicenseSync
Permission SYNC                      VerifyPermissionSync g_szVerifyPermissionSync
MediaPlayerTask BROWSE               Browse              g_szMediaPlayerTask_Browse
MediaPlayerTask BURN                 Burn                g_szMediaPlayerTask_Burn
MediaPlayerTask SYNC                 Sync                g_szMediaPlayerTask_Sync
ViewMode REPORT                      ViewModeReport      g_szViewMode_Report
ViewMode DETAILS                     ViewModeDetails     g_szViewMode_Details
ViewMode ICON                        ViewModeIcon        g_szViewMode_Icon
ViewMode TILE                        ViewModeTile        g_szViewMode_Tile
ViewMode ORDERED_LIST                ViewModeOrderedList g_szViewMode_OrderedList
"""


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(line.split()) for line in table.strip().splitlines()]


NUMBER_ROWS = rows(NUMBERS)
TEXT_ROWS = rows(TEXTS)
CLASSES = sorted({row[0] for row in NUMBER_ROWS + TEXT_ROWS})


@pytest.mark.parametrize(("class_name", "name", "value", "documented"), NUMBER_ROWS)
def test_each_number_is_the_documented_one(
    class_name: str, name: str, value: str, documented: str
) -> None:
    member = getattr(enums, class_name)[name]
    assert member == int(value)
    assert member is getattr(enums, class_name)(int(value))
    assert member.documented_name == documented


@pytest.mark.parametrize(("class_name", "name", "value", "documented"), TEXT_ROWS)
def test_each_text_is_the_documented_one(
    class_name: str, name: str, value: str, documented: str
) -> None:
    member = getattr(enums, class_name)[name]
    assert member == value
    assert str(member) == value
    assert member is getattr(enums, class_name)(value)
    assert member.documented_name == documented


@pytest.mark.parametrize("class_name", CLASSES)
def test_no_enumeration_has_more_members_than_the_documents(class_name: str) -> None:
    documented = [row[1] for row in NUMBER_ROWS + TEXT_ROWS if row[0] == class_name]
    assert list(getattr(enums, class_name).__members__) == documented


def test_every_enumeration_of_the_module_is_in_these_tables() -> None:
    public = {
        name
        for name, value in vars(enums).items()
        if isinstance(value, enum.EnumMeta)
        and value.__module__ == enums.__name__
        and not name.startswith("_")
    }
    assert public == {*CLASSES, "Capability", "ThreadingModel"}


@pytest.mark.requirement("T1-ITEM-18")
def test_nineteen_names_are_documented_for_item_info() -> None:
    assert len(enums.ItemInfo) == 19


@pytest.mark.requirement("T1-INFO-11")
def test_nine_names_are_documented_for_partner_info() -> None:
    assert len(enums.PartnerInfo) == 9


@pytest.mark.parametrize("class_name", CLASSES)
def test_members_survive_pickling(class_name: str) -> None:
    for member in getattr(enums, class_name):
        assert pickle.loads(pickle.dumps(member)) is member


@pytest.mark.parametrize("class_name", CLASSES)
def test_an_undocumented_value_is_no_member(class_name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        getattr(enums, class_name)("Sideways")


@pytest.mark.requirement("T1-CON-13")
def test_no_id_and_not_found_are_one_number() -> None:
    assert NO_ID == NOT_FOUND_ID == 2**32 - 1


@pytest.mark.requirement("T1-UI-19")
def test_the_navigation_buttons_have_their_literal_names() -> None:
    assert (NAVIGATE_BACK, NAVIGATE_FORWARD) == ("Back", "Forward")


@pytest.mark.requirement("T1-REG-03", "T1-REG-10")
@pytest.mark.parametrize(
    ("flag", "value", "documented"),
    [
        (Capability.BACKGROUND_PROCESSING, 0x8, "SUBSCRIPTION_CAP_BACKGROUNDPROCESSING"),
        (Capability.DEVICE_AVAILABLE, 0x10, "SUBSCRIPTION_CAP_DEVICEAVAILABLE"),
        (Capability.CONTENT_PARTNER, 0x40, "SUBSCRIPTION_CAP_IS_CONTENTPARTNER"),
        (Capability.ALT_LOGIN, 0x80, "SUBSCRIPTION_CAP_ALTLOGIN"),
    ],
)
def test_each_capability_has_its_bit_and_its_name(
    flag: Capability, value: int, documented: str
) -> None:
    assert flag == value
    assert flag.documented_names == (documented,)


@pytest.mark.requirement("T1-REG-02")
def test_capabilities_are_combined_bit_by_bit() -> None:
    both = Capability.CONTENT_PARTNER | Capability.ALT_LOGIN
    assert both == 0xC0
    assert both.documented_names == (
        "SUBSCRIPTION_CAP_IS_CONTENTPARTNER",
        "SUBSCRIPTION_CAP_ALTLOGIN",
    )


@pytest.mark.requirement("T1-REG-21")
def test_unknown_capability_bits_are_kept_and_have_no_name() -> None:
    assert Capability(0x21) == 0x21
    assert Capability(0x61).documented_names == ("SUBSCRIPTION_CAP_IS_CONTENTPARTNER",)


@pytest.mark.requirement("T1-REG-09")
def test_there_are_two_threading_models() -> None:
    assert [str(model) for model in ThreadingModel] == ["Apartment", "Free"]
