"""Transcripts: written as JSON Lines, read back into the same records, secrets kept out."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_api import calls
from partner_api.calls import Call, Faulted, Return
from partner_api.content import ContentContainer, ContentContainerList, ContentItem
from partner_api.enums import (
    CallbackNotification,
    LibraryLocation,
    TaskType,
    TransactionType,
)
from partner_api.hresult import E_FAIL, HRESULT, RPC_E_TIMEOUT, S_OK
from partner_api.licensing import License, Right
from partner_api.variant import Variant
from player_host.clock import ManualClock
from player_host.errors import PlayerHostError, StorageError
from player_host.transcript import (
    Called,
    Entry,
    Lost,
    Returned,
    Transcript,
    TranscriptWriter,
    read_transcript,
)

CLOCK = ManualClock(datetime(2006, 10, 31, 12, 0, tzinfo=UTC))
LIST = ContentContainerList(
    TransactionType.DOWNLOAD, (ContentContainer.loose([ContentItem(70), ContentItem(71)]),)
)


def writer(path: Path, **more: object) -> TranscriptWriter:
    return TranscriptWriter(path, partner="proseware", session_id=7, clock=CLOCK, **more)  # type: ignore[arg-type]


def write(path: Path, *conversation: tuple[Call, Return]) -> None:
    transcript = writer(path)
    for call, returned in conversation:
        transcript.returned(transcript.called(call, chain=3), returned)
    transcript.close()


def test_a_transcript_reads_back_into_the_records_that_were_written(tmp_path: Path) -> None:
    conversation: list[tuple[Call, Return]] = [
        (calls.SetCallback(attached=True), Return(S_OK)),
        (calls.Download(LIST, 0xFFFFFFFF), Return(S_OK)),
        (
            calls.Predeliver(License(70, "K-1", frozenset({Right.PLAY}), CLOCK.now())),
            Return(S_OK),
        ),
        (calls.DownloadTrack(0, "http://s/1.mp3", 70, "a\0\ud800é🎵", S_OK), Return(S_OK)),
        (calls.DownloadTrackComplete(E_FAIL, 70, None), Faulted(RPC_E_TIMEOUT, "hung")),
        (
            calls.GetItemInfo("AlbumArt", Variant.ui4(7)),
            calls.InfoReturned(S_OK, Variant.bstr("x")),
        ),
    ]
    path = tmp_path / "t.jsonl"
    write(path, *conversation)
    transcript = read_transcript(path)
    assert transcript.complete
    assert transcript.header["partner"] == "proseware"
    assert transcript.header["started_at"] == "2006-10-31T12:00:00+00:00"
    made = [e.call for e in transcript.entries if isinstance(e, Called)]
    ended = [e.returned for e in transcript.entries if isinstance(e, Returned)]
    assert made == [call for call, _ in conversation]
    assert ended == [returned for _, returned in conversation]
    assert [e.number for e in transcript.entries] == list(range(1, 13))
    assert [e.of for e in transcript.entries if isinstance(e, Returned)] == [1, 3, 5, 7, 9, 11]
    assert {e.chain for e in transcript.entries if isinstance(e, Called)} == {3}


def test_times_never_run_backwards(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, *[(calls.Logout(), Return(S_OK))] * 20)
    times = [entry.at for entry in read_transcript(path).entries]
    assert times == sorted(times)


def test_the_query_of_a_url_becomes_a_digest_that_keeps_equality(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    urls = [
        "http://u:pw@s/1.mp3?sig=hunter2",
        "http://u:pw@s/1.mp3?sig=hunter2",
        "http://s/1.mp3?b",
    ]
    write(path, *[(calls.DownloadTrack(1, url, 1, None, S_OK), Return(S_OK)) for url in urls])
    text = path.read_text()
    assert "hunter2" not in text
    assert "pw" not in text
    shown = [
        e.call.url
        for e in read_transcript(path).entries
        if isinstance(e, Called) and isinstance(e.call, calls.DownloadTrack)
    ]
    assert shown[0] == shown[1] != shown[2]
    assert shown[0] is not None
    assert shown[0].startswith("http://s/1.mp3?~")


def through(path: Path, *records: Call | Return) -> list[Call | Return]:
    """Write every record and return what is read back."""
    transcript = writer(path)
    for record in records:
        if isinstance(record, Call):
            transcript.called(record)
        else:
            transcript.returned(1, record)
    transcript.close()
    read = read_transcript(path)
    assert read.complete
    return [e.call if isinstance(e, Called) else e.returned for e in read.entries]


def answer(url: str) -> Call:
    return calls.DownloadTrack(1, url, 1, None, S_OK)


def info(text: str) -> Return:
    return calls.InfoReturned(S_OK, Variant.bstr(text))


def popup(parameters: str) -> Call:
    return calls.ShowPopup(1, parameters)


def template(view_params: str) -> Call:
    nothing = Variant.empty()
    task, location = TaskType.BROWSE, LibraryLocation.ROOT
    return calls.GetTemplate(task, location, nothing, location, nothing, "", view_params)


SECRETIVE = [
    (answer, "http://ann:hunter2@s/1.mp3", "http://s/1.mp3?~"),
    (answer, "http://s/1.mp3#token=hunter2", "http://s/1.mp3?~"),
    (answer, "http://hunter2@s", "http://s?~"),
    (answer, "http:ann:hunter2@s/1.mp3", "?~"),
    (answer, "http://ann:hunter2?pw@s/1.mp3", "?~"),
    (answer, "http://[hunter2?", "?~"),
    (info, "https://s/page?sig=hunter2", "https://s/page?~"),
    (info, "s/page?sig=hunter2", "s/page?~"),
    (info, "Pay at https://ann:hunter2@s/pay or at http://s/", "Pay at https://s/pay?~"),
    (info, "Pay at https://s/pay?a b=hunter2", "Pay at https://s/pay?~"),
    (popup, "user=ann&sig=hunter2", "?~"),
    (popup, "?hunter2", "?~"),
    (popup, "http://s/popup?sig=hunter2", "http://s/popup?~"),
    (template, "sig=hunter2", "?~"),
    (template, "http://ann:hunter2@s/view", "http://s/view?~"),
    (
        lambda text: calls.GetItemInfo("Popup", Variant.bstr(text)),
        "http://s/?hunter2",
        "http://s/?~",
    ),
    (lambda text: calls.StreamingURLReturned(S_OK, text), "http://s/#hunter2", "http://s/?~"),
]


@pytest.mark.parametrize(("make", "secret", "shown"), SECRETIVE)
def test_what_a_url_has_besides_its_path_becomes_a_digest_that_keeps_equality(
    tmp_path: Path, make: Callable[[str], Call | Return], secret: str, shown: str
) -> None:
    path = tmp_path / "t.jsonl"
    first, again, other = through(path, make(secret), make(secret), make(secret + "x"))
    text = path.read_text()
    assert "hunter2" not in text
    assert "ann" not in text
    assert f'"{shown}' in text
    assert first == again != other


PLAIN = [
    answer("http://s:8080/~ann/1@2.mp3"),
    answer("/ann@s/1.mp3"),
    answer("file:///ann@s/1.mp3"),
    info("http://s/ann@s.example"),
    info("ann@s.example"),
    info("Is that all?"),
    info("See http://s/help, or ask ann@s.example"),
    popup("page 3"),
    popup("http://s/popup"),
    template(""),
    calls.CallbackNotify(CallbackNotification.LOGIN_STATE_CHANGE, Variant.boolean(True)),
]


@pytest.mark.parametrize("record", PLAIN)
def test_what_holds_no_query_no_fragment_and_no_userinfo_stays_as_it_is(
    tmp_path: Path, record: Call | Return
) -> None:
    assert through(tmp_path / "t.jsonl", record) == [record]


@given(st.text(alphabet="htp:/?#@=&.[] \\a0é\ud800", max_size=40))
def test_whatever_is_redacted_reads_back_into_records_and_stays_equal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "t.jsonl"
    records = [make(text) for make in (answer, info, popup, template)]
    read = through(path, *records, *records)
    assert read[:4] == read[4:]


def test_a_record_that_does_not_fit_a_line_is_replaced_by_one_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("player_host.transcript.MAX_LINE_BYTES", 400)
    path = tmp_path / "t.jsonl"
    long = "x" * 400
    seen: list[Entry] = []
    transcript = writer(path, observer=seen.append)
    transcript.returned(transcript.called(popup(long), chain=3), info(long))
    transcript.returned(transcript.called(calls.Logout()), Return(S_OK))
    transcript.close()
    read = read_transcript(path)
    assert read.complete
    assert list(read.entries) == seen
    called, ended, *following = seen
    assert isinstance(called, Called)
    assert isinstance(called.call, calls.Malformed)
    assert called.chain == 3
    assert called.call.called == "ShowPopup"
    assert re.fullmatch(r"\d{3} bytes do not fit a line of the transcript", called.call.problem)
    assert isinstance(ended, Returned)
    assert isinstance(ended.returned, Faulted)
    assert ended.returned.hr == S_OK
    assert "bytes do not fit" in ended.returned.reason
    assert len(following) == 2


def test_a_record_that_just_fits_a_line_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("player_host.transcript.TranscriptWriter._elapsed", lambda _: 0.0)
    path = tmp_path / "t.jsonl"
    through(path, popup("x" * 400))
    length = len(path.read_text().splitlines()[1]) + 1
    monkeypatch.setattr("player_host.transcript.MAX_LINE_BYTES", length)
    fits, too_long = through(tmp_path / "u.jsonl", popup("x" * 400), popup("x" * 401))
    assert fits == popup("x" * 400)
    assert isinstance(too_long, calls.Malformed)


def test_blobs_become_digests(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    login = calls.Login(b"somebody", b"hunter2", False, True)
    catalog = calls.CatalogURLReturned(S_OK, 2, "http://s/c?token=hunter2", Variant.empty())
    write(path, (login, Return(S_OK)), (calls.GetCatalogURL(0, 0, 1033), catalog))
    raw = path.read_text()
    assert "hunter2" not in raw
    assert "aHVudGVyMg" not in raw  # base64 of it
    assert "somebody" not in raw


def test_two_sessions_digest_the_same_secret_differently(tmp_path: Path) -> None:
    call = calls.DownloadTrack(1, "http://s/1?sig=x", 1, None, S_OK)
    for name in ("a", "b"):
        write(tmp_path / name, (call, Return(S_OK)))
    first, second = (read_transcript(tmp_path / n).entries[0] for n in ("a", "b"))
    assert isinstance(first, Called)
    assert isinstance(second, Called)
    assert first.call != second.call


def test_without_its_footer_a_transcript_is_incomplete_and_reads_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.jsonl"
    write(path, (calls.Logout(), Return(S_OK)), (calls.Logout(), Return(E_FAIL)))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    without_footer = read_transcript(path)
    assert not without_footer.complete
    assert len(without_footer.entries) == 4
    path.write_text("".join(lines[:-2]) + lines[-2][:10])
    torn = read_transcript(path)
    assert not torn.complete
    assert len(torn.entries) == 3


def test_a_changed_line_makes_the_digest_wrong(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    write(path, (calls.DownloadTrackComplete(E_FAIL, 70, "p"), Return(S_OK)))
    path.write_text(path.read_text().replace("0x80004005", "0x00000000"))
    transcript = read_transcript(path)
    assert not transcript.complete


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "no transcript"),
        ("{}\n", "no transcript"),
        ('{"header":{"format":"something else"}}\n', "no transcript"),
        ('{"header":{"format":"content-partner transcript","version":99}}\n', "version 99"),
        ('{"header":{"format":"content-partner transcript","version":1,"partner":1}}\n', "partner"),
        ("nonsense\n", "no JSON"),
        ("[1]\n", "no JSON object"),
        ("[" * 100_000 + "\n", "no JSON"),
        ("9" * 5_000 + "\n", "no JSON"),
        ('{"header":NaN}\n', "NaN is no number"),
    ],
    ids=lambda value: value[:40],
)
def test_another_file_is_refused_by_name(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(PlayerHostError, match=what) as caught:
        read_transcript(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        {"n": 1, "t": 0.0, "call": "NoSuchCall", "args": {}},
        {"n": 1, "t": 0.0, "call": "Logout", "args": {"extra": 1}},
        {"n": 1, "t": 0.0, "call": "DownloadTrackComplete", "args": {"hr": "0xZZ"}},
        {"n": 1, "t": 0.0, "of": 1, "return": "Return", "values": {"hr": 3}},
        {"n": "1", "t": 0.0, "call": "Logout", "args": {}},
        {"n": -1, "t": 0.0, "call": "Logout", "args": {}},
        {"n": 10**30, "t": 0.0, "call": "Logout", "args": {}},
        {"n": 1, "t": 10**400, "call": "Logout", "args": {}},
        {"n": 1, "t": True, "call": "Logout", "args": {}},
        {"n": 1, "t": 0.0, "call": "Logout", "args": {}, "chain": "1"},
        {"n": 1, "t": 0.0, "of": None, "return": "Return", "values": {"hr": "0x00000000"}},
        {"n": 1, "t": 0.0, "lost": ["it"]},
        {"unknown": True},
    ],
    ids=ascii,
)
def test_a_line_that_is_no_call_is_named_with_its_number(
    tmp_path: Path, line: dict[str, object]
) -> None:
    path = tmp_path / "t.jsonl"
    write(path, (calls.Logout(), Return(S_OK)))
    lines = path.read_text().splitlines()
    lines.insert(1, json.dumps(line))
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(PlayerHostError, match="line 2"):
        read_transcript(path)


def edited(path: Path, edit: Callable[[list[str]], list[str]]) -> Transcript:
    write(path, (calls.Logout(), Return(S_OK)), (calls.Logout(), Return(E_FAIL)))
    path.write_text("".join(edit(path.read_text().splitlines(keepends=True))))
    return read_transcript(path)


@pytest.mark.parametrize(
    ("edit", "flaw"),
    [
        (lambda lines: [*lines[:-1], lines[-1].replace("4", "5", 1)], "the digest does not fit"),
        (lambda lines: [*lines, lines[1]], "something follows it"),
        (lambda lines: [*lines, lines[-1]], "something follows it"),
        (lambda lines: [lines[0], *lines[3:]], "entry 3 stands where entry 1 belongs"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "entry 2 stands where entry 3"),
        (lambda lines: [lines[0], lines[2], lines[1]], "entry 2 stands where entry 1"),
        (lambda lines: [*lines[:2], lines[2].replace('"of":1', '"of":7')], "ends call 7"),
        (lambda lines: [*lines[:4], lines[4].replace('"of":3', '"of":1')], "ends call 1"),
        (lambda lines: [lines[0], lines[1].replace('"t":', '"t":9,"x":'), lines[2]], "is earlier"),
    ],
)
def test_what_no_writer_writes_is_a_flaw(
    tmp_path: Path, edit: Callable[[list[str]], list[str]], flaw: str
) -> None:
    transcript = edited(tmp_path / "t.jsonl", edit)
    assert not transcript.complete
    assert flaw in transcript.flaw


@given(cut=st.integers(0, 400))
def test_wherever_the_process_died_its_transcript_has_no_flaw(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "t.jsonl"
    write(path, (calls.Logout(), Return(S_OK)), (calls.Logout(), Return(E_FAIL)))
    whole = path.read_bytes()
    end_of_header = whole.index(b"\n") + 1
    path.write_bytes(whole[: min(end_of_header + cut, len(whole) - 1)])
    transcript = read_transcript(path)
    assert (transcript.complete, transcript.flaw) == (False, "")


@given(junk=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_stands_behind_the_header_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    path = tmp_path_factory.mktemp("junk") / "t.jsonl"
    write(path)
    header, _, _ = path.read_bytes().partition(b"\n")
    path.write_bytes(header + b"\n" + junk + b"\n")
    with suppress(PlayerHostError):
        assert not read_transcript(path).complete


def test_a_transcript_is_read_within_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.jsonl"
    write(path, *[(calls.Logout(), Return(S_OK))] * 3)
    size = path.stat().st_size
    longest = max(map(len, path.read_bytes().splitlines(keepends=True)))
    bounds = {"MAX_READ_BYTES": size, "MAX_LINE_BYTES": longest, "MAX_READ_ENTRIES": 6}
    for name, most in bounds.items():
        monkeypatch.setattr(f"player_host.transcript.{name}", most)
    assert read_transcript(path).complete
    for name, most in bounds.items():
        with monkeypatch.context() as tighter:
            tighter.setattr(f"player_host.transcript.{name}", most - 1)
            with pytest.raises(PlayerHostError, match="than") as told:
                read_transcript(path)
        assert str(path) in told.value.where


def test_what_ends_after_the_transcript_was_closed_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    transcript = writer(path)
    number = transcript.called(calls.Logout())
    transcript.close()
    transcript.returned(number, Return(S_OK))
    transcript.lost("it was killed")
    assert read_transcript(path).complete
    assert len(read_transcript(path).entries) == 1


def test_an_existing_transcript_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("precious")
    with pytest.raises(StorageError):
        writer(path)
    assert path.read_text() == "precious"


def test_the_observer_sees_every_entry_as_it_is_written(tmp_path: Path) -> None:
    seen: list[Entry] = []
    transcript = writer(tmp_path / "t.jsonl", observer=seen.append)
    transcript.returned(transcript.called(calls.Logout()), Return(HRESULT(1)))
    transcript.close()
    assert seen == list(read_transcript(tmp_path / "t.jsonl").entries)


SECRET = 'correct "horse" stäple'


def test_a_secret_of_the_settings_stands_nowhere_and_equal_ones_stay_equal(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    transcript = writer(path)
    transcript.conceal([SECRET])
    order = f"order={SECRET}"
    transcript.called(calls.DownloadTrack(7, "http://s/1.mp3", 70, order, S_OK))
    number = transcript.called(calls.DownloadTrackComplete(S_OK, 70, order))
    transcript.returned(number, Faulted(E_FAIL, f"KeyError: {SECRET}"))
    transcript.lost(f"its last words: {SECRET}")
    transcript.close()
    assert "horse" not in path.read_text("utf-8")
    assert "horse" not in json.dumps(
        json.loads("[" + ",".join(path.read_text().splitlines()) + "]")
    )
    answer, completion, _, lost = read_transcript(path).entries
    assert isinstance(answer, Called)
    assert isinstance(completion, Called)
    assert isinstance(lost, Lost)
    assert answer.call.arguments[3] == completion.call.arguments[2]
    assert str(answer.call.arguments[3]).startswith("order=~")
    assert lost.reason.startswith("its last words: ~")


def test_a_secret_that_is_a_word_of_the_protocol_costs_the_record_and_no_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.jsonl"
    transcript = writer(path)
    transcript.conceal(["DOWNLOAD", "Album"])
    transcript.called(calls.GetItemInfo("AlbumArt", Variant.empty()))
    container = ContentContainer(LibraryLocation.ALBUM, 7, "", (ContentItem(70),))
    transcript.called(calls.Buy(ContentContainerList(TransactionType.BUY, (container,)), 1))
    transcript.close()
    info, buy = read_transcript(path).entries
    assert isinstance(info, Called)
    assert isinstance(buy, Called)
    assert isinstance(info.call, calls.GetItemInfo)
    assert "Album" not in info.call.info_name
    assert isinstance(buy.call, calls.Malformed)


def test_the_loss_of_an_instance_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    transcript = writer(path)
    transcript.lost("its process was killed by SIGKILL")
    transcript.close()
    (entry,) = read_transcript(path).entries
    assert isinstance(entry, Lost)
    assert (entry.number, entry.reason) == (1, "its process was killed by SIGKILL")
    assert read_transcript(path).complete
