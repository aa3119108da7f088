"""`player-host download`: asks a store for items and waits until each track is settled."""

from typing import Final

from attrs import evolve

from player_host.catalog.items import parse_items
from player_host.cli.desk import Given
from player_host.cli.following import SettledTracks, follow
from player_host.cli.outcome import ExitStatus
from player_host.cli.reports import RequestReport, report_request
from player_host.cli.running import check_partner, run_player
from player_host.cli.screens import show_request
from player_host.player import Player

MAX_EXPLAINED: Final = 8


def download(partner: str, /, *items: str, desk: Given) -> ExitStatus:
    """Download albums, lists or tracks from a store.

    For example:
      player-host download proseware album:7
      player-host download proseware album:7;9 list:3 track:701;702

    Ctrl-C suspends; `player-host downloads resume` goes on. Progress goes to
    the standard error output, the outcome of each track to the standard output.

    --json: the keys of `downloads show`.

    Args:
        partner: a plug-in, as `player-host partners` lists it, or module:attribute
        items: what to download: album:ID, list:ID, track:ID; several IDs with semicolons
        desk: where the result is shown
    """
    check_partner(desk, partner)
    parse_items(items)  # a slip of the pen is told before a plug-in is started
    settled = SettledTracks()

    async def work(player: Player) -> ExitStatus:
        await player.activate(partner)
        request = await player.download(items)
        await follow(desk, player, settled, [request.id])
        report = await explained(
            player, report_request(player.database, request.id, request.left_out)
        )
        show_report(desk, report)
        return report.status

    return run_player(desk, work, settled)


async def explained(player: Player, report: RequestReport) -> RequestReport:
    """Return the report with the active partner's words about the codes of its refusals."""
    words = {hr: await player.explain(hr) for hr in report.refusal_codes[:MAX_EXPLAINED]}
    return evolve(report, explanations={hr: text for hr, text in words.items() if text})


def show_report(desk: Given, report: RequestReport) -> None:
    """Show one request as the desk wants it."""
    if desk.as_json:
        desk.show_json(report.to_json())
    else:
        show_request(desk, report)
