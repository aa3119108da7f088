"""The wire's framing over real sockets: every message arrives whole, what is none is refused."""

import json
import math
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api.calls import (
    ContentIDsReturned,
    DownloadTrack,
    Faulted,
    GetContentIDsInLibrary,
    Return,
)
from partner_api.encoding import call_from_data, return_from_data
from partner_api.enums import Capability, ThreadingModel
from partner_api.hresult import E_UNEXPECTED, S_OK
from partner_api.service_info import ServiceInfo
from partner_api.surrogate.findings import Finding, Severity
from partner_api.surrogate.wire import (
    KINDS,
    MAX_MESSAGE_BYTES,
    Channel,
    Create,
    Created,
    Failed,
    Hello,
    Load,
    Loaded,
    LogLine,
    MessageTooLong,
    WireError,
    body_as,
    call_message,
    goodbye,
    message,
    parse,
    return_message,
    service_info_from_data,
    service_info_to_data,
)

DEADLINE_S = 30.0
SMALL_BUFFER_BYTES = 4096
TEXT = st.text(st.characters(codec=None) | st.sampled_from("\0\ud83c\udfb5\n\r\u2028"), max_size=20)
INFO = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER, ThreadingModel.FREE)

BODIES = (
    Hello(1, 2, "some software"),
    Load("shop", None, 4096, examine=True),
    Load("shop:Shop", "shop:Shop"),
    Loaded("shop:Shop", service_info_to_data(INFO), "shop", "1.0", ("Download",)),
    Create({"url": "https://a/", "deep": {"list": [1, 2.5, None, True]}}, "/data", 10),
    Created(("password",)),
    Failed("settings", ("url: the key is missing",), "Write it"),
    LogLine(30, "a line\nand another"),
)


@contextmanager
def connected() -> Iterator[tuple[socket.socket, Channel]]:
    """A bare socket, and the channel at its other end."""
    bare, end = socket.socketpair()
    channel = Channel(end)
    try:
        with bare:
            yield bare, channel
    finally:
        channel.close_reading()
        channel.close()


