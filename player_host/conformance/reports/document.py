"""The report for programs: a run as JSON values, and a run from such a document.

`report.schema.json` beside this file is the published schema. A document has what two runs are
compared by; of a scenario it has the verdicts, without what they rest on.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from player_host.conformance.judge import MOST_FINDINGS, Result, Results
from player_host.conformance.reports.entries import MAX_ENTRIES, entries_to_data
from player_host.conformance.reports.overview import row_of
from player_host.conformance.reports.reading import LARGEST_NUMBER, Place, parsed
from player_host.conformance.reports.wording import NAME_CHARACTERS, SENTENCE_CHARACTERS
from player_host.conformance.runs import Counterexample, Run, ScenarioRun
from player_host.conformance.verdicts import Finding, Outcome, Verdict
from player_host.transcript import Entry, entry_from_data

FORMAT: Final = "content-partner conformance report"
FORMAT_VERSION: Final = 1

MAX_RESULTS: Final = 1_000
MAX_SCENARIOS: Final = 5_000
MAX_COUNTEREXAMPLES: Final = 40
MAX_SETTINGS: Final = 200
MAX_FILE_CHARACTERS: Final = 128 * 1024
"""Of a schedule and of a test; a longer one is left out, for half of it is of no use."""


def run_to_text(run: Run) -> str:
    """Return a run as a JSON text, in ASCII; each result, scenario and example has its line."""
    keys = (f"{json.dumps(key)}: {_lines(value)}" for key, value in run_to_data(run).items())
    return "{\n" + ",\n".join(keys) + "\n}\n"


def run_from_text(text: str, *, where: str) -> Run:
    """Return the run of a JSON text.

    Args:
        text: what `run_to_text` returned, or what somebody made of it.
        where: the name of the file, for errors.

    Raises:
        PlayerHostError: it is no such document; `where` names file and key.
    """
    return run_from_data(parsed(text, where=where), where=where)


def run_to_data(run: Run) -> dict[str, Any]:
    """Return a run as JSON values; texts are cut, and have no half of a surrogate pair."""
    return {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "partner": _text(run.partner, NAME_CHARACTERS),
        "distribution": _text(run.distribution, NAME_CHARACTERS),
        "verdict": run.verdict.value,
        "profile": _text(run.profile, NAME_CHARACTERS),
        "seed": run.seed,
        "started_at": run.started_at.isoformat(),
        "seconds": run.seconds,
        "results": [_result_to_data(one) for one in list(run.results.values())[:MAX_RESULTS]],
        "scenarios": [_scenario_to_data(one) for one in _most_telling(run.scenarios)],
        "counterexamples": [
            _counterexample_to_data(one) for one in run.counterexamples[:MAX_COUNTEREXAMPLES]
        ],
        "environment": _settings_to_data(run.environment),
        "fixture": _settings_to_data(run.fixture),
    }


def run_from_data(data: object, *, where: str = "report") -> Run:
    """Return the run of a document.

    Keys that are not known are passed over; what follows from others (`verdict`, `level`, `text`)
    is worked out anew.

    Args:
        data: what `run_to_data` returned, or what somebody made of it.
        where: the name of the file, for errors.

    Raises:
        PlayerHostError: it is no such document; `where` names file and key.
    """
    place = Place(data, where)
    _check_format(place)
    return Run(
        partner=_name(place["partner"]),
        distribution=_name(place["distribution"]),
        profile=_name(place["profile"]),
        seed=place["seed"].number(-LARGEST_NUMBER),
        started_at=place["started_at"].moment(),
        seconds=place["seconds"].seconds(),
        results=_results(place["results"]),
        scenarios=tuple(_scenario(one) for one in place["scenarios"].items(MAX_SCENARIOS)),
        counterexamples=tuple(
            _counterexample(one) for one in place["counterexamples"].items(MAX_COUNTEREXAMPLES)
        ),
        environment=_settings(place["environment"]),
        fixture=_settings(place["fixture"]),
    )


def document_schema() -> dict[str, Any]:
    """Return the schema of the document, in the words of JSON Schema 2020-12."""
    text = (resources.files(__package__) / "report.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _lines(value: Any) -> str:
    if not isinstance(value, list):
        return json.dumps(value, allow_nan=False)
    # Not indented further: a list of 5,000 tracks would become five times as long.
    return "[" + ",".join(f"\n {json.dumps(one, allow_nan=False)}" for one in value) + "]"


def _check_format(place: Place) -> None:
    if place["format"].value != FORMAT:
        raise place["format"].error(f'"{FORMAT}" was expected')
    if place["version"].number() != FORMAT_VERSION:
        raise place["version"].error(
            f"version {FORMAT_VERSION} was expected, the one that this program reads"
        )


def _result_to_data(result: Result) -> dict[str, Any]:
    row = row_of(result.requirement)
    return {
        "requirement": _text(result.requirement, NAME_CHARACTERS),
        "verdict": result.verdict.value,
        "level": row.level.value,
        "provenance": row.provenance.value,
        "text": row.text,
        "chances": result.chances,
        "findings": [_finding_to_data(one) for one in result.findings[:MOST_FINDINGS]],
        "total": result.total,
        "follows_from": _text(result.follows_from, NAME_CHARACTERS),
    }


def _finding_to_data(finding: Finding) -> dict[str, Any]:
    return {
        "outcome": finding.outcome.value,
        "line": finding.line,
        "what": _text(finding.what, SENTENCE_CHARACTERS),
        "cookie": finding.cookie,
        "track_id": finding.track_id,
        "life": finding.life,
    }


def _scenario_to_data(scenario: ScenarioRun) -> dict[str, Any]:
    said = (one for one in scenario.results.values() if one.verdict is not Verdict.VACUOUS)
    return {
        "name": _text(scenario.name, NAME_CHARACTERS),
        "seconds": scenario.seconds,
        "problem": _text(scenario.problem, SENTENCE_CHARACTERS),
        "transcript": _text(scenario.transcript, NAME_CHARACTERS),
        "verdicts": {_text(one.requirement, NAME_CHARACTERS): one.verdict.value for one in said},
    }


def _most_telling(scenarios: tuple[ScenarioRun, ...]) -> list[ScenarioRun]:
    """Return so many scenarios as there is room for; those that say nothing have to be told."""
    ranked = sorted(range(len(scenarios)), key=lambda i: (scenarios[i].is_sound, i))
    return [scenarios[i] for i in sorted(ranked[:MAX_SCENARIOS])]


def _counterexample_to_data(example: Counterexample) -> dict[str, Any]:
    return {
        "requirement": _text(example.requirement, NAME_CHARACTERS),
        "scenario": _text(example.scenario, NAME_CHARACTERS),
        "line": example.line,
        "what": _text(example.what, SENTENCE_CHARACTERS),
        "calls": example.calls,
        "entries": entries_to_data(example.entries, example.line),
        "replay": _file(example.replay),
        "test": _file(example.test),
    }


def _settings_to_data(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        _text(name, NAME_CHARACTERS): _text(value, SENTENCE_CHARACTERS)
        for name, value in list(settings.items())[:MAX_SETTINGS]
    }


def _text(text: str, most: int) -> str:
    """Return a text, cut; a lone surrogate, at which many readers of JSON fail, as its escape."""
    return text[:most].encode("utf-8", "backslashreplace").decode()[:most]


def _file(text: str) -> str:
    safe = _text(text, 2 * MAX_FILE_CHARACTERS)
    return safe if len(safe) <= MAX_FILE_CHARACTERS else ""


def _results(place: Place) -> Results:
    results: dict[str, Result] = {}
    for one in place.items(MAX_RESULTS):
        result = _result(one)
        if result.requirement in results:
            raise one["requirement"].error("a requirement was expected that stands here once")
        results[result.requirement] = result
    return results


def _result(place: Place) -> Result:
    return Result(
        requirement=_name(place["requirement"]),
        verdict=place["verdict"].choice(Verdict),
        chances=place["chances"].number(),
        findings=tuple(_finding(one) for one in place["findings"].items(MOST_FINDINGS)),
        total=place["total"].number(),
        follows_from=_name(place["follows_from"]),
    )


def _finding(place: Place) -> Finding:
    return Finding(
        outcome=place["outcome"].choice(Outcome),
        line=place["line"].number(),
        what=place["what"].text(SENTENCE_CHARACTERS),
        cookie=_number_or_none(place["cookie"]),
        track_id=_number_or_none(place["track_id"]),
        life=place["life"].number(),
    )


def _scenario(place: Place) -> ScenarioRun:
    verdicts = place["verdicts"].mapping(MAX_RESULTS)
    return ScenarioRun(
        name=_name(place["name"]),
        results={name: Result(name, one.choice(Verdict)) for name, one in verdicts.items()},
        seconds=place["seconds"].seconds(),
        problem=place["problem"].text(SENTENCE_CHARACTERS),
        transcript=_name(place["transcript"]),
    )


def _counterexample(place: Place) -> Counterexample:
    return Counterexample(
        requirement=_name(place["requirement"]),
        scenario=_name(place["scenario"]),
        entries=tuple(_entry(one) for one in place["entries"].items(MAX_ENTRIES)),
        line=place["line"].number(),
        what=place["what"].text(SENTENCE_CHARACTERS),
        replay=place["replay"].text(MAX_FILE_CHARACTERS),
        test=place["test"].text(MAX_FILE_CHARACTERS),
        calls=place["calls"].number(),
    )


def _entry(place: Place) -> Entry:
    return entry_from_data(place.value, where=place.where)


def _settings(place: Place) -> dict[str, str]:
    values = place.mapping(MAX_SETTINGS)
    return {name: value.text(SENTENCE_CHARACTERS) for name, value in values.items()}


def _name(place: Place) -> str:
    return place.text(NAME_CHARACTERS)


def _number_or_none(place: Place) -> int | None:
    return None if place.value is None else place.number(-LARGEST_NUMBER)
