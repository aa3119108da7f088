"""What docs/debugging-a-plug-in.md lets a reader type works as the page says."""

import os
import re
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from partner_api.calls import Download
from player_host.settings import load_partner_settings
from player_host.transcript import Called, read_transcript

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "debugging-a-plug-in.md").read_text("utf-8")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the page needs a POSIX terminal")


def cookies(transcripts: Path) -> set[int]:
    """Return the cookies of all downloads."""
    entries = [one for path in transcripts.iterdir() for one in read_transcript(path).entries]
    calls = [entry.call for entry in entries if isinstance(entry, Called)]
    return {call.cookie for call in calls if isinstance(call, Download)}


def test_a_reader_who_types_everything_sees_what_the_page_shows(walkthrough) -> None:
    walkthrough.walk(PAGE)
    commands = [command for command, _ in walkthrough.done]
    assert len(commands) == len(re.findall(r"^\$ ", PAGE, re.MULTILINE))
    debugged = [printed.out for command, printed in walkthrough.done if "shop:Stops" in command]
    typed = [re.search(r"p cookie\n(\d+)\n", shown) for shown in debugged]
    shown = {int(found[1]) for found in typed if found}
    assert len(shown) == 2
    assert shown <= cookies(walkthrough.root / "my-player" / "transcripts")


def test_the_settings_for_an_editor_are_such_as_the_player_takes(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```\n(\[contoso\.host\]\n.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "partners.toml").write_text(text, "utf-8")
    host = load_partner_settings(tmp_path / "partners.toml").of("contoso").host
    assert host.surrogate[-2:] == ("-m", "partner_api.surrogate")


SLEEPS = """
import time
from sample_partners.proseware import Proseware

class Sleeps(Proseware):
    def SetCallback(self, callback):
        self.context.log.info("asleep")
        time.sleep(3600)
"""


def test_a_process_that_hangs_writes_its_stacks_before_it_ends(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SLEEPS, "utf-8")
    settings = '["shop:Sleeps".settings]\nstore_url = "x"\naccount = "x"\npassword = "x"\n'
    (tmp_path / "partners.toml").write_text(settings, "utf-8")
    words = ("download", "shop:Sleeps", "track:1", "--verbose", "--home", str(tmp_path))
    with subprocess.Popen(
        [sys.executable, "-m", "player_host", *words],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as player:
        assert player.stderr is not None
        told = list(takewhile(lambda line: "asleep" not in line, player.stderr))
        (number,) = re.findall(r"partner\.process_started .*pid=(\d+)", "".join(told))
        os.kill(int(number), signal.SIGABRT)
        rest = player.stderr.read()
    assert "in SetCallback" in rest
    assert "was killed by SIGABRT" in rest
    assert player.returncode == 1
