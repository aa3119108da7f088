"""A Player in a process of its own, to be killed: `python kill_player.py HOME VERB WORDS...`.

    activate            download ITEM...            cancel STATE COUNT ITEM...
    activate-and-wait   download-each ITEM...       resume

`--cut POINT:N` before HOME lets it die at the n-th passage of a point of `kill_cuts`.
"""

import argparse
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.lowlevel
import kill_cuts

from partner_api.transaction import TrackState
from player_host.player import Player, open_player
from player_host.settings import Home

PARTNER = "kill_partner:Witness"


async def download(player: Player, words: list[str]) -> None:
    request = await player.download(words)
    await player.wait([request.id])


async def download_each(player: Player, words: list[str]) -> None:
    for word in words:
        await download(player, [word])


async def resume(player: Player, _words: list[str]) -> None:
    open_requests = [r.id for r in player.requests() if r.state == "open"]
    for request in open_requests:
        await player.resume(request)
    await player.wait([r.id for r in player.requests()])


async def cancel(player: Player, words: list[str]) -> None:
    """Cancel once so many tracks are in a state: `STATE COUNT ITEM...`."""
    state, count, *items = words
    request = await player.download(items)
    while player.progress([request.id]).counts.get(TrackState(state), 0) < int(count):  # noqa: ASYNC110
        await anyio.sleep(0.001)
    player.cancel(request.id)
    await player.wait([request.id])


async def go_on(player: Player, _words: list[str]) -> None:
    """Let what earlier sessions left go on by itself."""
    await player.wait([r.id for r in player.requests()])


VERBS: dict[str, Callable[[Player, list[str]], Awaitable[None]]] = {
    "activate": lambda *_: anyio.lowlevel.checkpoint(),
    "activate-and-wait": go_on,
    "download": download,
    "download-each": download_each,
    "resume": resume,
    "cancel": cancel,
}


async def run(home: Home, verb: str, words: list[str]) -> None:
    async with open_player(home) as player:
        await player.activate(PARTNER)
        await VERBS[verb](player, words)
        sys.stdout.write(json.dumps({r.id: r.state for r in player.requests()}) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cut", default="")
    parser.add_argument("home", type=Path)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    if options.cut:
        point, _, passage = options.cut.rpartition(":")
        kill_cuts.arm(point, int(passage))
    try:
        anyio.run(run, Home(options.home), options.verb, options.words)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
