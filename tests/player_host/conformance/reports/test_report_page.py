"""The report for a browser: whole, without network, readable; nothing foreign becomes markup."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from report_reader import Reader, assert_harmless
from report_runs import (
    CONVERSATION,
    NASTY,
    OK,
    WRONG_COOKIE,
    a_run,
    every_verdict,
    found,
    judged_run,
    nasty_run,
    said,
)
from report_runs import result as result_of

from partner_api.calls import DownloadTrack, Return, SetCallback
from partner_api.hresult import S_OK
from player_host.conformance.coverage import Coverage, counted, coverage
from player_host.conformance.reports.diagram import sequence_diagram
from player_host.conformance.reports.lines import MOST_LINES, conversation_lines
from player_host.conformance.reports.page import page
from player_host.conformance.requirements import requirements
from player_host.conformance.runs import ScenarioRun
from player_host.conformance.verdicts import Verdict
from player_host.transcript import Entry, Returned

# --- what stands in it ---------------------------------------------------------------------------


def test_the_page_is_whole_and_needs_no_network() -> None:
    text = page(every_verdict())
    reader = assert_harmless(text)
    assert text.startswith("<!DOCTYPE html>\n")
    assert "script" not in reader.tags
    assert not re.search(r"url\(|@import|@font-face", text)
    (policy,) = [v for _, n, v in reader.attributes if n == "content" and "default-src" in v]
    assert "default-src 'none'" in policy


def test_the_page_can_be_read_on_a_phone_and_in_the_dark() -> None:
    text = page(every_verdict())
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "prefers-color-scheme: dark" in text


def test_every_table_has_a_caption_and_every_heading_its_level() -> None:
    reader = Reader(page(every_verdict()))
    assert reader.tags.count("table") == reader.tags.count("caption") > 0
    levels = [int(tag[1]) for tag in reader.tags if tag in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    ids = reader.values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in reader.values("href")} <= set(ids)
    assert set(reader.values("aria-labelledby")) <= set(ids)
    assert "en" in reader.values("lang")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_of_text_stands_out_from_every_ground() -> None:
    """By the 4.5 to 1 of WCAG AA, light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", page(a_run()), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--(\w+): (#\w{6});", block))
        for name in ("ink", "faint", "bad", "doubtful", "good"):
            for ground in ("paper", "block", "mark"):
                light, dark = sorted(
                    (luminance(colours[name]), luminance(colours[ground])), reverse=True
                )
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_a_breach_has_its_clause_its_evidence_and_its_conversation() -> None:
    reader = Reader(page(every_verdict()))
    text = reader.text("article")
    assert "Every answer carries the cookie of its Download, unchanged." in text
    assert "no download of this session has the cookie 8" in text
    assert ">   9  partner  DownloadTrack(8, NULL, 71, NULL, E_FAIL) = S_OK" in text
    assert reader.values("class").count("talk short") == 1
    assert "def test_cookie():\n    assert 8 == 7\n" in text
    assert reader.tags.count("article") == 3


def test_a_consequence_stands_in_the_article_of_its_root() -> None:
    text = " ".join(Reader(page(every_verdict())).text("article").split())
    assert "From it follows: fail T1-DL-07 71 is missing" in text


def test_the_page_shows_how_it_was_run() -> None:
    text = Reader(page(every_verdict())).text("dl")
    for part in ("contoso-tunes 1.2", "quick", "7", "0.1.0", "3.11.9", "album:7", "2026-03-01"):
        assert part in text


def test_a_scenario_that_says_nothing_is_told_with_the_reason() -> None:
    assert "says nothing: the store did not start" in Reader(page(every_verdict())).text("td")


def test_coverage_counts_every_duty_of_the_partner_once() -> None:
    run = every_verdict()
    reader = Reader(page(run))
    rows = re.findall(
        r'<tr><th scope="row" class="id">(T1-[A-Z]+)</th>((?:<td class="number">\d+</td>)+)</tr>',
        page(run),
    )
    columns = [[int(n) for n in re.findall(r">(\d+)<", cells)] for _, cells in rows]
    expected = counted(coverage(run.results))
    assert [sum(column) for column in zip(*columns, strict=True)] == [
        expected[kind] for kind in Coverage
    ]
    assert f"all{''.join(str(expected[kind]) for kind in Coverage)}" in reader.text("tfoot")
    assert all(kind.value in reader.text("dt") for kind in Coverage)
    assert "vacuous: nothing gave it a chance" in reader.text("td")


def test_a_run_without_a_breach_says_so() -> None:
    text = Reader(page(a_run(result_of("T1-DL-06", Verdict.PASS)))).text()
    assert "None was found." in text


def test_an_empty_run_is_a_whole_page() -> None:
    text = assert_harmless(page(a_run(scenarios=(), environment={}, fixture={}))).text()
    assert "No requirement was judged." in text
    assert "None was run." in text


