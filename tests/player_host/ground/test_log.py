"""The log of the host: the standard library's records, with structlog's names and fields."""

import ast
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from player_host.log import get_logger

HOST = Path(__file__).parents[3] / "player_host"
RESERVED = set(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
LEVELS = {"debug", "info", "warning", "error", "exception"}


def logging_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.name}:{node.lineno}", node)
        for path in sorted(HOST.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"_log", "log"}
    ]


def test_an_event_is_a_record_with_its_fields_as_extras(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    get_logger("player_host.test").info("track.published", track_id=7)
    (record,) = caplog.records
    assert (record.getMessage(), record.levelname) == ("track.published", "INFO")
    assert vars(record)["track_id"] == 7


def test_every_event_has_a_name_with_a_room_before_the_point() -> None:
    calls = logging_calls()
    assert len(calls) > 15
    for place, call in calls:
        (name,) = call.args
        if isinstance(name, ast.Name):
            continue
        assert isinstance(name, ast.Constant), place
        assert isinstance(name.value, str), place
        room, point, event = name.value.partition(".")
        assert room.isidentifier(), place
        assert point, place
        assert event.replace(".", "_").isidentifier(), place


def test_no_field_of_an_event_is_called_like_a_part_of_the_record() -> None:
    for place, call in logging_calls():
        fields = {keyword.arg for keyword in call.keywords} - {"exc_info"}
        assert not fields & RESERVED, place


def test_an_embedding_program_that_configures_nothing_sees_nothing_on_its_output() -> None:
    code = "from player_host.log import get_logger; get_logger('player_host.x').info('a.b', c=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
