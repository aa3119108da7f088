"""The page of clauses is what the catalogue and the checks make of it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_clauses_is_current() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate_clauses.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
