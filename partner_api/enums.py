"""The enumerations and string constants of the protocol, under PEP 8 names.

Every member keeps the name it has in the documents as `documented_name`, so
`CallbackNotification.LOGIN_STATE_CHANGE.documented_name == "wmpcnLoginStateChange"`. Numbers are
those that cross the boundary; string members are the strings themselves.
"""

from enum import IntEnum, IntFlag, StrEnum
from typing import Final, Self

NO_ID: Final = 0xFFFFFFFF
"""What `GetID` answers for a container of loose tracks (T1-CON-04)."""

NOT_FOUND_ID: Final = NO_ID
"""The reserved track ID that says "not found"; the same number as `NO_ID` (T1-CON-13)."""

NAVIGATE_BACK: Final = "Back"
"""What `ChangeView` takes as location for the Back button."""

NAVIGATE_FORWARD: Final = "Forward"
"""What `ChangeView` takes as location for the Forward button."""


class _Number(IntEnum):
    documented_name: str

    def __new__(cls, value: int, documented_name: str = "") -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.documented_name = documented_name
        return member


class _Text(StrEnum):
    documented_name: str

    def __new__(cls, value: str, documented_name: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.documented_name = documented_name
        return member


class AccountType(_Number):
    """What the signed-in user may do (`PartnerInfo.MEDIA_PLAYER_ACCOUNT_TYPE`, T1-INFO-02)."""

    BUY_ONLY = 1, "wmpatBuyOnly"
    SUBSCRIPTION = 2, "wmpatSubscription"
    JANUS = 3, "wmpatJanus"


class CallbackNotification(_Number):
    """What a partner tells the Player through `ContentPartnerCallback.Notify`."""

    LOGIN_STATE_CHANGE = 1, "wmpcnLoginStateChange"
    AUTH_RESULT = 2, "wmpcnAuthResult"
    LICENSE_UPDATED = 3, "wmpcnLicenseUpdated"
    NEW_CATALOG_AVAILABLE = 4, "wmpcnNewCatalogAvailable"
    NEW_PLUGIN_AVAILABLE = 5, "wmpcnNewPluginAvailable"
    DISABLE_RADIO_SKIPPING = 6, "wmpcnDisableRadioSkipping"


class PartnerNotification(_Number):
    """What the Player tells a partner through `ContentPartner.Notify`."""

    BACKGROUND_PROCESSING_BEGIN = 1, "wmpsnBackgroundProcessingBegin"
    BACKGROUND_PROCESSING_END = 2, "wmpsnBackgroundProcessingEnd"
    CATALOG_DOWNLOAD_FAILURE = 3, "wmpsnCatalogDownloadFailure"
    CATALOG_DOWNLOAD_COMPLETE = 4, "wmpsnCatalogDownloadComplete"


class StreamingType(_Number):
    """The kind of media that `GetStreamingURL` and `RefreshLicense` speak of."""

    UNKNOWN = 0, "wmpstUnknown"
    MUSIC = 1, "wmpstMusic"
    VIDEO = 2, "wmpstVideo"
    RADIO = 3, "wmpstRadio"


class TaskType(_Number):
    """The task pane that `GetTemplate` asks a page for."""

    BROWSE = 1, "wmpttBrowse"
    SYNC = 2, "wmpttSync"
    BURN = 3, "wmpttBurn"
    CURRENT = 4, "wmpttCurrent"


class TemplateSize(_Number):
    """The height of a discovery page: 100 pixels, 250 pixels, or all there is."""

    SMALL = 0, "wmptsSmall"
    MEDIUM = 1, "wmptsMedium"
    LARGE = 2, "wmptsLarge"


class TransactionType(_Number):
    """What a container list is made for (T1-DL-05, T1-BUY-17)."""

    NO_TRANSACTION = 0, "wmpttNoTransaction"
    DOWNLOAD = 1, "wmpttDownload"
    BUY = 2, "wmpttBuy"


class LibraryLocation(_Text):
    """A place in the library: the type of a view, of a selected item, of a list or a container."""

    UNKNOWN = "UnknownLocation", "g_szUnknownLocation"
    ROOT = "RootLocation", "g_szRootLocation"
    FLYOUT_MENU = "FlyoutMenu", "g_szFlyoutMenu"
    ONLINE_STORE = "OnlineStore", "g_szOnlineStore"
    LIST = "CPListID", "g_szCPListID"
    ALL_LISTS = "AllCPListIDs", "g_szAllCPListIDs"
    TRACK = "CPTrackID", "g_szCPTrackID"
    ALL_TRACKS = "AllCPTrackIDs", "g_szAllCPTrackIDs"
    ARTIST = "CPArtistID", "g_szCPArtistID"
    ALL_ARTISTS = "AllCPArtistIDs", "g_szAllCPArtistIDs"
    ALBUM = "CPAlbumID", "g_szCPAlbumID"
    ALL_ALBUMS = "AllCPAlbumIDs", "g_szAllCPAlbumIDs"
    GENRE = "CPGenreID", "g_szCPGenreID"
    ALL_GENRES = "AllCPGenreIDs", "g_szAllCPGenreIDs"
    SUBGENRE = "CPAlbumSubGenreID", "g_szCPAlbumSubGenreID"
    ALL_SUBGENRES = "AllCPAlbumSubGenreIDs", "g_szAllCPAlbumSubGenreIDs"
    RELEASE_YEAR = "ReleaseDateYear", "g_szReleaseDateYear"
    ALL_RELEASE_YEARS = "AllReleaseDateYears", "g_szAllReleaseDateYears"
    RADIO = "CPRadioID", "g_szCPRadioID"
    ALL_RADIOS = "AllCPRadioIDs", "g_szAllCPRadioIDs"
    AUTHOR = "Author", "g_szAuthor"
    ALL_AUTHORS = "AllAuthors", "g_szAllAuthors"
    PARENTAL_RATING = "WMParentalRating", "g_szWMParentalRating"
    ALL_PARENTAL_RATINGS = "AllWMParentalRatings", "g_szAllWMParentalRatings"
    USER_RATING = "UserEffectiveRatingStars", "g_szUserEffectiveRatingStars"
    ALL_USER_RATINGS = "AllUserEffectiveRatingStarss", "g_szAllUserEffectiveRatingStarss"
    VIDEO_RECENT = "VideoRecent", "g_szVideoRecent"
    VIDEO_ROOT = "VideoRoot", "g_szVideoRoot"
    USER_PLAYLIST = "UserPlaylist", "g_szUserPlaylist"


class PriceMarker(_Text):
    """What stands in a price where the store gives no price text (T1-PRC-02, T1-PRC-03)."""

    UNKNOWN = "PriceUnknown", "g_szContentPrice_Unknown"
    CANNOT_BUY = "PriceCannotBuy", "g_szContentPrice_CannotBuy"
    FREE = "PriceFree", "g_szContentPrice_Free"


class PartnerInfo(_Text):
    """The names that `GetContentPartnerInfo` is asked for (T1-INFO-01 to T1-INFO-09)."""

    LOGIN_STATE = "LoginState", "g_szContentPartnerInfo_LoginState"
    MEDIA_PLAYER_ACCOUNT_TYPE = (
        "MediaPlayerAccountType",
        "g_szContentPartnerInfo_MediaPlayerAccountType",
    )
    ACCOUNT_TYPE = "AccountType", "g_szContentPartnerInfo_AccountType"
    HAS_CACHED_CREDENTIALS = (
        "HasCachedCredentials",
        "g_szContentPartnerInfo_HasCachedCredentials",
    )
    LICENSE_REFRESH_ADVANCE_WARNING = (
        "LicenseRefreshAdvanceWarning",
        "g_szContentPartnerInfo_LicenseRefreshAdvanceWarning",
    )
    PURCHASED_TRACK_REQUIRES_RE_DOWNLOAD = (
        "PurchasedTrackRequiresReDownload",
        "g_szContentPartnerInfo_PurchasedTrackRequiresReDownload",
    )
    MAXIMUM_TRACKS_PER_PURCHASE = (  # name and value differ in the documents as well
        "MaximumNumberOfTracksPerPurchase",
        "g_szContentPartnerInfo_MaximumTrackPurchasePerPurchase",
    )
    ACCOUNT_BALANCE = "AccountBalance", "g_szContentPartnerInfo_AccountBalance"
    USER_NAME = "UserName", "g_szContentPartnerInfo_UserName"


class ItemInfo(_Text):
    """The names that `GetItemInfo` is asked for (T1-ITEM-01 to T1-ITEM-06)."""

    ALBUM_ART_URL = "AlbumArt", "g_szItemInfo_AlbumArtURL"
    ARTIST_ART_URL = "ArtistArt", "g_szItemInfo_ArtistArtURL"
    LIST_ART_URL = "ListArt", "g_szItemInfo_ListArtURL"
    GENRE_ART_URL = "GenreArt", "g_szItemInfo_GenreArtURL"
    SUBGENRE_ART_URL = "SubGenreArt", "g_szItemInfo_SubGenreArtURL"
    RADIO_ART_URL = "RadioArt", "g_szItemInfo_RadioArtURL"
    TREE_LIST_ICON_URL = "CPListIDIcon", "g_szItemInfo_TreeListIconURL"
    ALT_LOGIN_URL = "ALTLoginURL", "g_szItemInfo_ALTLoginURL"
    ALT_LOGIN_CAPTION = "ALTLoginCaption", "g_szItemInfo_ALTLoginCaption"
    CREATE_ACCOUNT_URL = "CreateAccount", "g_szItemInfo_CreateAccountURL"
    FORGET_PASSWORD_URL = "ForgotPassword", "g_szItemInfo_ForgetPasswordURL"
    AUTHENTICATION_SUCCESS_URL = "AuthenticationSuccessURL", "g_szItemInfo_AuthenticationSuccessURL"
    LOGIN_FAILURE_URL = "LoginFailureURL", "g_szItemInfo_LoginFailureURL"
    POPUP_URL = "Popup", "g_szItemInfo_PopupURL"
    POPUP_CAPTION = "PopupCaption", "g_szItemInfo_PopupCaption"
    HTML_VIEW_URL = "HTMLViewURL", "g_szItemInfo_HTMLViewURL"
    ERROR_DESCRIPTION = "CPErrorDescription", "g_szItemInfo_ErrorDescription"
    ERROR_URL = "CPErrorURL", "g_szItemInfo_ErrorURL"
    ERROR_URL_LINK_TEXT = "CPErrorURLLinkText", "g_szItemInfo_ErrorURLLinkText"


class StationEventType(_Text):
    """What `StationEvent` reports about a track of a radio station (T1-RAD-02)."""

    STARTED = "TrackStarted", "g_szStationEvent_Started"
    COMPLETE = "TrackComplete", "g_szStationEvent_Complete"
    SKIPPED = "TrackSkipped", "g_szStationEvent_Skipped"


class RefreshReason(_Text):
    """Why `RefreshLicense` is called (T1-LIC-10)."""

    PLAY = "RefreshForPlay", "g_szRefreshLicensePlay"
    BURN = "RefreshForBurn", "g_szRefreshLicenseBurn"
    SYNC = "RefreshForSync", "g_szRefreshLicenseSync"


class Permission(_Text):
    """What `VerifyPermission` asks about; the documents define one permission (T1-PERM-01)."""

    SYNC = "VerifyPermissionSync", "g_szVerifyPermissionSync"


class MediaPlayerTask(_Text):
    """The task as a discovery page reads it."""

    BROWSE = "Browse", "g_szMediaPlayerTask_Browse"
    BURN = "Burn", "g_szMediaPlayerTask_Burn"
    SYNC = "Sync", "g_szMediaPlayerTask_Sync"


class ViewMode(_Text):
    """How a discovery page wants an online list displayed."""

    REPORT = "ViewModeReport", "g_szViewMode_Report"
    DETAILS = "ViewModeDetails", "g_szViewMode_Details"
    ICON = "ViewModeIcon", "g_szViewMode_Icon"
    TILE = "ViewModeTile", "g_szViewMode_Tile"
    ORDERED_LIST = "ViewModeOrderedList", "g_szViewMode_OrderedList"


class Capability(IntFlag):
    """What a plug-in registers that it can do (T1-REG-02, T1-REG-03, T1-REG-10).

    Bits that are not named here are kept, and mean nothing to a Player (T1-REG-21).
    """

    BACKGROUND_PROCESSING = 0x8
    DEVICE_AVAILABLE = 0x10
    CONTENT_PARTNER = 0x40
    ALT_LOGIN = 0x80

    @property
    def documented_names(self) -> tuple[str, ...]:
        """The documented names of the flags that are set, lowest bit first."""
        return tuple(_CAPABILITY_NAMES[flag] for flag in type(self) if flag in self)


_CAPABILITY_NAMES: Final = {
    Capability.BACKGROUND_PROCESSING: "SUBSCRIPTION_CAP_BACKGROUNDPROCESSING",
    Capability.DEVICE_AVAILABLE: "SUBSCRIPTION_CAP_DEVICEAVAILABLE",
    Capability.CONTENT_PARTNER: "SUBSCRIPTION_CAP_IS_CONTENTPARTNER",
    Capability.ALT_LOGIN: "SUBSCRIPTION_CAP_ALTLOGIN",
}


class ThreadingModel(StrEnum):
    """How calls reach a plug-in (T1-REG-09, T1-THR-02, T1-THR-03)."""

    APARTMENT = "Apartment"
    """One call at a time, always on the same thread."""

    FREE = "Free"
    """Calls may arrive concurrently, on several threads."""
