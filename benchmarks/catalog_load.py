"""How long a large catalogue takes to install, and how much memory.

    python benchmarks/catalog_load.py [--tracks 100000] [--runs 5]

Each run is a process of its own with a new `player.db`: it installs a generated catalogue
(twelve tracks to an album) and then looks up albums. Printed are the medians of all runs.
Peak memory is the growth of the process's resident set over that of the idle program; a
platform without the module `resource` shows none.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import structlog

from player_host.catalog.containers import build_container_list
from player_host.catalog.items import parse_items
from player_host.catalog.store import Catalogs
from player_host.clock import SystemClock
from player_host.database import Database

TRACKS_PER_ALBUM = 12
TRACKS_PER_ARTIST = 40
LOOKUPS = 500
MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    with tempfile.TemporaryDirectory() as folder:
        package = write_package(Path(folder) / "catalog.wmdb.lz", options.tracks)
        runs = [run(package) for _ in range(options.runs)]
        report(options.tracks, package, runs)


def run(package: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", str(package)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(finished.stdout)
    return measured


def measure(package: Path) -> dict[str, float]:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    idle = peak_bytes()
    with tempfile.TemporaryDirectory() as home:
        database = Database.open(Path(home) / "player.db")
        catalogs = Catalogs(database, SystemClock())
        began = time.perf_counter()
        catalogs.install("Bench", package, announced_version=1, expires=None)
        first = time.perf_counter() - began
        grown = peak_bytes() - idle
        began = time.perf_counter()
        catalogs.install("Bench", package, announced_version=1, expires=None)
        again = time.perf_counter() - began
        began = time.perf_counter()
        for album in range(LOOKUPS):
            build_container_list(catalogs, "Bench", parse_items([f"album:{album}"]))
        lookup = (time.perf_counter() - began) / LOOKUPS
        database.close()
        size = database.path.stat().st_size
    return {"first": first, "again": again, "grown": grown, "lookup": lookup, "size": size}


def peak_bytes() -> float:
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)


def report(tracks: int, package: Path, runs: list[dict[str, float]]) -> None:
    median = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"catalogue: {tracks} tracks, package of {package.stat().st_size / MIB:.1f} MiB")
    print(f"install, new:      {median['first']:.2f} s, {tracks / median['first']:.0f} tracks/s")
    print(f"install, replace:  {median['again']:.2f} s, {tracks / median['again']:.0f} tracks/s")
    print(f"memory, peak:      {median['grown'] / MIB:.0f} MiB over the idle program")
    print(f"player.db:         {median['size'] / MIB:.1f} MiB")
    print(f"album to container: {median['lookup'] * 1e3:.2f} ms")
    print(f"medians of {len(runs)} runs on Python {sys.version.split()[0]}, {sys.platform}")


def write_package(path: Path, tracks: int) -> Path:
    albums = -(-tracks // TRACKS_PER_ALBUM)
    artists = -(-tracks // TRACKS_PER_ARTIST)
    tables = {
        "genre.csv": (f"{n}\tGenre {n}\t0\t{n % 2}" for n in range(20)),
        "subgenre.csv": (f"{n}\tSubgenre {n}\t\t0\t{n % 20}\t{n // 20}" for n in range(200)),
        "artist.csv": (f"{n}\tArtist {n} of many\t{n % 20}\t\t{n}\t" for n in range(artists)),
        "album.csv": (album_row(n, artists) for n in range(albums)),
        "track.csv": (track_row(n, artists) for n in range(tracks)),
        "list.csv": iter(["0\tAll\t\tThe first albums\tA\t\t0\t0\t0\t0\tT\t0\t-\t0"]),
        "listitem.csv": (f"0\t{n}\t{n}" for n in range(min(albums, 100))),
        "radio.csv": iter(()),
    }
    manifest = {"kind": "full", "version": 1, "schema_version": 1, "locale": 1033}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, rows in tables.items():
            write_table(archive, name, rows)
    return path


def write_table(archive: zipfile.ZipFile, name: str, rows: Iterator[str]) -> None:
    with archive.open(name, "w") as file:
        file.write(b"\xff\xfe")
        for row in rows:
            file.write(f"{row}\r\n".encode("utf-16-le"))


def album_row(n: int, artists: int) -> str:
    genre = n % 20
    return (
        f"{n}\tAlbum {n} of the catalogue\t{n % artists}\t\t{1960 + n % 60}-0-0\t$9.99"
        f"\t{genre}\t{genre};\t{n}\t0\t0\t0\t0"
    )


def track_row(n: int, artists: int) -> str:
    album = n // TRACKS_PER_ALBUM
    return (
        f"{n}\tTrack {n} with a title\t{120 + n % 240}\t{n % TRACKS_PER_ALBUM + 1}\t$0.99"
        f"\t1\t1\t1\t0\tN\t{album}\t{album % artists};\tComposer {n % 500}\t{n}\t{n % 6}"
    )


if __name__ == "__main__":
    main()
