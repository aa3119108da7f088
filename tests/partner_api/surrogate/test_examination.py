"""What is found wrong with a plug-in's class before an instance of it is made."""

import enum
import functools
import inspect
import json
import keyword
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api import (
    HRESULT,
    Capability,
    ContentPartner,
    PartnerContext,
    Secret,
    ServiceInfo,
    Variant,
)
from partner_api.service_info import CONTRACT_VERSION
from partner_api.surrogate.examination import MAX_FINDINGS, MAX_LINE_CHARACTERS, examine
from partner_api.surrogate.findings import Finding, Severity
from partner_api.surrogate.loading import DOCUMENTED_METHODS
from sample_partners.proseware import Proseware

ERROR, WARNING = Severity.ERROR, Severity.WARNING
PARAMETERS = {
    name: list(inspect.signature(getattr(ContentPartner, name)).parameters)[1:]
    for name in DOCUMENTED_METHODS
}


class Shop(ContentPartner):
    """The least that a sound plug-in has; the tests change it."""

    service_info = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER)

    def Download(self, container_list, cookie): ...

    def DownloadTrackComplete(self, hr, track_id, params): ...

    def GetContentPartnerInfo(self, info_name): ...


def shop(**attributes: Any) -> type[Shop]:
    """Return the shop with other attributes."""
    return type("OtherShop", (Shop,), attributes)


def method(parameters: str) -> Any:
    return eval(f"lambda {parameters}: None")


def registered(capabilities: int, **changes: Any) -> ServiceInfo:
    values = {"key": "Shop", "friendly_name": "Shop", "capabilities": Capability(capabilities)}
    return ServiceInfo(**(values | changes))


def subjects(partner_class: object) -> list[tuple[Severity, str]]:
    return [(finding.severity, finding.subject) for finding in examine(partner_class)]


def only(partner_class: object) -> Finding:
    (finding,) = examine(partner_class)
    return finding


def test_the_sample_store_is_sound():
    assert examine(Proseware) == ()


def test_a_class_with_the_three_required_methods_and_a_service_info_is_sound():
    assert examine(Shop) == ()


# --- Methods --------------------------------------------------------------------------------------


@pytest.mark.requirement("T1-LIFE-07")
@pytest.mark.parametrize("found", [None, 7, "Shop", object, dict, ContentPartner])
def test_what_is_no_subclass_of_the_base_is_told_so_and_no_more(found):
    finding = only(found)
    assert (finding.severity, finding.subject) == (ERROR, "class")
    assert "no subclass of partner_api.ContentPartner" in finding.problem


def test_an_object_that_does_not_say_what_it_is_is_no_subclass():
    class Mute:
        @property
        def __class__(self):
            raise ValueError("no class today")

    assert "an object of type Mute is no subclass" in only(Mute()).problem


@pytest.mark.requirement("T1-LIFE-07")
@pytest.mark.parametrize("name", ["Download", "DownloadTrackComplete", "GetContentPartnerInfo"])
def test_a_required_method_that_is_not_overridden_is_missing(name):
    methods = {n: v for n, v in vars(Shop).items() if n != name}
    finding = only(type("Unfinished", (ContentPartner,), methods))
    assert (finding.severity, finding.subject, finding.problem) == (ERROR, name, "it is missing")
    assert finding.documented == f"{name}({', '.join(['self', *PARAMETERS[name]])})"


def test_the_method_of_the_base_under_its_own_name_overrides_nothing():
    assert subjects(shop(Download=ContentPartner.Download)) == [(ERROR, "Download")]


def test_a_method_of_a_base_class_of_the_plug_ins_own_counts():
    class Base(ContentPartner):
        def Download(self, container_list, cookie): ...

    class Info:
        def GetContentPartnerInfo(self, info_name): ...

    class Store(Info, Base):
        service_info = Shop.service_info

        def DownloadTrackComplete(self, hr, track_id, params): ...

    assert examine(Store) == ()


