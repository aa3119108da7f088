"""A Player in a process of its own, to be killed: `python survival_player.py HOME CATALOG PARTNER`.

It activates the partner, downloads album 7, and then waits for its end.
"""

import sys
from pathlib import Path

import anyio

from player_host.player import open_player
from player_host.settings import Home


async def play(home: Home, catalog: Path, partner: str) -> None:
    async with open_player(home) as player:
        player.catalogs.install(partner, catalog, announced_version=1, expires=None)
        await player.activate(partner)
        request = await player.download(["album:7"])
        await player.wait([request.id])
        sys.stdout.write("done\n")
        sys.stdout.flush()
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(play, Home(Path(sys.argv[1])), Path(sys.argv[2]), sys.argv[3])
