"""`player-host conformance`: real plug-ins in processes, statuses, reports, and what goes wrong."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

SOUND = "sample_partners.zoo.base:Exhibit"
TWICE = "sample_partners.zoo.answers:SaysItTwice"
FIXTURE = """
tracks = [1, 2, 3]
refused = [9000]
albums = { 7 = [1, 2] }
"""
SHORT = ("--scenario", "one track")


@pytest.fixture
def fixture(tmp_path: Path) -> str:
    file = tmp_path / "conformance.toml"
    file.write_text("".join(f'["{name}"]{FIXTURE}' for name in (SOUND, TWICE)))
    return str(file)


@pytest.fixture(scope="module")
def report(program_at, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a partner that answers twice; nobody changes it."""
    folder = tmp_path_factory.mktemp("twice")
    (folder / "conformance.toml").write_text(f'["{TWICE}"]{FIXTURE}')
    words = ("--fixture", str(folder / "conformance.toml"), *SHORT)
    words = ("conformance", "run", TWICE, *words, "--report", str(folder / "report"))
    ended = program_at(folder / "home").run(*words)
    assert ended.status == 1
    return folder / "report"


def test_a_partner_that_conforms_ends_with_0(program, fixture):
    ended = program.run("conformance", "run", SOUND, "--fixture", fixture, *SHORT)
    assert ended.status == 0
    assert ended.out.splitlines()[0] == f"{SOUND}: PASS"
    assert "1/1 one track: pass" in ended.err


def test_the_report_for_programs_has_a_verdict_for_each_requirement(program, fixture):
    words = ("conformance", "run", SOUND, "--fixture", fixture, *SHORT, "--json")
    document = program.run(*words).document
    assert (document["partner"], document["verdict"]) == (SOUND, "pass")
    verdicts = {one["requirement"]: one["verdict"] for one in document["results"]}
    assert verdicts["T1-DL-07"] == "pass"
    assert verdicts["T1-INFO-01"] == "vacuous"


def test_a_broken_clause_ends_with_1_and_is_shown_with_its_shortest_conversation(program, fixture):
    ended = program.run("conformance", "run", TWICE, "--fixture", fixture, *SHORT)
    assert ended.status == 1
    assert "FAIL T1-DL-07" in ended.out
    (marked,) = (line for line in ended.out.splitlines() if line.startswith("  > "))
    assert "DownloadTrack(" in marked
    assert "3 calls of the Player" in ended.out


def test_a_report_has_a_file_for_everybody(report):
    names = {path.name for path in report.iterdir()}
    assert {"report.json", "junit.xml", "report.html", "transcripts"} <= names
    assert {"t1_dl_07.schedule.json", "test_t1_dl_07.py"} <= names
    assert json.loads((report / "report.json").read_text())["verdict"] == "fail"


def test_a_report_is_not_written_over(program, fixture, report):
    words = ("conformance", "run", SOUND, "--fixture", fixture, *SHORT, "--report", str(report))
    ended = program.run(*words)
    assert ended.status == 3
    assert "not empty" in ended.err


def test_a_counterexample_is_played_again(program, report):
    schedule = str(report / "t1_dl_07.schedule.json")
    broken = program.run("conformance", "replay", schedule, "--json")
    assert (broken.status, broken.document["outcome"]) == (1, "broken")
    fixed = program.run("conformance", "replay", schedule, "--partner", SOUND, "--json")
    assert (fixed.status, fixed.document["outcome"]) == (0, "fixed")
    words = ("--partner", SOUND, "--requirement", "T1-DL-08", "--json")
    other = program.run("conformance", "replay", schedule, *words)
    assert (other.status, other.document["outcome"]) == (2, "different")


def test_a_transcript_is_judged_again(program, report):
    transcripts = sorted((report / "transcripts").glob("*.jsonl"))
    ended = program.run("conformance", "judge", str(transcripts[0]), "--json")
    assert ended.status == 1
    verdicts = {one["requirement"]: one["verdict"] for one in ended.document["results"]}
    assert verdicts["T1-DL-07"] == "fail"


