"""What the kit says to bad input: a clear message, a status, and never a verdict that is not so.

Each plug-in stands in its test; the files that are judged and compared are made beside it.
"""

import json
import os
import signal
import textwrap
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from partner_api import calls
from partner_api.calls import Call, Return
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import TransactionType
from partner_api.hresult import E_INVALIDARG, S_OK
from partner_api.licensing import License, Right
from player_host.clock import SystemClock
from player_host.conformance.reports.document import run_to_text
from player_host.conformance.runs import Run
from player_host.conformance.schedule import (
    Attach,
    AwaitAnswers,
    Detach,
    Request,
    Schedule,
    schedule_to_text,
)
from player_host.transcript import TranscriptWriter

pytestmark = pytest.mark.long

MIB = 1024 * 1024
NAME = "shop_under_test:Shop"
TRACKS = ContentContainerList(
    TransactionType.DOWNLOAD, (ContentContainer.loose((ContentItem(1),)),)
)
ONE_TRACK = ("--scenario", "one track")
SOUND = "class Shop(Exhibit): pass\n"
HEAD = """
import os, time
from attrs import frozen
from partner_api import HRESULT
from sample_partners.zoo.base import Exhibit
"""


@frozen
class Kit:
    """`player-host conformance` with a plug-in that the test wrote."""

    program: Any
    folder: Path

    def shop(self, text: str, *, host: str = "", settings: str = "") -> None:
        """Write the module of the plug-in, and what partners.toml says of it."""
        (self.folder / "shop_under_test.py").write_text(HEAD + textwrap.dedent(text), "utf-8")
        home: Path = self.program.home
        home.mkdir(exist_ok=True)
        tables = f'["{NAME}".host]\n{host}\n["{NAME}".settings]\n{settings}\n'
        (home / "partners.toml").write_text(tables, "utf-8")

    def proseware(self, url: str) -> None:
        """Say in partners.toml where the store is."""
        home: Path = self.program.home
        home.mkdir(exist_ok=True)
        lines = ("host]", 'network = "loopback"', "[proseware.settings]", f'store_url = "{url}"')
        text = "\n".join((*lines, 'account = "demo"', 'password = "demo"'))
        (home / "partners.toml").write_text(f"[proseware.{text}\n", "utf-8")

    def fixture(self, text: str = "tracks = [1, 2]") -> tuple[str, str]:
        path = self.folder / "conformance.toml"
        path.write_text(f'["{NAME}"]\n{text}\n', "utf-8")
        return ("--fixture", str(path))

    def run(self, *words: str) -> Any:
        return self.program.run("conformance", *words, PYTHONPATH=str(self.folder))

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)


@pytest.fixture
def kit(empty_home, tmp_path: Path) -> Kit:
    return Kit(empty_home, tmp_path)


def says_nothing_of_the_partner(ended: Any) -> bool:
    """Whether no verdict was given: nothing that a script or a person could take for one."""
    return not ended.out and "error: " in ended.err and "fault of player-host" not in ended.err


# --- plug-ins that do not come so far -------------------------------------------------------------


@pytest.mark.parametrize(
    ("shop", "host", "told"),
    [
        ("raise RuntimeError('no such server')", "", "RuntimeError: no such server"),
        ("def Shop(): pass", "", "no subclass of partner_api.ContentPartner"),
        ("time.sleep(600)", "load_deadline = 0.5", "not imported within 0.5 s"),
        (
            """
            class Shop(Exhibit):
                def __init__(self, context):
                    raise ValueError("no such account")
            """,
            "",
            "making the plug-in failed: ValueError: no such account",
        ),
        (
            """
            class Shop(Exhibit):
                def __init__(self, context):
                    os._exit(7)
            """,
            "",
            "exit status 7 (while the plug-in was made)",
        ),
        (
            """
            class Shop(Exhibit):
                def __init__(self, context):
                    self.much = [bytes(2**24) for _ in range(2**20)]
            """,
            "memory_limit_mib = 300",
            "making the plug-in failed: MemoryError",
        ),
    ],
    ids=["import fails", "no partner", "import hangs", "init fails", "init exits", "init eats"],
)
def test_a_plug_in_that_cannot_be_started_is_told_and_gets_no_verdict(kit, shop, host, told):
    kit.shop(shop, host=host)
    ended = kit.run("run", NAME, *kit.fixture(), *ONE_TRACK)
    assert ended.status == 1
    assert told in ended.err
    assert says_nothing_of_the_partner(ended)