def test_a_base_that_stands_behind_the_contract_is_never_called():
    class Buying:
        def CanBuySilent(self, container_list): ...

        def Buy(self, container_list, cookie): ...

    class Store(Shop, Buying):
        pass

    found = examine(Store)
    assert [(f.severity, f.subject) for f in found] == [(ERROR, "CanBuySilent"), (ERROR, "Buy")]
    assert "Buying is never called" in found[0].problem
    assert found[0].advice == "Name Buying before ContentPartner among the bases"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("DownLoad", "Download"),
        ("DownloadTrackCompleted", "DownloadTrackComplete"),
        ("Download_Track_Complete", "DownloadTrackComplete"),
        ("GetCatalogUrl", "GetCatalogURL"),
        ("Setcallback", "SetCallback"),
        ("LogIn", "Login"),
        ("GetCommand", "GetCommands"),
        ("VerifyPermision", "VerifyPermission"),
    ],
)
def test_a_name_that_is_close_to_a_documented_one_is_taken_for_misspelt(name, meant):
    methods = {n: v for n, v in vars(Shop).items() if n != meant}
    finding = only(type("Misspelt", (ContentPartner,), methods | {name: method("self, x=1")}))
    assert (finding.severity, finding.subject) == (ERROR, name)
    assert f"is {meant} misspelt?" in finding.problem
    assert finding.documented.startswith(f"{meant}(self")
    assert finding.found == f"{name}(self, x=...)"


def test_a_close_name_beside_the_documented_one_only_deserves_a_look():
    assert subjects(shop(Downloads=method("self"))) == [(WARNING, "Downloads")]


@pytest.mark.parametrize(
    "name", ["DownloadTrack", "OnLoginChange", "Browse", "download", "_DownLoad", "D", "X" * 9_999]
)
def test_a_name_of_the_authors_own_is_nobody_elses_business(name):
    assert examine(shop(**{name: method("self")})) == ()


def test_a_nested_class_is_no_misspelt_method():
    assert examine(shop(DownLoad=type("DownLoad", (), {}))) == ()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("self, cookie, container_list", ["wrong order"]),
        ("self, container_lst, cookie", ["container_lst stands where container_list is"]),
        ("self, tracks, cookie", ["tracks stands where container_list is documented"]),
        ("self, cookie, containers", ["containers stands where container_list", "wrong order"]),
        ("self, container_list", ["cookie is missing"]),
        ("self", ["container_list is missing", "cookie is missing"]),
        ("", ["self is not its first parameter"]),
        ("container_list, cookie", ["self is not its first parameter"]),
        ("container_list, self, cookie", ["self is not its first parameter"]),
        ("self, container_list, cookie, retries", ["retries is not documented"]),
        ("self, retries, container_list, cookie", ["retries is not documented"]),
        ("self, container_list, retries=1, cookie=0", ["retries is not documented"]),
        ("self, container_list, *, cookie", ["cookie is keyword-only"]),
        ("self, container_list, cookie, *, retries", ["retries is not documented"]),
        ("self, **arguments", ["container_list is missing", "cookie is missing"]),
        ("self, container_list, **arguments", ["cookie is missing"]),
        ("self, cookie, *rest", ["container_list is missing"]),
        ("self, tracks, *rest", ["tracks stands where container_list is documented"]),
        ("*, container_list, cookie", ["self is not its first parameter"]),
    ],
)
def test_wrong_parameters_are_shown_beside_the_documented_ones(parameters, words):
    finding = only(shop(Download=method(parameters)))
    assert (finding.severity, finding.subject) == (ERROR, "Download")
    assert [word for word in words if word not in finding.problem] == []
    assert len(finding.problem.split("; ")) == len(words)
    assert finding.documented == "Download(self, container_list, cookie)"
    shown = parameters.replace("=1", "=...").replace("=0", "=...")
    assert finding.found == f"Download({shown})"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("self, container_list, cookie, retries=3", "retries is not documented"),
        ("self, container_list, cookie, *, retries=3", "retries is not documented"),
        ("self, _container_list, cookie", "_container_list stands where container_list is"),
        ("self, container_list, cookie_", "cookie_ stands where cookie is documented"),
    ],
)
def test_parameters_that_work_although_they_differ_are_a_warning(parameters, words):
    finding = only(shop(Download=method(parameters)))
    assert (finding.severity, finding.subject) == (WARNING, "Download")
    assert words in finding.problem


@pytest.mark.parametrize(
    "parameters",
    [
        "self, container_list, cookie=0",
        "self, container_list, cookie, /",
        "this, container_list, cookie",
        "self, *args",
        "*args, **kwargs",
        "self, container_list, *args, **kwargs",
        "self, container_list, cookie, **kwargs",
    ],
)
def test_parameters_that_take_the_documented_ones_are_right(parameters):
    assert examine(shop(Download=method(parameters))) == ()


