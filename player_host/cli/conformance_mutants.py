"""`player-host conformance mutants`: how the kit does on plug-ins whose faults are known."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from player_host.cli.desk import Desk, Given
from player_host.cli.interruption import run_until_signal
from player_host.cli.outcome import ExitStatus
from player_host.cli.wording import shown
from player_host.clock import SystemClock
from player_host.conformance.conducting import cores
from player_host.conformance.zoo import Score, measure, read_zoo
from player_host.errors import NothingSelected


def mutants(
    *words: str,
    seed: Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))] = 0,
    seeds: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000))] = 1,
    scenario: list[str] | None = None,
    shorten: Annotated[bool, Parameter(negative="--no-shorten")] = True,
    jobs: Annotated[int | None, Parameter(validator=Number(gte=1, lte=1_000))] = None,
    desk: Given,
) -> ExitStatus:
    """Run the kit over plug-ins whose faults are known, and score what it finds.

    The zoo of the sample partners has a plug-in for each clause that can be
    broken, and odd ones that conform. Status 1 where a fault was not found, or
    something was found that is none.

    --json: `found`, `broken`, `quiet`, `conforming`, and `exhibits`: `name`,
    `primary`, `verdict`, `roots`, `strange`, `missed_seeds`, `calls`,
    `least_calls`, `problem`.

    Args:
        words: only exhibits with one of these words in the name
        seed: of what is drawn
        seeds: how many seeds from there on; a fault has to be found with each
        scenario: only the scenario of this name; may be repeated
        shorten: shorten the counterexamples, which takes most of the time
        jobs: how many exhibits run at the same time; one for each core without it
        desk: where the result is shown
    """
    exhibits = tuple(e for e in read_zoo() if not words or any(w in e.name for w in words))
    if not exhibits:
        raise NothingSelected("no exhibit has such a name", where=" ".join(words))
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        scores = run_until_signal(
            desk,
            partial(
                measure,
                exhibits,
                SystemClock(),
                Path(scratch),
                partial(_tell_score, desk),
                seeds=tuple(range(seed, seed + seeds)),
                jobs=jobs or cores(),
                scenarios=tuple(scenario or ()),
                is_shortened=shorten,
            ),
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
    shown_by = [one for one in broken if one.calls]
    if shown_by:
        short = sum(one.is_short for one in shown_by)
        lines.append(f"shown within one call of the shortest: {short} of {len(shown_by)}")
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
    seeds = f" with seed {', '.join(map(str, score.missed[:5]))}" if score.missed else ""
    return f"{name}: found {found}, should find {wanted}{seeds}"


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
                "missed_seeds": list(one.missed),
                "calls": one.calls or None,
                "least_calls": one.exhibit.calls or None,
                "problem": one.problem,
            }
            for one in scores
        ],
    }
