"""One Player that starts plug-ins again and again.

`python soak_player.py HOME STARTS WARM_UP SEED` prints one JSON object: what the Player held after
the warm-up and at the end, and how its plug-ins ended.
"""

import gc
import json
import logging
import random
import sys
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import psutil
from attrs import asdict, define, field, frozen
from soak_partner import PLACES, WAYS

from player_host.catalog.format import TABLES
from player_host.errors import PartnerUnavailable
from player_host.player import Player, open_player
from player_host.settings import Home
from player_host.transcript import Called, Entry, Lost

MORTAL, SLEEPER = "soak_partner:Mortal", "soak_partner:Sleeper"
HANG_DEADLINE_S = 0.3
NORMAL_END = ""
MOST_IDLE_S = 0.03
PATIENCE_S = 30.0
POLL_S = 0.005
ROWS = {
    "genre.csv": ("1|Rock|0|0",),
    "artist.csv": ("1|Band|1||2|",),
    "album.csv": ("7|First Light|1||2005-0-0|$9.99|1||2|1|0|0|0",),
    "track.csv": ("70|Dawn|180|1|$0.99|1|1|1|0|N|7|1||1|", "71|Noon|200|2|$0.99|1|1|0|0|N|7|1||1|"),
}


@frozen
class Holding:
    """What this process holds between two sessions."""

    descriptors: int
    threads: int
    children: int
    rss_bytes: int


@define
class Tally:
    """How the plug-ins ended; an observer of the Player."""

    losses: Counter[str] = field(factory=Counter)
    completions: int = 0

    def __call__(self, entry: Entry) -> None:
        if isinstance(entry, Lost):
            self.losses[entry.reason.partition(";")[0]] += 1
        elif isinstance(entry, Called):
            self.completions += entry.call.method == "DownloadTrackComplete"


def write_home(home: Home) -> Path:
    """Write settings and a catalogue; return the catalogue."""
    home.path.mkdir(parents=True)
    home.partners_toml.write_text(
        f'["{MORTAL}".host]\nrestarts = 1\n'
        f'["{SLEEPER}".host]\nrestarts = 1\ncall_deadline = {HANG_DEADLINE_S}\n',
        encoding="utf-8",
    )
    path = home.path / "catalog.wmdb.lz"
    manifest = {"kind": "full", "version": 1, "schema_version": 1, "locale": 1033}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for table in TABLES:
            rows = "".join(f"{row}\r\n" for row in ROWS.get(table.file, ()))
            archive.writestr(table.file, rows.replace("|", "\t").encode("utf-16"))
    return path


def draw_fate(dice: random.Random) -> str:
    """Draw a place and a way; now and then a normal end."""
    way = dice.choice([NORMAL_END, *WAYS])
    return f"{dice.choice(PLACES)}: {way}" if way else NORMAL_END


async def live(player: Player, dice: random.Random, fate: str) -> bool:
    """One session, from the start of a plug-in to its end; return whether it was activated."""
    name = SLEEPER if fate.endswith("hang") else MORTAL
    folder = player.home.plugin_data(name)
    (folder / "now").unlink(missing_ok=True)
    (folder / "fate").write_text(fate, encoding="utf-8")
    try:
        await player.activate(name)
    except PartnerUnavailable:
        return False
    request = await player.download(["album:7"])
    await player.wait([request.id])
    (folder / "now").touch()
    await anyio.sleep(dice.uniform(0, MOST_IDLE_S))
    player.cancel(request.id)
    await player.deactivate()
    return True


async def holding() -> Holding:
    """Return what is held once no plug-in's process is left."""
    me, deadline = psutil.Process(), time.monotonic() + PATIENCE_S
    while (children := me.children(recursive=True)) and time.monotonic() < deadline:  # noqa: ASYNC110
        await anyio.sleep(POLL_S)
    gc.collect()
    return Holding(me.num_fds(), lasting_threads(), len(children), me.memory_info().rss)


def lasting_threads() -> int:
    """Return how many threads there are, but for the event loop's helpers, which may stay."""
    return sum(not t.name.startswith("AnyIO worker") for t in threading.enumerate())


async def soak(home: Home, starts: int, warm_up: int, seed: str) -> dict[str, Any]:
    dice, tally, most_children = random.Random(seed), Tally(), 0
    catalog, began, activated = write_home(home), time.monotonic(), 0
    async with open_player(home, observer=tally) as player:
        for name in (MORTAL, SLEEPER):
            player.catalogs.install(name, catalog, announced_version=1, expires=None)
            player.home.plugin_data(name).mkdir(parents=True)
        for number in range(starts):
            activated += await live(player, dice, draw_fate(dice))
            held = await holding()
            most_children = max(most_children, held.children)
            if number + 1 == warm_up:
                warm = held
    return {
        "warm": asdict(warm),
        "end": asdict(held),
        "most_children_left": most_children,
        "activated": activated,
        "completions": tally.completions,
        "losses": tally.losses,
        "seconds": time.monotonic() - began,
    }


def main() -> None:
    logging.disable(logging.CRITICAL)
    home, starts, warm_up, seed = sys.argv[1:]
    sys.stdout.write(json.dumps(anyio.run(soak, Home(Path(home)), int(starts), int(warm_up), seed)))


if __name__ == "__main__":
    main()
