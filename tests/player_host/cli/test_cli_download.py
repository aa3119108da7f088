"""`download` and `downloads`: outcomes, interruption, resuming, cancelling."""

import os
import signal
import sys
from pathlib import Path

import pytest

ESCAPE = "\x1b"
EXPECTED_OF_LIST_3 = {
    203: ("downloaded", "S_OK"),
    301: ("downloaded", "S_OK"),
    302: ("downloaded", "S_OK"),
    701: ("downloaded", "S_OK"),
    601: ("refused", "NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE"),
    802: ("refused", "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE"),
    804: ("refused", "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE"),
}

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


def accepted(requests):
    return bool(requests) and requests[-1]["tracks"].get("accepted", 0) > 0


def interrupt(program, *words, number=signal.SIGINT):
    """Start a download, wait until it is under way, send a signal, return how it ended."""
    with program.start(*words) as process:
        program.wait_until(accepted)
        process.send_signal(number)
        out, err = process.communicate(timeout=40)
        return process.returncode, out, err


def test_an_album_is_downloaded_and_each_track_shown_with_its_outcome(program):
    ended = program.run("download", "proseware", "album:7")
    assert ended.status == 0
    assert "download 1: 12 downloaded" in ended.out
    assert "Platform One" in ended.out
    assert str(program.home / "Music" / "Morning Trains") in ended.out
    assert len(list((program.home / "Music").glob("*/*/*.mp3"))) == 12


def test_without_a_terminal_each_settled_track_is_a_line_without_control_codes(program):
    ended = program.run("download", "proseware", "album:7")
    lines = [line for line in ended.err.splitlines() if line.startswith("track ")]
    assert len(lines) == 12
    assert "track 701 downloaded: Platform One" in lines
    assert ESCAPE not in ended.out + ended.err
    assert "\r" not in ended.out + ended.err


@pytest.mark.requirement("T1-DL-51")
def test_refusals_are_part_of_a_download_that_is_done(program):
    ended = program.run("download", "proseware", "list:3", "--json")
    assert ended.status == 0
    tracks = {t["id"]: (t["outcome"], t["hr"]) for t in ended.document["tracks"]}
    assert tracks == EXPECTED_OF_LIST_3
    assert [one["id"] for one in ended.document["left_out"]] == [1002]


@pytest.mark.requirement("T1-DL-29", "T1-HR-04")
def test_the_stores_own_words_explain_its_refusals(program):
    ended = program.run("download", "proseware", "list:3", "--json")
    assert ended.document["explanations"] == {
        "NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE": (
            "This track comes with its album only. Buy the album to download it."
        ),
        "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE": "Buy this track before you download it.",
    }
    shown = program.run("download", "proseware", "list:3").out
    assert "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE: Buy this track before you download it." in shown


def test_the_document_of_a_download_has_the_documented_keys_and_real_files(program):
    document = program.json("download", "proseware", "track:701")
    about = {"id", "partner", "items", "made_at", "state"}
    assert set(document) == about | {"tracks", "left_out", "explanations"}
    (track,) = document["tracks"]
    assert set(track) == {"id", "title", "outcome", "hr", "code", "file", "asked_again"}
    assert track["code"] == "0x00000000"
    assert (program.home / "Music" / track["file"]).is_file()
    assert (document["state"], document["items"]) == ("done", "track:701")


def test_a_store_that_is_down_from_the_start_is_the_cause_that_is_told(program):
    settings = program.home / "partners.toml"
    lines = settings.read_text("utf-8").splitlines()
    down = ['store_url = "http://127.0.0.1:1"' if "store_url" in line else line for line in lines]
    settings.write_text("\n".join(down), "utf-8")
    ended = program.run("download", "proseware", "album:7")
    assert ended.status == 1
    assert "error: GetCatalogURL ended with NS_E_WMP_SERVER_UNAVAILABLE" in ended.err
    assert "where: partner proseware" in ended.err


def test_a_track_that_cannot_be_transferred_makes_the_status_1(program, store):
    store.set_fault("404", track_id=702)
    ended = program.run("download", "proseware", "track:701;702", "--json")
    assert ended.status == 1
    outcomes = {track["id"]: track["outcome"] for track in ended.document["tracks"]}
    assert outcomes == {701: "downloaded", 702: "failed"}


@pytest.mark.requirement("T1-DL-17")
def test_a_partner_that_delivers_no_licence_makes_the_status_1(program):
    careless = "sample_partners.miniatures.careless:Careless"
    settings = program.home / "partners.toml"
    own = settings.read_text().replace("proseware", f'"{careless}"')
    settings.write_text(own)
    ended = program.run("download", careless, "track:703", "--json")
    assert ended.status == 1
    (track,) = ended.document["tracks"]
    assert (track["outcome"], track["hr"]) == ("no licence", "NS_E_WMP_DRM_LICENSE_NOTACQUIRED")


def test_a_request_of_which_nothing_is_left_selects_nothing(program):
    ended = program.run("download", "proseware", "track:1002")
    assert ended.status == 5
    assert ended.err.startswith("error: the request names no track that can be downloaded")


@needs_signals
@pytest.mark.requirement("T1-DL-53")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_download_is_suspended_and_resumed_without_loss(program, store, number):
    store.set_fault("slow", value=1_000)
    status, out, err = interrupt(program, "download", "proseware", "album:7", number=number)
    assert status == 130
    assert "suspended; `player-host downloads resume` goes on" in err
    assert out == ""
    assert program.json("downloads", "list")[0]["state"] == "open"

    store.clear_faults()
    resumed = program.run("downloads", "resume", "--json")
    assert resumed.status == 0
    (request,) = resumed.document
    assert [track["outcome"] for track in request["tracks"]] == ["downloaded"] * 12
    assert program.run("library", "verify", "--digest").status == 0


