"""The commands of the README work as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sample_partners.proseware.process import StoreProcess

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def commands_of_use_it() -> str:
    """Return the README's script that sets up a home folder and uses every verb."""
    (script,) = [
        block for block in re.findall(r"```\n(.*?)```", README, re.DOTALL) if "<<" in block
    ]
    return script


@pytest.mark.skipif(sys.platform == "win32", reason="the README speaks to a POSIX shell")
def test_the_commands_of_use_it_work_one_after_the_other(tmp_path: Path) -> None:
    with StoreProcess() as store:
        script = commands_of_use_it().replace("http://127.0.0.1:8080", store.url)
        script = script.replace(". .venv/bin/activate\n", "")
        script = script.replace("show FILE", 'show "$(ls $PLAYER_HOST_HOME/transcripts | tail -1)"')
        programs = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 downloaded" in done.stdout
    assert "Purchased Music" in done.stdout
    assert "DownloadTrackComplete(S_OK, 701" in done.stdout


def test_every_page_that_the_readme_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_make_target_that_the_readme_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
