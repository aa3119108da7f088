"""The page with the state diagrams is the one that the tables make."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from partner_api.transaction import (
    TRACK_TABLE,
    TRANSACTION_TABLE,
    TrackState,
    TransactionState,
)

DOCS = Path(__file__).parents[2] / "docs"
SCRIPT = DOCS / "generate_diagram.py"
PAGE = DOCS / "state-diagram.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_diagram", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def diagrams() -> tuple[str, str]:
    """Return the text of the two diagrams: of tracks and of transactions."""
    tracks, transactions = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return tracks, transactions


def arrows(diagram: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^ +(\S+) --> (\S+?)(?::|$)", diagram, re.MULTILINE))


def test_the_page_is_current() -> None:
    checked = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_stale_page_is_reported_and_left_alone(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "state-diagram.md"
    page.write_text(PAGE.read_text("utf-8") + "more", "utf-8")
    before = page.read_bytes()
    assert script.main(["--check", "--page", str(page)]) == 1
    assert "is stale" in capsys.readouterr().err
    assert page.read_bytes() == before


def test_a_missing_page_is_stale(script: ModuleType, tmp_path: Path) -> None:
    assert script.main(["--check", "--page", str(tmp_path / "none.md")]) == 1


def test_the_page_is_written_byte_for_byte_the_same_everywhere(
    script: ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "state-diagram.md"
    assert script.main(["--page", str(page)]) == 0
    assert page.read_bytes() == PAGE.read_text("utf-8").encode()


def test_the_diagrams_mention_every_state() -> None:
    tracks, transactions = diagrams()
    assert {state.value for state in TrackState} <= {s for pair in arrows(tracks) for s in pair}
    assert {state.value for state in TransactionState} <= {
        s for pair in arrows(transactions) for s in pair
    }


def test_the_diagrams_have_an_arrow_for_every_change_of_state_and_no_other() -> None:
    tracks, transactions = diagrams()
    track_changes = {
        (state.value, step.next.value)
        for (state, _), step in TRACK_TABLE.items()
        if step.next is not state
    }
    settled = {(state.value, "[*]") for state in TrackState if state.settled}
    assert arrows(tracks) == track_changes | settled | {("[*]", "unanswered")}
    changes = {
        (state.value, step.next.value)
        for (state, _), step in TRANSACTION_TABLE.items()
        if step.next is not state
    }
    assert arrows(transactions) == changes | {("[*]", "drawn"), ("ended", "[*]")}


def test_a_label_has_one_colon_that_starts_it() -> None:
    lines = [line for diagram in diagrams() for line in diagram.splitlines() if ": " in line]
    assert lines
    assert all(line.count(":") == 1 and ";" not in line for line in lines)
