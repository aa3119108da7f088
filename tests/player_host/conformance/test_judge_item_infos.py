"""What the judge says of item infos: each name has a context of its own type."""

import pytest
from conformance_scripts import Script

from partner_api.calls import Faulted, GetItemInfo, InfoReturned, Return
from partner_api.enums import ItemInfo
from partner_api.hresult import E_INVALIDARG, E_UNEXPECTED, S_OK
from partner_api.variant import Variant, VarType
from player_host.conformance.judge import Results, judge
from player_host.conformance.verdicts import Verdict

CONTEXTS = {
    VarType.EMPTY: Variant.empty(),
    VarType.I4: Variant.i4(7),
    VarType.DATE: Variant.date(43_831.0),
    VarType.BSTR: Variant.bstr("7"),
    VarType.ERROR: Variant.error(E_INVALIDARG),
    VarType.BOOL: Variant.boolean(True),
    VarType.UI4: Variant.ui4(7),
}
TAKES = {
    "AlbumArt": VarType.UI4,
    "ArtistArt": VarType.UI4,
    "ListArt": VarType.UI4,
    "GenreArt": VarType.UI4,
    "SubGenreArt": VarType.UI4,
    "RadioArt": VarType.UI4,
    "CPListIDIcon": VarType.UI4,
    "ALTLoginURL": VarType.EMPTY,
    "ALTLoginCaption": VarType.EMPTY,
    "CreateAccount": VarType.EMPTY,
    "ForgotPassword": VarType.EMPTY,
    "AuthenticationSuccessURL": VarType.I4,
    "LoginFailureURL": VarType.UI4,
    "Popup": VarType.I4,
    "PopupCaption": VarType.I4,
    "HTMLViewURL": VarType.BSTR,
    "CPErrorDescription": VarType.ERROR,
    "CPErrorURL": VarType.ERROR,
    "CPErrorURLLinkText": VarType.ERROR,
}
EVERY_NAME = pytest.mark.parametrize("name", ItemInfo)
TEXT = InfoReturned(S_OK, Variant.bstr("http://store.example/page"))
REFUSED = Return(E_INVALIDARG)


def asked(name: str, context: Variant, returned: Return, **facts: object) -> Results:
    script = Script(**facts).attach()
    script.call(GetItemInfo(name, context), returned)
    return judge(script.transcript)


@EVERY_NAME
@pytest.mark.requirement("T1-ITEM-19")
def test_a_failure_is_the_answer_to_a_context_of_any_other_type(name: str) -> None:
    for kind in CONTEXTS.keys() - {TAKES[name]}:
        result = asked(name, CONTEXTS[kind], REFUSED)["T1-ITEM-19"]
        assert result.verdict is Verdict.PASS, kind


@EVERY_NAME
@pytest.mark.requirement("T1-ITEM-19")
def test_what_is_given_for_a_context_of_another_type_breaks_one_clause(name: str) -> None:
    for kind in CONTEXTS.keys() - {TAKES[name]}:
        results = asked(name, CONTEXTS[kind], TEXT)
        against = {row for row, one in results.items() if one.verdict is not Verdict.VACUOUS}
        kept = {row for row in against if results[row].verdict is Verdict.PASS}
        assert against - kept == {"T1-ITEM-19"}, kind
        (finding,) = results["T1-ITEM-19"].findings
        assert f"VT_{kind.name}" in finding.what
        assert f"VT_{TAKES[name].name}" in finding.what


@EVERY_NAME
@pytest.mark.requirement("T1-ITEM-19")
def test_a_context_of_its_own_type_gives_the_clause_no_chance(name: str) -> None:
    for returned in (TEXT, REFUSED):
        result = asked(name, CONTEXTS[TAKES[name]], returned)["T1-ITEM-19"]
        assert result.verdict is Verdict.VACUOUS


@pytest.mark.requirement("T1-ITEM-19")
@pytest.mark.parametrize(("returned", "verdict"), [(REFUSED, "pass"), (TEXT, "warn")])
@pytest.mark.parametrize("name", ["albumart", "ThisNameIsInNoDocument", ""])
def test_a_failure_is_the_answer_to_an_unknown_name(
    name: str, returned: Return, verdict: str
) -> None:
    assert asked(name, Variant.ui4(7), returned)["T1-ITEM-19"].verdict == verdict


@pytest.mark.requirement("T1-ITEM-19")
def test_a_method_that_raised_has_not_answered() -> None:
    fault = Faulted(E_UNEXPECTED, "raised KeyError")
    results = asked(ItemInfo.ALBUM_ART_URL, Variant.empty(), fault)
    assert results["T1-ITEM-19"].verdict is Verdict.VACUOUS
    assert results["T1-LIFE-07"].verdict is Verdict.FAIL


@pytest.mark.requirement("T1-ITEM-08", "T1-ITEM-09", "T1-ITEM-15")
@pytest.mark.parametrize(
    ("name", "clause"),
    [("AlbumArt", "T1-ITEM-08"), ("CPListIDIcon", "T1-ITEM-09"), ("CreateAccount", "T1-ITEM-15")],
)
def test_a_partner_does_without_a_url_where_it_was_asked_for_it_properly(
    name: str, clause: str
) -> None:
    assert asked(name, CONTEXTS[TAKES[name]], REFUSED)[clause].verdict is Verdict.INFO
    assert asked(name, Variant.bstr("7"), REFUSED)[clause].verdict is Verdict.VACUOUS


@pytest.mark.requirement("T1-ITEM-11")
@pytest.mark.parametrize(
    ("context", "returned", "verdict"),
    [
        (Variant.error(E_INVALIDARG), REFUSED, "pass"),
        (Variant.error(E_INVALIDARG), TEXT, "fail"),
        (Variant.ui4(int(E_INVALIDARG)), TEXT, "vacuous"),
    ],
)
def test_a_code_is_unknown_as_a_code_and_not_as_a_number(
    context: Variant, returned: Return, verdict: str
) -> None:
    foreign = [int(E_INVALIDARG)]
    results = asked(ItemInfo.ERROR_URL, context, returned, foreign_codes=foreign)
    assert results["T1-ITEM-11"].verdict == verdict
