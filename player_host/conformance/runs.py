"""What a run of the kit found: the values that reports show and that two runs are compared by."""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from player_host.conformance.judge import Results
from player_host.conformance.verdicts import Verdict
from player_host.transcript import Entry


@frozen
class Counterexample:
    """The shortest conversation that was found in which a clause is broken.

    Attributes:
        requirement: the clause.
        scenario: where it was found.
        entries: the conversation, whose numbers are those of the finding.
        line: the entry that breaks the clause.
        what: what was found there.
        replay: the schedule that brings it about, as JSON; `conformance replay` takes it.
        test: a file for pytest that fails for the same reason.
        calls: how many calls of the Player it has.
    """

    requirement: str
    scenario: str
    entries: tuple[Entry, ...] = field(repr=False)
    line: int
    what: str
    replay: str = field(default="", repr=False)
    test: str = field(default="", repr=False)
    calls: int = 0


@frozen
class ScenarioRun:
    """One scenario.

    Attributes:
        name: of the scenario.
        results: what its conversation says.
        seconds: how long it took.
        problem: why it says nothing: a fault of the host, the store or the kit; "" for none.
        transcript: the file's name, below the folder of the run.
    """

    name: str
    results: Results = field(repr=False)
    seconds: float = 0.0
    problem: str = ""
    transcript: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether its results count."""
        return not self.problem


@frozen
class Run:
    """A run of the kit over one partner.

    Attributes:
        partner: its name.
        distribution: whose plug-in it is, with the version.
        profile: `quick`, `full` or `exhaustive`.
        seed: of everything that was drawn.
        started_at: when it began, aware.
        seconds: how long it took.
        results: one for each requirement that was selected, over all scenarios.
        scenarios: what was run, in order.
        counterexamples: one for each root that failed or warned.
        environment: versions of the kit, of Python and of the platform.
        fixture: what the partner was asked for, for the reader.
    """

    partner: str
    distribution: str
    profile: str
    seed: int
    started_at: datetime
    seconds: float
    results: Results = field(repr=False)
    scenarios: tuple[ScenarioRun, ...] = field(repr=False)
    counterexamples: tuple[Counterexample, ...] = ()
    environment: Mapping[str, str] = field(factory=dict)
    fixture: Mapping[str, str] = field(factory=dict)

    @property
    def verdict(self) -> Verdict:
        """What is said about the partner as a whole.

        FAIL or WARN by its roots; INCONCLUSIVE where the kit failed or could not tell, or where
        nothing gave any clause a chance; else PASS.
        """
        found = {result.verdict for result in self.results.values()}
        for verdict in (Verdict.FAIL, Verdict.UNEXPECTED_PASS, Verdict.WARN):
            if verdict in found:
                return verdict
        unsound = any(not scenario.is_sound for scenario in self.scenarios)
        mute = found <= {Verdict.VACUOUS}
        if mute or unsound or found & {Verdict.INCONCLUSIVE, Verdict.ENGINE_ERROR}:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS
