"""`player-host conformance judge`, `replay` and `diff`: from the files of an earlier run."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from player_host.cli.conformance_run import cast_for, show_run
from player_host.cli.desk import Given
from player_host.cli.interruption import run_until_signal
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner
from player_host.conformance.conducting import offer_of
from player_host.conformance.judge import judge_conversation
from player_host.conformance.reader import read_conversation
from player_host.conformance.replaying import Replayed, replay_schedule
from player_host.conformance.reports.comparison import (
    Direction,
    compare,
    comparison_lines,
    comparison_to_data,
)
from player_host.conformance.reports.document import run_from_text
from player_host.conformance.reports.lines import conversation_lines
from player_host.conformance.reports.reading import MAX_DOCUMENT_BYTES
from player_host.conformance.requirements import requirement
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.schedule import MAX_BYTES, Schedule, schedule_from_text
from player_host.errors import UsageError
from player_host.plugins.discovery import settings_for
from player_host.settings import load_partner_settings
from player_host.transcript import Transcript, read_transcript

NO_END: Final = "the transcript has no sound end: it was judged as far as it goes"


def judge_transcript(file: Path, /, *, desk: Given) -> ExitStatus:
    """Judge a transcript with the rules of today.

    Of any session: one that this kit has written, one of the Player's own
    (in the home folder's transcripts), or one from elsewhere in the same form.
    A transcript without an end is judged as far as it goes. One that was changed
    after it was written is not judged, nor one in which the Player itself broke
    a clause.

    Status: 0 it conforms, 1 a clause was broken, 2 inconclusive, as where there
    is no end, 3 it is no transcript, or was changed.

    --json: the report, as `conformance run` has it.

    Args:
        file: the transcript
        desk: where the result is shown
    """
    path = file if file.is_file() else desk.home.transcripts / file
    if not path.is_file():
        raise UsageError("there is no such transcript", where=str(file))
    transcript = read_transcript(path)
    if transcript.flaw:
        raise UsageError(
            f"the transcript was changed after it was written: {transcript.flaw}",
            where=str(path),
            remedy="Judge it as it was written",
        )
    judged = _judged(path.name, transcript)
    found = Run(
        partner=str(transcript.header.get("partner", "")),
        distribution="",
        profile="transcript",
        seed=0,
        started_at=datetime.now(UTC),
        seconds=0.0,
        results=judged.results,
        scenarios=(judged,),
    )
    return show_run(desk, found, "" if transcript.complete else NO_END)


def replay(
    file: Path,
    /,
    *,
    partner: str = "",
    requirement_id: Annotated[str, Parameter(name="--requirement")] = "",
    fixture: Path | None = None,
    sample_store: Annotated[bool, Parameter(negative="")] = False,
    desk: Given,
) -> ExitStatus:
    """Play the schedule of a counterexample again.

    Says BROKEN where the clause is still broken, FIXED where it is kept, and
    DIFFERENT where the conversation no longer gives it a chance.

    Status: 0 FIXED, 1 BROKEN, 2 DIFFERENT.

    --json: `requirement`, `outcome`, `verdict`, `findings`.

    Args:
        file: the schedule, as `conformance run --report` writes it
        partner: another partner than the one that the file names
        requirement_id: another clause than the one that the file names
        fixture: another file than conformance.toml
        sample_store: start the store Proseware meanwhile and use its settings
        desk: where the result is shown
    """
    schedule = _schedule(file)
    name, clause = partner or schedule.partner, requirement_id or schedule.requirement
    for missing in (
        word for word, given in (("partner", name), ("requirement", clause)) if not given
    ):
        raise UsageError(
            f"the schedule names no {missing}",
            where=str(file),
            remedy=f"Name one with --{missing}",
        )
    row = requirement(clause)
    check_partner(desk, name)
    offer = offer_of(name, fixture, (Path(), desk.home.path))
    settings = settings_for(name, load_partner_settings(desk.home.partners_toml))
    with cast_for(settings, offer, sample_store=sample_store) as cast:
        done = run_until_signal(desk, partial(replay_schedule, cast, row.id, schedule))
    what = [finding.what for finding in done.result.findings]
    if desk.as_json:
        outcome = {"requirement": row.id, "outcome": done.outcome, "verdict": done.result.verdict}
        desk.show_json(outcome | {"findings": what})
    else:
        desk.show(f"{row.id} {done.outcome.upper()}: {row.text}")
        desk.show(*(f"  {words}" for words in what[:5]))
        line = done.result.findings[0].line if done.result.findings else 0
        desk.show(*map(str, conversation_lines(done.transcript.entries, line)))
    return {Replayed.BROKEN: ExitStatus.FAILED, Replayed.DIFFERENT: ExitStatus.PARTIAL}.get(
        done.outcome, ExitStatus.DONE
    )


def diff(before: Path, after: Path, /, *, desk: Given) -> ExitStatus:
    """Compare two reports: what was fixed, what broke, what changed otherwise.

    Status 1 where something broke.

    --json: `fixed`, `broken`, `changed`, and what differs in the circumstances.

    Args:
        before: a report.json
        after: a later one
        desk: where the result is shown
    """
    found = compare(_report(before), _report(after))
    if desk.as_json:
        desk.show_json(comparison_to_data(found))
    else:
        desk.show(*comparison_lines(found))
    return ExitStatus.FAILED if found.of(Direction.BROKEN) else ExitStatus.DONE


def _judged(name: str, transcript: Transcript) -> ScenarioRun:
    """Judge a conversation; one in which the Player broke a clause says nothing of the partner."""
    talk = read_conversation(transcript)
    breach = next(iter(talk.player_breaches), None)
    if breach is None:
        problem = "" if transcript.complete else NO_END
        return ScenarioRun(name, judge_conversation(talk), problem=problem, transcript=name)
    return ScenarioRun(name, {}, problem=str(breach), transcript=name)


def _schedule(file: Path) -> Schedule:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise UsageError("the file is too long for a schedule", where=str(file))
        return schedule_from_text(file.read_text("utf-8"), where=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the schedule cannot be read ({error})", where=str(file)) from error


def _report(path: Path) -> Run:
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise UsageError("the file is too long for a report", where=str(path))
        return run_from_text(path.read_text("utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the report cannot be read ({error})", where=str(path)) from error