async def _async(self, container_list, cookie): ...


async def _async_generator(self, container_list, cookie):
    yield


def _generator(self, container_list, cookie):
    yield


class _Callable:
    def __call__(self, container_list, cookie): ...


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (_async, "an async def"),
        (_async_generator, "an async generator"),
        (_generator, "a generator"),
        (staticmethod(method("container_list, cookie")), "a static method"),
        (classmethod(method("cls, container_list, cookie")), "a class method"),
        (property(method("self")), "a property"),
        (None, "an object of type NoneType, not a method"),
        (7, "an object of type int, not a method"),
        (_Callable(), "an object of type _Callable, not a method"),
        (_Callable, "the class _Callable, not a method"),
    ],
)
def test_what_is_no_ordinary_method_is_named_for_what_it_is(attribute, words):
    finding = only(shop(Download=attribute))
    assert (finding.severity, finding.subject) == (ERROR, "Download")
    assert words in finding.problem
    assert finding.documented == "Download(self, container_list, cookie)"


def noted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def test_a_decorated_method_is_judged_by_the_method_within():
    assert examine(shop(Download=noted(noted(method("self, container_list, cookie"))))) == ()
    finding = only(shop(Download=noted(noted(method("self, cookie, container_list")))))
    assert finding.found == "Download(self, cookie, container_list)"


def test_a_decorator_that_passes_more_can_say_what_it_takes_itself():
    decorated = noted(method("self, client, container_list, cookie"))
    decorated.__signature__ = inspect.signature(ContentPartner.Download)
    assert examine(shop(Download=decorated)) == ()


def test_a_signature_that_is_not_that_of_the_code_is_not_believed():
    lying = method("self")
    lying.__signature__ = inspect.signature(ContentPartner.Download)
    lying.__wrapped__ = ContentPartner.Download
    assert only(shop(Download=lying)).found == "Download(self)"


def test_a_chain_of_decorators_that_never_ends_ends():
    endless = noted(method("self"))
    endless.__wrapped__ = endless
    assert examine(shop(Download=endless)) == ()


def test_a_partial_method_is_judged_by_what_is_left_of_it():
    def start(self, speed, container_list, cookie): ...

    assert examine(shop(Download=functools.partialmethod(start, "fast"))) == ()
    assert subjects(shop(Download=functools.partialmethod(start))) == [(ERROR, "Download")]


def test_a_method_whose_parameters_cannot_be_seen_deserves_a_look():
    class Compiled:
        def __get__(self, instance, owner=None):
            return dict.pop  # of no known signature

    if _has_signature(dict.pop):
        pytest.skip("this Python knows the signature")
    finding = only(shop(Download=Compiled()))
    assert (finding.severity, finding.problem) == (WARNING, "its parameters cannot be seen")


def _has_signature(function: Any) -> bool:
    try:
        inspect.signature(function)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("self, context", None),
        ("self, ctx", None),
        ("self, *args, **kwargs", None),
        ("self, context, clock=None", WARNING),
        ("self, context, clock", ERROR),
        ("self", ERROR),
        ("self, *, context", ERROR),
        ("self, context, *, clock", ERROR),
    ],
)
def test_the_constructor_takes_exactly_a_context(parameters, expected):
    found = subjects(shop(__init__=method(parameters)))
    assert found == ([] if expected is None else [(expected, "__init__")])


def test_a_constructor_that_is_wrong_is_shown_beside_the_documented_one():
    class Store(Shop):
        def __init__(self, settings: object, context: PartnerContext[Any]) -> None: ...

    finding = only(Store)
    assert finding.documented == "__init__(self, context)"
    assert finding.found == "__init__(self, settings, context)"


identifiers = st.from_regex(r"[a-z_]{1,10}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name) and name not in {"self", "rest", "more"}
)


@st.composite
def renamed_or_permuted(draw: st.DrawFn) -> tuple[str, list[str]]:
    name = draw(st.sampled_from(DOCUMENTED_METHODS))
    wanted = PARAMETERS[name]
    changed = st.lists(st.sampled_from([*wanted, "x"]) | identifiers, unique=True, max_size=9)
    return name, draw(st.just(wanted) | st.permutations(wanted) | changed)


