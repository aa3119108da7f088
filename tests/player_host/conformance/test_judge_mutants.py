"""The judge, judged: it is silent about sound conversations, and notices what one edit breaks.

`benchmarks/judge_mutants.py` makes every edit; here stands what takes seconds.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api import transaction
from partner_api.transaction import TRACK_TABLE, TrackEvent, TrackState
from player_host.conformance.judge import judge
from player_host.conformance.reader import read_conversation
from player_host.conformance.verdicts import Verdict
from player_host.transcript import Transcript, read_transcript

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "judge-score.md"
RECORDED = Path(__file__).with_name("recorded")
FILES = sorted(RECORDED.glob("*.jsonl"))
TRANSCRIPTS = {file.stem: read_transcript(file) for file in FILES}
SILENT = {Verdict.PASS, Verdict.VACUOUS}
EVERY_RECORDING = pytest.mark.parametrize("name", TRANSCRIPTS)


def load_benchmark() -> ModuleType:
    name, path = "judge_mutants", ROOT / "benchmarks" / "judge_mutants.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # attrs looks for the module of a class there
    spec.loader.exec_module(module)
    return module


MUTANTS = load_benchmark()
ALBUM = MUTANTS.Recording("album", TRANSCRIPTS["album"])


def made_of_the_album(edit: Callable[[Any], Iterator[Any]]) -> list[Any]:
    return list(edit(ALBUM))


def judged(transcript: Transcript) -> Any:
    return judge(transcript), [
        (breach.line, breach.violation) for breach in read_conversation(transcript).player_breaches
    ]


@EVERY_RECORDING
def test_nothing_is_said_against_a_recorded_conversation(name: str) -> None:
    results, breaches = judged(TRANSCRIPTS[name])
    assert {n: r.verdict for n, r in results.items() if r.verdict not in SILENT} == {}
    assert breaches == []
    assert TRANSCRIPTS[name].complete


@EVERY_RECORDING
def test_a_recording_names_no_folder_of_the_machine_that_made_it(name: str) -> None:
    text = (RECORDED / f"{name}.jsonl").read_text("utf-8")
    assert str(Path.home()) not in text
    assert "/tmp" not in text


@EVERY_RECORDING
def test_a_conversation_is_judged_the_same_each_time(name: str) -> None:
    assert judged(TRANSCRIPTS[name]) == judged(read_transcript(RECORDED / f"{name}.jsonl"))


@pytest.mark.parametrize(
    "edit", [MUTANTS.left_out, MUTANTS.repeated], ids=lambda edit: edit.__name__
)
def test_what_one_edit_breaks_is_noticed_or_a_rule_says_that_nothing_is_broken(edit: Any) -> None:
    for mutant in made_of_the_album(edit):
        is_silent = MUTANTS.said_of(mutant.transcript).is_clean
        is_sound = any(rule.fits(mutant) for rule in MUTANTS.SOUND)
        is_known = any(gap.fits(mutant) for gap in MUTANTS.GAPS)
        assert is_silent == is_sound or (is_silent and is_known), str(mutant)


def test_every_answer_and_every_licence_that_is_left_out_is_noticed() -> None:
    owed = {"DownloadTrack", "Predeliver", "Download"}
    edited = [m for m in made_of_the_album(MUTANTS.left_out) if type(m.call).__name__ in owed]
    assert len(edited) == 9
    assert all(MUTANTS.said_of(m.transcript).against for m in edited)


def test_every_answer_and_every_completion_that_is_repeated_is_noticed() -> None:
    once = {"DownloadTrack", "DownloadTrackComplete", "Download"}
    edited = [m for m in made_of_the_album(MUTANTS.repeated) if type(m.call).__name__ in once]
    assert len(edited) == 9
    assert not any(MUTANTS.said_of(m.transcript).is_clean for m in edited)


def test_the_page_shows_the_score_of_today() -> None:
    scores = MUTANTS.score_conversations(seed=0)
    shown = "\n".join(MUTANTS.told("edits of conversations", scores))
    assert f"```\n{shown}\n```" in PAGE.read_text("utf-8"), (
        "paste what benchmarks/judge_mutants.py prints"
    )
    assert all(score.is_explained for score in scores.values())


def test_an_edited_table_is_told_apart_and_the_table_is_as_before() -> None:
    cell = (TrackState.UNANSWERED, TrackEvent.GRANTED)
    before = TRACK_TABLE[cell]
    refused = evolve(before, next=TrackState.REFUSED)
    edit = MUTANTS.CellEdit("TRACK_TABLE", cell, "next", before, refused, is_read=True)
    said, read = MUTANTS.cells_read(ALBUM)
    assert ("TRACK_TABLE", cell) in read
    assert MUTANTS.effect_of(edit, [(ALBUM, said)]) == "noticed"
    assert transaction.TRACK_TABLE is TRACK_TABLE
    assert TRACK_TABLE[cell] is before
    assert MUTANTS.said_of(ALBUM.transcript) == said


@settings(deadline=None)
@given(data=st.data())
def test_any_part_of_a_conversation_can_be_judged(data: st.DataObject) -> None:
    whole = TRANSCRIPTS[data.draw(st.sampled_from(sorted(TRANSCRIPTS)))]
    kept = data.draw(
        st.lists(st.booleans(), min_size=len(whole.entries), max_size=len(whole.entries))
    )
    part = tuple(entry for entry, is_kept in zip(whole.entries, kept, strict=True) if is_kept)
    transcript = Transcript(whole.header, part, data.draw(st.booleans()))
    results, _ = judged(transcript)
    assert results.keys() == judge(whole).keys()
    assert judged(transcript)[0] == results


@settings(deadline=None)
@given(data=st.data())
def test_entries_in_any_order_can_be_judged(data: st.DataObject) -> None:
    whole = TRANSCRIPTS["mixed"]
    shuffled = tuple(data.draw(st.permutations(whole.entries)))
    results, _ = judged(Transcript(whole.header, shuffled, complete=True))
    assert results.keys() == judge(whole).keys()
