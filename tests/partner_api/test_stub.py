"""From the record of a call to the plug-in's method, and from its result to the return."""

import pytest

from partner_api import (
    E_FAIL,
    E_NOTIMPL,
    E_UNEXPECTED,
    S_FALSE,
    S_OK,
    CatalogURL,
    ComError,
    ContentContainerList,
    ContextMenuInfo,
    PartnerNotification,
    SilentPurchase,
    TemplateSize,
    TransactionType,
    Variant,
    calls,
)
from partner_api.calls import Faulted, Return
from partner_api.hresult import HRESULT
from partner_api.partner import Template
from partner_api.stub import MAX_REASON_CHARACTERS, describe, invoke

EMPTY_LIST = ContentContainerList(TransactionType.DOWNLOAD, ())


class Answering:
    """Answers every method with one value, or raises it."""

    def __init__(self, answer):
        self.answer = answer
        self.called = []

    def __getattr__(self, method):
        def answered(*arguments):
            self.called.append((method, arguments))
            if isinstance(self.answer, BaseException):
                raise self.answer
            return self.answer

        return answered


class Callback:
    def report_misuse(self, getter, index, count):
        raise AssertionError("no getter was called")


def ended(call, answer):
    return invoke(Answering(answer), call, Callback())


DOWNLOAD = calls.Download(EMPTY_LIST, 7)
INFO = calls.GetContentPartnerInfo("UserName")
CATALOG = calls.GetCatalogURL(0, 0, 0x409)


def test_the_arguments_arrive_in_the_order_of_the_method():
    partner = Answering(None)
    invoke(partner, calls.DownloadTrackComplete(S_OK, 7, "params"), Callback())
    invoke(
        partner,
        calls.PartnerNotify(PartnerNotification.BACKGROUND_PROCESSING_BEGIN, Variant.empty()),
        Callback(),
    )
    assert partner.called == [
        ("DownloadTrackComplete", (S_OK, 7, "params")),
        ("Notify", (PartnerNotification.BACKGROUND_PROCESSING_BEGIN, Variant.empty())),
    ]


@pytest.mark.requirement("T1-LIFE-01", "T1-LIFE-02")
def test_set_callback_passes_the_callback_and_later_none():
    partner, callback = Answering(None), Callback()
    invoke(partner, calls.SetCallback(attached=True), callback)
    invoke(partner, calls.SetCallback(attached=False), callback)
    assert partner.called == [("SetCallback", (callback,)), ("SetCallback", (None,))]


@pytest.mark.parametrize(
    ("result", "hr"),
    [(None, S_OK), (0, S_OK), (1, S_FALSE), (-2147467259, E_FAIL), (0x80004005, E_FAIL)],
)
def test_none_and_any_32_bit_number_are_hresults(result, hr):
    assert ended(DOWNLOAD, result) == Return(hr)


@pytest.mark.parametrize("result", ["0", 0.0, True, False, 2**32, -(2**31) - 1, [], object()])
def test_anything_else_is_a_fault_of_the_plug_in(result):
    returned = ended(DOWNLOAD, result)
    assert isinstance(returned, Faulted)
    assert returned.hr == E_UNEXPECTED
    assert returned.reason.startswith("Download returned ")


def test_a_com_error_is_an_ordinary_answer():
    assert ended(INFO, ComError(E_NOTIMPL)) == Return(E_NOTIMPL)


def test_a_com_error_whose_code_was_changed_to_success_is_a_fault():
    error = ComError(E_FAIL)
    error.hr = S_OK
    assert isinstance(ended(INFO, error), Faulted)


@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(1), KeyboardInterrupt(), StopIteration()]
)
def test_every_exception_is_a_fault_with_its_name(error):
    returned = ended(DOWNLOAD, error)
    assert isinstance(returned, Faulted)
    assert type(error).__name__ in returned.reason


GOOD = [
    (INFO, Variant.bstr("ann"), calls.InfoReturned(S_OK, Variant.bstr("ann"))),
    (
        CATALOG,
        CatalogURL(3, "http://x/", Variant.date(1.5)),
        calls.CatalogURLReturned(S_OK, 3, "http://x/", Variant.date(1.5)),
    ),
]