def test_a_killed_download_is_resumed_by_its_number(program, store):
    store.set_fault("slow", value=1_000)
    with program.start("download", "proseware", "track:701") as process:
        program.wait_until(accepted)
        process.kill()
    store.clear_faults()
    assert program.run("downloads", "resume", "1").status == 0
    assert program.run("downloads", "show", "1", "--json").document["state"] == "done"


def test_a_second_player_on_one_home_is_told_so_and_readers_are_not_kept_out(program, store):
    store.set_fault("slow", value=1_000)
    with program.start("download", "proseware", "track:701") as process:
        program.wait_until(accepted)
        second = program.run("download", "proseware", "track:702")
        reader = program.run("library", "list", "--json")
        process.kill()
    assert second.status == 3
    assert "another Player is using this home folder" in second.err
    assert reader.document["total"] == 0


def test_a_cancellation_reaches_the_running_player(program, store):
    store.set_fault("slow", value=1_000)
    with program.start("download", "proseware", "track:701;702", "--json") as process:
        program.wait_until(accepted)
        asked = program.run("downloads", "cancel", "1")
        out, _ = process.communicate(timeout=40)
    assert asked.status == 0
    assert "will cancel download 1" in asked.err
    assert process.returncode == 2
    assert '"state": "cancelled"' in out


def test_a_suspended_download_is_cancelled_without_another_player(program, store):
    store.set_fault("slow", value=1_000)
    with program.start("download", "proseware", "track:701") as process:
        program.wait_until(accepted)
        process.kill()
    ended = program.run("downloads", "cancel", "1", "--json")
    assert ended.status == 0
    assert ended.document["state"] == "cancelled"
    assert [track["outcome"] for track in ended.document["tracks"]] == ["cancelled"]


def test_downloads_are_listed_with_their_status_in_words(stocked):
    listed = stocked.run("downloads", "list")
    assert "album:7" in listed.out
    assert "done, 12 downloaded" in listed.out
    assert "done, 4 downloaded, 3 refused" in listed.out
    first = stocked.json("downloads", "list")[0]
    assert set(first) == {"id", "partner", "items", "made_at", "state", "tracks", "outcomes"}
    assert first["tracks"] == {"completed": 12}
    assert first["outcomes"] == {"downloaded": 12}


def test_a_list_of_downloads_does_not_hide_failures(program, store):
    store.set_fault("404", track_id=702)
    program.run("download", "proseware", "track:701;702")
    assert "done, 1 downloaded, 1 failed" in program.run("downloads", "list").out
    assert program.json("downloads", "list")[0]["outcomes"] == {"downloaded": 1, "failed": 1}


def test_a_track_that_no_player_moves_is_accepted_not_running(program, store):
    store.set_fault("slow", value=1_000)
    interrupt(program, "download", "proseware", "track:701")
    assert "1 accepted" in program.run("downloads", "show", "1").out
    (track,) = program.json("downloads", "show", "1")["tracks"]
    assert track["outcome"] == "accepted"
    assert "open, 1 accepted" in program.run("downloads", "list").out


CHATTY = """
import threading
from sample_partners.proseware import Proseware

def die():
    raise LookupError("hunter2")

class Chatty(Proseware):
    def Download(self, *arguments):
        print("as if it were a result")
        threading.Thread(target=die, name="chatter").start()
        return super().Download(*arguments)
"""


@pytest.fixture
def chatty(program, tmp_path: Path):
    """Download with a plug-in that prints, and one of whose own threads dies."""
    (tmp_path / "chatty.py").write_text(CHATTY)
    settings = program.home / "partners.toml"
    settings.write_text(settings.read_text().replace("proseware", '"chatty:Chatty"'))

    def run(*options: str):
        words = ("download", "chatty:Chatty", "track:701", "--json", *options)
        return program.run(*words, PYTHONPATH=str(tmp_path))

    return run


def test_what_a_plugin_prints_stays_out_of_the_document(chatty):
    ended = chatty()
    assert ended.document["state"] == "done"
    assert "as if it were a result" in ended.err


def test_a_thread_of_a_plugin_that_dies_is_one_line_and_verbose_a_traceback(chatty):
    ended = chatty()
    (line,) = [line for line in ended.err.splitlines() if "thread chatter died" in line]
    assert "LookupError (" in line
    assert "chatty.py:" in line
    assert "Traceback" not in ended.err
    assert "hunter2" not in ended.err
    assert "Traceback" in chatty("--verbose").err


def test_nothing_open_is_nothing_to_resume(stocked):
    assert stocked.run("downloads", "resume").status == 0
    assert stocked.run("downloads", "resume", "1").status == 5
    assert stocked.run("downloads", "cancel", "1").status == 5
    assert stocked.run("downloads", "show", "99").status == 3


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_terminal_shows_a_bar_with_tracks_and_bytes(program):
    shown, status = on_a_terminal(program, "download", "proseware", "album:7")
    assert status == 0
    assert ESCAPE in shown
    assert "12/12 tracks" in shown
    assert "track 701 downloaded" not in shown


def on_a_terminal(program, *words: str) -> tuple[str, int]:
    import pty

    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"PLAYER_HOST_HOME": str(program.home), "TERM": "xterm"})
        os.environ.update({"COLUMNS": "80", "LINES": "40"})
        os.environ.pop("NO_COLOR", None)
        os.execv(sys.executable, [sys.executable, "-m", "player_host", *words])
    shown = b""
    try:
        while part := os.read(terminal, 65_536):
            shown += part
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_the_home_option_goes_before_the_environment(stocked, tmp_path: Path):
    ended = stocked.run("library", "list", "--json", "--home", str(tmp_path))
    assert ended.document["total"] == 0