@settings(deadline=None)
@given(case=renamed_or_permuted())
def test_there_is_a_finding_exactly_when_names_or_order_of_parameters_differ(case):
    name, given_names = case
    found = examine(shop(**{name: method(", ".join(["self", *given_names]))}))
    shown = [f.found for f in found if f.documented]
    is_as_documented = given_names == PARAMETERS[name]
    signature = f"{name}({', '.join(['self', *given_names])})"
    assert shown == ([] if is_as_documented else [signature])


@st.composite
def any_signature(draw: st.DrawFn) -> tuple[str, str]:
    name = draw(st.sampled_from(DOCUMENTED_METHODS))
    names = draw(st.lists(st.sampled_from(PARAMETERS[name] or ["x"]) | identifiers, unique=True))
    required, by_name = sorted(draw(st.tuples(*[st.integers(0, len(names))] * 2)))
    keywords = [draw(st.sampled_from([one, f"{one}=1"])) for one in names[by_name:]]
    stars = ["*rest", "*"] if keywords else ["*rest", ""]
    parts = ["self", *names[:required], *(f"{one}=1" for one in names[required:by_name])]
    parts += [draw(st.sampled_from(stars)), *keywords, draw(st.sampled_from(["", "**more"]))]
    return name, ", ".join(filter(None, parts))


@settings(deadline=None)
@given(case=any_signature())
def test_without_an_error_the_call_of_the_player_fits_the_method(case):
    name, parameters = case
    function = method(parameters)
    errors = [f for f in examine(shop(**{name: function})) if f.found and f.severity is ERROR]
    try:
        inspect.signature(function).bind(None, *PARAMETERS[name])
    except TypeError:
        assert errors


# --- What belongs together ------------------------------------------------------------------------


@pytest.mark.requirement("T1-REG-03")
def test_without_content_partner_no_player_loads_the_plug_in():
    finding = only(shop(service_info=registered(0)))
    assert (finding.severity, finding.subject) == (ERROR, "service_info.capabilities")
    assert finding.requirement == "T1-REG-03"


@pytest.mark.requirement("T1-REG-21")
@pytest.mark.parametrize(
    ("flag", "name"),
    [(0x1, "allowPlay"), (0x2, "allowCDBurn"), (0x4, "allowPDATransfer"), (0x20, "prepareForSync")],
)
def test_a_flag_of_a_type_2_store_is_a_warning(flag, name):
    finding = only(shop(service_info=registered(0x40 | flag)))
    assert (finding.severity, finding.requirement) == (WARNING, "T1-REG-21")
    assert f"{name} ({flag:#x})" in finding.problem


@pytest.mark.requirement("T1-REG-21")
def test_a_flag_that_nobody_knows_is_ignored():
    assert examine(shop(service_info=registered(0x40 | 0x8000_0100))) == ()


@pytest.mark.requirement("T1-REG-02")
def test_capabilities_have_32_bits():
    finding = only(shop(service_info=registered(0x40 | 2**32)))
    assert (finding.severity, finding.requirement) == (ERROR, "T1-REG-02")


ALT_LOGIN_METHODS = {"GetItemInfo", "SendMessage", "Logout"}


@pytest.mark.requirement("T1-REG-10")
@pytest.mark.parametrize(
    ("flag", "needed", "severity", "requirement"),
    [
        (Capability.BACKGROUND_PROCESSING, "Notify", WARNING, "T1-NOT-03"),
        (Capability.DEVICE_AVAILABLE, "UpdateDevice", WARNING, "T1-DEV-02"),
        (Capability.ALT_LOGIN, "GetItemInfo", ERROR, "T1-LOGIN-19"),
        (Capability.ALT_LOGIN, "SendMessage", ERROR, "T1-LOGIN-23"),
        (Capability.ALT_LOGIN, "Logout", WARNING, "T1-LOGIN-24"),
    ],
)
def test_a_capability_without_its_method_is_found(flag, needed, severity, requirement):
    others = ALT_LOGIN_METHODS - {needed} if flag is Capability.ALT_LOGIN else set()
    info = registered(0x40 | flag)
    finding = only(shop(service_info=info, **documented(*others)))
    assert (finding.severity, finding.requirement) == (severity, requirement)
    assert finding.subject == "service_info.capabilities"
    assert f"{needed} is not implemented" in finding.problem
    assert examine(shop(service_info=info, **documented(needed, *others))) == ()


