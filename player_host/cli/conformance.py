"""`player-host conformance`: what the protocol requires, and whether a partner keeps it."""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import anyio
from cyclopts import App, Parameter
from cyclopts.validators import Number

from player_host.cli.conformance_catalog import explain, list_requirements
from player_host.cli.conformance_run import carry_out, run_folder, write_report
from player_host.cli.desk import Desk, Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner
from player_host.cli.wording import shown
from player_host.clock import SystemClock
from player_host.conformance.conducting import cores, offer_of
from player_host.conformance.expectations import read_expectations
from player_host.conformance.judge import judge
from player_host.conformance.replaying import Replayed, replay_schedule
from player_host.conformance.reports.comparison import (
    Direction,
    compare,
    comparison_lines,
    comparison_to_data,
)
from player_host.conformance.reports.document import run_from_text, run_to_data
from player_host.conformance.reports.lines import conversation_lines
from player_host.conformance.reports.reading import MAX_DOCUMENT_BYTES
from player_host.conformance.reports.text import report_lines
from player_host.conformance.requirements import requirement
from player_host.conformance.running import Order, select
from player_host.conformance.runs import Run, ScenarioRun
from player_host.conformance.schedule import schedule_from_text
from player_host.conformance.verdicts import Verdict
from player_host.conformance.zoo import Score, measure, read_zoo
from player_host.errors import NothingSelected, UsageError
from player_host.plugins.discovery import settings_for
from player_host.settings import load_partner_settings
from player_host.transcript import read_transcript

MOST_TRANSCRIPT_BYTES: Final = 512 * 1024 * 1024


_STATUS: Final[Mapping[Verdict, ExitStatus]] = {
    Verdict.FAIL: ExitStatus.FAILED,
    Verdict.UNEXPECTED_PASS: ExitStatus.FAILED,
    Verdict.INCONCLUSIVE: ExitStatus.PARTIAL,
}
"""Of a whole run; every other verdict says that the partner conforms."""

application = App(
    name="conformance", help="Check a partner against the protocol, clause by clause."
)
application.command(list_requirements, name="list")
application.command(explain, name="explain")


@application.command(name="run")
def run_partner(
    name: str,
    /,
    *,
    select_words: Annotated[str | None, Parameter(name=["-k", "--select"])] = None,
    level: Literal["must", "should", "may", "open"] | None = None,
    profile: Literal["quick", "full", "exhaustive"] = "quick",
    scenario: list[str] | None = None,
    seed: Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))] = 0,
    fixture: Path | None = None,
    expected: Path | None = None,
    report: Path | None = None,
    jobs: int | None = None,
    sample_store: Annotated[bool, Parameter(negative="")] = False,
    desk: Given,
) -> ExitStatus:
    """Drive a partner through its protocol, and say which clauses it keeps.

    Named scenarios and some that are drawn at random (the same ones for the
    same --seed) run in processes of their own. What looks broken is played
    three times more, then shortened: the conversation that is shown is the
    shortest that was found. Nothing is downloaded but the catalogue, and the
    home folder is not touched.

    What the partner is asked for comes from its catalogue, or from
    conformance.toml, in the working folder or in the home folder:

      [proseware]
      tracks = [701, 702]           # that the account may download
      refused = [301]               # that are not to be downloaded
      albums = { 7 = [701, 702] }
      lists = { 3 = [701, 301] }
      [proseware.signed_out]        # settings with which nobody is signed in
      password = "wrong"
      [proseware.store]
      setting = "store_url"         # the kit breaks the way to this URL

    Status: 0 it conforms (warnings included), 1 a clause was broken,
    2 inconclusive, 4 a fault of the kit, 5 nothing was selected.

    --json: the report; its keys are in docs/reference/conformance-report.md.

    Args:
        name: the partner
        select_words: only requirements with these words in id, method or text
        level: only requirements of this level
        profile: quick; full, with the long scenarios and more that is drawn at random;
            exhaustive, also with every order of two downloads
        scenario: only the scenario of this name; may be repeated
        seed: of everything that is drawn; it stands in the report
        fixture: another file than conformance.toml
        expected: a file of requirements that are known to fail, with reasons
        report: a folder, which is made, for report.json, junit.xml, report.html,
            the transcripts, and a schedule and a test for each failure
        jobs: how many scenarios run at the same time; one for each core without it
        sample_store: start the store Proseware for the run and use its settings
        desk: where the result is shown
    """
    selected = select(select_words, level)
    check_partner(desk, name)
    known = read_expectations(expected, name) if expected else {}
    settings = settings_for(name, load_partner_settings(desk.home.partners_toml))
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        order = Order(
            partner=settings,
            table={},
            offer=offer_of(name, fixture, (Path(), desk.home.path)),
            folder=run_folder(report, Path(scratch)),
            selected=selected,
            profile=profile,
            scenarios=tuple(scenario or ()),
            seed=seed,
            jobs=jobs or cores(),
            expected=known,
        )
        found = carry_out(desk, order, Path(scratch), sample_store=sample_store)
    if report is not None:
        write_report(found, report)
    if desk.as_json:
        desk.show_json(run_to_data(found))
    else:
        desk.show(*report_lines(found))
        if report is not None:
            desk.remark(f"the report is in {report}")
    return _STATUS.get(found.verdict, ExitStatus.DONE)


