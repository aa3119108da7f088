"""Every block of docs/testing-a-plug-in.md works as the page says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "testing-a-plug-in.md").read_text("utf-8")
PLUG_IN_PAGE = (ROOT / "docs" / "writing-a-partner.md").read_text("utf-8")
PIECE = ROOT / "sample_partners" / "proseware" / "media" / "piece.mp3"

BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
FILES = {re.match(r"# (tests/\w+\.py)\n", text)[1]: text for kind, text in BLOCKS if kind}
FAILURES = [text for kind, text in BLOCKS if not kind]

DELIVERY = "self.context.licenses.Predeliver(licence)\n"
DECISION = "            hr = self._decide(track_id)\n"
FORGOTTEN = f"{DECISION}            if hr.failed:\n                continue\n"
SLIPS = {
    "no licence is delivered": (DELIVERY, "S_OK\n", "test_answers.py"),
    "a track is forgotten": (DECISION, FORGOTTEN, "test_answers.py"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An author's project: the plug-in of the other page, the tests of this one."""
    code = re.search(r"```python\n(.*?)```", PLUG_IN_PAGE, re.DOTALL)
    assert code is not None
    (tmp_path / "contoso_tunes.py").write_text(code[1], "utf-8")
    (tmp_path / "tests" / "store").mkdir(parents=True)
    shutil.copy(PIECE, tmp_path / "tests" / "store" / "70.mp3")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def run_tests(project: Path, *chosen: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *chosen],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_the_page_has_nothing_but_files_of_tests_and_failures():
    assert {kind for kind, _ in BLOCKS} == {"python", ""}
    assert len(FILES) + len(FAILURES) == len(BLOCKS)
    assert len(FAILURES) == len(SLIPS)


def test_the_tests_of_the_page_pass(project: Path):
    done = run_tests(project)
    assert done.returncode == 0, done.stdout + done.stderr
    tests = re.findall(r"^(?:async )?def test_", "\n".join(FILES.values()), re.MULTILINE)
    assert f"{len(tests)} passed" in done.stdout


@pytest.mark.parametrize(("slip", "failure"), list(zip(SLIPS, FAILURES, strict=True)))
def test_a_plug_in_with_a_slip_fails_in_the_words_of_the_page(
    project: Path, slip: str, failure: str
):
    right, wrong, file = SLIPS[slip]
    code = (project / "contoso_tunes.py").read_text("utf-8")
    assert right in code
    (project / "contoso_tunes.py").write_text(code.replace(right, wrong), "utf-8")
    done = run_tests(project, "-k", "granted_and_the_rest", f"tests/{file}")
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    told = [line.removeprefix("E").strip() for line in done.stdout.splitlines()]
    for line in failure.splitlines():
        assert line.strip() in told, done.stdout