def documented(*names: str) -> dict[str, Any]:
    return {name: method(", ".join(["self", *PARAMETERS[name]])) for name in names}


@pytest.mark.requirement("T1-DEV-01")
def test_update_device_without_its_capability_is_never_called():
    finding = only(shop(**documented("UpdateDevice")))
    assert (finding.severity, finding.subject) == (WARNING, "UpdateDevice")
    assert "DEVICE_AVAILABLE" in finding.problem


@pytest.mark.requirement("T1-CAT-12")
def test_notify_needs_no_capability_for_it_tells_about_catalogues_too():
    assert examine(shop(**documented("Notify"))) == ()


@pytest.mark.requirement("T1-LOGIN-07")
def test_login_and_the_alternative_login_go_together():
    info = registered(0x40 | Capability.ALT_LOGIN)
    assert examine(shop(service_info=info, **documented("Login", *ALT_LOGIN_METHODS))) == ()


@pytest.mark.parametrize(
    ("implemented", "needed", "severity", "requirement"),
    [
        ("Buy", "CanBuySilent", ERROR, "T1-BUY-24"),
        ("CanBuySilent", "Buy", WARNING, "T1-BUY-08"),
        ("GetCommands", "InvokeCommand", WARNING, "T1-CTX-07"),
        ("InvokeCommand", "GetCommands", WARNING, "T1-CTX-09"),
        ("Login", "Logout", WARNING, "T1-LOGIN-24"),
        ("Login", "GetItemInfo", WARNING, "T1-LOGIN-11"),
        ("Authenticate", "GetItemInfo", WARNING, "T1-AUTH-04"),
    ],
)
def test_a_method_without_the_one_that_it_needs_is_found(
    implemented, needed, severity, requirement
):
    others = {"Login": {"Logout", "GetItemInfo"}}.get(implemented, set()) - {needed}
    finding = only(shop(**documented(implemented, *others)))
    assert (finding.severity, finding.subject) == (severity, implemented)
    assert (finding.advice, finding.requirement) == (f"Implement {needed}", requirement)
    assert examine(shop(**documented(implemented, needed, *others))) == ()


@pytest.mark.parametrize(
    "alone", ["SendMessage", "GetListContents", "RefreshLicense", "Logout", "VerifyPermission"]
)
def test_a_method_that_the_documents_couple_with_none_may_stand_alone(alone):
    assert examine(shop(**documented(alone))) == ()


# --- service_info ---------------------------------------------------------------------------------


@pytest.mark.requirement("T1-REG-01")
def test_a_class_without_service_info_is_told_so():
    methods = {name: value for name, value in vars(Shop).items() if name != "service_info"}
    finding = only(type("Anonymous", (ContentPartner,), methods))
    assert (finding.severity, finding.subject) == (ERROR, "service_info")
    assert finding.problem == "it is missing"


@pytest.mark.requirement("T1-REG-01")
@pytest.mark.parametrize(
    ("info", "words"),
    [
        ("Shop", "an object of type str"),
        (property(lambda self: Shop.service_info), "an object of type property"),
        (ServiceInfo, "the class ServiceInfo"),
    ],
)
def test_a_service_info_of_another_type_is_named_for_what_it_is(info, words):
    finding = only(shop(service_info=info))
    assert (finding.severity, finding.subject) == (ERROR, "service_info")
    assert words in finding.problem


@pytest.mark.requirement("T1-REG-01")
@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("key", "", "key is a printable text"),
        ("key", "x" * 256, "key has at most 255 characters"),
        ("friendly_name", 7, "friendly_name is a str"),
        ("capabilities", 0x40, "'capabilities' must be"),
    ],
)
def test_a_service_info_that_passed_by_its_own_checks_is_found(attribute, value, words):
    info = registered(0x40)
    object.__setattr__(info, attribute, value)
    finding = only(shop(service_info=info))
    assert (finding.severity, finding.subject) == (ERROR, "service_info")
    assert finding.problem.startswith(words)


def test_another_contract_version_is_an_error_that_names_both():
    other = CONTRACT_VERSION + 1
    finding = only(shop(service_info=registered(0x40, contract_version=other)))
    assert (finding.severity, finding.subject) == (ERROR, "service_info.contract_version")
    assert str(other) in finding.problem
    assert str(CONTRACT_VERSION) in finding.problem


