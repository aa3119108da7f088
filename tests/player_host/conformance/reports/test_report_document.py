"""The report for programs: a document and its run say the same; only sound ones are read."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from report_runs import (
    NASTY,
    OK,
    WRONG_COOKIE,
    a_run,
    every_verdict,
    found,
    judged_run,
    loose,
    nasty_run,
    said,
)
from report_runs import result as result_of

from partner_api.calls import Download, DownloadTrack, Faulted, Malformed, SetCallback
from partner_api.hresult import E_FAIL, S_OK
from player_host.conformance.reports import document
from player_host.conformance.reports.document import (
    document_schema,
    run_from_data,
    run_from_text,
    run_to_data,
    run_to_text,
)
from player_host.conformance.reports.entries import MAX_CONVERSATION_BYTES, MAX_ENTRY_BYTES
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.verdicts import Outcome, Verdict
from player_host.errors import PlayerHostError
from player_host.transcript import Called, Returned

SCHEMA = document_schema()
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "conformance-report.md"
READER = Draft202012Validator(SCHEMA)


def again(run: Run) -> Run:
    return run_from_text(run_to_text(run), where="report.json")


def test_each_result_has_a_line_of_its_own() -> None:
    run = every_verdict()
    lines = run_to_text(run).splitlines()
    assert len([line for line in lines if line.startswith(' {"requirement"')]) == 11 + 1
    assert json.loads("".join(lines)) == run_to_data(run)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_names_every_verdict_and_every_outcome() -> None:
    definitions = SCHEMA["$defs"]
    assert set(definitions["verdict"]["enum"]) == set(Verdict)
    assert set(definitions["finding"]["properties"]["outcome"]["enum"]) == set(Outcome)


def test_the_reference_names_every_key_and_every_verdict() -> None:
    text = PAGE.read_text("utf-8")
    parts = (SCHEMA, *(part for part in SCHEMA["$defs"].values() if "required" in part))
    keys = {key for part in parts for key in part["properties"]}
    assert {word for word in (*keys, *Verdict, *Outcome) if f"`{word}`" not in text} == set()


def test_the_bounds_of_the_schema_are_those_of_the_code() -> None:
    whole, parts = SCHEMA["properties"], SCHEMA["$defs"]
    assert whole["results"]["maxItems"] == document.MAX_RESULTS
    assert whole["scenarios"]["maxItems"] == document.MAX_SCENARIOS
    assert whole["counterexamples"]["maxItems"] == document.MAX_COUNTEREXAMPLES
    assert parts["name"]["maxLength"] == document.NAME_CHARACTERS
    assert parts["sentence"]["maxLength"] == document.SENTENCE_CHARACTERS
    assert parts["settings"]["maxProperties"] == document.MAX_SETTINGS
    assert parts["result"]["properties"]["findings"]["maxItems"] == document.MOST_FINDINGS
    example = parts["counterexample"]["properties"]
    assert example["test"]["maxLength"] == document.MAX_FILE_CHARACTERS
    assert example["entries"]["maxItems"] == document.MAX_ENTRIES


def test_a_run_reads_back_from_its_document() -> None:
    run = every_verdict()
    read = again(run)
    assert read.results == run.results
    assert list(read.results) == list(run.results)
    assert read.counterexamples == run.counterexamples
    assert evolve(read, scenarios=()) == evolve(run, scenarios=())
    assert [one.problem for one in read.scenarios] == ["", "the store did not start"]


def test_of_a_scenario_the_verdicts_are_kept() -> None:
    run = a_run(
        result_of("T1-DL-09", Verdict.FAIL, found("x")), result_of("T1-DL-06", Verdict.PASS)
    )
    (scenario,) = again(run).scenarios
    assert {name: one.verdict for name, one in scenario.results.items()} == {
        "T1-DL-09": Verdict.FAIL,
        "T1-DL-06": Verdict.PASS,
    }


def test_a_document_fits_the_schema(tmp_path: Path) -> None:
    for run in (every_verdict(), judged_run(tmp_path), a_run()):
        READER.validate(json.loads(run_to_text(run)))


@pytest.mark.requirement("T1-DL-17", "T1-DL-07")
def test_what_was_judged_from_a_transcript_reads_back(tmp_path: Path) -> None:
    run = judged_run(tmp_path)
    read = again(run)
    assert read.results == run.results
    assert [one.entries for one in read.counterexamples] == [
        one.entries for one in run.counterexamples
    ]


def test_a_requirement_says_its_clause_and_its_level() -> None:
    (one,) = run_to_data(a_run(result_of("T1-DL-09", Verdict.PASS)))["results"]
    assert (one["requirement"], one["verdict"], one["level"]) == ("T1-DL-09", "pass", "must")
    assert one["text"].startswith("Every answer carries the cookie")


def test_a_requirement_of_another_version_is_read_and_written() -> None:
    run = a_run(result_of("T1-ZZ-99", Verdict.PASS))
    assert again(again(run)).results == run.results


@pytest.mark.parametrize("nasty", NASTY, ids=lambda text: ascii(text[:12]))
def test_nothing_foreign_breaks_a_document(nasty: str) -> None:
    text = run_to_text(nasty_run(nasty))
    assert text.isascii()
    assert len(text) < 6_000_000
    READER.validate(json.loads(text))
    run_from_text(text, where="report.json")


@given(text=st.text(st.characters(), max_size=50))
@settings(max_examples=50, deadline=None)
def test_texts_read_back_but_for_halves_of_a_surrogate_pair(text: str) -> None:
    run = again(a_run(result_of("T1-DL-09", Verdict.FAIL, found(text)), profile=text))
    plain = text.encode("utf-8", "backslashreplace").decode()
    assert run.profile == plain[: document.NAME_CHARACTERS]
    assert run.results["T1-DL-09"].findings[0].what == plain


def test_params_keep_their_code_units() -> None:
    entries = said((DownloadTrack(7, None, 70, "a\0\ud800é", S_OK), OK))
    example = evolve(WRONG_COOKIE, entries=entries)
    run = a_run(result_of("T1-DL-09", Verdict.FAIL, found("x")), counterexamples=(example,))
    assert again(run).counterexamples == (example,)


def test_a_record_that_is_too_large_is_replaced_by_one_that_says_so() -> None:
    large = "x" * (MAX_ENTRY_BYTES + 1)
    entries = said((DownloadTrack(7, None, 70, large, S_OK), Faulted(E_FAIL, large)), large)
    run = a_run(counterexamples=(evolve(WRONG_COOKIE, entries=entries),))
    called, returned, lost = again(run).counterexamples[0].entries
    assert isinstance(called, Called)
    assert isinstance(called.call, Malformed)
    assert called.call.called == "DownloadTrack"
    assert isinstance(returned, Returned)
    assert returned.returned.hr == E_FAIL
    assert "do not fit" in str(lost)


def test_of_a_conversation_that_is_too_long_the_offending_line_is_kept() -> None:
    big = SetCallback(attached=True), Faulted(E_FAIL, "x" * 100_000)
    entries = said(*[big] * 100)
    run = a_run(counterexamples=(evolve(WRONG_COOKIE, entries=entries, line=150),))
    text = run_to_text(run)
    kept = [entry.number for entry in again(run).counterexamples[0].entries]
    assert len(text) < 2 * MAX_CONVERSATION_BYTES
    assert kept == list(range(kept[0], 151))


def test_a_schedule_that_is_too_long_is_left_out_whole() -> None:
    example = evolve(WRONG_COOKIE, replay="[" + "1," * 200_000 + "1]")
    (read,) = again(a_run(counterexamples=(example,))).counterexamples
    assert (read.replay, read.test) == ("", WRONG_COOKIE.test)


def test_of_too_many_scenarios_those_that_say_nothing_are_kept() -> None:
    sound = [ScenarioRun(f"s{i}", {}) for i in range(document.MAX_SCENARIOS)]
    run = a_run(scenarios=(*sound, ScenarioRun("last", {}, 0.0, "it failed")))
    kept = again(run).scenarios
    assert len(kept) == document.MAX_SCENARIOS
    assert kept[-1].problem == "it failed"


# --- foreign documents ---------------------------------------------------------------------------

SOUND = run_to_data(
    a_run(
        result_of("T1-DL-09", Verdict.FAIL, found("x", cookie=8)),
        counterexamples=(evolve(WRONG_COOKIE, entries=said((Download(loose(1), 7), OK), "gone")),),
    )
)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "JSON was expected"),
        ("{", "JSON was expected"),
        ("[" * 100_000, "JSON was expected"),
        ("9" * 10_000, "JSON was expected"),
        ('{"seconds": NaN}', "NaN is no number"),
        ("[]", "an object was expected, not a list"),
        ("null", "an object was expected, not null"),
        ("{}", "the key is missing"),
        ('{"format": "transcript"}', '"content-partner conformance report" was expected'),
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_report_is_refused_with_the_reason(text: str, what: str) -> None:
    with pytest.raises(PlayerHostError, match=what) as caught:
        run_from_text(text, where="mine.json")
    assert caught.value.where.startswith("mine.json")


def test_a_document_that_is_too_long_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("player_host.conformance.reports.reading.MAX_DOCUMENT_BYTES", 10)
    with pytest.raises(PlayerHostError, match="at most 10 bytes"):
        run_from_text("x" * 11, where="mine.json")


@pytest.mark.parametrize(
    ("path", "value", "where", "what"),
    [
        ("version", 2, "version", "version 1 was expected"),
        ("partner", None, "partner", "a text was expected, not null"),
        ("partner", "x" * 121, "partner", "a text of at most 120 characters"),
        ("seed", 1.5, "seed", "a whole number was expected, not a number"),
        ("seed", True, "seed", "a whole number was expected, not true or false"),
        ("seed", 2**63, "seed", "was expected"),
        ("seconds", -1, "seconds", "a number of seconds from 0"),
        ("seconds", 10**400, "seconds", "a number of seconds from 0"),
        ("seconds", float("nan"), "seconds", "a number of seconds from 0"),
        ("started_at", "yesterday", "started_at", "a date and time of ISO 8601"),
        ("started_at", "2026-03-01T12:00:00", "started_at", "with its zone"),
        ("results", {}, "results", "a list was expected, not an object"),
        ("results", [{}] * 1_001, "results", "a list of at most 1000 was expected; it has 1001"),
        ("results.0.verdict", "good", "results[0].verdict", "one of pass, fail"),
        ("results.0.chances", -1, "results[0].chances", "a number of 0 to"),
        ("results.0.findings.0.outcome", 1, "results[0].findings[0].outcome", "a text was"),
        ("scenarios.0.verdicts", [], "scenarios[0].verdicts", "an object was expected"),
        (
            "counterexamples.0.entries.0.args",
            7,
            "counterexamples[0].entries[0]",
            "it is no call, no return and no loss",
        ),
        (
            "counterexamples.0.entries.0.call",
            "No",
            "counterexamples[0].entries[0]",
            "it is no call",
        ),
        (
            "counterexamples.0.entries.1.of",
            None,
            "counterexamples[0].entries[1]",
            "a number from 0",
        ),
        ("environment", {"a\x1b": 7}, r"environment.a\x1b", "a text was expected, not a number"),
        ("environment", {str(i): "" for i in range(201)}, "environment", "at most 200 keys"),
    ],
    ids=ascii,
)
def test_each_error_names_the_file_the_key_and_what_was_expected(
    path: str, value: Any, where: str, what: str
) -> None:
    data = changed(SOUND, path, value)
    with pytest.raises(PlayerHostError) as caught:
        run_from_data(data, where="mine.json")
    assert caught.value.where == f"mine.json: {where}"
    assert what in caught.value.what


def test_a_requirement_stands_in_a_document_once() -> None:
    data = json.loads(json.dumps(SOUND))
    data["results"] *= 2
    with pytest.raises(PlayerHostError, match="stands here once") as caught:
        run_from_data(data)
    assert caught.value.where == "report: results[1].requirement"


def test_further_keys_are_passed_over() -> None:
    data = changed(SOUND, "later", {"more": 1})
    data["results"][0]["later"] = []
    assert run_from_data(data).partner == "contoso"


JUNK: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "pass", "x" * 601, [], [1], {}, {"a": 1})
DERIVED = {"verdict", "level", "provenance", "text"}
"""What the code works out anew; of the `verdict` of a result there is a case above."""


def test_schema_and_code_agree_about_tampered_documents() -> None:
    """But for what only the alphabet can say: the records of a conversation."""
    count = 0
    for path, value in tampered():
        data = changed(SOUND, path, value)
        assert READER.is_valid(data) == code_takes(data), (path, value)
        count += 1
    assert count > 400


def tampered() -> Iterator[tuple[str, Any]]:
    for path in paths(SOUND):
        last = path.rpartition(".")[2]
        if last in DERIVED or "args" in path or "values" in path or last == "started_at":
            continue
        if last in {"call", "return"}:
            continue
        for value in JUNK:
            yield path, value


def paths(data: Any, above: str = "") -> Iterator[str]:
    inner = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in inner:
        yield f"{above}{key}"
        if isinstance(value, dict | list):
            yield from paths(value, f"{above}{key}.")


def changed(data: Any, path: str, value: Any) -> Any:
    copy = json.loads(json.dumps(data))
    holder = copy
    *above, last = path.split(".")
    for key in above:
        holder = holder[int(key)] if isinstance(holder, list) else holder[key]
    holder[int(last) if isinstance(holder, list) else last] = value
    return copy


def code_takes(data: Any) -> bool:
    try:
        run_from_data(data)
    except PlayerHostError:
        return False
    return True
