"""The whole way of a track: `python benchmarks/whole_way.py [--rounds N] [--workload NAME]`.

From `Download` to `DownloadTrackComplete`, with the plug-in in a process of its own: a licence and
an answer for every track, the transfer, tags, the library, the ledger and the transcript. Beside
it, in the same rounds, aria2c's bare download of the same files, as aria2c is. Both fetch eight at
a time from one nginx on loopback; every run has a fresh folder.

The Player runs on the event loop of `player-host download`: uvloop's, where that is installed.

* large: 200 tracks of 5 MiB; wanted is 1.5 times the speed of aria2c.
* small: 2,000 tracks of 100 KiB; wanted are 400 tracks a second.

Prints medians and spread, the ratio, processor time for each track of the Player and of the
plug-in's process, and the Player's peak memory. Needs nginx and aria2c.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import psutil
from attrs import frozen
from mutagen.id3 import ID3, PRIV, TALB, TIT2, TPE1, TPE2, TRCK

from partner_api import (
    Capability,
    ContentContainerList,
    ContentPartner,
    License,
    PartnerContext,
    ServiceInfo,
)
from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import Right
from player_host.cli.interruption import fast_loop
from player_host.player import open_player
from player_host.settings import Home

MIB: Final = 1024 * 1024
TRANSFERS: Final = 8
TRACKS_PER_ALBUM: Final = 12
DEADLINE_S: Final = 10.0
SILENCE: Final = b"\xff\xfb\x90\x00" + bytes(413)
"""A frame of MPEG 1 layer III at 128 kbit/s and 44.1 kHz."""

BUDGET_RATIO: Final = {"large": 1.5}
BUDGET_TRACKS_A_SECOND: Final = {"small": 400.0}
BUDGET_MB: Final = 150.0
PLAYER, ARIA2C = "player", "aria2c"

NGINX_CONF: Final = """\
daemon off; master_process off; error_log stderr; pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    types {{ audio/mpeg mp3; }}
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


class Workload(NamedTuple):
    """So many tracks of one size in bytes."""

    count: int
    size: int


class Run(NamedTuple):
    """What one run took: seconds of the clock and of the processor, and memory at its peak."""

    seconds: float
    player_cpu: float = 0.0
    partner_cpu: float = 0.0
    peak_mb: float = 0.0


WORKLOADS: Final = {"large": Workload(200, 5 * MIB), "small": Workload(2_000, 100 * 1024)}
Results = dict[tuple[str, str], list[Run]]


class Shop(ContentPartner["Shop.Settings"]):
    """Grants every track with a licence, from a worker thread."""

    service_info = ServiceInfo(
        key="Shop", friendly_name="Shop", capabilities=Capability.CONTENT_PARTNER
    )

    @frozen
    class Settings:
        """Where the files are."""

        url: str

    def __init__(self, context: "PartnerContext[Shop.Settings]") -> None:
        super().__init__(context)
        self._url = context.settings.url
        self._licenses = context.licenses

    def Download(self, container_list: ContentContainerList, cookie: int) -> None:  # noqa: N802
        """Return at once; answer every track elsewhere."""
        threading.Thread(target=self._grant, args=(container_list, cookie)).start()

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:  # noqa: N802
        """Take note of nothing."""

    def _grant(self, container_list: ContentContainerList, cookie: int) -> None:
        callback = self.callback
        assert callback is not None
        for container in container_list:
            for track in container:
                self._licenses.Predeliver(License(track.id, None, frozenset({Right.PLAY}), None))
                url = f"{self._url}/{track.id}.mp3"
                callback.DownloadTrack(cookie, url, track.id, f"order={cookie}", S_OK)