@contextmanager
def channels() -> Iterator[tuple[Channel, Channel]]:
    """Two channels, of which the first has little room for what is not read yet."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER_BYTES)
    ends = Channel(ours), Channel(theirs)
    try:
        yield ends
    finally:
        for end in ends:
            end.close()
            end.close_reading()


def finish(thread: threading.Thread) -> None:
    thread.join(DEADLINE_S)
    assert not thread.is_alive()


def in_thread(target: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def feed(bare: socket.socket, data: bytes) -> None:
    """Send bytes and end the stream; the other end may have heard enough before."""
    with suppress(OSError):
        bare.sendall(data)
        bare.shutdown(socket.SHUT_WR)


def everything(channel: Channel) -> list[tuple[str, Any]]:
    """Receive to the end."""
    return list(iter(channel.receive, None))


def received(data: bytes) -> list[tuple[str, Any]]:
    """What a channel makes of these bytes, followed by the end of the stream."""
    with connected() as (bare, channel):
        sender = in_thread(lambda: feed(bare, data))
        try:
            return everything(channel)
        finally:
            channel.close()
            finish(sender)


# --- messages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_message_arrives_as_it_was_sent(body: Any) -> None:
    with channels() as (ours, theirs):
        ours.send(message(body))
        arrived = theirs.receive()
    assert arrived is not None
    kind, data = arrived
    assert body_as(KINDS[kind], data) == body


def test_findings_arrive_with_a_loaded_and_with_a_failed() -> None:
    finding = Finding(Severity.ERROR, "Download", "takes no cookie", requirement="T1-DL-04")
    for body in (
        Loaded("shop:Shop", service_info_to_data(INFO), findings=(finding,)),
        Failed("load", ("no plug-in",), findings=(finding,)),
    ):
        kind, data = parse(message(body))
        assert body_as(KINDS[kind], data) == body


def test_a_goodbye_says_nothing_more() -> None:
    assert received(goodbye()) == [("goodbye", {})]


@settings(deadline=None)
@given(TEXT, TEXT)
def test_half_surrogate_pairs_and_nul_survive_in_calls_and_returns(text: str, reason: str) -> None:
    answer = DownloadTrack(0, text, 7, text, S_OK)
    fault = Faulted(E_UNEXPECTED, reason)
    (_, call), (_, returned) = received(call_message(1, answer) + return_message(2, fault))
    assert call_from_data(call["name"], call["arguments"]) == answer
    assert (call["id"], returned["id"]) == (1, 2)
    # A pair may have stood there as two halves: what counts are the code units.
    assert units(return_from_data(returned["name"], returned["values"]).reason) == units(reason)


@settings(deadline=None)
@given(TEXT)
def test_half_surrogate_pairs_and_nul_survive_in_settings_and_log(text: str) -> None:
    (_, create), (_, line) = received(
        message(Create({"key": [text]}, "/data")) + message(LogLine(30, text))
    )
    assert units(body_as(Create, create).settings["key"][0]) == units(text)
    assert units(body_as(LogLine, line).text) == units(text)


def units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def test_a_character_need_not_be_escaped_and_may_be() -> None:
    lines = '{"log":{"level":30,"text":"Größe 🎵"}}\n{"log":{"level":30,"text":"\\ud83c\\udfb5"}}\n'
    assert [body["text"] for _, body in received(lines.encode())] == ["Größe 🎵", "🎵"]


def test_what_is_sent_is_ascii_on_one_line() -> None:
    for data in (*map(message, BODIES), message(LogLine(30, "ä\u2028\n\x85\ud800"))):
        assert data.isascii()
        assert data.index(b"\n") == len(data) - 1


# --- lines -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    texts=st.lists(TEXT, max_size=6),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_lines_may_arrive_in_any_pieces(texts: list[str], cuts: list[int]) -> None:
    data = b"".join(message(LogLine(30, text)) for text in texts)
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places)]
    with connected() as (bare, channel):
        arrived = []
        for piece in pieces:
            bare.sendall(piece)
            # Whole lines are there at once, whatever follows.
            arrived += [channel.receive() for _ in range(piece.count(b"\n"))]
        bare.shutdown(socket.SHUT_WR)
        assert channel.receive() is None
    assert [line and units(line[1]["text"]) for line in arrived] == [units(t) for t in texts]


@pytest.mark.parametrize("torn", [b'{"log"', b"{", b"\xff", message(LogLine(30, "a"))[:-1]])
def test_a_line_that_the_end_of_the_stream_cuts_off_is_the_end(torn: bytes) -> None:
    assert received(goodbye() + torn) == [("goodbye", {})]


def log_line_of(size: int) -> bytes:
    """A whole line of so many bytes."""
    frame = len(message(LogLine(30, "")))
    return message(LogLine(30, "x" * (size - frame)))


def test_a_line_of_the_greatest_size_arrives() -> None:
    data = log_line_of(MAX_MESSAGE_BYTES)
    assert len(data) == MAX_MESSAGE_BYTES
    ((kind, body),) = received(data)
    assert (kind, len(body["text"])) == ("log", len(data) - len(message(LogLine(30, ""))))


@pytest.mark.parametrize("end", [b" \n", b"  ", b"x" * 1000])
def test_a_line_of_one_byte_more_is_refused_whether_it_ends_or_not(end: bytes) -> None:
    data = log_line_of(MAX_MESSAGE_BYTES)[:-1] + end
    with pytest.raises(WireError, match=str(MAX_MESSAGE_BYTES)):
        received(data)


@pytest.mark.parametrize(
    "body", [LogLine(30, "x" * MAX_MESSAGE_BYTES), Create({"key": "ä" * (3 * 1024 * 1024)}, "/")]
)
def test_a_message_that_does_not_fit_a_line_is_not_made(body: Any) -> None:
    with pytest.raises(MessageTooLong, match=str(MAX_MESSAGE_BYTES)):
        message(body)


def test_a_call_or_return_that_does_not_fit_a_line_is_not_made() -> None:
    with pytest.raises(MessageTooLong):
        call_message(1, DownloadTrack(0, None, 7, "x" * MAX_MESSAGE_BYTES, S_OK))
    with pytest.raises(MessageTooLong):
        return_message(1, ContentIDsReturned(S_OK, (0xFFFF_FFFF,) * 1_600_000))


NO_MESSAGES = {
    "an empty line": b"",
    "blanks": b"  ",
    "words": b"hello",
    "a list": b'[["log",{}]]',
    "a text": b'"log"',
    "a number": b"7",
    "null": b"null",
    "no key": b"{}",
    "two keys": b'{"log":{},"goodbye":{}}',
    "two objects": b'{"log":{}}{"log":{}}',
    "more behind it": b'{"log":{}} x',
    "half an object": b'{"log":{}',
    "a key without quotes": b"{log:{}}",
    "single quotes": b"{'log':{}}",
    "a comma too many": b'{"log":{},}',
    "a comment": b'{"log":{}} // so',
    "NaN": b'{"log":NaN}',
    "Infinity": b'{"log":{"level":Infinity}}',
    "-Infinity": b'{"log":[-Infinity]}',
    "no UTF-8": b'{"log":"\xff"}',
    "half a pair in UTF-8": b'{"log":"\xed\xa0\xbc"}',
    "UTF-16": '{"log":{}}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"log":{}}',
    "a raw NUL": b'{"log":"\0"}',
    "a raw tab in a text": b'{"log":"\t"}',
    "a wrong escape": b'{"log":"\\x41"}',
    "a hexadecimal number": b'{"log":0x7}',
    "a leading zero": b'{"log":07}',
    "100,000 lists": b'{"log":' + b"[" * 100_000,
    "100,000 lists, closed": b'{"log":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects": b'{"log":' * 100_000,
    "a number of 100,000 digits": b'{"log":' + b"7" * 100_000 + b"}",
}


@pytest.mark.parametrize("line", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_a_line_that_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(WireError, match="no message") as raised:
        received(line + b"\n")
    assert len(str(raised.value)) < 500
    assert str(raised.value).isascii()


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_messages_or_refused(data: bytes) -> None:
    try:
        found = received(data + b"\n")
    except WireError:
        return
    assert all(isinstance(kind, str) for kind, _ in found)


# --- bodies ------------------------------------------------------------------------------------


def test_keys_of_a_later_version_are_let_pass() -> None:
    assert body_as(Hello, {"wire": 1, "contract": 1, "later": [1]}) == Hello(1, 1)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Hello, {}),
        (Hello, {"wire": 1}),
        (Hello, {"wire": "1", "contract": 1}),
        (Hello, {"wire": True, "contract": 1}),
        (Hello, {"wire": 1.0, "contract": 1}),
        (Hello, None),
        (Hello, [1, 1]),
        (Load, {"name": None}),
        (Load, {"name": "a", "memory_limit": "4096"}),
        (Load, {"name": "a", "examine": 1}),
        (Loaded, {"reference": "a"}),
        (Loaded, {"reference": "a", "service_info": [["key", "a"]]}),
        (Loaded, {"reference": "a", "service_info": {}, "methods": [1]}),
        (Loaded, {"reference": "a", "service_info": {}, "findings": [{"subject": "a"}]}),
        (Create, {"settings": None, "data_dir": "/"}),
        (Created, {"secrets": [None]}),
        (Failed, {"stage": "load", "problems": None}),
        (Failed, {"stage": 1, "problems": []}),
        (LogLine, {"level": "30", "text": "a"}),
        (LogLine, {"level": 30, "text": None}),
    ],
    ids=ascii,
)
def test_a_body_that_does_not_fit_its_kind_is_refused(kind: type, body: object) -> None:
    with pytest.raises(WireError, match=kind.__name__) as raised:
        body_as(kind, body)
    assert len(str(raised.value)) <= 500


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Failed, {"stage": "load", "problems": "none was found"}),
        (Failed, {"stage": "load", "problems": {"none": "was found"}}),
        (Loaded, {"reference": "a", "service_info": {}, "methods": "Download"}),
        (Loaded, {"reference": "a", "service_info": {}, "findings": {}}),
        (Created, {"secrets": "password"}),
        (Created, []),
        (Created, ""),
    ],
    ids=ascii,
)
def test_only_a_list_is_read_as_a_list_and_only_an_object_as_a_body(kind: type, body: Any) -> None:
    with pytest.raises(WireError):
        body_as(kind, body)


def test_a_severity_arrives_as_one_and_another_word_is_refused() -> None:
    finding = Finding(Severity.WARNING, "Download", "is slow")
    body = {
        "stage": "load",
        "problems": [],
        "findings": [{**vars_of(finding), "severity": "grave"}],
    }
    with pytest.raises(WireError):
        body_as(Failed, body)
    _, data = parse(message(Failed("load", (), findings=(finding,))))
    assert body_as(Failed, data).findings[0].severity is Severity.WARNING


def vars_of(finding: Finding) -> dict[str, str]:
    return {"subject": finding.subject, "problem": finding.problem}


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_setting_that_json_has_no_word_for_is_not_sent(number: float) -> None:
    with pytest.raises((WireError, ValueError, TypeError)):
        message(Create({"ratio": number}, "/data"))


# --- ServiceInfo -------------------------------------------------------------------------------

INFO_DATA = service_info_to_data(INFO)


def test_a_service_info_arrives_as_it_was() -> None:
    assert service_info_from_data(json.loads(json.dumps(INFO_DATA))) == INFO


def test_capabilities_without_a_name_are_kept() -> None:
    info = service_info_from_data(INFO_DATA | {"capabilities": 0x1040})
    assert int(info.capabilities) == 0x1040


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "Shop",
        *({k: v for k, v in INFO_DATA.items() if k != missing} for missing in INFO_DATA),
        *(INFO_DATA | {"key": wrong} for wrong in ("", " a", "k" * 256, "a\nb", 7, None)),
        *(INFO_DATA | {"capabilities": wrong} for wrong in ("64", None, [], 64.5)),
        *(INFO_DATA | {"threading_model": wrong} for wrong in ("Both", "FREE", 1, None, [])),
        *(INFO_DATA | {"contract_version": wrong} for wrong in (0, -1, "1", True, 1.0, None)),
    ],
    ids=ascii,
)
def test_a_service_info_that_breaks_a_rule_is_refused(data: Any) -> None:
    with pytest.raises(WireError, match="ServiceInfo") as raised:
        service_info_from_data(data)
    assert len(str(raised.value)) <= 500


# --- sending -----------------------------------------------------------------------------------


def numbered(sender: int, number: int) -> bytes:
    """A message of one sender; every tenth is larger than the socket takes at once."""
    padding = "x" * (3 * SMALL_BUFFER_BYTES if number % 10 == 0 else number)
    return message(LogLine(sender, f"{number} {padding}"))


def order_of(lines: list[tuple[str, Any]]) -> dict[int, list[int]]:
    """The numbers of each sender's messages, in the order in which they arrived."""
    found: dict[int, list[int]] = {}
    for _, body in lines:
        found.setdefault(body["level"], []).append(int(body["text"].partition(" ")[0]))
    return found