def test_a_transcript_that_was_cut_is_judged_as_far_as_it_goes(program, report, tmp_path):
    (transcript, *_) = sorted((report / "transcripts").glob("*.jsonl"))
    lines = transcript.read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(lines[:4]))
    ended = program.run("conformance", "judge", str(cut))
    assert ended.status == 2
    assert "no sound end" in ended.err


def test_a_transcript_that_was_edited_has_no_sound_end(program, report, tmp_path):
    (transcript, *_) = sorted((report / "transcripts").glob("*.jsonl"))
    edited = tmp_path / "edited.jsonl"
    edited.write_text(transcript.read_text().replace('"attached":true', '"attached": true'))
    assert "no sound end" in program.run("conformance", "judge", str(edited)).err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON\n", "no JSON"),
        ("{}\n", "no transcript"),
        (
            '{"header":{"format":"content-partner transcript","version":9}}\n',
            "version 9",
        ),
    ],
)
def test_what_is_no_transcript_is_said_to_be_none(program, tmp_path, text, words):
    file = tmp_path / "odd.jsonl"
    file.write_text(text)
    ended = program.run("conformance", "judge", str(file))
    assert ended.status == 3
    assert words in ended.err


def test_two_reports_are_compared(program, fixture, report, tmp_path):
    later = tmp_path / "later"
    words = ("conformance", "run", SOUND, "--fixture", fixture, *SHORT, "--report", str(later))
    assert program.run(*words).status == 0
    before, after = str(report / "report.json"), str(later / "report.json")
    better = program.run("conformance", "diff", before, after, "--json")
    assert better.status == 0
    assert "T1-DL-07" in {one["requirement"] for one in better.document["fixed"]}
    assert program.run("conformance", "diff", after, before).status == 1


def test_what_is_expected_to_fail_is_known_and_what_passes_unexpectedly_fails(
    program, fixture, tmp_path
):
    expected = tmp_path / "expected.toml"
    expected.write_text(f'["{TWICE}"]\nT1-DL-07 = "next release"\n')
    words = ("conformance", "run", TWICE, "--fixture", fixture, *SHORT, "--expected", str(expected))
    assert program.run(*words).status == 0
    expected.write_text(f'["{SOUND}"]\nT1-DL-07 = "next release"\n')
    words = ("conformance", "run", SOUND, "--fixture", fixture, *SHORT, "--expected", str(expected))
    ended = program.run(*words)
    assert ended.status == 1
    assert "UNEXPECTED PASS" in ended.out.upper()


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("-k", "no-such-clause"), 5, "no requirement"),
        (("--scenario", "nothing like it"), 5, "no scenario"),
        (("--level", "perhaps"), 3, "perhaps"),
        (("--fixture", "none.toml"), 3, "cannot be read"),
    ],
)
def test_an_empty_selection_is_5_and_a_wrong_word_is_3(program, fixture, words, status, told):
    chosen = words if "--fixture" in words else ("--fixture", fixture, *words)
    ended = program.run("conformance", "run", SOUND, *chosen)
    assert ended.status == status
    assert told in ended.err


def test_a_partner_without_a_catalogue_or_a_fixture_is_told_what_to_do(program):
    ended = program.run("conformance", "run", SOUND)
    assert ended.status == 5
    assert "conformance.toml" in ended.err


@pytest.mark.parametrize(
    ("name", "status"),
    [("nobody", 3), ("sample_partners.zoo.base:Nobody", 1)],
)
def test_a_partner_that_cannot_be_loaded_is_no_verdict(program, fixture, name, status):
    ended = program.run("conformance", "run", name)
    assert ended.status == status
    assert "FAIL" not in ended.out


def test_the_zoo_is_scored(program):
    ended = program.run("conformance", "mutants", "SaysItTwice", *SHORT, "--json")
    assert ended.status == 0
    assert (ended.document["found"], ended.document["broken"]) == (1, 1)
