import inspect
import logging
from pathlib import Path
from typing import Any

import attrs
import mypy.api
import pytest

from partner_api.callback import ContentPartnerCallback
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import (
    Capability,
    PartnerNotification,
    StreamingType,
    TaskType,
    TemplateSize,
    TransactionType,
)
from partner_api.hresult import E_NOTIMPL, HRESULT, S_OK, ComError
from partner_api.licensing import License
from partner_api.partner import (
    CatalogURL,
    ContentPartner,
    ContextMenuInfo,
    PartnerContext,
    SilentPurchase,
    Template,
)
from partner_api.service_info import ServiceInfo
from partner_api.variant import Variant

EMPTY = Variant.empty()
BUY = ContentContainerList(
    TransactionType.BUY, (ContentContainer.loose([ContentItem(7), ContentItem(8)]),)
)
DOWNLOAD = attrs.evolve(BUY, transaction_type=TransactionType.DOWNLOAD)

CALLS: dict[str, dict[str, Any]] = {
    "SetCallback": {"callback": None},
    "Notify": {"type": PartnerNotification.CATALOG_DOWNLOAD_COMPLETE, "context": EMPTY},
    "GetItemInfo": {"info_name": "AlbumArt", "context": Variant.ui4(250)},
    "GetContentPartnerInfo": {"info_name": "LoginState"},
    "GetCommands": {
        "location": "CPAlbumID",
        "location_context": Variant.ui4(250),
        "item_location": "CPTrackID",
        "item_ids": (7,),
    },
    "InvokeCommand": {
        "command_id": 1,
        "location": "CPAlbumID",
        "location_context": Variant.ui4(250),
        "item_location": "CPTrackID",
        "item_ids": (7,),
    },
    "CanBuySilent": {"container_list": BUY},
    "Buy": {"container_list": BUY, "cookie": 0},
    "GetStreamingURL": {"streaming_type": StreamingType.MUSIC, "stream_context": Variant.ui4(7)},
    "Download": {"container_list": DOWNLOAD, "cookie": 0},
    "DownloadTrackComplete": {"hr": S_OK, "track_id": 7, "params": None},
    "RefreshLicense": {
        "cookie": 0,
        "local": False,
        "url": None,
        "type": StreamingType.MUSIC,
        "content_id": 7,
        "refresh_reason": "RefreshForPlay",
        "reason_context": EMPTY,
    },
    "GetCatalogURL": {
        "catalog_version": 0,
        "catalog_schema_version": 0,
        "catalog_lcid": 0x409,
    },
    "GetTemplate": {
        "task": TaskType.BROWSE,
        "location": "RootLocation",
        "context": EMPTY,
        "click_location": "UnknownLocation",
        "click_context": EMPTY,
        "filter": "",
        "view_params": None,
    },
    "UpdateDevice": {"device_name": "device"},
    "GetListContents": {
        "location": "CPListID",
        "context": Variant.ui4(9),
        "list_type": "CPTrackID",
        "params": "",
        "list_cookie": 0,
    },
    "Login": {
        "user_info": b"",
        "pwd_info": b"",
        "used_cached_creds": True,
        "ok_to_cache": False,
    },
    "Authenticate": {"user_info": b"", "pwd_info": b""},
    "Logout": {},
    "SendMessage": {"message": "", "param": ""},
    "StationEvent": {
        "station_event_type": "TrackStarted",
        "station_id": 1,
        "playlist_index": 0,
        "track_id": 7,
        "track_data": "",
        "seconds_played": 0,
    },
    "CompareContainerListPrices": {"list_base": BUY, "list_compare": BUY},
    "VerifyPermission": {
        "permission": "VerifyPermissionSync",
        "context": Variant.bstr("device"),
    },
}

WITH_OUT_VALUES = [
    "GetItemInfo",
    "GetContentPartnerInfo",
    "GetCommands",
    "CanBuySilent",
    "GetStreamingURL",
    "GetCatalogURL",
    "GetTemplate",
    "CompareContainerListPrices",
]
WITHOUT_OUT_VALUES = [name for name in CALLS if name not in {*WITH_OUT_VALUES, "SetCallback"}]


class NoLicenses:
    def Predeliver(self, license: License) -> HRESULT:  # noqa: A002
        return E_NOTIMPL


@pytest.fixture
def context(tmp_path: Path) -> PartnerContext[None]:
    return PartnerContext(
        settings=None,
        licenses=NoLicenses(),
        data_dir=tmp_path,
        log=logging.getLogger("partner"),
    )


@pytest.fixture
def partner(context: PartnerContext[None]) -> ContentPartner[None]:
    return ContentPartner(context)


@pytest.fixture
def callback() -> ContentPartnerCallback:
    names = [name for name in vars(ContentPartnerCallback) if not name.startswith("_")]
    return type("Callback", (ContentPartnerCallback,), dict.fromkeys(names, len))()


@pytest.mark.requirement("T1-LIFE-07")
def test_a_partner_has_the_twenty_three_methods_in_the_documented_order() -> None:
    methods = [
        name
        for name, value in vars(ContentPartner).items()
        if inspect.isfunction(value) and not name.startswith("_")
    ]
    assert methods == list(CALLS)
    assert len(CALLS) == 23


@pytest.mark.parametrize(("name", "arguments"), CALLS.items())
def test_each_method_takes_its_parameters_in_the_documented_order(
    name: str, arguments: dict[str, Any]
) -> None:
    signature = inspect.signature(getattr(ContentPartner, name))
    assert list(signature.parameters) == ["self", *arguments]
    assert all(one.default is inspect.Parameter.empty for one in signature.parameters.values())