@pytest.mark.requirement("T1-DL-17")
def test_what_the_judge_found_in_a_transcript_is_drawn(tmp_path: Path) -> None:
    reader = assert_harmless(page(judged_run(tmp_path)))
    (marked,) = [row for row in reader.rows_of("marked") if "71.mp3" in row]
    assert "DownloadTrack(7, 'http://s/71.mp3', 71, 'p', S_OK)" in marked


# --- what must not break it ----------------------------------------------------------------------


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_becomes_markup(nasty: str) -> None:
    text = page(nasty_run(nasty))
    assert_harmless(text)
    assert len(text) < 500_000
    assert all(line.isprintable() for line in text.split("\n"))


@given(text=st.text(st.characters(), max_size=40))
@settings(max_examples=30, deadline=None)
def test_any_text_stands_in_the_page_as_text(text: str) -> None:
    made = page(a_run(result_of("T1-DL-09", Verdict.FAIL, found(text)), partner=f"<{text}>"))
    assert_harmless(made)


def test_a_great_many_scenarios_do_not_make_a_great_page() -> None:
    many = tuple(ScenarioRun(f"s{i}", {}) for i in range(20_000))
    text = page(a_run(scenarios=many))
    assert len(text) < 500_000
    assert "And 19500 more." in text


def test_where_a_great_many_clauses_are_broken_the_last_ones_name_the_place_of_their_proof() -> (
    None
):
    names = list(requirements())[:45]
    broken = [result_of(name, Verdict.FAIL, found("x")) for name in names]
    examples = tuple(evolve(WRONG_COOKIE, requirement=name) for name in names)
    reader = Reader(page(a_run(*broken, counterexamples=examples)))
    assert reader.values("class").count("talk short") == 40
    assert reader.text("article").count("report.json, has the conversation") == 5


# --- the diagram ---------------------------------------------------------------------------------


def drawn(entries: tuple[Entry, ...], marked: int = 0) -> Reader:
    example = evolve(WRONG_COOKIE, entries=entries, line=marked)
    broken = result_of("T1-DL-09", Verdict.FAIL, found(example.what))
    return assert_harmless(page(a_run(broken, counterexamples=(example,))))


def arrows(reader: Reader) -> list[str]:
    names = (name for name in reader.values("class") if name.startswith("said arrow "))
    return [name.removeprefix("said arrow ") for name in names]


def test_each_line_has_an_arrow_for_the_call_and_one_for_its_end() -> None:
    rows = sequence_diagram(conversation_lines(CONVERSATION, 9))
    assert [[arrow.is_answer for arrow in row.arrows] for row in rows] == [[False, True]] * 5
    assert [row.line.is_marked for row in rows] == [False] * 4 + [True]


def test_an_arrow_leads_from_the_caller_to_the_other_side_and_its_end_back() -> None:
    call, late = SetCallback(attached=True), Return(S_OK)
    answer = DownloadTrack(7, None, 1, None, S_OK)
    first, second, third = said(call, (answer, OK))
    entries = (first, second, third, Returned(4, 0.4, 1, late))
    senders = [
        arrow.sender
        for row in sequence_diagram(conversation_lines(entries))
        for arrow in row.arrows
    ]
    assert senders == ["player", "partner", "player", "partner"]
    assert arrows(drawn(entries)) == [
        "from-player",
        "from-partner",
        "answer from-player",
        "answer from-partner",
    ]


def test_who_calls_and_who_answers_is_told_to_those_who_see_no_arrows() -> None:
    (row,) = drawn(said((DownloadTrack(7, None, 1, None, S_OK), OK))).rows_of("call")
    assert "partner calls: DownloadTrack(7, NULL, 1, NULL, S_OK)" in row
    assert "player answers: S_OK" in row


def test_the_marked_line_says_what_was_found_there() -> None:
    (marked,) = drawn(CONVERSATION, 9).rows_of("marked")
    assert "DownloadTrack(8, NULL, 71, NULL, E_FAIL)" in marked
    assert f"T1-DL-09: {WRONG_COOKIE.what}" in marked


def test_a_loss_and_a_gap_stand_between_the_lifelines() -> None:
    reader = drawn(said(*["it died"] * 100), 100)
    assert len(reader.rows_of("loss")) == MOST_LINES
    assert [" ".join(row.split()) for row in reader.rows_of("gap")] == ["... 40 lines left out"]
    assert arrows(reader) == []


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_becomes_part_of_the_diagram(nasty: str) -> None:
    reader = drawn(said((DownloadTrack(7, nasty, 70, nasty, S_OK), OK), nasty), 1)
    assert arrows(reader) == ["from-partner", "answer from-player"]
    assert len(reader.rows_of("loss")) == 1


def test_of_two_conversations_for_one_clause_the_first_is_shown() -> None:
    other = evolve(WRONG_COOKIE, scenario="mixed", what="another")
    run = a_run(
        result_of("T1-DL-09", Verdict.FAIL, found("x")), counterexamples=(WRONG_COOKIE, other)
    )
    assert "found in album:" in Reader(page(run)).text("caption")
