"""The page of requirements says what the tests prove, and why a row is unproven."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_requirements_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate_requirements.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_row_without_a_test_says_why() -> None:
    page = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    assert "MISSING" not in page
