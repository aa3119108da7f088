"""`player-host downloads`: what was asked for; resuming and cancelling it."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from attrs import frozen
from cyclopts import App

from player_host.cli.desk import Desk, Given
from player_host.cli.download import show_report
from player_host.cli.following import SettledTracks, follow
from player_host.cli.outcome import ExitStatus, tell
from player_host.cli.reports import (
    Outcome,
    RequestReport,
    counts_text,
    outcomes_of_requests,
    report_request,
    request_to_json,
    worst,
)
from player_host.cli.running import run_player
from player_host.cli.screens import show_requests
from player_host.cli.tables import add_row, plain_table
from player_host.cli.wording import moment_text
from player_host.clock import SystemClock
from player_host.downloads.ledger import Ledger, RequestRow
from player_host.errors import HomeInUse, NothingSelected, PartnerError, SettingsError
from player_host.player import Player

UNSETTLED: Final = frozenset({"open", "cancelling"})

application = App(name="downloads", help="List, show, resume and cancel downloads.")


@application.command(name="list")
def list_downloads(*, desk: Given) -> ExitStatus:
    """List every download, the oldest first.

    --json: a list of `id`, `partner`, `items`, `made_at`, `state` (open,
    cancelling, cancelled, done), `tracks`, the number of tracks in each state,
    and `outcomes`, the number of tracks with each outcome of `downloads show`.
    """
    with desk.reading() as database:
        requests = Ledger(database, SystemClock()).requests()
        outcomes = outcomes_of_requests(database)
    if desk.as_json:
        desk.show_json([_listed_json(one, outcomes.get(one.id, Counter())) for one in requests])
        return ExitStatus.DONE
    if not requests:
        desk.remark("nothing was downloaded yet")
        return ExitStatus.DONE
    table = plain_table(">id", "partner", "items", "made", "status", elastic="items")
    for request in requests:
        made = moment_text(request.made_at).removesuffix(" UTC")
        status = status_text(request.state, outcomes.get(request.id, Counter()))
        add_row(table, request.id, request.partner, request.items, made, status)
    desk.show(table)
    return ExitStatus.DONE


@application.command
def show(number: int, /, *, desk: Given) -> ExitStatus:
    """Show what became of each track of a download.

    --json: `id`, `partner`, `items`, `made_at`, `state`, `tracks` (`id`,
    `title`, `outcome`, `hr`, `code`, `file`, `asked_again`: its URL had
    expired, and the store was asked again), `left_out` and `explanations`
    (what the store says about its codes); `download` alone knows these two.

    Args:
        number: of the download, as `downloads list` shows it
        desk: where the result is shown
    """
    with desk.reading() as database:
        report = report_request(database, number)
    show_report(desk, report)
    return ExitStatus.DONE


@application.command
def resume(*numbers: int, desk: Given) -> ExitStatus:
    """Go on with downloads that were interrupted, and wait until they are settled.

    Accepted tracks go on where they stopped; for tracks without an answer the
    store is asked anew. Status 5 if none of the named downloads is open.

    --json: a list with the keys of `downloads show`.

    Args:
        numbers: of the downloads; without any, every open one
        desk: where the result is shown
    """
    requests = _chosen(desk, numbers)
    if not requests:
        desk.show_json([]) if desk.as_json else desk.remark("no download is open")
        return ExitStatus.DONE
    by_partner = groupby(sorted(requests, key=lambda r: (r.partner, r.id)), lambda r: r.partner)
    tasks = [_Task(partner, tuple(group)) for partner, group in by_partner]
    settled = SettledTracks()

    async def work(player: Player) -> ExitStatus:
        statuses = [await _resume_with(desk, player, settled, task) for task in tasks]
        reports = [report_request(player.database, request.id) for request in requests]
        _show_all(desk, reports)
        return worst([*statuses, *(report.status for report in reports)])

    return run_player(desk, work, settled)


@application.command
def cancel(number: int, /, *, desk: Given) -> ExitStatus:
    """Cancel what is left of a download; what is in the library stays there.

    If another Player is at work in the home folder, that one carries it out.

    --json: the keys of `downloads show`.

    Args:
        number: of the download, as `downloads list` shows it
        desk: where the result is shown
    """
    request = _one(desk, number)
    if request.state not in UNSETTLED:
        raise NothingSelected(f"download {number} is {request.state}; nothing is left to cancel")
    settled = SettledTracks()

    async def work(player: Player) -> ExitStatus:
        await player.activate(request.partner)
        player.cancel(number)
        await follow(desk, player, settled, [number])
        show_report(desk, report_request(player.database, number))
        return ExitStatus.DONE

    try:
        return run_player(desk, work, settled)
    except HomeInUse:
        return _ask_running_player(desk, number)


@frozen
class _Task:
    """What is resumed with one partner."""

    partner: str
    requests: tuple[RequestRow, ...]


def status_text(state: str, outcomes: Counter[Outcome]) -> str:
    """Return how a request stands, in words: `done, 8 downloaded, 4 failed`."""
    word = "being cancelled" if state == "cancelling" else state
    return ", ".join(filter(None, (word, counts_text(outcomes))))


async def _resume_with(
    desk: Desk, player: Player, settled: SettledTracks, task: _Task
) -> ExitStatus:
    """Resume what belongs to one partner; a partner that fails does not stop the others."""
    try:
        await player.activate(task.partner)
    except (PartnerError, SettingsError) as error:
        return tell(desk, error, document=False)
    for request in task.requests:
        if request.state == "cancelling":
            player.cancel(request.id)
        else:
            await player.resume(request.id)
    await follow(desk, player, settled, [request.id for request in task.requests])
    return ExitStatus.DONE


def _chosen(desk: Desk, numbers: Sequence[int]) -> list[RequestRow]:
    with desk.reading() as database:
        ledger = Ledger(database, SystemClock())
        named = [ledger.request(number) for number in dict.fromkeys(numbers)]
        candidates = named if numbers else ledger.requests()
    chosen = [request for request in candidates if request.state in UNSETTLED]
    if numbers and not chosen:
        raise NothingSelected("none of these downloads is open")
    return chosen


def _one(desk: Desk, number: int) -> RequestRow:
    with desk.reading() as database:
        return Ledger(database, SystemClock()).request(number)


def _ask_running_player(desk: Desk, number: int) -> ExitStatus:
    with desk.reading() as database:
        Ledger(database, SystemClock()).set_request_state(number, "cancelling")
        report = report_request(database, number)
    desk.remark(f"the Player that uses this home folder will cancel download {number}")
    if desk.as_json:
        desk.show_json(report.to_json())
    return ExitStatus.DONE


def _show_all(desk: Desk, reports: Sequence[RequestReport]) -> None:
    if desk.as_json:
        desk.show_json([report.to_json() for report in reports])
    else:
        show_requests(desk, reports)


def _listed_json(request: RequestRow, outcomes: Counter[Outcome]) -> dict[str, object]:
    states = {state.value: count for state, count in request.counts.items()}
    words = {outcome.value: count for outcome, count in outcomes.items()}
    return request_to_json(request) | {"tracks": states, "outcomes": words}
