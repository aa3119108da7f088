"""A schedule played again: what `conformance replay` and the test files of counterexamples do."""

import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

import anyio
from attrs import frozen

from player_host.clock import SystemClock
from player_host.conformance.judge import Result, judge
from player_host.conformance.schedule import Schedule, schedule_from_text
from player_host.conformance.stage import Setting, play
from player_host.conformance.verdicts import Verdict
from player_host.plugins.discovery import settings_for
from player_host.settings import Home, load_partner_settings
from player_host.transcript import Transcript
from player_host.units import Seconds

PATIENCE: Final = Seconds(5.0)


class Replayed(StrEnum):
    """How a replay compares with what was found."""

    BROKEN = "broken"
    FIXED = "fixed"
    DIFFERENT = "different"
    """The conversation no longer gives the clause a chance."""


@frozen
class Replay:
    """What a replay showed."""

    requirement: str
    result: Result
    transcript: Transcript

    @property
    def outcome(self) -> Replayed:
        """How it compares with what was found."""
        if self.result.verdict in {Verdict.FAIL, Verdict.WARN}:
            return Replayed.BROKEN
        return Replayed.FIXED if self.result.verdict is Verdict.PASS else Replayed.DIFFERENT

    def should_be_kept(self) -> None:
        """Check that the clause is kept.

        Raises:
            AssertionError: it is broken, or the conversation gave it no chance.
        """
        if self.outcome is Replayed.FIXED:
            return
        words = "; ".join(finding.what for finding in self.result.findings[:3])
        raise AssertionError(f"{self.requirement} is {self.result.verdict}: {words or 'no chance'}")


def replay(partner: str, requirement: str, text: str, *, home: Path | None = None) -> Replay:
    """Play a schedule to a partner and judge one clause; for tests, without an event loop.

    Args:
        partner: its name.
        requirement: the clause.
        text: the schedule, as a counterexample has it.
        home: the folder with partners.toml; $PLAYER_HOST_HOME where it is not given.

    Raises:
        PlayerHostError: the partner cannot be started, or the text is no schedule.
    """
    schedule = schedule_from_text(text, where="the schedule")
    folder = home or Path(os.environ.get("PLAYER_HOST_HOME", "."))
    return anyio.run(replay_schedule, partner, requirement, schedule, Home(folder))


async def replay_schedule(partner: str, requirement: str, schedule: Schedule, home: Home) -> Replay:
    """Play a schedule to a partner and judge one clause."""
    settings = settings_for(partner, load_partner_settings(home.partners_toml))
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        setting = Setting(settings, dict(settings.plugin), data_dir, SystemClock(), PATIENCE, {})
        transcript = await play(schedule, setting, Path(folder) / "transcript.jsonl")
    return Replay(requirement, judge(transcript)[requirement], transcript)
