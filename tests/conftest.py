"""What every test may use."""

import logging
from typing import Any

import pytest
from attrs import frozen
from hypothesis import settings

# How long something takes is measured in benchmarks/; no test fails because a machine is busy.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")


@frozen
class HeardLog:
    """Everything that was logged, with every field, as far as a handler could show it."""

    caplog: pytest.LogCaptureFixture

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the host: name, level and fields."""
        return [
            {**vars(record), "event": record.getMessage(), "level": record.levelname.lower()}
            for record in self.caplog.records
            if record.name.startswith("player_host")
        ]

    @property
    def text(self) -> str:
        """All of it as text, tracebacks included, of whatever logger."""
        fields = "\n".join(str(vars(record)) for record in self.caplog.records)
        return f"{self.caplog.text}\n{fields}"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> HeardLog:
    """The log in memory, every level of it."""
    caplog.set_level(logging.DEBUG)
    for name in ("player_host", "partner"):  # the command line sets their levels
        caplog.set_level(logging.DEBUG, logger=name)
    return HeardLog(caplog)
