"""nginx on loopback, with a certificate of its own for TLS: one worker, sendfile, keep-alive."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from attrs import frozen

from fetch_rounds.sets import FileSet

START_DEADLINE_S: Final = 10.0
SECURE_HOST: Final = "localhost"
CONFIGURATION: Final = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/errors; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; default_type audio/mpeg;
  sendfile on; tcp_nopush on; keepalive_requests 100000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{plain}; root {root}; }}
  server {{ listen 127.0.0.1:{secure} ssl; root {root};
    ssl_certificate {folder}/store.pem; ssl_certificate_key {folder}/store.key; }}
}}
"""


@frozen
class Server:
    """A running nginx.

    Attributes:
        plain: the port for http.
        secure: the port for https.
        certificate: what a client has to trust.
    """

    plain: int
    secure: int
    certificate: Path

    def urls(self, wanted: FileSet) -> list[str]:
        """Return the URLs of a set's files, in order."""
        base = f"http://127.0.0.1:{self.plain}"
        if wanted.is_secure:
            base = f"https://{SECURE_HOST}:{self.secure}"
        return [f"{base}/{wanted.folder}/{name}" for name in wanted.names]


def nginx_program() -> str | None:
    """Return where nginx lies, which is often not on the PATH."""
    return shutil.which("nginx", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))


@contextmanager
def serving(program: str, folder: Path, root: Path) -> Iterator[Server]:
    """Run nginx to the end of the block.

    Args:
        program: nginx.
        folder: for what it writes; exists.
        root: the files that it serves.
    """
    _certify(folder)
    server = Server(_free_port(), _free_port(), folder / "store.pem")
    text = CONFIGURATION.format(
        folder=folder, root=root, plain=server.plain, secure=server.secure, user=_user()
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    words = [program, "-c", configuration, "-p", folder, "-e", folder / "errors"]
    process = subprocess.Popen(words)
    try:
        _wait_for(server.secure, process)
        yield server
    finally:
        process.terminate()
        process.wait()


def _certify(folder: Path) -> None:
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files = ["-keyout", folder / "store.key", "-out", folder / "store.pem"]
    names = ["-subj", f"/CN={SECURE_HOST}", "-addext", f"subjectAltName=DNS:{SECURE_HOST}"]
    words = ["openssl", "req", "-x509", *kind, *files, *names]
    subprocess.run(words, check=True, capture_output=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("nginx does not start")


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _user() -> str:
    """Return the directive without which the worker of a root's nginx may not read the files."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"