@pytest.mark.parametrize("key", ["a/b", "shop:1", ".shop", "shop.", "CON", "nul.txt", "<key>"])
def test_a_key_that_cannot_be_a_folder_is_a_warning(key):
    info = registered(0x40, key=key)
    assert (WARNING, "service_info.key") in subjects(shop(service_info=info))


@pytest.mark.parametrize("key", ["TODO", "change-me", "My Store", "your_store", "placeholder"])
def test_a_key_that_nobody_agreed_on_is_a_warning(key):
    finding = only(shop(service_info=registered(0x40, key=key)))
    assert (finding.severity, finding.subject) == (WARNING, "service_info.key")
    assert "placeholder" in finding.problem


@pytest.mark.parametrize("key", ["Contoso", "Café del Mar", "電子音楽", "Console", "A.B", "R&B"])
def test_an_ordinary_key_is_right(key):
    assert examine(shop(service_info=registered(0x40, key=key))) == ()


# --- Settings -------------------------------------------------------------------------------------


class Quality(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Unreadable:
    pass


def settings_of(**types: Any) -> type[Shop]:
    fields = {name: attrs.field(type=kind) for name, kind in types.items()}
    return shop(Settings=attrs.make_class("Settings", fields, frozen=True))


@pytest.mark.parametrize(
    "kind",
    [
        str,
        int,
        float,
        bool,
        Path,
        Quality,
        Any,
        str | None,
        list[str],
        tuple[int, ...],
        dict[str, int],
        Literal["low", "high"],
        Secret,
        list[Secret],
    ],
)
def test_a_setting_of_a_type_that_a_file_can_hold_is_right(kind):
    assert examine(settings_of(quality=kind)) == ()


@pytest.mark.parametrize(
    "kind", [Unreadable, list[Unreadable], Unreadable | None, int | str, type, object]
)
def test_a_setting_that_no_file_can_hold_is_an_error(kind):
    finding = only(settings_of(quality=kind))
    assert (finding.severity, finding.subject) == (ERROR, "Settings.quality")
    assert "its type" in finding.problem


def test_a_setting_without_a_type_is_a_warning():
    assert subjects(settings_of(quality=None)) == [(WARNING, "Settings.quality")]


def test_a_field_that_no_setting_fills_is_not_looked_at():
    fields = {"cache": attrs.field(type=Unreadable, init=False, default=None)}
    assert examine(shop(Settings=attrs.make_class("Settings", fields))) == ()


@pytest.mark.parametrize(
    "name",
    ["password", "Passwd", "store_password", "auth_token", "token", "client_secret", "api_key",
     "apikey", "credentials", "private_key", "pwd"],
)  # fmt: skip
@pytest.mark.parametrize("kind", [str, str | None, list[str]])
def test_a_secret_in_plain_text_is_a_warning(name, kind):
    finding = only(settings_of(**{name: kind}))
    assert (finding.severity, finding.subject) == (WARNING, f"Settings.{name}")
    assert "Secret" in finding.advice


@pytest.mark.parametrize("name", ["token_url", "password_file", "key", "monkey", "max_tokens_hint"])
def test_a_name_that_only_speaks_of_a_secret_is_right(name):
    assert examine(settings_of(**{name: str})) == ()


def test_a_secret_by_name_is_right_as_a_secret_or_a_number():
    assert examine(settings_of(password=Secret, tokens=dict[str, Secret], max_tokens=int)) == ()


def test_settings_within_settings_are_looked_at_too():
    account = attrs.make_class("Account", {"password": attrs.field(type=str)})
    mirror = attrs.make_class("Mirror", {"where": attrs.field(type=Unreadable)})
    assert subjects(settings_of(account=account, mirrors=list[mirror])) == [
        (WARNING, "Settings.account.password"),
        (ERROR, "Settings.mirrors.where"),
    ]


def test_settings_that_hold_themselves_are_looked_at_once():
    @attrs.define
    class Node:
        name: str
        below: "list[Node]"

    attrs.resolve_types(Node, localns={"Node": Node})
    assert examine(shop(Settings=Node)) == ()


def test_settings_that_fan_out_without_end_are_looked_at_once_each():
    kind: Any = int
    for number in range(60):
        fields = {name: attrs.field(type=kind) for name in "ab"}
        kind = attrs.make_class(f"Level{number}", fields)
    assert examine(shop(Settings=kind)) == ()


def test_an_annotation_that_cannot_be_resolved_names_its_field():
    @attrs.frozen
    class Settings:
        store_url: "str"
        journal: "NoSuchType"  # noqa: F821
        folder: "list["  # noqa: F722

    found = examine(shop(Settings=Settings))
    assert [(f.severity, f.subject) for f in found] == [
        (ERROR, "Settings.journal"),
        (ERROR, "Settings.folder"),
    ]
    assert "NoSuchType" in found[0].problem


@pytest.mark.parametrize("settings", [dict, Unreadable, {"store_url": str}, Unreadable()])
def test_settings_that_are_no_attrs_class_are_an_error(settings):
    finding = only(shop(Settings=settings))
    assert (finding.severity, finding.subject) == (ERROR, "Settings")
    assert "no attrs class" in finding.problem


def test_a_plug_in_without_settings_is_right():
    assert examine(shop(Settings=None)) == ()


# --- Hostile classes ------------------------------------------------------------------------------


class _Wordless(BaseException):
    def __str__(self):
        raise self


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), RecursionError(), _Wordless()]
)
def test_a_metaclass_that_raises_at_every_look_is_described(error):
    class Mute(type):
        is_mute = False

        def __getattribute__(cls, name):
            if Mute.is_mute:
                raise error
            return super().__getattribute__(name)

        def __eq__(cls, other):
            raise error

        def __hash__(cls):
            raise error

        __subclasscheck__ = __instancecheck__ = __eq__

    store = Mute("Store", (Shop,), {"Download": method("self")})
    Mute.is_mute = True
    found = examine(store)
    assert [f.subject for f in found] == ["Download", "service_info", "Settings"]
    assert found[0].found == "Download(self)"
    assert all("cannot be examined" in f.problem for f in found[1:])