def test_wrong_settings_are_told_with_their_file_and_key(kit):
    kit.shop(SOUND, settings='acount = "ann"')
    ended = kit.run("run", NAME, *kit.fixture(), *ONE_TRACK)
    assert ended.status == 3
    assert "unknown key acount" in ended.err
    assert "partners.toml" in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_plug_in_that_hangs_at_its_start_breaks_the_clause_about_calls_that_return(kit):
    kit.shop(
        """
        class Shop(Exhibit):
            def SetCallback(self, callback):
                time.sleep(600)
        """,
        host="call_deadline = 0.5",
    )
    schedule = kit.file("start.json", schedule_to_text(Schedule("start", (Attach(), Detach()))))
    ended = kit.run("replay", schedule, "--partner", NAME, "--requirement", "T1-LIFE-07")
    assert ended.status == 1
    assert "T1-LIFE-07 BROKEN" in ended.out
    assert "did not return within 0.5 s" in ended.out


# --- what a run is told to do ---------------------------------------------------------------------


def test_a_plug_in_that_cannot_be_started_is_told_once_whatever_is_selected(kit):
    kit.shop("class Shop(Exhibit):\n    def __init__(self, context): raise ValueError('no shop')")
    ended = kit.run("run", NAME, *kit.fixture(), "-k", "T1-DL")
    assert ended.status == 1
    assert ended.err.count("no shop") == 1
    assert says_nothing_of_the_partner(ended)


# --- offers and catalogues that say nothing -------------------------------------------------------

SELLS_NOTHING = """
class Shop(Exhibit):
    def refusal_for_anybody(self, track_id):
        return HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
"""


def test_a_partner_that_grants_nothing_of_what_it_should_is_inconclusive(kit):
    kit.shop(SELLS_NOTHING)
    ended = kit.run("run", NAME, *kit.fixture("tracks = [1, 2, 3]"), "--scenario", "loose tracks")
    assert ended.status == 2
    assert "none of 3 tracks of" in ended.out
    assert "was granted: 1 was refused with NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE" in ended.out


def test_a_partner_that_is_only_asked_for_what_it_refuses_conforms(kit):
    kit.shop(SELLS_NOTHING)
    ended = kit.run("run", NAME, *kit.fixture("refused = [1, 2]"), "--scenario", "loose tracks")
    assert ended.status == 0


def test_a_store_that_is_down_is_no_verdict_about_its_plug_in(kit):
    kit.proseware("http://127.0.0.1:9")
    ended = kit.run("run", "proseware", *ONE_TRACK)
    assert ended.status == 1
    assert "asked for its catalogue: " in ended.err
    assert "store is up" in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_store_that_is_down_is_inconclusive_where_a_fixture_says_what_to_ask_for(kit):
    kit.proseware("http://127.0.0.1:9")
    fixture = kit.file("conformance.toml", "[proseware]\ntracks = [701, 702]\n")
    ended = kit.run("run", "proseware", "--fixture", fixture, "--scenario", "loose tracks")
    assert ended.status == 2
    assert "none of 2 tracks of" in ended.out
    assert "catalogue: it was asked for its catalogue" in ended.out


def test_a_plug_in_that_dies_when_it_is_asked_for_its_catalogue_is_told(kit):
    kit.shop("class Shop(Exhibit):\n    def GetCatalogURL(self, *words): os._exit(7)")
    ended = kit.run("run", NAME, *ONE_TRACK)
    assert ended.status == 1
    assert "exit status 7" in ended.err
    assert says_nothing_of_the_partner(ended)


@pytest.mark.parametrize("jobs", ["0", "-3", "many"])
def test_a_number_of_jobs_that_makes_no_sense_is_wrong_usage(kit, jobs):
    kit.shop(SOUND)
    ended = kit.run("run", NAME, *kit.fixture(), "--jobs", jobs)
    assert ended.status == 3
    assert "--jobs" in ended.err


