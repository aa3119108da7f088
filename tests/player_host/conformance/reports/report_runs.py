"""Runs for the tests of reports: made by hand, judged from a transcript, and nasty ones."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from partner_api.calls import (
    Call,
    Download,
    DownloadTrack,
    DownloadTrackComplete,
    Faulted,
    Predeliver,
    Return,
    SetCallback,
)
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import TransactionType
from partner_api.hresult import E_FAIL, RPC_E_SERVER_DIED, S_OK
from partner_api.licensing import License, Right
from player_host.clock import ManualClock
from player_host.conformance.judge import Result, judge
from player_host.conformance.runs import Counterexample, Run, ScenarioRun
from player_host.conformance.verdicts import Finding, Outcome, Verdict
from player_host.transcript import Called, Entry, Lost, Returned, TranscriptWriter, read_transcript

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def loose(*tracks: int) -> ContentContainerList:
    items = [ContentItem(track) for track in tracks]
    return ContentContainerList(TransactionType.DOWNLOAD, (ContentContainer.loose(items),))


def found(what: str, line: int = 4, **more: Any) -> Finding:
    return Finding(Outcome.BROKEN, line, what, **more)


def result(name: str, verdict: Verdict, *findings: Finding, follows_from: str = "") -> Result:
    chances = 0 if verdict in {Verdict.VACUOUS, Verdict.UNIMPLEMENTED} else 3
    return Result(name, verdict, chances, findings, len(findings), follows_from)


def a_run(*results: Result, **changes: Any) -> Run:
    values: dict[str, Any] = {
        "partner": "contoso",
        "distribution": "contoso-tunes 1.2",
        "profile": "quick",
        "seed": 7,
        "started_at": STARTED,
        "seconds": 41.25,
        "results": {one.requirement: one for one in results},
        "scenarios": (ScenarioRun("album", {one.requirement: one for one in results}, 1.5),),
        "environment": {"player-host": "0.1.0", "python": "3.11.9"},
        "fixture": {"containers": "album:7"},
    }
    return Run(**values | changes)


def said(*calls: tuple[Call, Return] | Call | str) -> tuple[Entry, ...]:
    """A conversation: calls with their ends, calls that never end, and losses with their reason."""
    entries: list[Entry] = []
    for one in calls:
        number = len(entries) + 1
        if isinstance(one, str):
            entries.append(Lost(number, number / 1000, one))
        elif isinstance(one, Call):
            entries.append(Called(number, number / 1000, one, None))
        else:
            entries.append(Called(number, number / 1000, one[0], 3))
            entries.append(Returned(number + 1, (number + 1) / 1000, number, one[1]))
    return tuple(entries)


OK = Return(S_OK)
CONVERSATION = said(
    (SetCallback(attached=True), OK),
    (Download(loose(70, 71), 7), OK),
    (Predeliver(License(70, None, frozenset({Right.PLAY}), None)), OK),
    (DownloadTrack(7, "http://127.0.0.1:8080/70.mp3", 70, "kept", S_OK), OK),
    (DownloadTrack(8, None, 71, None, E_FAIL), OK),
)
WRONG_COOKIE = Counterexample(
    requirement="T1-DL-09",
    scenario="album",
    entries=CONVERSATION,
    line=9,
    what="no download of this session has the cookie 8",
    replay='{"events": []}',
    test="def test_cookie():\n    assert 8 == 7\n",
    calls=2,
)


def every_verdict() -> Run:
    """A run in which each verdict is given, with a root and what follows from it."""
    return a_run(
        result("T1-DL-09", Verdict.FAIL, found(WRONG_COOKIE.what, cookie=8, track_id=71)),
        result("T1-DL-07", Verdict.FAIL, found("71 is missing"), follows_from="T1-DL-09"),
        result("T1-CAT-09", Verdict.WARN, found("the version is not in the path")),
        result("T1-DL-06", Verdict.PASS),
        result("T1-INFO-09", Verdict.INFO, Finding(Outcome.ABSENT, 3, "it has no icon")),
        result("T1-DL-35", Verdict.VACUOUS),
        result("T1-PRC-05", Verdict.UNIMPLEMENTED),
        result("T1-DL-08", Verdict.INCONCLUSIVE, Finding(Outcome.OPEN, 3, "it ended too early")),
        result("T1-ITEM-07", Verdict.ENGINE_ERROR),
        result("T1-DL-11", Verdict.KNOWN_BAD, found("a URL is missing")),
        result("T1-DL-17", Verdict.UNEXPECTED_PASS),
        counterexamples=(WRONG_COOKIE,),
        scenarios=(
            ScenarioRun("album", {}, 1.5),
            ScenarioRun("store down", {}, 2.0, "the store did not start"),
        ),
    )


def judged_run(folder: Path) -> Run:
    """A run whose results come from a transcript: track 71 has no licence, 72 no answer."""
    path = folder / "album.jsonl"
    facts = {"answer_deadline": 0, "fresh_licenses": True}
    clock = ManualClock(STARTED)
    writer = TranscriptWriter(path, partner="contoso", session_id=1, clock=clock, facts=facts)
    for call, returned in (
        (SetCallback(attached=True), OK),
        (Download(loose(70, 71, 72), 7), OK),
        (Predeliver(License(70, None, frozenset({Right.PLAY}), None)), OK),
        (DownloadTrack(7, "http://s/70.mp3", 70, "p", S_OK), OK),
        (DownloadTrack(7, "http://s/71.mp3", 71, "p", S_OK), OK),
        (DownloadTrackComplete(S_OK, 70, "p"), Faulted(RPC_E_SERVER_DIED, "it is gone")),
    ):
        writer.returned(writer.called(call), returned)
    writer.close()
    transcript = read_transcript(path)
    results = judge(transcript)
    examples = tuple(
        Counterexample(name, "album", transcript.entries, one.findings[0].line, "shown", calls=3)
        for name, one in results.items()
        if one.verdict in {Verdict.FAIL, Verdict.WARN} and not one.follows_from
    )
    scenarios = (ScenarioRun("album", results, 0.5, transcript=path.name),)
    return a_run(results=results, scenarios=scenarios, counterexamples=examples)


# --- what a plug-in may send to break a report ---------------------------------------------------

NASTY = (
    "</title></style></script><script>alert(1)</script><img src=x onerror=alert(2)>",
    "\" onmouseover='alert(3)' x=\"&lt;b&gt;&amp;&#x3c;",
    "]]></failure></testsuite><!-- --><![CDATA[ & <a/>",
    "{{ run.partner }}{% raw %}{# #}{{ 7 * 7 }}",
    "\x1b[2J\x1b]0;title\x07\x00\x08\x7f\x9b31m",
    "half \ud800 of a pair \udfff\ufffe\uffff",
    "\u202eabc\u2066def\u2028ghi\u2029\u200b\ufeff",
    "line one\nline two\r\nline three\tand a tab\x85\x0b\x0c",
    "m" * 3_000_000,
    "<" * 1_000_000,
)


def nasty_run(text: str) -> Run:
    """A run in which every text that can come from outside is this one."""
    name = text[:200_000]
    entries = said(
        (SetCallback(attached=True), Faulted(E_FAIL, text)),
        (DownloadTrack(7, text, 70, text, S_OK), OK),
        text,
    )
    broken = result("T1-DL-09", Verdict.FAIL, found(text, line=3))
    foreign = result(name, Verdict.FAIL, found(text), follows_from=name + "x")
    return a_run(
        broken,
        foreign,
        result("T1-DL-07", Verdict.WARN, found(text), follows_from="T1-DL-09"),
        result("T1-DL-08", Verdict.INCONCLUSIVE, found(text)),
        partner=text,
        distribution=text,
        profile=text,
        scenarios=(
            ScenarioRun(text, {broken.requirement: broken}, 1.0, transcript=text),
            ScenarioRun(text, {}, 1.0, text),
        ),
        counterexamples=(
            Counterexample("T1-DL-09", text, entries, 3, text, replay=text, test=text, calls=1),
        ),
        environment={"player-host": text, name: text},
        fixture={name: text},
    )
