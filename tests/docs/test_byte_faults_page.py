"""The table of byte faults: its page has the rows of its command, and its verdicts are right."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RIGHT = b"the file of the store"


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from fault_table import cells

    return cells


@pytest.fixture
def place(cells, tmp_path: Path):
    return cells.Place.made(tmp_path / "cell")


def test_the_page_has_the_rows_of_the_table() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/byte_faults.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("status", "files", "verdict"),
    [
        (0, {"song.mp3": RIGHT}, "EXACT"),
        (0, {"song.mp3": RIGHT, ".song.part": b"x"}, "EXACT"),
        (0, {"song.mp3": RIGHT[:-1]}, "WRONG"),
        (0, {"song.mp3": RIGHT, "song.1.mp3": RIGHT + b"x"}, "WRONG"),
        (0, {"song.mp3.part": RIGHT}, "NOTHING"),
        (1, {"song.mp3.part": RIGHT}, "ERROR"),
        (1, {}, "ERROR"),
        (1, {"song.mp3": RIGHT}, "ERROR_EXACT"),
        (1, {"song.mp3": RIGHT[:5], "song.mp3.aria2": b"x"}, "ERROR_PART"),
        (1, {"song.mp3": b"an error page"}, "ERROR_WRONG"),
        (None, {"song.mp3": RIGHT[:5]}, "HANG"),
        (0, {"../song.mp3": RIGHT}, "OUTSIDE"),
    ],
)
def test_a_cell_says_what_lies_there_and_what_was_told(cells, place, status, files, verdict):
    for name, body in files.items():
        (place.files / name).write_bytes(body)
    assert cells.judge(status, place, [RIGHT]) is cells.Verdict[verdict]


def test_where_no_body_is_right_only_an_error_without_a_file_is(cells, place):
    (place.files / "song.mp3").write_bytes(RIGHT)
    assert cells.judge(0, place, []) is cells.Verdict.WRONG
    assert cells.judge(1, place, []) is cells.Verdict.ERROR_WRONG
