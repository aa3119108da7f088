"""What a track costs the Player: `python benchmarks/downloads.py [--rounds N]`.

Two workloads, each at a large size and at a tenth of it, interleaved, every run in a process of
its own with a fresh home folder:

* refused: a list of 100,000 tracks, every one answered with a failure code; plug-in in-process.
* accepted: 10,000 tracks of about 1 KiB from the sample store (a process of its own, as is its
  plug-in), all the way into the library and through `DownloadTrackComplete`.

Prints medians, spread, the cost per track and its ratio between the sizes, and peak memory.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import anyio

from partner_api import (
    Capability,
    ContentContainerList,
    ContentPartner,
    ServiceInfo,
)
from partner_api.hresult import HRESULT
from player_host.player import open_player
from player_host.settings import Home

NOT_BOUGHT = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
SIZES = {"refused": (100_000, 10_000), "accepted": (10_000, 1_000)}
BUDGET_S = 15.0
BUDGET_MB = 300.0
BUDGET_RATIO = 1.5


class Refuser(ContentPartner):
    """Refuses every track, from a worker thread."""

    service_info = ServiceInfo(
        key="Refuser", friendly_name="Refuser", capabilities=Capability.CONTENT_PARTNER
    )

    def Download(self, container_list: ContentContainerList, cookie: int) -> None:  # noqa: N802
        """Return at once; answer every track elsewhere."""
        threading.Thread(target=self._refuse, args=(container_list, cookie)).start()

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:  # noqa: N802
        """Never called: nothing was granted."""

    def _refuse(self, container_list: ContentContainerList, cookie: int) -> None:
        callback = self.callback
        assert callback is not None
        for container in container_list:
            for track in container:
                callback.DownloadTrack(cookie, None, track.id, None, NOT_BOUGHT)


async def download(home: Path, partner: str, count: int) -> float:
    async with open_player(Home(home), in_process=partner != "proseware") as player:
        await player.activate(partner)
        words = ["track:" + ";".join(str(n) for n in range(1, count + 1))]
        begin = time.perf_counter()
        request = await player.download(words)
        await player.wait([request.id])
        seconds = time.perf_counter() - begin
        states = {state.value: n for state, n in player.ledger.request(request.id).counts.items()}
        expected = "refused" if partner != "proseware" else "completed"
        assert states == {expected: count}, states
        return seconds


def child(workload: str, count: int, store_url: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        partner = "proseware" if workload == "accepted" else "downloads:Refuser"
        (home / "partners.toml").write_text(
            "[proseware.host]\nnetwork = 'loopback'\n[proseware.settings]\n"
            f"store_url = '{store_url}'\naccount = 'demo'\npassword = 'demo'\n"
        )
        seconds = anyio.run(download, home, partner, count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


def run_child(workload: str, count: int, store_url: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", workload, str(count), store_url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def start_store(tracks: int) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "sample_partners.proseware.store"]
    command += ["--port", "0", "--exit-with-parent", "--tracks", str(tracks)]
    store = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert store.stdout is not None
    return store, store.stdout.readline().split()[-1]


def measure(rounds: int, workloads: list[str]) -> dict[tuple[str, int], list[dict[str, float]]]:
    store, url = start_store(SIZES["accepted"][0])
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    try:
        for _ in range(rounds):
            for workload in workloads:
                for count in SIZES[workload]:
                    run = run_child(workload, count, url)
                    results.setdefault((workload, count), []).append(run)
    finally:
        store.kill()
    return results


def report(results: dict[tuple[str, int], list[dict[str, float]]]) -> bool:
    per_track: dict[str, list[float]] = {}
    good = True
    print(f"{'workload':10}{'tracks':>8}{'median s':>10}{'min - max':>16}{'us/track':>10}{'MB':>7}")
    for (workload, count), runs in results.items():
        seconds = [run["seconds"] for run in runs]
        median = statistics.median(seconds)
        peak = max(run["peak_mb"] for run in runs)
        spread = f"{min(seconds):.2f} - {max(seconds):.2f}"
        cost = median / count * 1e6
        per_track.setdefault(workload, []).append(cost)
        print(f"{workload:10}{count:8}{median:10.2f}{spread:>16}{cost:10.0f}{peak:7.0f}")
        if workload == "refused" and count == SIZES["refused"][0]:
            good &= median <= BUDGET_S and peak <= BUDGET_MB
    for workload, (large, small) in per_track.items():
        print(
            f"{workload}: {1e6 / large:.0f} tracks/s; cost at the large size {large / small:.2f}"
            " times that at a tenth of it"
        )
        good &= large / small <= BUDGET_RATIO
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workload", choices=list(SIZES), action="append")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], int(options.child[1]), options.child[2])
        return 0
    return 0 if report(measure(options.rounds, options.workload or list(SIZES))) else 1


if __name__ == "__main__":
    sys.exit(main())