def test_a_report_that_cannot_be_written_is_told_before_anything_is_played(kit):
    kit.shop(SOUND)
    below_a_file = Path(kit.file("report", "a file")) / "below"
    ended = kit.run("run", NAME, *kit.fixture(), *ONE_TRACK, "--report", str(below_a_file))
    assert ended.status == 4
    assert str(below_a_file) in ended.err
    assert "1/1" not in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_run_that_never_began_leaves_the_folder_of_its_report_to_the_next_one(kit):
    kit.shop("raise RuntimeError('no such server')")
    words = ("run", NAME, *kit.fixture(), *ONE_TRACK, "-k", "T1-DL-07")
    report = kit.folder / "report"
    assert kit.run(*words, "--report", str(report)).status == 1
    assert not report.exists()
    kit.shop(SOUND)
    assert kit.run(*words, "--report", str(report)).status == 0
    assert (report / "report.json").exists()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_ctrl_c_ends_a_run_with_130_and_neither_verdict_nor_report(kit):
    kit.shop(
        """
        class Shop(Exhibit):
            def __init__(self, context):
                super().__init__(context)
                with open(os.environ["PIDS"], "a") as pids:
                    print(os.getpid(), file=pids, flush=True)
        """
    )
    pids, report = kit.folder / "pids", kit.folder / "report"
    words = ("conformance", "run", NAME, *kit.fixture(), "--report", str(report))
    variables = {"PYTHONPATH": str(kit.folder), "PIDS": str(pids)}
    with kit.program.start(*words, **variables) as process:
        assert "1/" in next(line for line in process.stderr if line.startswith("1/"))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert not report.exists()
    assert not any(map(is_running, map(int, pids.read_text().split())))


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_plug_in_that_hangs_does_not_hold_up_whoever_interrupts(kit, which):
    kit.shop(
        """
        class Shop(Exhibit):
            def Download(self, container_list, cookie):
                with open(os.environ["PIDS"], "a") as pids:
                    print(os.getpid(), file=pids, flush=True)
                time.sleep(600)
        """,
        host="call_deadline = 500.0",
    )
    pids, scratch = kit.folder / "pids", kit.folder / "scratch"
    scratch.mkdir()
    words = ("conformance", "run", NAME, *kit.fixture(), *ONE_TRACK)
    variables = {"PYTHONPATH": str(kit.folder), "PIDS": str(pids), "TMPDIR": str(scratch)}
    with kit.program.start(*words, **variables) as process:
        wait_until(lambda: pids.exists() and pids.read_text().endswith("\n"))
        process.send_signal(which)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "1/1" not in out + err
    assert not any(map(is_running, map(int, pids.read_text().split())))
    assert not any(scratch.iterdir())


def wait_until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- transcripts ----------------------------------------------------------------------------------

STARTED = (calls.SetCallback(attached=True), Return(S_OK))
REQUESTED = (calls.Download(TRACKS, 7), Return(S_OK))
LICENSED = (calls.Predeliver(License(1, None, frozenset({Right.PLAY}))), Return(S_OK))
GRANTED = (calls.DownloadTrack(7, "http://s/1.mp3", 1, "p", S_OK), Return(S_OK))
ENDED = (calls.SetCallback(attached=False), Return(S_OK))
WHOLE = (STARTED, REQUESTED, LICENSED, GRANTED, ENDED)
TWICE = (*WHOLE[:4], (GRANTED[0], Return(E_INVALIDARG)), ENDED)


def transcript(path: Path, exchanges: Iterable[tuple[Call, Return]] = WHOLE) -> list[str]:
    """Write a transcript; return its lines: the header, ten entries of `WHOLE`, the footer."""
    facts = {"fresh_licenses": True, "silence_deadline": 5.0}
    writer = TranscriptWriter(
        path, partner="contoso", session_id=1, clock=SystemClock(), facts=facts
    )
    for call, returned in exchanges:
        writer.returned(writer.called(call), returned)
    writer.close()
    return path.read_text("utf-8").splitlines(keepends=True)


def changed(lines: list[str]) -> str:
    return "".join(lines).replace("http://s/1.mp3", "http://s/2.mp3")


def with_more_behind_its_end(lines: list[str]) -> str:
    return "".join((*lines, lines[1]))


