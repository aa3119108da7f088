"""The store as a process of its own: `python -m sample_partners.proseware.store`.

It listens on loopback unless told otherwise, writes one line `listening on http://HOST:PORT`
to its output when it takes connections, and ends on SIGTERM, on Ctrl-C, or with
`--exit-with-parent` when its input ends.
"""

import argparse
import asyncio
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from sample_partners.proseware.access_log import AccessLog
from sample_partners.proseware.accounts import ACCOUNTS, ACCOUNTS_OF_LOAD
from sample_partners.proseware.application import Store
from sample_partners.proseware.faults import BadFault, Faults
from sample_partners.proseware.raw import NotingProtocol
from sample_partners.proseware.repertoire import repertoire
from sample_partners.proseware.shelf import Shelf
from sample_partners.proseware.signing import Signer
from sample_partners.proseware.synthetic import synthetic

ADMIN_KEY_VARIABLE = "PROSEWARE_ADMIN_KEY"
_GRACE_S = 2
_BACKLOG = 1_024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the store until it is told to end; return 0, or leave with 2 for wrong options."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        store = _store(options)
        listener = listen(options.host, options.port)
    except (BadFault, ValueError, OSError) as error:
        parser.error(str(error))
    _serve(store, listener, options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="proseware", description="The Proseware music store.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port; 0 for any free one (default)")
    add("--tracks", type=int, help="serve a synthetic catalogue of so many tracks")
    add("--seed", help="sign alike in every process with this seed (default: a random one)")
    add("--url-lifetime", type=int, default=3_600, help="seconds a file's URL is good")
    add("--work-dir", type=Path, help="folder for a copy of every file made")
    add("--ready-file", type=Path, help="file for the URL, written when connections are taken")
    add("--access-log", type=Path, help="file for a JSON line per file served")
    add("--fault", action="append", default=[], help="[TRACK:]KIND[=VALUE][*TIMES]; repeatable")
    add("--exit-with-parent", action="store_true", help="end when the standard input ends")
    return parser


def _store(options: argparse.Namespace) -> Store:
    catalog = repertoire() if options.tracks is None else synthetic(options.tracks)
    accounts = ACCOUNTS if options.tracks is None else ACCOUNTS_OF_LOAD
    if options.work_dir is not None:
        options.work_dir.mkdir(parents=True, exist_ok=True)
    return Store(
        catalog=catalog,
        accounts=accounts,
        shelf=Shelf(catalog, options.work_dir),
        signer=Signer.from_seed(options.seed or secrets.token_hex()),
        faults=_faults(options.fault),
        log=AccessLog(options.access_log),
        url_lifetime_s=options.url_lifetime,
        admin_key=os.environ.get(ADMIN_KEY_VARIABLE) or None,
    )


def _faults(texts: Sequence[str]) -> Faults:
    faults = Faults()
    for text in texts:
        faults.add(text)
    return faults


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections on this address; port 0 picks a free one.

    Raises:
        OSError: the address is not this machine's, or the port is in use.
    """
    # asyncio sets TCP_NODELAY only where the protocol is named, as socket.create_server does not;
    # without it every answer of two writes waits 40 ms for an acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener


def _serve(store: Store, listener: socket.socket, options: argparse.Namespace) -> None:
    config = uvicorn.Config(
        store.application(),
        http=NotingProtocol,
        loop="asyncio",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config, _url(options.host, listener), options.ready_file)
    _end_quietly_on_signals()
    if options.exit_with_parent:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    asyncio.run(server.serve([listener]))


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, url: str, ready_file: Path | None) -> None:
        super().__init__(config)
        self._url = url
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready_file is not None:
            _write_whole(self._ready_file, self._url + "\n")
        sys.stdout.write(f"listening on {self._url}\n")
        sys.stdout.flush()


def _url(host: str, listener: socket.socket) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"


def _write_whole(path: Path, text: str) -> None:
    # A reader that waits for the file must never see half of it.
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _end_quietly_on_signals() -> None:
    # uvicorn raises the signal once more after its orderly end; then nothing is left to do.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)


def _end_with_input(server: uvicorn.Server) -> None:
    while os.read(sys.stdin.fileno(), 4_096):
        pass
    server.should_exit = True


if __name__ == "__main__":
    sys.exit(main())
