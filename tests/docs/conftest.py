"""Pages that say what to type: read into blocks, typed into a shell, compared with what they show.

The grammar of such a page:

- a ``console`` block holds commands after ``$ `` and what they show. What is typed at a prompt
  ``(Pdb) `` is typed there, on a terminal;
- a comment ``<!-- another terminal -->`` before a block says that its last command runs beside the
  others, until the page ends;
- a ``diff`` block changes the file that its first line names; ``@@`` stands between its hunks;
- a comment with a path, such as ``<!-- src/shop/partner.py -->``, says that the block stands in
  that file;
- a block of another kind begins with a comment, ``# shop.py``, and is that file;
- a block without a kind is for reading.

Every line that is shown has to be there, and no other on the standard output, unless the block
has a line ``...``. Within a line ``...`` stands for anything, and `VARYING` for what is never twice
the same. A command may fail only where the next one shows its status: ``$ echo $?``.
"""

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import define, evolve, field, frozen

DEADLINE_S: Final = 200.0
PROMPT: Final = "(Pdb) "
ANOTHER_TERMINAL: Final = "another terminal"
PORT: Final = "8080"
"""Where the pages let a store listen; in a test it listens where there is room."""

WRITER: Final = "/home/ada"
"""The folder in which the pages were written."""

VARYING: Final = (
    r"\b\d+\.\d+s( \(\d+:\d\d:\d\d\))?",  # how long something took
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    r"\d\d:\d\d:\d\d",
    r"=====+",  # as wide as the terminal
    r"\b\d{5,10}\b",  # cookies
    r"\.py\(\d+\)",  # where a debugger stopped, and
    r"^-> .*",  # before which line; Python 3.13 stops one earlier
    r"^ *\d+ +(?=(player|partner|host) )",  # an entry of a transcript
    r"(?<=\)) = S_OK$",  # its end may have a line of its own
)

_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>[^>\n]+) -->\n)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@frozen
class Block:
    """A fenced block of a page."""

    kind: str
    text: str
    mark: str


@frozen
class Step:
    """A command, what is typed at its prompts, and what the page shows of it."""

    command: str
    answers: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()


@frozen
class Printed:
    """What a command printed, and how it ended."""

    out: str
    err: str
    status: int


def blocks_of(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    return [Block(m["kind"], m["text"], m["mark"] or "") for m in _BLOCK.finditer(page)]


def steps_of(text: str) -> list[Step]:
    """Return the commands of a console block."""
    steps: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line.removeprefix("$ ")))
            continue
        last = steps.pop()
        answer = (line.removeprefix(PROMPT),) if line.startswith(PROMPT) else ()
        shown = (*last.shown, line)
        steps.append(evolve(last, answers=last.answers + answer, shown=shown))
    return steps


# --- a shell ---------------------------------------------------------------------------------


@define
class Terminal:
    """A shell that remembers its folder, its variables and how the last command ended."""

    folder: Path
    variables: dict[str, str]
    _notes: Path
    _status: int = field(init=False, default=0)

    def run(self, step: Step) -> Printed:
        """Type a command and wait for its end."""
        typed = self._typed(step.command)
        printed = self._on_a_terminal(typed, step) if step.answers else self._on_pipes(typed)
        self._take_note(printed.status)
        return printed

    def start(self, command: str) -> "subprocess.Popen[bytes]":
        """Type a command that does not end by itself."""
        return self._popen(f"exec {command}", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def _typed(self, command: str) -> str:
        notes = f"pwd > '{self._notes}/folder'; env -0 > '{self._notes}/variables'"
        return f"(exit {self._status})\n{command}\nstatus=$?\n{notes}\nexit $status"

    def _take_note(self, status: int) -> None:
        self._status = status
        self.folder = Path((self._notes / "folder").read_text("utf-8").rstrip("\n"))
        listed = (self._notes / "variables").read_text("utf-8").split("\0")
        self.variables = dict(one.split("=", 1) for one in listed if "=" in one)

    def _popen(self, script: str, **streams: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.variables,
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **streams},
        )

    def _on_pipes(self, script: str) -> Printed:
        process = self._popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            end(process)
            raise
        return Printed(out.decode(), err.decode(), process.returncode)

    def _on_a_terminal(self, script: str, step: Step) -> Printed:
        import pty
        import termios
        from fcntl import ioctl

        def take_terminal() -> None:
            ioctl(0, termios.TIOCSCTTY, 0)

        ours, theirs = pty.openpty()
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        process = self._popen(script, **streams, preexec_fn=take_terminal)
        os.close(theirs)
        try:
            shown = _converse(ours, [answer.encode() for answer in step.answers])
            return Printed(shown, "", process.wait(DEADLINE_S))
        finally:
            end(process)
            os.close(ours)


def _converse(terminal: int, answers: Sequence[bytes]) -> str:
    """Type an answer at each prompt; return what the terminal showed until its end."""
    shown, deadline = b"", time.monotonic() + DEADLINE_S
    left = list(answers)
    while part := _read(terminal, deadline, shown):
        shown += part
        if left and shown.count(PROMPT.encode()) > len(answers) - len(left):
            os.write(terminal, left.pop(0) + b"\n")
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int, deadline: float, shown: bytes) -> bytes:
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    if not ready:
        pytest.fail(f"the conversation came no further than\n{shown.decode()}")
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side is closed
        return b""


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    assert process.stdout is not None
    deadline = threading.Timer(DEADLINE_S, end, (process,))
    deadline.start()
    line = process.stdout.readline()
    deadline.cancel()
    return line.decode()


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a command and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def clean_variables(home: Path) -> dict[str, str]:
    """Return the variables of a fresh login in which this Python comes first."""
    foreign = ("PYTEST_", "PYTHON", "COVERAGE_", "PLAYER_HOST_", "VIRTUAL_ENV", "XDG_", "COLUMNS")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "HOME": str(home), "PYTHONUTF8": "1", "TERM": "xterm", "COLUMNS": "200"}
    return kept | own


