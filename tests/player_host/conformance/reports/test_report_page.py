"""The report for a browser: whole, without network, readable; nothing foreign becomes markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
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

from partner_api.calls import DownloadTrack, SetCallback
from partner_api.hresult import S_OK
from player_host.conformance.coverage import Coverage, counted, coverage
from player_host.conformance.reports.diagram import sequence_diagram
from player_host.conformance.reports.lines import Kind, conversation_lines
from player_host.conformance.reports.page import page
from player_host.conformance.runs import ScenarioRun
from player_host.conformance.verdicts import Verdict

VOID = {"meta", "br", "img", "link", "input", "hr"}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "nav", "section"),
    *("article", "h1", "h2", "h3", "p", "ul", "li", "a", "span", "strong", "code", "blockquote"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "div"),
    *("details", "summary", "pre", "dl", "dt", "dd", "svg", "g", "path", "rect", "text", "tspan"),
}


class Reader(HTMLParser):
    """Reads a page as a browser does in the end: tags, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.inside.setdefault(tag, []).append(data)

    def text(self, tag: str = "body") -> str:
        return "".join(self.inside.get(tag, []))

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def assert_harmless(text: str) -> Reader:
    reader = Reader(text)
    assert set(reader.tags) <= TAGS
    assert reader.unbalanced == []
    assert reader.open == []
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]
    assert not reader.values("src")
    assert all(link.startswith("#") for link in reader.values("href"))
    text.encode("utf-8")
    return reader


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


def test_every_colour_of_text_stands_out_from_paper_and_block() -> None:
    """By the 4.5 to 1 of WCAG AA, light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", page(a_run()), re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--(\w+): (#\w{6});", block))
        for name in ("ink", "faint", "bad", "doubtful", "good"):
            for ground in ("paper", "block"):
                light, dark = sorted(
                    (luminance(colours[name]), luminance(colours[ground])), reverse=True
                )
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_a_breach_has_its_clause_its_evidence_and_its_conversation() -> None:
    reader = Reader(page(every_verdict()))
    text = reader.text("article")
    assert "Every answer carries the cookie of its Download, unchanged." in text
    assert "no download of this session has the cookie 8" in text
    assert ">     9  partner  DownloadTrack(8, NULL, 71, NULL, E_FAIL) = S_OK" in text
    assert "def test_cookie():\n    assert 8 == 7\n" in text
    assert reader.tags.count("svg") == 1
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
    assert "DownloadTrack(7, 'http://s/71.mp3', 71, 'p', S_OK)" in reader.text("svg")


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


# --- the diagram ---------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*args: object) -> ET.Element:
    return ET.fromstring(str(sequence_diagram(*args)))  # type: ignore[arg-type]


def groups(svg: ET.Element, kind: str) -> list[ET.Element]:
    return [one for one in svg.iter(f"{SVG}g") if one.get("class") == kind]


def texts(svg: ET.Element) -> list[str]:
    return ["".join(one.itertext()) for one in svg.iter(f"{SVG}text")]


def test_the_diagram_has_an_arrow_for_each_call_and_each_end() -> None:
    svg = drawn(conversation_lines(CONVERSATION, 9), "cookie 8")
    assert (len(groups(svg, "call")), len(groups(svg, "answer"))) == (5, 5)
    assert len(groups(svg, "mark")) == 1
    assert texts(svg)[:2] == ["Player", "partner"]
    assert svg.findtext(f"{SVG}title") == "cookie 8"


def test_an_arrow_leads_from_the_caller_to_the_other_side() -> None:
    lines = conversation_lines(
        said((SetCallback(attached=True), OK), (DownloadTrack(7, None, 1, None, S_OK), OK))
    )
    shafts = [one.find(f"{SVG}path") for one in groups(drawn(lines, ""), "call")]
    ways = [re.findall(r"\d+", shaft.attrib["d"]) for shaft in shafts if shaft is not None]
    (player, _, partner), back = (map(int, way) for way in ways)
    assert player < partner
    assert list(back)[::2] == [partner, player]


def test_a_loss_and_a_gap_have_their_place() -> None:
    lines = conversation_lines(said(*["it died"] * 100), 100)
    svg = drawn(lines, "")
    assert len(groups(svg, "loss")) == len([one for one in lines if one.kind is Kind.LOSS])
    assert "... 40 lines left out" in texts(svg)


def test_the_picture_is_as_high_as_what_is_drawn() -> None:
    svg = drawn(conversation_lines(said(*["it died"] * 500), 300), "")
    height = float(svg.attrib["height"])
    lowest = max(float(one.attrib["y"]) for one in svg.iter(f"{SVG}text"))
    assert lowest < height < 5_000


@pytest.mark.parametrize("letter", ["m", "漢", "<", "\U0001f3b5"])
def test_a_text_ends_before_the_other_lifeline(letter: str) -> None:
    call = DownloadTrack(7, letter * 200, 70, letter * 200, S_OK)
    line = evolve(conversation_lines(said(call))[0], text=letter * 500)
    (_, _, _, text) = texts(drawn([line], ""))
    wide = 2 if letter in "漢\U0001f3b5" else 1
    assert len(text) * wide <= 85
    assert text.endswith("…")


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_becomes_part_of_the_picture(nasty: str) -> None:
    entries = said((DownloadTrack(7, nasty, 70, nasty, S_OK), OK), nasty)
    svg = drawn(conversation_lines(entries, 1), nasty)
    assert {one.tag.removeprefix(SVG) for one in svg.iter()} <= TAGS
    assert len(groups(svg, "call")) == 1
    assert not [name for one in svg.iter() for name in one.attrib if name.startswith("on")]


def test_of_two_conversations_for_one_clause_the_first_is_shown() -> None:
    other = evolve(WRONG_COOKIE, scenario="mixed", what="another")
    run = a_run(
        result_of("T1-DL-09", Verdict.FAIL, found("x")), counterexamples=(WRONG_COOKIE, other)
    )
    assert "found in album;" in Reader(page(run)).text("figcaption")