@pytest.mark.requirement("T1-HR-05")
@pytest.mark.parametrize("name", WITHOUT_OUT_VALUES)
def test_a_method_that_is_not_overridden_answers_not_implemented(
    partner: ContentPartner[None], name: str
) -> None:
    assert getattr(partner, name)(**CALLS[name]) == E_NOTIMPL


@pytest.mark.requirement("T1-HR-05")
@pytest.mark.parametrize("name", WITH_OUT_VALUES)
def test_a_method_with_out_values_that_is_not_overridden_raises_not_implemented(
    partner: ContentPartner[None], name: str
) -> None:
    with pytest.raises(ComError) as caught:
        getattr(partner, name)(**CALLS[name])
    assert caught.value.hr == E_NOTIMPL


@pytest.mark.parametrize("name", CALLS)
def test_the_docstring_names_a_requirement_every_parameter_and_the_outcome(name: str) -> None:
    text = inspect.getdoc(getattr(ContentPartner, name)) or ""
    assert "T1-" in text
    assert all(f"{parameter}: " in text for parameter in CALLS[name])
    assert "Returns:" in text
    assert ("Raises:" in text) == (name in WITH_OUT_VALUES)


def test_a_new_partner_has_its_context_and_no_callback(
    partner: ContentPartner[None], context: PartnerContext[None]
) -> None:
    assert partner.context is context
    assert partner.callback is None


@pytest.mark.requirement("T1-LIFE-01", "T1-LIFE-12")
def test_set_callback_stores_the_callback(
    partner: ContentPartner[None], callback: ContentPartnerCallback
) -> None:
    assert partner.SetCallback(callback) == S_OK
    assert partner.callback is callback


@pytest.mark.requirement("T1-LIFE-02", "T1-LIFE-03")
def test_set_callback_with_none_releases_the_callback(
    partner: ContentPartner[None], callback: ContentPartnerCallback
) -> None:
    partner.SetCallback(callback)
    assert partner.SetCallback(None) == S_OK
    assert partner.callback is None


def test_a_plug_in_without_settings_says_so_by_default() -> None:
    assert ContentPartner.Settings is None


def test_a_plug_in_states_its_settings_as_a_nested_class(tmp_path: Path) -> None:
    class Proseware(ContentPartner["Proseware.Settings"]):
        service_info = ServiceInfo("Proseware", "Proseware", Capability.CONTENT_PARTNER)

        @attrs.frozen
        class Settings:
            store_url: str

    context = PartnerContext(
        Proseware.Settings("http://127.0.0.1/"), NoLicenses(), tmp_path, logging.getLogger("p")
    )
    assert Proseware(context).context.settings.store_url == "http://127.0.0.1/"


PLUG_IN = """
import attrs

from partner_api import (
    HRESULT,
    Capability,
    ContentContainerList,
    ContentPartner,
    ContentPartnerCallback,
    PartnerContext,
    Secret,
    ServiceInfo,
)


class Proseware({base}):
    service_info = ServiceInfo(
        key="Proseware",
        friendly_name="Proseware Music",
        capabilities=Capability.CONTENT_PARTNER,
    )

    @attrs.frozen
    class Settings:
        store_url: str
        password: Secret

    def __init__(self, context: PartnerContext[Settings]) -> None:
        super().__init__(context)
        self.password = context.settings.password.reveal()

    def SetCallback(self, callback: ContentPartnerCallback | None) -> HRESULT | None:
        return super().SetCallback(callback)

    def Download(self, container_list: ContentContainerList, cookie: int) -> None:
        for container in container_list:
            for item in container:
                if self.callback is not None:
                    self.callback.DownloadTrack(cookie, None, item.id, None, {hr})

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:
        pass
"""


def strictly_checked(source: str, folder: Path) -> tuple[str, int]:
    config = folder / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\n")
    where = ["--config-file", str(config), "--cache-dir", str(folder.parent / "mypy-cache")]
    printed, _, status = mypy.api.run([*where, "-c", source])
    return printed, status


@pytest.mark.parametrize("base", ["ContentPartner", 'ContentPartner["Proseware.Settings"]'])
def test_the_shape_of_a_plug_in_passes_strict_type_checking(base: str, tmp_path: Path) -> None:
    printed, status = strictly_checked(PLUG_IN.format(base=base, hr="-1"), tmp_path)
    assert status == 0, printed


def test_type_checking_finds_an_argument_of_the_wrong_type(tmp_path: Path) -> None:
    printed, status = strictly_checked(PLUG_IN.format(base="ContentPartner", hr="'no'"), tmp_path)
    assert status == 1
    assert "DownloadTrack" in printed


@pytest.mark.requirement("T1-CTX-05")
def test_a_menu_entry_has_an_id_and_two_texts() -> None:
    assert ContextMenuInfo(id=0, menu_text="").help_text == ""
    assert attrs.astuple(ContextMenuInfo(1, "Buy", "Buys")) == (1, "Buy", "Buys")


@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (2**32, ValueError), (True, TypeError)]
)
def test_command_ids_and_versions_are_unsigned_32_bit_numbers(
    value: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match="id"):
        ContextMenuInfo(value, "Buy")
    with pytest.raises(error, match="new_version"):
        CatalogURL(value, "http://127.0.0.1/", Variant.date(43831.0))


@pytest.mark.parametrize(
    "value",
    [
        SilentPurchase("9.99", silent_ok=True),
        CatalogURL(210, "http://127.0.0.1/210/catalog.wmdb.lz", Variant.date(43831.0)),
        Template("http://127.0.0.1/", TemplateSize.SMALL),
        ContextMenuInfo(1, "Buy"),
    ],
)
def test_answers_are_values_that_cannot_be_changed(value: Any) -> None:
    assert attrs.evolve(value) == value
    for field in attrs.fields(type(value)):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, field.name, None)
