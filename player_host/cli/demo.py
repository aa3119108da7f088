"""`player-host demo`: the main job with a store of its own, shown and checked."""

import os
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen
from rich.text import Text

from player_host.cli.demo_acts import ACTS, CARELESS, PROSEWARE, Act, deviations, excerpts
from player_host.cli.desk import Desk, Given
from player_host.cli.following import SettledTracks, follow
from player_host.cli.outcome import ExitStatus
from player_host.cli.reports import RequestReport, report_request
from player_host.cli.running import run_player
from player_host.cli.screens import show_conversation, show_folders, sum_text
from player_host.cli.trees import as_rich_tree
from player_host.cli.wording import count_text, shown
from player_host.errors import StorageError, UsageError
from player_host.library.nodes import library_tree
from player_host.library.verify import verify_library
from player_host.player import Player
from player_host.sample_store import running_store
from player_host.settings import HOME_VARIABLE, Home
from player_host.transcript import Entry

PASSWORD_VARIABLE: Final = "PROSEWARE_PASSWORD"  # noqa: S105 - the name, not the password
_PASSWORD: Final = "demo"  # noqa: S105 - of the sample store, which is no secret


@frozen
class Played:
    """An act that was played."""

    act: Act
    report: RequestReport
    deviations: tuple[str, ...]
    transcript: Path


def demo(*, keep: bool = True, desk: Given) -> ExitStatus:
    """See the main job: a store, an album, refused tracks, a careless plug-in.

    Starts the sample store, plays three acts against it in a folder of its own,
    and checks each outcome; ends by itself in a few seconds. `--home DIR` names
    the folder, which must be empty or new; otherwise it is a new temporary one.

    --json: `home`, `acts` (`title`, `deviations`, `transcript`, `download` with
    the keys of `downloads show`) and `sound`. Status 1 if an outcome is not
    what it has to be.

    Args:
        keep: keep the folder, to look around in it
        desk: where the result is shown
    """
    folder = _folder(desk.chosen_home)
    stage = evolve(desk, chosen_home=folder)
    try:
        return _play_all(stage, keep=keep)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _play_all(desk: Desk, *, keep: bool) -> ExitStatus:
    heard = _Heard()
    played: list[Played] = []
    verdicts: list[bool] = []

    async def work(player: Player) -> ExitStatus:
        for number, act in enumerate(ACTS, start=1):
            played.append(await _play(desk, player, number, act, heard))
        await player.deactivate()
        verdicts.append(_close(desk, player, played, keep=keep))
        return ExitStatus.DONE if verdicts[0] else ExitStatus.FAILED

    with running_store() as store:
        _write_settings(desk.home, store.url)
        _say(desk, f"store:   {store.url}", f"folder:  {desk.home.path}")
        return run_player(desk, work, heard)


class _Heard(SettledTracks):
    """Keeps the conversation of the act that is played."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Entry] = []

    def __call__(self, entry: Entry) -> None:
        self.entries.append(entry)
        super().__call__(entry)


async def _play(desk: Desk, player: Player, number: int, act: Act, heard: _Heard) -> Played:
    _say(desk, *_heading(f"{number}. {act.title}"))
    _say(desk, Text(f"$ player-host download {act.partner} {act.item}", "bold"))
    heard.entries.clear()
    await player.activate(act.partner)
    request = await player.download([act.item])
    await follow(desk, player, heard, [request.id])
    report = report_request(player.database, request.id, request.left_out)
    if not desk.as_json:
        show_conversation(desk, excerpts(heard.entries, act.shown))
    _say(desk, "", act.remark, "", Text(sum_text(report), "bold"))
    wrong = deviations(act, report)
    _say(desk, *(Text(f"NOT AS IT HAS TO BE: {one}", "bold red") for one in wrong))
    return Played(act, report, tuple(wrong), player.transcript.path)


def _close(desk: Desk, player: Player, played: list[Played], *, keep: bool) -> bool:
    verification = verify_library(player.database, desk.home.music, digests=True)
    sound = verification.sound and not any(one.deviations for one in played)
    if desk.as_json:
        desk.show_json(_to_json(desk, played, sound=sound))
        return sound
    _say(desk, *_heading("The library"))
    tree = library_tree(player.database)
    _say(desk, as_rich_tree(tree, everywhere=False, plain=desk.is_plain), "")
    for finding in verification.findings:
        _say(desk, Text(f"NOT AS IT HAS TO BE: {shown(finding.path)}: {finding.problem}", "red"))
    if keep:
        _show_places(desk, played)
    acts = count_text(len(played), "act")
    _say(desk, "", f"{acts}, {'each as it has to be' if sound else 'NOT as it has to be'}")
    return sound


def _show_places(desk: Desk, played: list[Played]) -> None:
    tracks = [track for one in played for track in one.report.tracks]
    show_folders(desk, tracks)
    transcripts = dict.fromkeys(one.transcript for one in played)
    _say(desk, "settings of both partners:", f"  {desk.home.partners_toml}")
    _say(desk, f"conversations, in {desk.home.transcripts}:")
    _say(desk, *(f"  {path.name}" for path in transcripts))
    first = next(iter(transcripts)).name
    _say(desk, "look around, for example with:")
    _say(desk, f"  export {HOME_VARIABLE}={shlex.quote(str(desk.home.path))}")
    _say(desk, f"  player-host transcript show {first}", "  player-host library list")


def _heading(title: str) -> tuple[str | Text, ...]:
    return "", Text(title, "bold"), "-" * len(title), ""


def _say(desk: Desk, *parts: Any) -> None:
    if not desk.as_json:
        desk.show(*parts)


def _to_json(desk: Desk, played: list[Played], *, sound: bool) -> dict[str, Any]:
    acts = [
        {
            "title": one.act.title,
            "deviations": list(one.deviations),
            "transcript": str(one.transcript),
            "download": one.report.to_json(),
        }
        for one in played
    ]
    return {"home": str(desk.home.path), "acts": acts, "sound": sound}


def _folder(chosen: Path | None) -> Path:
    if chosen is None:
        return Path(tempfile.mkdtemp(prefix="player-host-demo-"))
    if chosen.exists() and not chosen.is_dir():
        raise UsageError(
            "this is no folder; the demo needs one of its own",
            where=str(chosen),
            remedy="Name a new folder with --home, or leave it away",
        )
    if chosen.exists() and any(chosen.iterdir()):
        raise UsageError(
            "the folder is not empty; the demo needs one of its own",
            where=str(chosen),
            remedy="Name a new folder with --home, or leave it away",
        )
    return chosen.resolve()


def _write_settings(home: Home, store_url: str) -> None:
    os.environ[PASSWORD_VARIABLE] = _PASSWORD
    home.make()
    tables = (_settings_of(partner, store_url) for partner in (PROSEWARE, CARELESS))
    try:
        home.partners_toml.write_text("\n".join(tables), encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"the settings cannot be written ({error.strerror})", where=str(home.partners_toml)
        ) from error


def _settings_of(partner: str, store_url: str) -> str:
    return (
        f'["{partner}".host]\n'
        'network = "loopback"\n'
        f'["{partner}".settings]\n'
        f'store_url = "{store_url}"\n'
        'account = "demo"\n'
        f'password = {{ env = "{PASSWORD_VARIABLE}" }}\n'
    )