def test_what_many_threads_send_never_interleaves() -> None:
    senders, count = 8, 40

    def send(channel: Channel, sender: int) -> None:
        for number in range(count):
            channel.send(numbered(sender, number))

    with channels() as (ours, theirs):
        threads = [in_thread(lambda sender=sender: send(ours, sender)) for sender in range(senders)]
        lines = [theirs.receive() for _ in range(senders * count)]
        for thread in threads:
            finish(thread)
    arrived = order_of([line for line in lines if line is not None])
    assert arrived == {sender: list(range(count)) for sender in range(senders)}


def test_a_message_that_fits_the_buffer_is_sent_without_another_thread() -> None:
    deferred: list[Callable[[], None]] = []
    with channels() as (ours, theirs):
        for _ in range(3):
            ours.send_or_defer(goodbye(), deferred.append)
        assert deferred == []
        assert [theirs.receive() for _ in range(3)] == [("goodbye", {})] * 3


def test_what_the_buffer_does_not_take_is_deferred_and_arrives_whole_and_in_order() -> None:
    deferred: list[Callable[[], None]] = []
    numbers = [1, 10, 2, 20, 3]

    def send_the_rest() -> None:
        for sending in deferred:
            sending()

    with channels() as (ours, theirs):
        for number in numbers:
            ours.send_or_defer(numbered(0, number), deferred.append)
        assert len(deferred) == len(numbers) - 1, "10 is begun, all behind it waits"
        thread = in_thread(send_the_rest)
        lines = [theirs.receive() for _ in numbers]
        finish(thread)
    assert order_of([line for line in lines if line is not None]) == {0: numbers}


