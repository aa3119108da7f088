"""The report for people: roots with their proof, then counts; nothing foreign breaks a line."""

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from report_runs import NASTY, WRONG_COOKIE, a_run, every_verdict, found, judged_run, nasty_run
from report_runs import result as result_of

from player_host.conformance.reports.text import report_lines
from player_host.conformance.reports.wording import count_text, shown, shown_block, some_of
from player_host.conformance.runs import ScenarioRun
from player_host.conformance.verdicts import Verdict

without_a_deadline = settings(deadline=None)


def text_of(*args: object, **more: object) -> str:
    return "\n".join(report_lines(a_run(*args, **more)))  # type: ignore[arg-type]


def test_it_begins_with_the_verdict_the_counts_and_how_it_was_run() -> None:
    lines = report_lines(every_verdict())
    assert lines[0] == "contoso (contoso-tunes 1.2): FAIL"
    assert lines[1].startswith("2 fail, 1 warn, 1 unexpected pass, 1 engine error")
    assert lines[2] == "profile quick, seed 7, 2 scenarios, 41.2 s"


def test_a_breach_quotes_the_clause_and_marks_the_line_that_breaks_it() -> None:
    lines = report_lines(every_verdict())
    start = lines.index("FAIL T1-DL-09  (must, stated)")
    section = lines[start : lines.index("", start)]
    assert section[1] == '  "Every answer carries the cookie of its `Download`, unchanged."'
    assert section[2] == "  found: no download of this session has the cookie 8"
    assert [line for line in section if line.startswith("  >")] == [
        "  >   9  partner  DownloadTrack(8, NULL, 71, NULL, E_FAIL) = S_OK"
    ]
    assert "      3  player   Download([loose: 70, 71], 7) = S_OK" in section


def test_a_consequence_stands_below_its_root_and_nowhere_else() -> None:
    lines = report_lines(every_verdict())
    assert "  follows from it: FAIL T1-DL-07: 71 is missing" in lines
    assert not [line for line in lines if line.startswith("FAIL T1-DL-07")]


def test_a_breach_whose_cause_is_not_reported_says_from_what_it_follows() -> None:
    text = text_of(
        result_of("T1-DL-07", Verdict.FAIL, found("71 is missing"), follows_from="T1-DL-09"),
        result_of("T1-DL-09", Verdict.KNOWN_BAD, found("the cookie")),
    )
    assert "FAIL T1-DL-07" in text
    assert "  follows from T1-DL-09 (known bad)" in text


def test_breaches_that_follow_from_one_another_are_all_shown() -> None:
    lines = report_lines(
        a_run(
            result_of("T1-DL-07", Verdict.FAIL, found("one"), follows_from="T1-DL-09"),
            result_of("T1-DL-09", Verdict.FAIL, found("two"), follows_from="T1-DL-07"),
        )
    )
    assert len([line for line in lines if line.startswith("FAIL T1-DL-")]) == 2


def test_a_consequence_of_a_consequence_stands_below_the_root() -> None:
    lines = report_lines(
        a_run(
            result_of("T1-DL-39", Verdict.WARN, found("three"), follows_from="T1-DL-07"),
            result_of("T1-DL-07", Verdict.FAIL, found("two"), follows_from="T1-DL-10"),
            result_of("T1-DL-10", Verdict.FAIL, found("one")),
        )
    )
    assert [line for line in lines if line.startswith("FAIL")] == ["FAIL T1-DL-10  (must, stated)"]
    assert "  follows from it: WARN T1-DL-39: three" in lines


def test_without_a_conversation_a_breach_says_where_it_was_found() -> None:
    text = text_of(result_of("T1-DL-09", Verdict.FAIL, found("x", 4, cookie=7, track_id=71)))
    assert "  at: line 4, download 7, track 71\n" in text


def test_duties_that_fail_come_before_advice() -> None:
    lines = report_lines(every_verdict())
    assert [line.split()[0] for line in lines if "  (" in line and line[0].isupper()] == [
        "FAIL",
        "UNEXPECTED",
        "WARN",
    ]


