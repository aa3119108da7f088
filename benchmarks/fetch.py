"""`player-host fetch` beside curl and aria2c: `python benchmarks/fetch.py [--rounds N]`.

Over one nginx on loopback (sendfile, one worker), 8 connections, four sets of sound MP3 files. The
verb runs as a person runs it, in a process of its own, with its checks on and a new home folder;
so do the peers. A figure is from the start of the process to its end, so the start of Python is in
it, and stands beside it as "start s". Every round runs each client once, each round another one
first; a ratio is that of one round.

* fast, durable: `player-host fetch` with this policy.
* curl: `curl --parallel`, which never syncs.
* aria2c: as it is; it syncs three times a file, and has no option against it.
* aria2c, no fsync: the same, with its syncs made void by libeatmydata.

Outside the timed part the server's files are read once, so that they are in the page cache; what a
client wrote is compared (every byte in the first round, names and sizes in all), removed, and the
disk left to settle. Prints medians, spread, peak memory, and the bounds. Status 1: one is not kept.

Needs nginx-light, curl, aria2, libeatmydata1, openssl (Debian), and 5 GB in `--scratch`.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen
from fetch_rounds.clients import (
    CLIENTS,
    EAT_MY_DATA,
    Client,
    Measured,
    Task,
    check,
    run,
)
from fetch_rounds.report import Outcome, show
from fetch_rounds.server import Server, nginx_program, serving
from fetch_rounds.sets import SETS, FileSet, lay_out, warm

SETTLING_S: Final = 0.5


@frozen
class Bench:
    """Where it all happens: a running server over `root`, and `scratch` for the clients."""

    server: Server
    root: Path
    scratch: Path

    def measure(self, client: Client, wanted: FileSet, *, bytewise: bool) -> Measured:
        """Run one client with one set, and clear away what it wrote.

        Raises:
            ClientFailed: it failed, or left other bytes.
        """
        folder, notes = self.scratch / "files", self.scratch / "notes"
        folder.mkdir()
        notes.mkdir()
        task = Task(self.server.urls(wanted), folder, notes, self.server.certificate)
        task.write_lists()
        measured = run(client, task)
        check(client, task, wanted, self.root / wanted.folder, bytewise=bytewise)
        shutil.rmtree(folder)
        shutil.rmtree(notes)
        os.sync()
        time.sleep(SETTLING_S)
        return measured


def measure(bench: Bench, wanted: FileSet, clients: Sequence[Client], rounds: int) -> Outcome:
    """Return what the rounds say of one set; each begins with another client."""
    runs: dict[str, list[Measured]] = {client.name: [] for client in clients}
    warm(wanted, bench.root)
    for number in range(rounds):
        first = number % len(clients)
        for client in [*clients[first:], *clients[:first]]:
            measured = bench.measure(client, wanted, bytewise=number == 0)
            runs[client.name].append(measured)
            rate = wanted.total / measured.seconds / 1e6
            print(f"{wanted}, round {number + 1}: {client.name} {rate:.0f} MB/s", file=sys.stderr)
    return Outcome(wanted, runs)


def missing_programs() -> list[str]:
    """Return what has to be installed first."""
    missing = [name for name in ("curl", "aria2c", "openssl") if shutil.which(name) is None]
    if nginx_program() is None:
        missing.append("nginx")
    if EAT_MY_DATA is None:
        missing.append("libeatmydata")
    return missing


def main() -> int:
    """Measure what the command line says, print it, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", choices=list(SETS), action="append", help="may be repeated")
    parser.add_argument("--client", choices=list(CLIENTS), action="append", help="may be repeated")
    parser.add_argument("--scratch", type=Path, help="an existing folder, on the disk in question")
    parser.add_argument("--json", action="store_true", help="print one document instead of tables")
    options = parser.parse_args()
    program, missing = nginx_program(), missing_programs()
    if program is None or missing:
        sys.exit(f"missing here: {', '.join(missing)}")
    clients = [CLIENTS[name] for name in options.client or CLIENTS]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=options.scratch) as name:
        scratch = Path(name).resolve()
        root, server_notes = scratch / "www", scratch / "nginx"
        root.mkdir()
        server_notes.mkdir()
        with serving(program, server_notes, root) as server:
            for wanted in [SETS[name] for name in options.set or SETS]:
                lay_out(wanted, root)
                outcome = measure(Bench(server, root, scratch), wanted, clients, options.rounds)
                outcomes.append(outcome)
                if not options.json:
                    show(outcome)
    misses = [miss for outcome in outcomes for miss in outcome.misses()]
    if options.json:
        document = {"sets": [one.to_json() for one in outcomes], "bounds_not_kept": misses}
        print(json.dumps(document, indent=1))
    else:
        print("", *(misses or ["every bound is kept"]), sep="\n")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