def test_another_sender_waits_for_the_end_of_a_deferred_message() -> None:
    deferred: list[Callable[[], None]] = []
    with channels() as (ours, theirs):
        ours.send_or_defer(numbered(0, 10), deferred.append)
        (rest,) = deferred
        waiting = in_thread(lambda: ours.send(numbered(1, 1)))
        finishing = in_thread(rest)
        lines = [theirs.receive() for _ in range(2)]
        for thread in (waiting, finishing):
            finish(thread)
    assert [line and line[1]["level"] for line in lines] == [0, 1]


def test_a_message_never_overtakes_one_that_was_deferred() -> None:
    deferred: list[Callable[[], None]] = []
    with channels() as (ours, theirs):
        busy = in_thread(lambda: ours.send(numbered(0, 10)))
        while not ours._sending.locked():
            assert busy.is_alive()
        ours.send_or_defer(numbered(0, 1), deferred.append)
        lines = [theirs.receive()]
        finish(busy)
        ours.send_or_defer(numbered(0, 2), deferred.append)
        for sending in deferred:
            sending()
        lines += [theirs.receive() for _ in range(2)]
    assert order_of([line for line in lines if line is not None]) == {0: [10, 1, 2]}


def test_a_channel_whose_other_end_is_gone_refuses_every_message_and_blocks_no_thread() -> None:
    deferred: list[Callable[[], None]] = []
    bare, end = socket.socketpair()
    channel = Channel(end)
    bare.close()
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011 - which one, is for the platform to say
            channel.send_or_defer(goodbye(), deferred.append)
        with pytest.raises(OSError):  # noqa: PT011
            channel.send(goodbye())
    channel.close()
    channel.close_reading()
    assert deferred == []


