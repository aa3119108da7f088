"""A schedule played again: what `conformance replay` and the test files of counterexamples do."""

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Final

from attrs import frozen

from player_host.clock import SystemClock
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.judge import Result, judge
from player_host.conformance.schedule import Schedule
from player_host.conformance.staging import Cast, Staging
from player_host.conformance.verdicts import Verdict
from player_host.errors import NothingSelected
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
        if self.result.is_broken:
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


async def replay_schedule(cast: Cast, requirement: str, schedule: Schedule) -> Replay:
    """Play a schedule to a partner and judge one clause.

    Args:
        cast: who plays.
        requirement: the clause.
        schedule: as a counterexample has it.

    Raises:
        NothingSelected: no conversation shows the clause, or nobody said how to come by what the
            schedule needs.
        PartnerError: the plug-in cannot be started, or its settings are wrong.
    """
    if requirement not in CLAUSES:
        raise NothingSelected("no conversation shows whether it is kept", where=requirement)
    with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
        transcript = await Staging(cast, Path(folder), SystemClock(), PATIENCE).play(schedule)
    return Replay(requirement, judge(transcript)[requirement], transcript)
