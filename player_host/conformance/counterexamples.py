"""What is kept of a breach: its shortest conversation, the schedule, and a test that shows it."""

from attrs import evolve

from player_host.conformance.confirming import Shown
from player_host.conformance.requirements import requirement
from player_host.conformance.runs import Counterexample
from player_host.conformance.schedule import schedule_to_text


def counterexample(partner: str, shown: Shown, *, sample_store: bool = False) -> Counterexample:
    """Return what a report has of a breach.

    Args:
        partner: the name of the partner that broke the clause.
        shown: where it did.
        sample_store: whether the partner's store was the sample store, started for the run.
    """
    finding, clause = shown.finding, shown.result.requirement
    replay = schedule_to_text(evolve(shown.schedule, partner=partner, requirement=clause))
    return Counterexample(
        requirement=clause,
        scenario=shown.schedule.name,
        entries=shown.transcript.entries,
        line=finding.line,
        what=finding.what,
        replay=replay,
        test=_test_file(partner, shown, replay, sample_store=sample_store),
        calls=shown.calls,
    )


def _test_file(partner: str, shown: Shown, replay: str, *, sample_store: bool) -> str:
    row = requirement(shown.result.requirement)
    name = row.id.lower().replace("-", "_")
    store = ", sample_store=True" if sample_store else ""
    return f'''"""{row.id}: {row.text}

Found by `player-host conformance run`: {_harmless(shown.finding.what)}.
It needs the plug-in, and its settings in the home folder.
"""

from player_host.testing.conformance import replay

SCHEDULE = {_literal(replay)}


def test_{name}():
    replay({partner!r}, {row.id!r}, SCHEDULE{store}).should_be_kept()
'''


def _harmless(words: str) -> str:
    """Return words that may stand in a docstring: they can come from a plug-in."""
    return " ".join(ascii(words)[1:-1].replace('"', "'").split())


def _literal(text: str) -> str:
    """Return a text as a literal of Python that can be read; JSON has no apostrophes to end it."""
    escaped = text.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
    return f"'''\\\n{escaped}'''"
