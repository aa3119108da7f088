"""A Player in a process of its own, to be killed: `python kill_player.py HOME VERB WORDS...`.

    activate            download ITEM...            cancel STATE COUNT ITEM...
    activate-and-wait   download-each ITEM...       resume

Before HOME: `--cut POINT:N` lets it die at the n-th passage of a point of `kill_cuts` or, in the
plug-in, of `kill_partner`; with `--victim surrogate` the plug-in's process dies in its stead.
`--hurry METHOD:TRACK:N` gives the first n calls of a method a short deadline, and no other call:
a slow machine must not lose an instance that is not meant to be lost. TRACK 0 is any.
"""

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import kill_cuts

from partner_api.calls import PartnerCall, Return
from partner_api.transaction import TrackState
from player_host.player import Player, open_player
from player_host.plugins.surrogate import Surrogate
from player_host.settings import Home
from player_host.units import Seconds

PARTNER = "kill_partner:Witness"
HURRY = Seconds(1.0)


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


def cut(point: str, passage: int, victim: str) -> None:
    if point in kill_cuts.CUTS:
        kill_cuts.let_die(victim, point, passage)
    else:
        os.environ["KILL_CUT"] = f"{point}:{passage}"


def hurry(method: str, track_id: int, times: int) -> None:
    original, hurried = Surrogate.call, []

    async def call(self: Surrogate, call: PartnerCall, deadline: Seconds, *others: Any) -> Return:
        about = track_id in {0, getattr(call, "track_id", 0)}
        if call.method == method and about and len(hurried) < times:
            hurried.append(call)
            deadline = HURRY
        return await original(self, call, deadline, *others)

    Surrogate.call = call  # type: ignore[method-assign]


def main() -> int:
    # A shell that runs its commands in the background lets them ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parser = argparse.ArgumentParser()
    parser.add_argument("--cut", default="")
    parser.add_argument("--victim", choices=["player", "surrogate"], default="player")
    parser.add_argument("--hurry", default="")
    parser.add_argument("home", type=Path)
    parser.add_argument("verb", choices=sorted(VERBS))
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    if options.cut:
        point, _, passage = options.cut.rpartition(":")
        cut(point, int(passage), options.victim)
    if options.hurry:
        method, track_id, times = options.hurry.split(":")
        hurry(method, int(track_id), int(times))
    try:
        anyio.run(run, Home(options.home), options.verb, options.words)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
