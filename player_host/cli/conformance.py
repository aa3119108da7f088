"""`player-host conformance`: what the protocol requires, and whether a partner keeps it."""

import tempfile
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from player_host.cli.conformance_catalog import explain, list_requirements
from player_host.cli.conformance_files import diff, judge_transcript, replay
from player_host.cli.conformance_mutants import mutants
from player_host.cli.conformance_run import carry_out, run_folder, show_run, write_report
from player_host.cli.desk import Given
from player_host.cli.outcome import ExitStatus
from player_host.cli.running import check_partner
from player_host.conformance.conducting import cores, offer_of
from player_host.conformance.expectations import read_expectations
from player_host.conformance.running import Order
from player_host.conformance.selection import select
from player_host.plugins.discovery import settings_for
from player_host.settings import load_partner_settings

application = App(
    name="conformance", help="Check a partner against the protocol, clause by clause."
)
application.command(list_requirements, name="list")
application.command(explain, name="explain")
application.command(judge_transcript, name="judge")
application.command(replay)
application.command(diff)
application.command(mutants)


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
    jobs: Annotated[int | None, Parameter(validator=Number(gte=1, lte=1_000))] = None,
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
    with (
        tempfile.TemporaryDirectory(prefix="conformance-") as scratch,
        run_folder(report, Path(scratch)) as folder,
    ):
        order = Order(
            partner=settings,
            table={},
            offer=offer_of(name, fixture, (Path(), desk.home.path)),
            folder=folder,
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
    return show_run(desk, found, f"the report is in {report}" if report else "")
