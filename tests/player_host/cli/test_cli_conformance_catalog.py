"""`conformance list` and `explain`: the requirements on a terminal, in a pipe, as JSON."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from cyclopts import App, CycloptsError
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from player_host.cli.conformance_catalog import explain, list_requirements
from player_host.cli.desk import PLAIN_WIDTH, Desk
from player_host.cli.outcome import ExitStatus
from player_host.conformance.clauses import CLAUSES
from player_host.conformance.requirements import Level, requirement, requirements
from player_host.errors import UsageError


class Screen:
    """A desk, and what was shown on it."""

    def __init__(self, *, width: int = PLAIN_WIDTH, as_json: bool = False) -> None:
        self._out, self._err = io.StringIO(), io.StringIO()
        self.desk = Desk(
            as_json=as_json,
            out=Console(file=self._out, width=width, markup=False, highlight=False),
            err=Console(file=self._err, width=PLAIN_WIDTH),
        )

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._out.getvalue().splitlines()]

    @property
    def remarks(self) -> str:
        return self._err.getvalue()

    @property
    def document(self) -> Any:
        return json.loads(self._out.getvalue())


def run(screen: Screen, *words: str) -> int:
    """Type a command, as the program reads it."""
    application = App(name="conformance", result_action="return_value")
    application.command(list_requirements, name="list")
    application.command(explain)
    command: Callable[..., int]
    command, bound, _ = application.parse_args(words, exit_on_error=False, print_error=False)
    return command(*bound.args, **bound.kwargs, desk=screen.desk)


def ids(*words: str) -> list[str]:
    screen = Screen(as_json=True)
    run(screen, "list", *words)
    return [row["id"] for row in screen.document]


def test_without_a_choice_every_requirement_is_listed_and_counted():
    screen = Screen()
    assert run(screen, "list") == ExitStatus.DONE
    assert screen.lines[0].split() == ["id", "level", "actor", "requirement"]
    assert [line.split()[0] for line in screen.lines[1:-2]] == list(requirements())
    assert screen.lines[-1] == f"{len(requirements())} requirements"


def test_in_a_pipe_a_requirement_is_one_line_with_method_and_text():
    screen = Screen()
    run(screen, "list", "-k", "T1-DL-09")
    row = requirement("T1-DL-09")
    expected = ["T1-DL-09", "must", "partner", f"Callback.DownloadTrack: {row.text}"]
    assert screen.lines[1].split(maxsplit=3) == expected
    assert screen.lines[-1] == "1 requirement"


def test_on_a_narrow_terminal_the_text_goes_on_below_itself():
    screen = Screen(width=80)
    run(screen, "list")
    assert max(map(len, screen.lines)) <= 80
    starts = [line for line in screen.lines if line.startswith("T1-")]
    assert [line.split()[0] for line in starts] == list(requirements())
    column = screen.lines[0].index("requirement")
    assert 80 - column >= 50
    words = " ".join(line[column:] for line in screen.lines[1:-2]).split()
    assert words == " ".join(f"{row.method}: {row.text}" for row in requirements().values()).split()


def test_a_list_can_be_narrowed_by_level_duty_and_group_together():
    found = ids("--level", "must", "--actor", "partner", "--group", "T1-DL")
    assert found == [
        row.id
        for row in requirements().values()
        if (row.level, row.actor, row.group) == (Level.MUST, "partner", "T1-DL")
    ]
    assert "T1-DL-07" in found


@pytest.mark.parametrize("level", Level)
def test_every_level_can_be_chosen(level):
    assert ids("--level", level)


def test_a_group_is_the_whole_of_its_name_in_any_case():
    assert ids("--group", "t1-hr") == [f"T1-HR-0{number}" for number in range(1, 6)]
    assert "T1-LIST-01" not in ids("--group", "T1-LI")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("T1-DL-0", "T1-DL-09"),
        ("t1-dl-09", "T1-DL-09"),
        ("callback.downloadtrack", "T1-DL-09"),
        ("UNCHANGED", "T1-DL-09"),
        ("cookie unchanged", "T1-DL-09"),
        ("unchanged T1-DL", "T1-DL-09"),
        ("", "T1-DL-09"),
    ],
)
def test_words_are_sought_at_the_beginning_of_the_id_in_the_method_and_in_the_text(words, found):
    assert found in ids("-k", words)


def test_every_word_has_to_be_there():
    assert "T1-DL-09" not in ids("-k", "cookie unchanged licence")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_whatever_is_sought_what_is_found_has_it(words):
    screen = Screen(as_json=True)
    status = list_requirements(words=words, desk=screen.desk)
    found = screen.document
    assert (status is ExitStatus.DONE) == bool(found)
    for row in found:
        whole = " ".join((row["id"], row["method"], row["requirement"])).casefold()
        assert all(word in whole for word in words.casefold().split())


@pytest.mark.parametrize("choice", [("-k", "nothing is like that"), ("--group", "T1-XX")])
def test_nothing_found_is_said_and_has_a_status_of_its_own(choice):
    screen = Screen()
    assert run(screen, "list", *choice) == ExitStatus.NOTHING_SELECTED
    assert screen.lines == []
    assert screen.remarks == "no requirement is like that\n"


def test_nothing_found_is_an_empty_document():
    screen = Screen(as_json=True)
    assert run(screen, "list", "--group", "T1-XX") == ExitStatus.NOTHING_SELECTED
    assert screen.document == []


def test_a_level_that_there_is_not_is_wrong_usage():
    with pytest.raises(CycloptsError, match="must"):
        run(Screen(), "list", "--level", "always")


def test_a_requirement_is_explained_with_its_sources_and_its_check():
    screen = Screen(width=80)
    assert run(screen, "explain", "t1-dl-07") == ExitStatus.DONE
    assert screen.lines[0] == "T1-DL-07"
    said = " ".join(" ".join(screen.lines).split())
    check = CLAUSES["T1-DL-07"].check
    for part in (
        requirement("T1-DL-07").text,
        "about Callback.DownloadTrack",
        "level must",
        "actor partner",
        "provenance stated: the documents say so",
        "pages nf-contentpartner-iwmpcontentpartner-download.md downloading-media-content.md",
        f"check {check.__name__}: {check.__doc__}",
    ):
        assert part in said
    assert max(map(len, screen.lines)) <= 80


def test_a_requirement_of_the_tables_is_explained_by_the_judge_of_catalogues():
    screen = Screen()
    run(screen, "explain", "T1-TRK-01")
    check = "judge_catalog: Looks for it in the catalogue that the partner publishes."
    assert screen.lines[-1].split(maxsplit=1) == ["check", check]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("T1-DL-22", "none: it is the Player's duty, not the partner's"),
        ("T1-THR-04", f"none: {requirement('T1-THR-04').unobserved}"),
        ("T1-BUY-13", "none: the kit does not judge the group T1-BUY yet"),
    ],
)
def test_a_requirement_without_a_check_is_explained_with_the_reason(name, why):
    screen = Screen()
    run(screen, "explain", name)
    assert screen.lines[-1].split(maxsplit=1) == ["check", why]


def test_the_document_of_a_requirement_has_what_is_shown():
    screen = Screen(as_json=True)
    run(screen, "explain", "T1-DL-35")
    check = CLAUSES["T1-DL-35"].check
    assert screen.document == {
        "id": "T1-DL-35",
        "actor": "partner",
        "level": "open",
        "method": "Partner.Download",
        "requirement": requirement("T1-DL-35").text,
        "provenance": "settled",
        "pages": ["nf-contentpartner-iwmpcontentpartner-download.md"],
        "check": {"name": check.__name__, "says": check.__doc__},
        "unchecked": "",
    }


def test_every_requirement_can_be_explained():
    for name in requirements():
        screen = Screen(as_json=True)
        assert explain(name, desk=screen.desk) is ExitStatus.DONE
        assert bool(screen.document["check"]) != bool(screen.document["unchecked"]), name


def test_a_misspelt_requirement_is_refused_with_what_may_be_meant():
    with pytest.raises(UsageError) as caught:
        run(Screen(), "explain", "dl-07")
    assert "T1-DL-07" in caught.value.remedy
