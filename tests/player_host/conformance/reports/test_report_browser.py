"""The report in a real browser: it opens, shows something, and nothing foreign becomes markup."""

import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from report_reader import assert_harmless
from report_runs import CONVERSATION, NASTY, WRONG_COOKIE, a_run, found, result

from player_host.conformance.reports.page import page
from player_host.conformance.verdicts import Verdict

WIDTH, HEIGHT = 390, 1200
HOSTILE = "".join(text[:200] for text in NASTY)


@pytest.fixture
def browser() -> str:
    program = shutil.which("chromium")
    if program is None and os.environ.get("CI") == "true":
        pytest.fail("chromium is missing; the checks of every change need it")
    return program or pytest.skip("chromium is not installed")


def opened(browser: str, file: Path, *options: str) -> str:
    profile = f"--user-data-dir={file.parent / 'profile'}"
    # The sandbox of a browser refuses to start for root, as whom containers run.
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", profile, *options]
    done = subprocess.run(
        [*command, file.as_uri()], check=True, capture_output=True, text=True, timeout=120
    )
    return done.stdout


def test_a_browser_shows_the_report_and_takes_nothing_foreign_for_markup(
    browser: str, tmp_path: Path
) -> None:
    file, picture = tmp_path / "report.html", tmp_path / "report.png"
    broken = result("T1-DL-09", Verdict.FAIL, found(HOSTILE))
    run = a_run(broken, partner=HOSTILE, counterexamples=(WRONG_COOKIE,))
    file.write_text(page(run), "utf-8")
    reader = assert_harmless(opened(browser, file, "--dump-dom"))
    assert len(reader.rows_of("call")) == len(CONVERSATION) // 2
    opened(browser, file, f"--screenshot={picture}", f"--window-size={WIDTH},{HEIGHT}")
    assert len(set(rows_of_pixels(picture.read_bytes()))) > HEIGHT // 4


def rows_of_pixels(png: bytes) -> list[bytes]:
    """Return the rows of a picture as the file has them; those of an empty one are all alike."""
    chunks, position = [], 8
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        chunks.append((kind, png[position + 8 : position + 8 + length]))
        position += length + 12
    width, height = struct.unpack_from(">II", dict(chunks)[b"IHDR"])
    assert (width, height) == (WIDTH, HEIGHT)
    pixels = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    size = len(pixels) // height
    return [pixels[i : i + size] for i in range(0, len(pixels), size)]
