import inspect

import attrs
import pytest

from partner_api.callback import CatalogVersion, ContentPartnerCallback
from partner_api.hresult import HRESULT

SIGNATURES = {
    "Notify": ["type", "context"],
    "BuyComplete": ["hr", "cookie"],
    "DownloadTrack": ["cookie", "url", "track_id", "params", "hr"],
    "GetCatalogVersion": [],
    "UpdateDeviceComplete": ["device_name"],
    "ChangeView": ["type", "id", "filter"],
    "AddListContents": ["list_cookie", "items"],
    "ListContentsComplete": ["list_cookie", "hr"],
    "SendMessageComplete": ["message", "param", "result"],
    "GetContentIDsInLibrary": [],
    "RefreshLicenseComplete": ["cookie", "content_id", "hr"],
    "ShowPopup": ["index", "parameters"],
    "VerifyPermissionComplete": ["permission", "context", "hr"],
}


def public_methods() -> list[str]:
    return [name for name in vars(ContentPartnerCallback) if not name.startswith("_")]


@pytest.mark.requirement("T1-LIFE-08")
def test_the_callback_has_the_thirteen_methods_in_the_documented_order() -> None:
    assert public_methods() == list(SIGNATURES)
    assert len(SIGNATURES) == 13


@pytest.mark.parametrize(("name", "parameters"), SIGNATURES.items())
def test_each_method_takes_its_parameters_in_the_documented_order(
    name: str, parameters: list[str]
) -> None:
    signature = inspect.signature(getattr(ContentPartnerCallback, name))
    assert list(signature.parameters) == ["self", *parameters]
    assert all(one.default is inspect.Parameter.empty for one in signature.parameters.values())


@pytest.mark.parametrize("name", SIGNATURES)
def test_each_method_is_abstract(name: str) -> None:
    others = {other: (lambda *_: None) for other in SIGNATURES if other != name}
    incomplete = type("Incomplete", (ContentPartnerCallback,), others)
    with pytest.raises(TypeError, match=name):
        incomplete()


def test_a_callback_with_all_methods_can_be_made() -> None:
    complete = type("Complete", (ContentPartnerCallback,), dict.fromkeys(SIGNATURES, len))
    assert isinstance(complete(), ContentPartnerCallback)


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_docstring_names_a_requirement_every_parameter_and_the_outcome(name: str) -> None:
    text = inspect.getdoc(getattr(ContentPartnerCallback, name)) or ""
    assert "T1-" in text
    assert all(f"{parameter}: " in text for parameter in SIGNATURES[name])
    assert "Returns:" in text


@pytest.mark.parametrize(
    "answer",
    [
        "S_OK",
        "S_FALSE",
        "E_INVALIDARG",
        "RPC_E_DISCONNECTED",
        "NS_E_WMP_DRM_LICENSE_NOTACQUIRED",
        "NS_E_WMP_DRM_LICENSE_EXPIRED",
        "NS_E_WMP_DRM_LICENSE_UNUSABLE",
    ],
)
def test_the_docstring_of_download_track_tells_every_answer(answer: str) -> None:
    assert f"`{answer}`" in (inspect.getdoc(ContentPartnerCallback.DownloadTrack) or "")
    assert HRESULT.named(answer).name == answer


@pytest.mark.requirement("T1-CAT-14")
def test_a_catalogue_version_has_version_schema_version_and_locale() -> None:
    assert attrs.astuple(CatalogVersion(210, 3, 0x409)) == (210, 3, 0x409)


@pytest.mark.parametrize("name", ["version", "schema_version", "lcid"])
@pytest.mark.parametrize(
    ("value", "error"), [(-1, ValueError), (2**32, ValueError), (True, TypeError)]
)
def test_a_catalogue_version_holds_unsigned_32_bit_numbers(
    name: str, value: int, error: type[Exception]
) -> None:
    with pytest.raises(error, match=name):
        attrs.evolve(CatalogVersion(0, 0, 0), **{name: value})
