"""The table of docs/writing-a-partner.md has every word of `[NAME.host]`, with its default."""

import re
from pathlib import Path

from attrs import fields

from player_host.plugins.discovery import ANSWER_DEADLINE, CALL_DEADLINE
from player_host.settings import HostSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-a-partner.md").read_text("utf-8")

IN_WORDS = {"interpreter": "the Player's Python", "surrogate": "none"}
ELSEWHERE = {"call_deadline": CALL_DEADLINE, "answer_deadline": ANSWER_DEADLINE}


def as_written(name: str) -> str:
    """Return the default of a setting as the page writes it."""
    if name in IN_WORDS:
        return IN_WORDS[name]
    default = ELSEWHERE.get(name, getattr(HostSettings(), name))
    if isinstance(default, bool):
        return f"`{default}`".lower()
    return f'`"{default}"`' if isinstance(default, str) else f"{default:g}"


def test_every_setting_of_the_host_is_in_the_table_with_its_default() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", PAGE, re.MULTILINE))
    assert table == {field.name: as_written(field.name) for field in fields(HostSettings)}