@pytest.mark.parametrize("name", ["service_info", "Settings", "Download", "__init__"])
def test_an_attribute_that_raises_when_it_is_read_is_described(name):
    class Raising:
        def __get__(self, instance, owner=None):
            raise OSError("not today\n\x1b[2J")

    finding = only(shop(**{name: Raising()}))
    assert (finding.severity, finding.subject) == (ERROR, name)
    assert "not today" in finding.problem
    assert finding.problem.isprintable()


def test_a_default_that_cannot_be_shown_is_shown_as_dots():
    class Unspeakable:
        def __repr__(self):
            raise ValueError("unspeakable")

    wrong = method("self, cookie, container_list=1")
    wrong.__defaults__ = (Unspeakable(),)
    assert only(shop(Download=wrong)).found == "Download(self, cookie, container_list=...)"


def test_names_that_are_no_names_are_passed_by():
    class Odd(str):
        __slots__ = ()

    assert examine(type("Odd", (Shop,), {Odd("DownLoad"): method("self"), "": 1})) == ()


def test_the_findings_about_one_class_have_a_bound_in_number_and_length():
    long = "x" * 100_000
    wrong = {f"Download{number}": method("self") for number in range(5_000)}
    found = examine(shop(Buy=method(f"self, {long}"), **{**wrong, "Settings": Unreadable}))
    assert len(found) == MAX_FINDINGS
    short = examine(shop(Buy=method(f"self, {long}")))
    texts = [text for f in short for text in attrs.astuple(f)]
    assert max(map(len, texts)) <= MAX_LINE_CHARACTERS


def test_every_finding_goes_through_json_unchanged():
    foreign = {"Download": method("self, \u00e9t\u00e9"), "Settings": type("a\nb\u2028", (), {})}
    found = examine(shop(**foreign, **documented("Buy")))
    assert len(found) == 3
    for finding in found:
        data = json.loads(json.dumps(attrs.asdict(finding)))
        severity = Severity(data.pop("severity"))
        assert Finding(severity, **data) == finding
        assert all(text.isprintable() for text in data.values())


def test_annotations_of_methods_are_the_authors_affair():
    class Store(Shop):
        def GetContentPartnerInfo(self, info_name: "NoSuchType") -> Variant: ...  # noqa: F821

        def Download(self, container_list: int, cookie: str) -> HRESULT: ...

    assert examine(Store) == ()
