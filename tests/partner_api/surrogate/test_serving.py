"""The plug-in's side of the wire: every caller gets its own answer, whatever happens meanwhile."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from partner_api.calls import DownloadTrack, Return
from partner_api.hresult import HRESULT, RPC_E_CALL_REJECTED, RPC_E_DISCONNECTED, S_OK
from partner_api.surrogate.serving import WirePort
from partner_api.surrogate.wire import Channel, call_message, return_message

THREADS = 16
CALLS_EACH = 200
DEADLINE_S = 30.0

posix = pytest.mark.skipif(sys.platform == "win32", reason="has neither fork nor timers")


def call(track_id: int) -> DownloadTrack:
    return DownloadTrack(0, None, track_id, None, S_OK)


def answer_to(body: dict[str, Any]) -> Return:
    """A success code that differs from call to call."""
    return Return(HRESULT(body["arguments"]["track_id"]))


@contextmanager
def player(
    before_answer: Callable[[int], None] = lambda _track_id: None,
) -> Iterator[WirePort]:
    """A port, and a Player at the other ends of its sockets that answers with the track's id."""
    wire, its_wire = socket.socketpair()
    answers, its_answers = socket.socketpair()
    ours, theirs = Channel(wire), Channel(its_wire)
    reading, answering = Channel(its_answers, linger_s=0.0003), Channel(answers)

    def serve() -> None:
        while (received := ours.receive()) is not None:
            kind, body = received
            if kind != "call":
                continue
            before_answer(body["arguments"]["track_id"])
            answering.send(return_message(body["id"], answer_to(body)))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield WirePort(theirs, reading)
    finally:
        theirs.close()
        thread.join(DEADLINE_S)
        for channel in (ours, theirs, reading, answering):
            channel.close()
            channel.close_reading()


def test_every_thread_gets_the_answers_to_its_own_calls() -> None:
    def ask(thread: int) -> list[int]:
        first = thread * CALLS_EACH
        return [int(port.receive(call(n)).hr) for n in range(first, first + CALLS_EACH)]

    with player() as port, ThreadPoolExecutor(THREADS) as threads:
        answers = [hr for answered in threads.map(ask, range(THREADS)) for hr in answered]
    assert answers == list(range(THREADS * CALLS_EACH))


class Interrupted(Exception):
    """What a signal handler of the plug-in's raises."""


@contextmanager
def handler(handle: Callable[..., None]) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handle)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@posix
def test_a_call_that_a_signal_handler_ended_leaves_the_next_one_its_own_answer() -> None:
    patience = threading.Event()

    def give_up(*_: object) -> None:
        raise Interrupted

    with player(lambda track_id: patience.wait() if track_id == 7 else None) as port:
        with handler(give_up):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(Interrupted):
                port.receive(call(7))
        patience.set()
        assert port.receive(call(8)).hr == 8


@posix
def test_a_signal_handler_of_a_thread_that_waits_for_an_answer_is_rejected() -> None:
    called = threading.Event()
    answers: list[HRESULT] = []

    def call_too(*_: object) -> None:
        answers.append(port.receive(call(8)).hr)
        called.set()

    with (
        player(lambda track_id: called.wait() if track_id == 7 else None) as port,
        handler(call_too),
    ):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        outer = port.receive(call(7)).hr
    assert (outer, answers) == (7, [RPC_E_CALL_REJECTED])


@posix
def test_a_process_that_the_plug_in_forked_has_no_player() -> None:
    with player() as port:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, bytes([port.receive(call(7)).hr == RPC_E_DISCONNECTED]))
            os._exit(0)
        os.waitpid(child, 0)
        assert os.read(read, 1) == b"\1"
        assert port.receive(call(8)).hr == 8
    os.close(read)
    os.close(write)


def test_a_call_is_numbered_in_the_order_in_which_it_is_made() -> None:
    wire, its_wire = socket.socketpair()
    answers, its_answers = socket.socketpair()
    sending, reading = Channel(its_wire), Channel(its_answers)
    port = WirePort(sending, reading)
    for number in (1, 2):
        answers.sendall(return_message(number, Return(S_OK)))
        port.receive(call(7))
    with wire, answers:
        assert wire.recv(4096) == call_message(1, call(7)) + call_message(2, call(7))
    for channel in (sending, reading):
        channel.close()
        channel.close_reading()
