"""The report for build servers: what each verdict becomes, and XML that nothing breaks."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from report_runs import NASTY, a_run, every_verdict, found, judged_run, nasty_run
from report_runs import result as result_of

from player_host.conformance.reports.junit import junit_xml
from player_host.conformance.verdicts import Verdict


def cases(text: str) -> dict[str, ET.Element]:
    root = ET.fromstring(text)
    return {case.attrib["name"]: case for case in root.iter("testcase")}


def outcome(case: ET.Element) -> str:
    return ",".join(child.tag for child in case) or "passed"


def test_each_verdict_becomes_what_a_build_server_makes_of_it() -> None:
    made = {name: outcome(case) for name, case in cases(junit_xml(every_verdict())).items()}
    assert made == {
        "T1-DL-09": "failure",
        "T1-DL-07": "failure",
        "T1-CAT-09": "system-out",
        "T1-DL-06": "passed",
        "T1-INFO-09": "system-out",
        "T1-DL-35": "skipped",
        "T1-PRC-05": "skipped",
        "T1-DL-08": "error",
        "T1-ITEM-07": "error",
        "T1-DL-11": "skipped",
        "T1-DL-17": "failure",
        "album": "passed",
        "store down": "error",
    }


def test_each_group_is_a_suite_that_counts_its_cases() -> None:
    report = JUnitXml.fromstring(junit_xml(every_verdict()).encode())
    suites = {suite.name: suite for suite in report}
    assert list(suites) == ["T1-CAT", "T1-DL", "T1-INFO", "T1-ITEM", "T1-PRC", "scenarios"]
    counts = suites["T1-DL"]
    assert (counts.tests, counts.failures, counts.errors, counts.skipped) == (7, 3, 1, 2)
    assert (report.tests, report.failures, report.errors) == (13, 3, 3)


def test_requirements_of_a_group_are_one_suite_in_whatever_order_they_come() -> None:
    run = a_run(*(result_of(name, Verdict.PASS) for name in ("T1-DL-06", "T1-CAT-09", "T1-DL-09")))
    names = [suite.attrib["name"] for suite in ET.fromstring(junit_xml(run)).iter("testsuite")]
    assert names == ["T1-CAT", "T1-DL", "scenarios"]


def test_a_failure_has_the_clause_and_the_conversation() -> None:
    failure = cases(junit_xml(every_verdict()))["T1-DL-09"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "no download of this session has the cookie 8"
    text = failure.text or ""
    assert '"Every answer carries the cookie of its `Download`, unchanged."' in text
    assert "\n  >   9  partner  DownloadTrack(8" in text


def test_a_consequence_fails_and_names_its_root() -> None:
    failure = cases(junit_xml(every_verdict()))["T1-DL-07"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "follows from T1-DL-09: 71 is missing"


def test_what_was_skipped_says_why() -> None:
    skipped = cases(junit_xml(every_verdict()))["T1-DL-35"].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "nothing gave the clause a chance"


def test_a_suite_says_what_was_run() -> None:
    suite = ET.fromstring(junit_xml(every_verdict())).find("testsuite")
    assert suite is not None
    found_there = {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}
    assert found_there == {
        "partner": "contoso",
        "distribution": "contoso-tunes 1.2",
        "profile": "quick",
        "seed": "7",
    }


@pytest.mark.requirement("T1-DL-17")
def test_what_the_judge_found_in_a_transcript_is_a_failure(tmp_path: Path) -> None:
    made = cases(junit_xml(judged_run(tmp_path)))
    assert outcome(made["T1-DL-17"]) == "failure"
    assert outcome(made["T1-DL-09"]) == "passed"


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_breaks_the_xml(nasty: str) -> None:
    text = junit_xml(nasty_run(nasty))
    root = ET.fromstring(text.encode("utf-8"))
    assert len(text) < 100_000
    assert {element.tag for element in root.iter()} <= {
        *("testsuites", "testsuite", "properties", "property", "testcase"),
        *("failure", "error", "skipped", "system-out"),
    }
    assert all(
        line.isprintable() for element in root.iter() for line in (element.text or "").split("\n")
    )
    assert all(value.isprintable() for element in root.iter() for value in element.attrib.values())


@given(text=st.text(st.characters(), max_size=30))
@settings(max_examples=50, deadline=None)
def test_any_text_of_a_finding_can_stand_in_the_xml(text: str) -> None:
    run = a_run(result_of("T1-DL-09", Verdict.FAIL, found(text)), partner=text)
    assert outcome(cases(junit_xml(run))["T1-DL-09"]) == "failure"