@application.command(name="judge")
def judge_transcript(file: Path, /, *, desk: Given) -> ExitStatus:
    """Judge a transcript with the rules of today.

    Of any session: one that this kit has written, one of the Player's own
    (in the home folder's transcripts), or one from elsewhere in the same form.
    A transcript without a sound end is judged as far as it goes.

    --json: the report, as `conformance run` has it.

    Args:
        file: the transcript
        desk: where the result is shown
    """
    path = file if file.is_file() else desk.home.transcripts / file
    if not path.is_file():
        raise UsageError("there is no such transcript", where=str(file))
    if path.stat().st_size > MOST_TRANSCRIPT_BYTES:
        raise UsageError(
            f"the transcript is longer than {MOST_TRANSCRIPT_BYTES // 2**20} MiB",
            where=str(path),
            remedy="Judge the transcript of a shorter session",
        )
    transcript = read_transcript(path)
    results = judge(transcript)
    found = Run(
        partner=str(transcript.header.get("partner", "")),
        distribution="",
        profile="transcript",
        seed=0,
        started_at=datetime.now(UTC),
        seconds=0.0,
        results=results,
        scenarios=(ScenarioRun(path.name, results, transcript=path.name),),
    )
    if desk.as_json:
        desk.show_json(run_to_data(found))
    else:
        desk.show(*report_lines(found))
        if not transcript.complete:
            desk.remark("the transcript has no sound end: it was judged as far as it goes")
    return _STATUS.get(found.verdict, ExitStatus.DONE)


@application.command
def replay(name: str, requirement_id: str, file: Path, /, *, desk: Given) -> ExitStatus:
    """Play the schedule of a counterexample again.

    Says BROKEN where the clause is still broken, FIXED where it is kept, and
    DIFFERENT where the conversation no longer gives it a chance.

    --json: `requirement`, `outcome`, `verdict`, `findings`.

    Args:
        name: the partner
        requirement_id: the clause, such as T1-DL-07
        file: the schedule, as `conformance run --report` writes it
        desk: where the result is shown
    """
    row = requirement(requirement_id)
    check_partner(desk, name)
    try:
        schedule = schedule_from_text(file.read_text("utf-8"), where=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the schedule cannot be read ({error})", where=str(file)) from error
    done = anyio.run(replay_schedule, name, row.id, schedule, desk.home)
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


@application.command
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


@application.command
def mutants(
    *words: str,
    seed: int = 0,
    scenario: list[str] | None = None,
    shorten: Annotated[bool, Parameter(negative="--no-shorten")] = True,
    jobs: int | None = None,
    desk: Given,
) -> ExitStatus:
    """Run the kit over plug-ins whose faults are known, and score what it finds.

    The zoo of the sample partners has a plug-in for each clause that can be
    broken, and odd ones that conform. Status 1 where a fault was not found, or
    something was found that is none.

    --json: `found`, `broken`, `quiet`, `conforming`, and `exhibits`: `name`,
    `primary`, `verdict`, `roots`, `strange`, `calls`, `least_calls`, `problem`.

    Args:
        words: only exhibits with one of these words in the name
        seed: of everything that is drawn
        scenario: only the scenario of this name; may be repeated
        shorten: shorten the counterexamples, which takes most of the time
        jobs: how many exhibits run at the same time; one for each core without it
        desk: where the result is shown
    """
    exhibits = tuple(e for e in read_zoo() if not words or any(w in e.name for w in words))
    if not exhibits:
        raise NothingSelected("no exhibit has such a name", where=" ".join(words))
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        scores = anyio.run(
            partial(
                measure,
                exhibits,
                SystemClock(),
                Path(scratch),
                partial(_tell_score, desk),
                seed=seed,
                jobs=jobs or cores(),
                scenarios=tuple(scenario or ()),
                is_shortened=shorten,
            )
        )
    if desk.as_json:
        desk.show_json(_scores_to_json(scores))
    else:
        desk.show(*_score_lines(scores))
    return ExitStatus.DONE if all(map(_is_good, scores)) else ExitStatus.FAILED


def _is_good(score: Score) -> bool:
    return score.is_right and score.is_short


def _tell_score(desk: Desk, score: Score, number: int, total: int) -> None:
    verdict = "right" if _is_good(score) else "WRONG"
    desk.remark(f"{number}/{total} {shown(score.exhibit.name)}: {verdict}")


def _score_lines(scores: tuple[Score, ...]) -> list[str]:
    broken = [one for one in scores if one.exhibit.primary]
    quiet = [one for one in scores if not one.exhibit.primary]
    lines = [_score_line(one) for one in scores if not _is_good(one)]
    lines.append(f"faults found: {sum(one.is_right for one in broken)} of {len(broken)}")
    lines.append(f"without false alarm: {sum(one.is_right for one in quiet)} of {len(quiet)}")
    return lines


def _score_line(score: Score) -> str:
    wanted = score.exhibit.primary or "nothing"
    found = ", ".join(score.found) or "nothing"
    name = shown(score.exhibit.name)
    if score.problem:
        return f"{name}: nothing can be said: {shown(score.problem)}"
    if not score.is_short:
        return f"{name}: {score.calls} calls, and {score.exhibit.calls} would do"
    return f"{name}: found {found}, should find {wanted}"


def _scores_to_json(scores: tuple[Score, ...]) -> dict[str, Any]:
    broken = [one for one in scores if one.exhibit.primary]
    quiet = [one for one in scores if not one.exhibit.primary]
    return {
        "found": sum(one.is_right for one in broken),
        "broken": len(broken),
        "quiet": sum(one.is_right for one in quiet),
        "conforming": len(quiet),
        "exhibits": [
            {
                "name": one.exhibit.name,
                "primary": one.exhibit.primary or None,
                "verdict": one.verdict,
                "roots": list(one.found),
                "strange": list(one.strange),
                "calls": one.calls or None,
                "least_calls": one.exhibit.calls or None,
                "problem": one.problem,
            }
            for one in scores
        ],
    }


def _report(path: Path) -> Run:
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise UsageError("the file is too long for a report", where=str(path))
        return run_from_text(path.read_text("utf-8"), where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the report cannot be read ({error})", where=str(path)) from error