def test_what_cannot_be_said_is_told_with_the_reason() -> None:
    text = "\n".join(report_lines(every_verdict()))
    assert "  T1-DL-08: it ended too early" in text
    assert "  T1-ITEM-07: the host, the store or the kit failed" in text
    assert "  T1-DL-11: a URL is missing" in text
    assert "1 vacuous (nothing gave the clause a chance)\n  T1-DL-35" in text
    assert "1 unimplemented (the partner's capabilities say" in text


def test_scenarios_that_say_nothing_are_told_with_the_reason() -> None:
    text = "\n".join(report_lines(every_verdict()))
    assert "1 of 2 scenarios cannot be relied on\n  store down: the store did not start" in text


def test_a_great_many_silent_scenarios_are_counted() -> None:
    silent = tuple(ScenarioRun(f"s{i}", {}, 0.0, "no") for i in range(3_000))
    lines = report_lines(a_run(scenarios=silent))
    assert len(lines) < 50
    assert lines[-1] == "  and 2980 more"


def test_a_run_over_a_conforming_partner_has_no_breach() -> None:
    lines = report_lines(a_run(result_of("T1-DL-09", Verdict.PASS)))
    assert lines == [
        "contoso (contoso-tunes 1.2): PASS",
        "1 pass",
        "profile quick, seed 7, 1 scenario, 41.2 s",
        "",
        "1 passed",
    ]


def test_a_run_that_judged_nothing_says_so() -> None:
    assert "no requirement was judged" in text_of()


@pytest.mark.requirement("T1-DL-17", "T1-DL-07")
def test_what_the_judge_found_in_a_transcript_is_told_line_by_line(tmp_path: Path) -> None:
    lines = report_lines(judged_run(tmp_path))
    assert "FAIL T1-DL-17  (must, stated)" in lines
    marked = [line for line in lines if line.startswith("  >")]
    assert any("DownloadTrack(7, 'http://s/71.mp3', 71" in line for line in marked)


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_reaches_the_terminal_as_it_is(nasty: str) -> None:
    lines = report_lines(nasty_run(nasty))
    assert all(line.isprintable() for line in lines)
    assert sum(map(len, lines)) < 20_000
    "\n".join(lines).encode("utf-8")


def test_a_long_conversation_is_cut_around_the_offending_line() -> None:
    entries = tuple(
        evolve(entry, number=entry.number + 10 * i)
        for i in range(2_000)
        for entry in WRONG_COOKIE.entries
    )
    example = evolve(WRONG_COOKIE, entries=entries, line=9 + 10 * 1_000)
    broken = result_of("T1-DL-09", Verdict.FAIL, found("x"))
    lines = report_lines(a_run(broken, counterexamples=(example,)))
    assert len(lines) < 80
    assert [line for line in lines if line.startswith("  >10009  partner")]
    assert len([line for line in lines if line.endswith("lines left out")]) == 2


# --- words ---------------------------------------------------------------------------------------


@without_a_deadline
@given(st.text(st.characters(), max_size=80), st.integers(1, 60))
def test_shown_text_is_printable_and_no_longer_than_asked(text: str, most: int) -> None:
    made = shown(text, most)
    assert made.isprintable()
    assert len(made) <= most


@without_a_deadline
@given(st.text(st.characters(), max_size=80))
def test_a_shown_block_keeps_its_lines_and_nothing_else(text: str) -> None:
    made = shown_block(text, 1_000)
    assert all(line.isprintable() for line in made.split("\n"))
    assert made.count("\n") == text.count("\n")


@without_a_deadline
@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=60))
def test_printable_text_is_shown_as_it_is(text: str) -> None:
    assert shown(text, 60) == text


def test_numbers_have_their_noun() -> None:
    assert count_text(1, "call") == "1 call"
    assert count_text(2_000, "call") == "2,000 calls"
    assert some_of("abc", 3) == "a, b, c"
    assert some_of("abcd", 2) == "a, b and 2 more"