# --- a page ----------------------------------------------------------------------------------


@define
class Walkthrough:
    """Does what a page says, block by block.

    Args:
        root: the folder in which it is done.
        variables: those of every terminal.
        after: called with each command that ended, for what the page leaves to the reader.
    """

    root: Path
    variables: dict[str, str]
    after: Callable[["Walkthrough", str], None] = lambda _walk, _command: None
    done: list[tuple[str, Printed]] = field(init=False, factory=list)
    _terminal: Terminal = field(init=False)
    _beside: list["subprocess.Popen[bytes]"] = field(init=False, factory=list)
    _port: str = field(init=False, default=PORT)

    @property
    def folder(self) -> Path:
        """The folder in which the reader is."""
        return self._terminal.folder

    def walk(self, page: str) -> None:
        """Do all of a page, and end what runs beside it."""
        self._terminal = self._new_terminal()
        try:
            for block in blocks_of(page):
                self._do(block)
        finally:
            for process in self._beside:
                end(process)
                assert process.stdout is not None
                process.stdout.close()

    def _do(self, block: Block) -> None:
        if block.kind == "console":
            steps = steps_of(block.text)
            self._type_beside(steps) if block.mark == ANOTHER_TERMINAL else self._type(steps)
        elif block.kind == "diff":
            change(self.folder, block.text)
        elif block.mark:
            assert block.text in (self.folder / block.mark).read_text("utf-8"), block.text
        elif block.kind:
            self._write(block.text)

    def _type(self, steps: Sequence[Step]) -> None:
        shows_status = [step.command == "echo $?" for step in steps[1:]]
        for step, may_fail in zip(steps, [*shows_status, False], strict=True):
            printed = self._terminal.run(evolve(step, command=self._here(step.command)))
            told = f"$ {step.command}\n{printed.out}\n{printed.err}"
            assert may_fail or printed.status == 0, told
            compare(step, self._as_written(printed.out), self._as_written(printed.err))
            self.done.append((step.command, printed))
            self.after(self, step.command)

    def _type_beside(self, steps: Sequence[Step]) -> None:
        """Start the last command on another terminal; it is ready when it names its port."""
        terminal = self._new_terminal()
        *first, last = steps
        for step in first:
            self.done.append((step.command, terminal.run(step)))
            assert self.done[-1][1].status == 0, step.command
        assert PORT in last.command
        process = terminal.start(last.command.replace(PORT, "0"))
        self._beside.append(process)
        line = _first_line(process)
        named = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        assert named is not None, line
        self._port = named[1]
        compare(last, self._as_written(line), "")
        self.done.append((last.command, Printed(line, "", 0)))
        self.after(self, last.command)

    def _write(self, text: str) -> None:
        named = re.match(r"# ([\w./-]+)\n", text)
        assert named is not None, f"a block that is no file:\n{text}"
        path = self.folder / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._here(text), "utf-8")

    def use_port(self, path: Path) -> None:
        """Let a file name the port at which the store really listens."""
        path.write_text(self._here(path.read_text("utf-8")), "utf-8")

    def _here(self, text: str) -> str:
        return text.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{self._port}")

    def _as_written(self, text: str) -> str:
        seen = _CONTROL.sub("", text).replace(str(self.root), WRITER)
        return seen.replace(f"127.0.0.1:{self._port}", f"127.0.0.1:{PORT}")

    def _new_terminal(self) -> Terminal:
        notes = self.root / ".notes"
        notes.mkdir(exist_ok=True)
        return Terminal(self.root, dict(self.variables), notes)


def change(folder: Path, diff: str) -> None:
    """Change a file as a diff says; what it shows of the file stands there once."""
    head, *lines = diff.splitlines()
    path = folder / head.removeprefix("--- ")
    text = path.read_text("utf-8")
    for hunk in "\n".join(lines).split("\n@@\n"):
        marked = [(line[:1], line[1:]) for line in hunk.splitlines()]
        assert all(sign in {"", " ", "-", "+"} for sign, _ in marked), hunk
        before = "".join(f"{line}\n" for sign, line in marked if sign != "+")
        after = "".join(f"{line}\n" for sign, line in marked if sign != "-")
        assert text.count(before) == 1, f"{path} does not have, or not once:\n{before}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")


def compare(step: Step, out: str, err: str) -> None:
    """Check what a command printed against what the page shows of it."""
    told = f"$ {step.command}\n{out}\n{err}"
    printed = [plain(line) for line in out.splitlines() if line.strip()]
    expected = [line for line in step.shown if line.strip() and line != "..."]
    beside = [plain(line) for line in err.splitlines()]
    for line in expected:
        pattern = re.compile(".*".join(map(re.escape, re.split(r" ?\.\.\. ?", plain(line)))))
        found = next((one for one in printed + beside if pattern.fullmatch(one)), None)
        assert found is not None, f"{line!r} is not in\n{told}"
        (printed if found in printed else beside).remove(found)
    if step.shown and "..." not in step.shown:
        assert not printed, f"the page does not show {printed} of\n{told}"


def plain(line: str) -> str:
    """Return a line without what differs from one run to the next."""
    for pattern in VARYING:
        line = re.sub(pattern, "~", line)
    return re.sub(r" +", " ", line).strip().removesuffix("~").rstrip()


@pytest.fixture
def walkthrough(tmp_path: Path) -> Walkthrough:
    """Does what a page says in a folder of its own."""
    return Walkthrough(tmp_path, clean_variables(tmp_path))
