"""What the process boundary costs: `python benchmarks/surrogate.py [--rounds N]`.

The same plug-in in a process of its own (the default) and inside the Player (`--in-process`),
interleaved, every run in a process of its own with a fresh home folder:

* call: `DownloadTrackComplete` into the plug-in and its return; one after the other.
* noted: the same as the Player makes it, with call and return in the transcript.
* callback: the plug-in calls `GetCatalogVersion`, and has its answer, which is in the transcript.
* refused: a `Download` of 100,000 tracks, every one answered with a failure code.

Prints medians, the 95th percentile of the round trips and the spread of the refusals. The bounds
are for the round trips over the boundary, call and callback, and for the refusals.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from partner_api import (
    Capability,
    ContentContainerList,
    ContentPartner,
    ServiceInfo,
    Variant,
)
from partner_api.calls import (
    DownloadTrackComplete,
    GetContentPartnerInfo,
    InfoReturned,
    Return,
)
from partner_api.hresult import HRESULT, S_OK
from player_host.player import Player, open_player
from player_host.settings import Home
from player_host.units import Seconds

NOT_BOUGHT = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
ROUND_TRIPS = 5_000
REFUSALS = 100_000
BUDGET_US = 150.0
BUDGET_S = 30.0
COMPLETION = DownloadTrackComplete(S_OK, 7, "params")
DEADLINE = Seconds(30.0)
ROUND_TRIP_KINDS = ("call", "noted", "callback")
MODES = ("surrogate", "in-process")


class Measured(ContentPartner):
    """Refuses every track on a worker thread; measures its own calls when it is asked to."""

    service_info = ServiceInfo(
        key="Measured", friendly_name="Measured", capabilities=Capability.CONTENT_PARTNER
    )

    def GetContentPartnerInfo(self, info_name: str) -> Variant:  # noqa: N802
        """Answer "callback" with the seconds of so many round trips, as JSON."""
        if info_name != "callback":
            return Variant.bstr("")
        assert self.callback is not None
        seconds = []
        for _ in range(ROUND_TRIPS):
            begin = time.perf_counter()
            self.callback.GetCatalogVersion()
            seconds.append(time.perf_counter() - begin)
        return Variant.bstr(json.dumps(seconds))

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:  # noqa: N802
        """Do nothing, as quickly as can be."""

    def Download(self, container_list: ContentContainerList, cookie: int) -> None:  # noqa: N802
        """Return at once; answer every track elsewhere."""
        threading.Thread(target=self._refuse, args=(container_list, cookie)).start()

    def _refuse(self, container_list: ContentContainerList, cookie: int) -> None:
        assert self.callback is not None
        for container in container_list:
            for track in container:
                self.callback.DownloadTrack(cookie, None, track.id, None, NOT_BOUGHT)


async def measure(home: Path, mode: str) -> dict[str, list[float]]:
    async with open_player(Home(home), in_process=mode == "in-process") as player:
        await player.activate("surrogate:Measured")
        partner = player._current().partner
        instance = partner._instance
        call = await timed(lambda: instance.call(COMPLETION, DEADLINE))
        noted = await timed(lambda: partner.call(COMPLETION))
        answer = await partner.call(GetContentPartnerInfo("callback"))
        assert isinstance(answer, InfoReturned), answer
        refused = await refuse(player)
        callback = json.loads(str(answer.data.value))
        return {"call": call, "noted": noted, "callback": callback, "refused": [refused]}


async def timed(make: Callable[[], Awaitable[Return]]) -> list[float]:
    seconds = []
    for _ in range(ROUND_TRIPS):
        begin = time.perf_counter()
        returned = await make()
        seconds.append(time.perf_counter() - begin)
        assert returned.hr == S_OK
    return seconds


async def refuse(player: Player) -> float:
    words = ["track:" + ";".join(str(n) for n in range(1, REFUSALS + 1))]
    begin = time.perf_counter()
    request = await player.download(words)
    await player.wait([request.id])
    seconds = time.perf_counter() - begin
    counts = player.ledger.request(request.id).counts
    assert {state.value: n for state, n in counts.items()} == {"refused": REFUSALS}
    return seconds


def child(mode: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(anyio.run(measure, Path(folder), mode)))


def run_child(mode: str) -> dict[str, list[float]]:
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, __file__, "--child", mode],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": here},
    )
    measured: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def report(results: dict[str, list[dict[str, list[float]]]]) -> bool:
    good = True
    print(f"{'':12}{'call us':>16}{'noted us':>16}{'callback us':>16}{'100,000 refused s':>24}")
    heads = f"{'median':>9}{'p95':>7}" * len(ROUND_TRIP_KINDS)
    print(f"{'':12}{heads}{'median':>10}{'min - max':>14}")
    for mode, runs in results.items():
        line = f"{mode:12}"
        medians = {}
        for what in ROUND_TRIP_KINDS:
            pooled = [second * 1e6 for run in runs for second in run[what]]
            medians[what] = statistics.median(pooled)
            line += f"{medians[what]:9.0f}{statistics.quantiles(pooled, n=20)[-1]:7.0f}"
        refused = [run["refused"][0] for run in runs]
        spread = f"{min(refused):.1f} - {max(refused):.1f}"
        print(f"{line}{statistics.median(refused):10.1f}{spread:>14}")
        if mode == "surrogate":
            trips = max(medians["call"], medians["callback"])
            good = trips <= BUDGET_US and statistics.median(refused) <= BUDGET_S
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=MODES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return 0
    results: dict[str, list[dict[str, list[float]]]] = {mode: [] for mode in MODES}
    for _ in range(options.rounds):
        for mode in MODES:
            results[mode].append(run_child(mode))
    return 0 if report(results) else 1


if __name__ == "__main__":
    sys.exit(main())
