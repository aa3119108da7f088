"""What a run covers: each of the partner's duties is exercised, or it is said why not."""

import pytest
from attrs import evolve

from partner_api.calls import Download, DownloadTrack, Return
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import TransactionType
from partner_api.hresult import E_FAIL, S_OK
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.coverage import (
    GROUPS,
    ClauseCoverage,
    Coverage,
    counted,
    coverage,
    duties,
    published,
    why_unchecked,
)
from player_host.conformance.judge import Result, judge, together
from player_host.conformance.requirements import requirement, requirements
from player_host.conformance.verdicts import Finding, Outcome, Verdict
from player_host.transcript import Called, Returned, Transcript


def of(result: Result) -> ClauseCoverage:
    return next(
        one for one in coverage({result.requirement: result}) if one.requirement.id == "T1-DL-07"
    )


def result(verdict: Verdict, *, kept: int = 0, against: int = 0) -> Result:
    return Result("T1-DL-07", verdict, chances=kept + against, total=against)


def state(name: str) -> ClauseCoverage:
    return next(one for one in coverage({}) if one.requirement.id == name)


def test_every_duty_of_the_judged_groups_is_covered_somehow_in_the_order_of_the_catalogue():
    found = [one.requirement.id for one in coverage({})]
    assert found == [
        row.id for row in requirements().values() if row.actor == "partner" and row.group in GROUPS
    ]


def test_every_duty_of_the_partner_is_checked_or_cannot_be_seen():
    assert [row.id for row in duties() if why_unchecked(row) and not row.unobserved] == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (result(Verdict.PASS, kept=1), Coverage.EXERCISED),
        (result(Verdict.FAIL, against=1), Coverage.EXERCISED),
        (result(Verdict.WARN, against=1), Coverage.EXERCISED),
        (result(Verdict.KNOWN_BAD, against=1), Coverage.EXERCISED),
        (result(Verdict.UNEXPECTED_PASS, kept=1), Coverage.EXERCISED),
        (result(Verdict.INCONCLUSIVE, kept=1, against=1), Coverage.EXERCISED),
        (result(Verdict.INCONCLUSIVE, against=1), Coverage.UNTESTED),
        (result(Verdict.ENGINE_ERROR, kept=1), Coverage.UNTESTED),
        (result(Verdict.INFO, against=1), Coverage.UNIMPLEMENTED),
        (result(Verdict.UNIMPLEMENTED), Coverage.UNIMPLEMENTED),
        (result(Verdict.VACUOUS), Coverage.VACUOUS),
    ],
)
def test_a_clause_is_exercised_only_where_it_was_kept_or_broken_once(found, expected):
    assert of(found).coverage is expected
    assert of(found).chances == found.chances
    assert bool(of(found).reason) == (expected is not Coverage.EXERCISED)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("kept", [0, 2])
def test_every_verdict_has_its_coverage(verdict, kept):
    assert of(result(verdict, kept=kept)).coverage in Coverage


def test_what_was_left_open_in_one_conversation_is_exercised_by_another():
    broken_off = result(Verdict.INCONCLUSIVE, against=1)
    assert of(broken_off).coverage is Coverage.UNTESTED
    kept = result(Verdict.PASS, kept=1)
    joined = together([{"T1-DL-07": broken_off}, {"T1-DL-07": kept}])
    assert of(joined["T1-DL-07"]).coverage is Coverage.EXERCISED


def test_a_check_that_was_not_run_leaves_its_clause_untested():
    assert (state("T1-DL-07").coverage, state("T1-DL-07").reason) == (
        Coverage.UNTESTED,
        "it was not looked for in this run",
    )


def test_what_cannot_be_seen_has_the_reason_of_the_catalogue():
    assert state("T1-LIFE-03").coverage is Coverage.UNOBSERVED
    assert state("T1-LIFE-03").reason == requirement("T1-LIFE-03").unobserved


def test_a_new_duty_that_no_check_judges_says_so():
    assert why_unchecked(evolve(requirement("T1-DL-07"), id="T1-DL-99")) == "it has no check yet"


def test_the_tables_are_untested_where_no_catalogue_was_judged():
    assert state("T1-TRK-01").coverage is Coverage.UNTESTED
    assert state("T1-TRK-01").reason == "it was not looked for in this run"


def test_what_is_judged_by_a_published_catalogue_is_not_called_unseen():
    for name in published():
        assert requirement(name).unobserved == "", name


def test_a_result_from_elsewhere_than_a_conversation_counts():
    found = coverage({"T1-TRK-01": Result("T1-TRK-01", Verdict.PASS, chances=3)})
    (track,) = (one for one in found if one.requirement.id == "T1-TRK-01")
    assert (track.coverage, track.chances) == (Coverage.EXERCISED, 3)


def test_the_numbers_add_up_and_every_kind_has_one():
    clauses = coverage({"T1-DL-07": result(Verdict.PASS, kept=1)})
    counts = counted(clauses)
    assert list(counts) == list(Coverage)
    assert sum(counts.values()) == len(clauses)
    assert counts[Coverage.EXERCISED] == 1
    assert counts[Coverage.VACUOUS] == 0


def test_a_conversation_without_calls_gives_no_clause_a_chance():
    counts = counted(coverage(judge(Transcript({}, (), complete=True))))
    assert counts[Coverage.EXERCISED] == 0
    assert counts[Coverage.VACUOUS] == len(CLAUSES)


def test_a_download_exercises_the_clauses_about_answers_and_no_others():
    loose = ContentContainer.loose([ContentItem(7, "$1")])
    download = Download(ContentContainerList(TransactionType.DOWNLOAD, [loose]), cookie=1)
    refusal = DownloadTrack(1, None, 7, None, E_FAIL)
    entries = (
        Called(1, 0.0, download, 1),
        Returned(2, 0.1, 1, Return(S_OK)),
        Called(3, 0.2, refusal, 1),
        Returned(4, 0.2, 3, Return(S_OK)),
    )
    found = {
        one.requirement.id: one.coverage
        for one in coverage(judge(Transcript({}, entries, complete=True)))
    }
    assert found["T1-DL-07"] is Coverage.EXERCISED
    assert found["T1-DL-09"] is Coverage.EXERCISED
    assert found["T1-DL-11"] is Coverage.VACUOUS
    assert found["T1-CAT-03"] is Coverage.VACUOUS


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("T1-DL-07", ""),
        ("T1-TRK-01", ""),
        ("T1-DL-01", "it is the Player's duty, not the partner's"),
        (
            "T1-LIFE-10",
            "plug-ins are found by their entry points here, so that none registers itself",
        ),
        ("T1-BUY-13", "the kit does not judge the group T1-BUY yet"),
    ],
)
def test_a_requirement_without_a_check_has_a_reason_for_it(name, why):
    assert why_unchecked(requirement(name)) == why


def test_a_finding_that_is_slow_is_none_that_was_never_judged():
    slow = Finding(Outcome.TOO_SLOW, 1, "it took its time")
    found = Result("T1-DL-07", Verdict.WARN, chances=1, findings=(slow,), total=1)
    assert of(found).coverage is Coverage.EXERCISED