def with_the_end_of_a_call_that_nobody_made(lines: list[str]) -> str:
    return "".join(lines[:10]).replace('"of":7', '"of":99')


def without_a_line_in_the_middle(lines: list[str]) -> str:
    return "".join((*lines[:3], *lines[5:-1]))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (changed, "the digest does not fit"),
        (with_more_behind_its_end, "something follows it"),
        (with_the_end_of_a_call_that_nobody_made, "ends call 99, which is not under way"),
        (without_a_line_in_the_middle, "entry 5 stands where entry 3 belongs"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_transcript_that_was_changed_is_not_judged(
    kit, edit: Callable[[list[str]], str], told: str
):
    edited = kit.file("edited.jsonl", edit(transcript(kit.folder / "whole.jsonl", TWICE)))
    ended = kit.run("judge", edited)
    assert ended.status == 3
    assert "was changed after it was written" in ended.err
    assert told in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_transcript_that_was_cut_is_inconclusive_and_its_report_says_why(kit):
    lines = transcript(kit.folder / "whole.jsonl")
    ended = kit.run("judge", kit.file("cut.jsonl", "".join(lines[:9]) + lines[9][:20]), "--json")
    assert ended.status == 2
    assert ended.document["verdict"] == "inconclusive"
    assert "no sound end" in ended.document["scenarios"][0]["problem"]
    verdicts = {one["verdict"] for one in ended.document["results"]}
    assert "pass" in verdicts
    assert not verdicts & {"fail", "warn"}


def test_what_was_broken_before_the_cut_is_still_told(kit):
    lines = transcript(kit.folder / "whole.jsonl", TWICE)
    ended = kit.run("judge", kit.file("cut.jsonl", "".join(lines[:11])))
    assert ended.status == 1
    assert "FAIL T1-DL-07" in ended.out


@pytest.mark.requirement("T1-DL-22")
def test_a_player_that_breaks_a_clause_is_named_and_the_partner_is_not_judged(kit):
    wrong = (calls.DownloadTrackComplete(S_OK, 1, "not what it gave"), Return(S_OK))
    transcript(kit.folder / "whole.jsonl", (*TWICE[:-1], wrong, ENDED))
    ended = kit.run("judge", str(kit.folder / "whole.jsonl"))
    assert ended.status == 2
    assert "its Player broke T1-DL-22 at line 11" in ended.out
    assert "FAIL" not in ended.out


def test_a_session_that_completes_what_an_earlier_one_ordered_is_held_against_nobody(kit):
    path = kit.folder / "resumed.jsonl"
    writer = TranscriptWriter(path, partner="contoso", session_id=2, clock=SystemClock())
    completion = calls.DownloadTrackComplete(S_OK, 1, "p")
    session = ((STARTED, None), ((completion, Return(S_OK)), 1), (ENDED, None))
    for (call, returned), chain in session:
        writer.returned(writer.called(call, chain=chain), returned)
    writer.close()
    ended = kit.run("judge", str(path))
    assert ended.status == 0
    assert ended.out.startswith("contoso: PASS")


def test_a_transcript_of_a_gigabyte_is_refused_unread(kit):
    path = kit.folder / "long.jsonl"
    transcript(path)
    os.truncate(path, 1024 * MIB)
    ended = kit.run("judge", str(path))
    assert ended.status == 3
    assert "longer than 256 MiB" in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_line_of_a_hundred_megabytes_is_refused_with_its_number(kit):
    path = kit.folder / "wide.jsonl"
    path.write_text("".join(transcript(kit.folder / "whole.jsonl")[:3]), "utf-8")
    os.truncate(path, 100 * MIB)
    ended = kit.run("judge", str(path))
    assert ended.status == 3
    assert "longer than 32 MiB" in ended.err
    assert "line 4" in ended.err
    assert says_nothing_of_the_partner(ended)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no transcript"),
        (bytes(range(256)) * 40, "no JSON"),
        ("\ufeff{}\n".encode("utf-16"), "no JSON"),
        (b"[" * 100_000 + b"\n", "no JSON"),
    ],
    ids=["empty", "junk", "UTF-16", "deep"],
)
def test_what_is_no_transcript_at_all_gets_no_verdict(kit, content, told):
    ended = kit.run("judge", kit.file("odd.jsonl", content))
    assert ended.status == 3
    assert told in ended.err
    assert says_nothing_of_the_partner(ended)


