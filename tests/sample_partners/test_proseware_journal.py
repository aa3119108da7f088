"""The journal: every call a line, on the disk before the caller goes on."""

import json
import subprocess
import sys
import textwrap
import threading

import pytest

from partner_api import (
    E_FAIL,
    E_INVALIDARG,
    S_FALSE,
    S_OK,
    ComError,
    ContentContainer,
    ContentContainerList,
    ContentItem,
    License,
    PartnerNotification,
    Secret,
    TransactionType,
    Variant,
)
from sample_partners.proseware.journal import Journal, journaled


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path):
    return Journal(path)


@pytest.fixture
def lines(path):
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]


def test_a_call_gives_what_the_function_gives(journal):
    assert journal.call("Add", lambda left, right: left + right, left=2, right=3) == 5


def test_the_line_is_there_when_the_call_returns(journal, lines):
    journal.call("Predeliver", lambda **_: S_FALSE, license=License(701, None, (), None))

    assert lines() == [{"call": "Predeliver", "args": {"license": 701}, "result": "S_FALSE"}]


def test_the_line_is_whole_in_the_file_when_the_disk_is_told_to_keep_it(journal, path, monkeypatch):
    kept = []
    monkeypatch.setattr("os.fsync", lambda _: kept.append(path.read_text()))

    journal.call("Notify", lambda: None)

    assert kept == [path.read_text()]
    assert kept[0].endswith("\n")


def test_no_result_counts_as_s_ok(journal, lines):
    journal.call("SetCallback", lambda callback: None, callback=None)

    assert lines() == [{"call": "SetCallback", "args": {"callback": None}, "result": "S_OK"}]


def test_a_com_error_is_noted_by_its_code_and_goes_on(journal, lines):
    def fail() -> None:
        raise ComError(E_INVALIDARG)

    with pytest.raises(ComError):
        journal.call("GetItemInfo", fail)

    assert [line["result"] for line in lines()] == ["E_INVALIDARG"]


def test_any_other_error_goes_on_without_a_line(journal, path):
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journal.call("Download", fail)

    assert not path.exists()


@pytest.mark.parametrize(
    ("value", "noted"),
    [
        (S_OK, "S_OK"),
        (E_FAIL, "E_FAIL"),
        (7, 7),
        (True, True),
        ("音楽 \ud800", "音楽 \ud800"),
        (None, None),
        (Variant.ui4(7), 7),
        (Variant.error(E_FAIL), "E_FAIL"),
        (Variant.empty(), None),
        (PartnerNotification.BACKGROUND_PROCESSING_END, 2),
        (Secret("open sesame"), "Secret"),
        (object(), "object"),
    ],
)
def test_an_argument_is_noted_in_plain_words(journal, lines, value, noted):
    journal.call("Any", lambda value: None, value=value)

    assert lines()[0]["args"] == {"value": noted}


def test_a_container_list_is_noted_by_its_tracks(journal, lines):
    containers = [ContentContainer.loose(map(ContentItem, ids)) for ids in ((701, 702), (703,))]
    both = ContentContainerList(TransactionType.DOWNLOAD, containers)
    journal.call("Download", lambda container_list: None, container_list=both)

    assert lines()[0]["args"] == {"container_list": [[701, 702], [703]]}


@pytest.mark.parametrize(
    ("url", "noted"),
    [
        ("http://x/1.mp3?signature=1", "http://x/1.mp3"),
        ("", ""),
        (None, None),
        ("http://x", "http://x"),
    ],
)
def test_a_url_is_noted_without_its_query(journal, lines, url, noted):
    journal.call("DownloadTrack", lambda url: None, url=url)

    assert lines()[0]["args"] == {"url": noted}


def test_a_url_reaches_the_function_with_its_query(journal):
    assert journal.call("DownloadTrack", lambda url: url, url="http://x/?a=b") == "http://x/?a=b"


def test_without_a_path_the_call_is_made_all_the_same():
    assert Journal(None).call("Add", lambda left: left, left=2) == 2


def test_calls_of_several_threads_never_share_a_line(journal, lines):
    def many(thread: int) -> None:
        for number in range(25):
            journal.call("Call", lambda **_: None, thread=thread, number=number)

    threads = [threading.Thread(target=many, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    noted = [(line["args"]["thread"], line["args"]["number"]) for line in lines()]
    assert sorted(noted) == [(thread, number) for thread in range(4) for number in range(25)]


def test_a_later_journal_goes_on_in_the_same_file(path, lines):
    Journal(path).call("One", lambda: None)
    Journal(path).call("Two", lambda: None)

    assert [line["call"] for line in lines()] == ["One", "Two"]


def test_what_was_noted_outlives_the_death_of_the_process(path, lines):
    script = f"""
        import os
        from pathlib import Path
        from sample_partners.proseware.journal import Journal
        journal = Journal(Path({str(path)!r}))
        journal.call("Noted", lambda: None)
        journal.call("Never", lambda: os._exit(9))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=60)

    assert done.returncode == 9
    assert [line["call"] for line in lines()] == ["Noted"]


class Plugin:
    """Stands in for a plug-in with a journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    @journaled
    def Buy(self, container: str, cookie: int = 0) -> object:
        """Spend money."""
        return S_FALSE


def test_a_decorated_method_is_noted_under_its_names(journal, lines):
    assert Plugin(journal).Buy("album", cookie=4) == S_FALSE

    expected = {"call": "Buy", "args": {"container": "album", "cookie": 4}, "result": "S_FALSE"}
    assert lines() == [expected]


def test_a_decorated_method_keeps_its_name_and_words():
    assert (Plugin.Buy.__name__, Plugin.Buy.__doc__) == ("Buy", "Spend money.")


def test_a_decorated_method_called_wrongly_is_a_type_error_and_no_line(journal, path):
    with pytest.raises(TypeError):
        Plugin(journal).Buy()

    assert not path.exists()