@pytest.mark.parametrize(("call", "result", "returned"), GOOD)
def test_out_values_end_in_their_record(call, result, returned):
    assert ended(call, result) == returned


BAD = {
    "no variant": (INFO, "ann"),
    "None where a value is due": (INFO, None),
    "no CatalogURL": (CATALOG, (3, "http://x/")),
    "a URL that is no text": (CATALOG, CatalogURL(3, 7, Variant.date(1.0))),
    "an expiration that is no variant": (CATALOG, CatalogURL(3, "http://x/", 1.0)),
    "an HRESULT where a value is due": (CATALOG, HRESULT(0)),
}


@pytest.mark.parametrize("case", BAD)
def test_out_values_of_a_wrong_type_are_faults(case):
    call, result = BAD[case]
    returned = ended(call, result)
    assert isinstance(returned, Faulted)
    assert returned.hr == E_UNEXPECTED


READ = {
    "a template": (calls.GetTemplate, Template("http://x/", TemplateSize.SMALL), True),
    "a template of no size": (calls.GetTemplate, Template("http://x/", 1), False),
    "a template without a URL": (calls.GetTemplate, Template(None, TemplateSize.SMALL), False),
    "a purchase": (calls.CanBuySilent, SilentPurchase("$1", True), True),
    "a purchase at a number": (calls.CanBuySilent, SilentPurchase(1, True), False),
    "a purchase that may be": (calls.CanBuySilent, SilentPurchase("$1", None), False),
    "no commands": (calls.GetCommands, [], True),
    "commands": (calls.GetCommands, (ContextMenuInfo(1, "Buy"),), True),
    "commands in text": (calls.GetCommands, "Buy", False),
    "a command without text": (calls.GetCommands, [ContextMenuInfo(1, None)], False),
    "a streaming URL": (calls.GetStreamingURL, "http://x/", True),
    "no streaming URL": (calls.GetStreamingURL, None, False),
    "a comparison": (calls.CompareContainerListPrices, -1, True),
    "a comparison of too many bits": (calls.CompareContainerListPrices, 10**5000, False),
    "a comparison that is true": (calls.CompareContainerListPrices, True, False),
}


@pytest.mark.parametrize("case", READ)
def test_every_out_value_is_checked_to_the_last_field(case):
    kind, result, sound = READ[case]
    call = kind.__new__(kind)
    for name in calls.argument_names(kind):
        object.__setattr__(call, name, None)
    returned = ended(call, result)
    assert isinstance(returned, Faulted) is not sound


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("out of tune"), "ValueError: out of tune"),
        (ValueError(), "ValueError"),
        (Unspeakable(), "Unspeakable"),
        (ValueError("\udc80\0"), "ValueError: \\udc80\0"),
        (
            OSError("GET https://x.example/a?sig=s3cr3t HTTP"),
            "OSError: GET https://x.example/a?~ HTTP",
        ),
        (OSError("'http://x/#t=s3cr3t'"), "OSError: 'http://x/?~'"),
        (OSError("get http://ann:s3cr3t@x/a"), "OSError: get http://x/a"),
        (OSError("'ftp://s3cr3t@x'"), "OSError: 'ftp://x'"),
        (OSError("https://ann:s3@cr'3t@x/a@b?c"), "OSError: https://x/a@b?~"),
        (OSError("http://x/ann@x.example"), "OSError: http://x/ann@x.example"),
        (OSError("http://x/why? and why not"), "OSError: http://x/why?~ and why not"),
    ],
)
def test_what_an_exception_says_is_shown_without_secrets(error, words):
    assert describe(error) == words


def test_what_an_exception_says_is_bounded():
    assert len(describe(ValueError("http://x/?" * 100_000))) <= MAX_REASON_CHARACTERS
    assert len(describe(ValueError("\udc80" * 100_000))) <= MAX_REASON_CHARACTERS