def test_a_deferred_rest_that_cannot_be_sent_blocks_no_thread() -> None:
    deferred: list[Callable[[], None]] = []
    with channels() as (ours, theirs):
        ours.send_or_defer(numbered(0, 10), deferred.append)
        theirs.close()
        theirs.close_reading()
        (rest,) = deferred
        with pytest.raises(OSError):  # noqa: PT011
            rest()
        with pytest.raises(OSError):  # noqa: PT011
            ours.send(goodbye())


# --- the end -----------------------------------------------------------------------------------


def test_the_end_of_the_stream_is_no_message() -> None:
    assert received(b"") == []


def test_closing_wakes_the_thread_that_receives() -> None:
    found: list[object] = []
    with channels() as (ours, _theirs):
        thread = in_thread(lambda: found.append(ours.receive()))
        ours.close()
        finish(thread)
    assert found == [None]


def test_a_channel_that_no_longer_reads_is_at_its_end() -> None:
    with channels() as (ours, theirs):
        theirs.send(goodbye())
        ours.close_reading()
        assert ours.receive() is None


def test_a_return_carries_the_number_of_its_call() -> None:
    (_, call), (_, returned) = received(
        call_message(2**40, GetContentIDsInLibrary()) + return_message(2**40, Return(S_OK))
    )
    assert call == {"id": 2**40, "name": "GetContentIDsInLibrary", "arguments": {}}
    assert returned == {"id": 2**40, "name": "Return", "values": {"hr": "0x00000000"}}