def make_tracks(folder: Path, workload: Workload) -> None:
    folder.mkdir()
    silence = SILENCE * (workload.size // len(SILENCE) + 1)
    for number in range(1, workload.count + 1):
        tags = BytesIO()
        _tags(number).save(tags, v1=0, v2_version=3, padding=lambda _info: 0)
        whole = tags.getvalue() + silence
        (folder / f"{number}.mp3").write_bytes(whole[: workload.size])


def _tags(number: int) -> ID3:
    album, position = divmod(number - 1, TRACKS_PER_ALBUM)
    tags = ID3()
    for frame, text in (
        (TIT2, f"Track {number}"),
        (TPE1, f"Artist {album // 4}"),
        (TPE2, f"Artist {album // 4}"),
        (TALB, f"Album {album}"),
        (TRCK, str(position + 1)),
    ):
        tags.add(frame(encoding=1, text=text))
    tags.add(PRIV(owner="WM/ContentDistributor", data="Shop\0".encode("utf-16-le")))
    return tags


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Let one nginx serve what lies below the folder; yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    conf = folder / "nginx.conf"
    conf.write_text(NGINX_CONF.format(folder=folder, port=port))
    command = [_program("nginx"), "-p", str(folder), "-c", str(conf), "-e", "stderr"]
    nginx = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not _answers(port):
            assert nginx.poll() is None, "nginx ended"
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        nginx.kill()
        nginx.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if found is None:
        raise SystemExit(f"{name} is needed: install it")
    return found


async def download(home: Path, count: int) -> Run:
    async with open_player(Home(home), transfers=TRANSFERS) as player:
        await player.activate("whole_way:Shop")
        (partner,) = psutil.Process().children()
        words = ["track:" + ";".join(str(n) for n in range(1, count + 1))]
        before, begin = _cpu(partner), time.perf_counter()
        request = await player.download(words)
        await player.wait([request.id])
        seconds, after = time.perf_counter() - begin, _cpu(partner)
        states = {state.value: n for state, n in player.ledger.request(request.id).counts.items()}
        assert states == {"completed": count}, states
        used = [b - a for a, b in zip(before, after, strict=True)]
        return Run(seconds, *used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _cpu(partner: psutil.Process) -> list[float]:
    """Return seconds of the processor that the Player and the plug-in's process took so far."""
    times = [process.cpu_times() for process in (psutil.Process(), partner)]
    return [one.user + one.system for one in times]


def child(home: Path, count: int) -> None:
    print(json.dumps(anyio.run(download, home, count, backend_options=fast_loop())))


def run_player(folder: Path, url: str, workload: Workload) -> Run:
    folder.mkdir()
    (folder / "partners.toml").write_text(
        '["whole_way:Shop".host]\nnetwork = "loopback"\n'
        f'["whole_way:Shop".settings]\nurl = "{url}"\n'
    )
    done = subprocess.run(
        [sys.executable, __file__, "--child", str(folder), str(workload.count)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def run_aria2c(folder: Path, url: str, workload: Workload) -> Run:
    folder.mkdir()
    urls = "".join(f"{url}/{number}.mp3\n" for number in range(1, workload.count + 1))
    command = [_program("aria2c"), "--no-conf", "--quiet", "--input-file=-", f"--dir={folder}"]
    command += [f"--max-concurrent-downloads={TRANSFERS}", "--max-connection-per-server=1"]
    begin = time.perf_counter()
    subprocess.run(command, check=True, input=urls, text=True)
    seconds = time.perf_counter() - begin
    assert sum(path.stat().st_size == workload.size for path in folder.iterdir()) == workload.count
    return Run(seconds)


RUNNERS: Final = {PLAYER: run_player, ARIA2C: run_aria2c}


def measure(rounds: int, names: list[str]) -> Results:
    results: Results = {}
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary, "store")
        store.mkdir()
        for name in names:
            make_tracks(store / name, WORKLOADS[name])
        with serving(store) as url:
            for number in range(rounds):
                for name in names:
                    for who, run in RUNNERS.items():
                        folder = Path(temporary, f"{who}-{name}-{number}")
                        done = run(folder, f"{url}/{name}", WORKLOADS[name])
                        results.setdefault((name, who), []).append(done)
                        # Between the runs: what is still to be written slows the next one.
                        shutil.rmtree(folder)
                        os.sync()
    return results


def report(results: Results) -> bool:
    print(f"{'':15}{'median s':>9}{'min - max':>15}{'tracks/s':>10}{'MB/s':>7}", end="")
    print(f"{'cpu us/track':>16}{'MB':>6}")
    good = [_report_runs(name, who, runs) for (name, who), runs in results.items()]
    for name in dict.fromkeys(name for name, _ in results):
        pairs = zip(results[name, ARIA2C], results[name, PLAYER], strict=True)
        ratios = sorted(theirs.seconds / ours.seconds for theirs, ours in pairs)
        ratio, wanted = statistics.median(ratios), BUDGET_RATIO.get(name, 0.0)
        bound = f"; wanted {wanted}" if wanted else ""
        print(f"{name}: {ratio:.2f} times aria2c ({ratios[0]:.2f} - {ratios[-1]:.2f}{bound})")
        good.append(ratio >= wanted)
    return all(good)


def _report_runs(name: str, who: str, runs: list[Run]) -> bool:
    workload, seconds = WORKLOADS[name], sorted(run.seconds for run in runs)
    median = statistics.median(seconds)
    rate = workload.count / median
    spread = f"{seconds[0]:.2f} - {seconds[-1]:.2f}"
    line = f"{name:8}{who:7}{median:9.2f}{spread:>15}{rate:10.0f}{rate * workload.size / 1e6:7.0f}"
    if who != PLAYER:
        print(line)
        return True
    cpu = [
        statistics.median(part) / workload.count * 1e6
        for part in ([run.player_cpu for run in runs], [run.partner_cpu for run in runs])
    ]
    peak = max(run.peak_mb for run in runs)
    print(f"{line}{f'{cpu[0]:.0f} + {cpu[1]:.0f}':>16}{peak:6.0f}")
    return peak <= BUDGET_MB and rate >= BUDGET_TRACKS_A_SECOND.get(name, 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workload", choices=list(WORKLOADS), action="append")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(Path(options.child[0]), int(options.child[1]))
        return 0
    return 0 if report(measure(options.rounds, options.workload or list(WORKLOADS))) else 1


if __name__ == "__main__":
    sys.exit(main())