# --- schedules ------------------------------------------------------------------------------------

SCHEDULE = Schedule("one track", (Attach(), Request(1, TRACKS), AwaitAnswers(1), Detach()))


@pytest.mark.parametrize(
    ("shop", "status", "outcome"),
    [
        (
            """
            class Shop(Exhibit):
                def grant(self, order, track_id):
                    super().grant(order, track_id)
                    return super().grant(order, track_id)
            """,
            1,
            "BROKEN",
        ),
        (SOUND, 0, "FIXED"),
        (
            """
            class Shop(Exhibit):
                def Download(self, container_list, cookie):
                    return 0x80004005
            """,
            2,
            "DIFFERENT",
        ),
    ],
    ids=["twice", "once", "refused as a whole"],
)
@pytest.mark.requirement("T1-DL-07")
def test_a_replay_says_whether_the_partner_still_behaves_so(kit, shop, status, outcome):
    kit.shop(shop)
    file = kit.file("twice.schedule.json", schedule_to_text(SCHEDULE))
    ended = kit.run("replay", file, "--partner", NAME, "--requirement", "T1-DL-07")
    assert ended.out.startswith(f"T1-DL-07 {outcome}: ")
    assert ended.status == status


def test_a_replay_of_a_plug_in_that_no_longer_loads_is_neither_fixed_nor_different(kit):
    kit.shop("raise ImportError('gone')")
    file = kit.file("twice.schedule.json", schedule_to_text(SCHEDULE))
    ended = kit.run("replay", file, "--partner", NAME, "--requirement", "T1-DL-07")
    assert ended.status == 1
    assert "gone" in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_clause_that_no_conversation_shows_is_not_played(kit):
    kit.shop(SOUND)
    file = kit.file("twice.schedule.json", schedule_to_text(SCHEDULE))
    ended = kit.run("replay", file, "--partner", NAME, "--requirement", "T1-TRK-01")
    assert ended.status == 5
    assert "T1-TRK-01" in ended.err


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: text[:200], "no JSON"),
        (lambda text: text.replace('"version": 1', '"version": 99'), "version 99"),
        (lambda text: text.replace('"Attach"', '"Explode"'), "event 1"),
        (lambda _text: '{"header": {}}', "no schedule"),
    ],
    ids=["cut", "version", "event", "other file"],
)
def test_what_is_no_schedule_is_not_played(kit, edit, told):
    kit.shop(SOUND)
    ended = kit.run(
        "replay",
        kit.file("s.json", edit(schedule_to_text(SCHEDULE))),
        "--partner",
        NAME,
        "--requirement",
        "T1-DL-07",
    )
    assert ended.status == 3
    assert told in ended.err
    assert says_nothing_of_the_partner(ended)


def test_a_schedule_of_a_gigabyte_is_refused_unread(kit):
    kit.shop(SOUND)
    path = Path(kit.file("s.json", schedule_to_text(SCHEDULE)))
    os.truncate(path, 1024 * MIB)
    ended = kit.run("replay", str(path), "--partner", NAME, "--requirement", "T1-DL-07")
    assert ended.status == 3
    assert "too long" in ended.err


# --- reports --------------------------------------------------------------------------------------

REPORT = run_to_text(Run("contoso", "", "quick", 0, datetime(2026, 3, 1, tzinfo=UTC), 1.0, {}, ()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (REPORT[:100], "JSON was expected"),
        (REPORT.replace('"version": 1', '"version": 99'), "version 1 was expected"),
        (REPORT.replace("1.0", "1" + "0" * 400), "a number of seconds from 0"),
        (json.dumps({"format": "content-partner schedule"}), "conformance report"),
        ("\udcff".encode("utf-8", "surrogateescape"), "cannot be read"),
    ],
    ids=["cut", "version", "number", "other file", "junk"],
)
def test_what_is_no_report_is_not_compared(kit, content, told):
    ended = kit.run("diff", kit.file("sound.json", REPORT), kit.file("odd.json", content))
    assert ended.status == 3
    assert told in ended.err
    assert "odd.json" in ended.err
    assert says_nothing_of_the_partner(ended)
