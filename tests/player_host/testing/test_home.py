"""A home folder for one test: configured, run in, looked into."""

import os
import tomllib
from typing import ClassVar

import pytest

from partner_api import S_OK, Capability, ContentPartner, License, Right, ServiceInfo
from partner_api.calls import DownloadTrack, DownloadTrackComplete, SetCallback
from player_host.errors import PartnerUnavailable
from player_host.settings import load_partner_settings
from player_host.testing import PlayerHome

OTHER = "a.b:C"
PLATFORM_ONE = "Morning Trains/Morning Trains/01 Platform One.mp3"


def told(check, *arguments, **named) -> str:
    with pytest.raises(AssertionError) as raised:
        check(*arguments, **named)
    return str(raised.value)


def written(home: PlayerHome) -> dict:
    return tomllib.loads((home.path / "partners.toml").read_text("utf-8"))


# --- Settings ----------------------------------------------------------------------------------


def test_a_partner_is_configured_for_this_machine_alone_unless_the_test_says_otherwise(player_home):
    player_home.configure("contoso", settings={"store_url": "http://127.0.0.1", "tries": 2})
    player_home.configure(OTHER, host={"network": "public", "call_deadline": 1.5})
    assert written(player_home) == {
        "contoso": {
            "host": {"network": "loopback"},
            "settings": {"store_url": "http://127.0.0.1", "tries": 2},
        },
        OTHER: {"host": {"network": "public", "call_deadline": 1.5}, "settings": {}},
    }
    assert set(load_partner_settings(player_home.home.partners_toml)) == {"contoso", OTHER}


def test_a_second_configuration_takes_the_place_of_the_first_and_leaves_the_others(player_home):
    player_home.configure("contoso", settings={"a": 1, "password": {"env": "CONTOSO"}})
    player_home.configure("other", settings={"a": 2})
    player_home.configure("contoso", settings={"b": 'quote " and line\n'})
    tables = written(player_home)
    assert tables["contoso"]["settings"] == {"b": 'quote " and line\n'}
    assert tables["other"]["settings"] == {"a": 2}


# --- The program -------------------------------------------------------------------------------


def test_the_program_runs_with_the_home_and_gives_status_and_both_outputs(player_home):
    shown = player_home.run("library", "list", "--json")
    assert (shown.status, shown.err) == (0, "")
    assert shown.json() == {"total": 0, "offset": 0, "items": []}
    wrong = player_home.run("download", "nobody", "album:7")
    assert (wrong.status, wrong.out) == (3, "")
    assert "no plug-in named 'nobody' is installed" in wrong.err
    assert str(wrong).startswith("player-host download nobody album:7\nstatus 3\nerror: ")


def test_output_that_is_no_json_is_shown(player_home):
    words = told(player_home.run("library", "list").json)
    assert words.startswith("the output is no JSON: player-host library list\nstatus 0\n")


def test_variables_reach_the_program_and_the_terminal_of_the_test_does_not(
    player_home, tmp_path, monkeypatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    another = tmp_path / "another"
    another.mkdir()
    lines = player_home.run("library", "list", PLAYER_HOST_HOME=str(another))
    assert (lines.status, "\x1b" in lines.out) == (0, False)
    assert (another / "player.db").exists()
    assert not player_home.home.database.exists()


SLEEPER = """
import time
from partner_api import Capability, ContentPartner, ServiceInfo

class Sleeper(ContentPartner):
    service_info = ServiceInfo("Sleeper", "Sleeper", Capability.CONTENT_PARTNER)

    def SetCallback(self, callback):
        if callback is not None:
            time.sleep(3_600)

    def Download(self, container_list, cookie): ...

    def DownloadTrackComplete(self, hr, track_id, params): ...
"""


def test_a_program_that_does_not_end_is_killed_at_the_deadline_and_told(player_home, tmp_path):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    player_home.configure("sleeper:Sleeper", host={"call_deadline": 3_600})
    words = told(
        player_home.run,
        *("download", "sleeper:Sleeper", "track:1"),
        deadline_s=2,
        PYTHONPATH=str(tmp_path),
    )
    assert words.startswith("no end within 2 s: player-host download sleeper:Sleeper track:1\n")


# --- The library and the sessions --------------------------------------------------------------


def test_an_untouched_home_has_no_library_and_no_session(player_home):
    assert player_home.library() == ()
    assert player_home.transcripts() == ()
    player_home.should_have_filed_nothing()
    assert told(player_home.transcript) == (
        "there is no transcript: no plug-in was started in this home"
    )
    assert told(player_home.should_have_filed, "Song") == (
        "'Song' was not filed; the library is empty"
    )
    assert list(player_home.path.iterdir()) == []


def test_a_download_from_the_real_store_can_be_told_in_sentences(player_home, proseware_store):
    player_home.configure("proseware", settings=proseware_store.settings)
    run = player_home.run("download", "proseware", "track:701;702", "--json")
    assert run.status == 0, run
    assert [track["outcome"] for track in run.json()["tracks"]] == ["downloaded"] * 2
    filed = player_home.should_have_filed("Platform One", artist="Morning Trains")
    assert (player_home.home.music / filed.source_path).is_file()
    assert player_home.library("Title=Platform One") == (filed,)
    session = player_home.transcript()
    session.should_show(DownloadTrackComplete, hr=S_OK).times(2).answered_with(S_OK)
    session.should_show(DownloadTrackComplete, track_id=701).times(1)
    assert [one.path for one in player_home.transcripts()] == [session.path]


def test_what_was_not_filed_is_told_with_what_was(player_home, proseware_store):
    player_home.configure("proseware", settings=proseware_store.settings)
    run = player_home.run("download", "proseware", "track:701")
    assert run.status == 0, run
    holds = (
        "the library holds:\n  Morning Trains/Morning Trains/01 Platform One.mp3: 'Platform One'"
    )
    for named in ({"artist": "Nobody"}, {"album": "Nothing"}, {"artist": "Nobody", "album": "x"}):
        assert holds in told(player_home.should_have_filed, "Platform One", **named)
    assert "'Platform One' by 'Nobody' on 'x' was not filed" in told(
        player_home.should_have_filed, "Platform One", artist="Nobody", album="x"
    )
    assert holds in told(player_home.should_have_filed_nothing)
    (player_home.home.music / player_home.library()[0].source_path).unlink()
    assert told(player_home.should_have_filed, "Platform One") == (
        f"{PLATFORM_ONE} is in the library, but not in its place"
    )


def test_faults_of_the_store_reach_the_plug_in(player_home, proseware_store):
    player_home.configure("proseware", settings=proseware_store.settings)
    proseware_store.set_fault("404", track_id=701)
    run = player_home.run("download", "proseware", "track:701")
    assert run.status == 1, run
    player_home.should_have_filed_nothing()
    player_home.transcript().should_show(DownloadTrackComplete, track_id=701).times(1)
    player_home.transcript().should_not_show(DownloadTrackComplete, hr=S_OK)


# --- The Player in the test's own process ------------------------------------------------------


class Shop(ContentPartner):
    service_info = ServiceInfo("Shop", "The Shop", Capability.CONTENT_PARTNER)
    processes: ClassVar[list[int]] = []

    def Download(self, container_list, cookie):
        self.processes.append(os.getpid())
        self.context.licenses.Predeliver(License(1, None, {Right.PLAY}))
        self.callback.DownloadTrack(cookie, "", 1, "params", S_OK)

    def DownloadTrackComplete(self, hr, track_id, params):
        return S_OK


@pytest.mark.anyio
async def test_a_player_may_be_opened_with_the_plug_in_in_the_tests_own_process(player_home, named):
    name = named(Shop)
    player_home.configure(name)
    async with player_home.player(in_process=True) as player:
        await player.activate(name)
        request = await player.download(["track:1"])
        await player.wait([request.id])
        player_home.transcript().should_not_show(SetCallback, attached=False)
    assert Shop.processes == [os.getpid()]
    session = player_home.transcript()
    session.should_show(SetCallback).times(2).answered_with(S_OK)
    session.should_show(DownloadTrack, params="params").answered_with(S_OK)


@pytest.mark.anyio
async def test_by_default_a_plug_in_has_a_process_of_its_own(player_home, named):
    known_here_alone = named(Shop)
    async with player_home.player() as player:
        with pytest.raises(PartnerUnavailable, match="partners_of_this_test"):
            await player.activate(known_here_alone)


@pytest.mark.anyio
async def test_what_a_player_filed_can_be_asked_for_while_it_is_open(player_home, proseware_store):
    player_home.configure("proseware", settings=proseware_store.settings)
    async with player_home.player() as player:
        await player.activate("proseware")
        request = await player.download(["track:701"])
        await player.wait([request.id])
        assert player_home.should_have_filed("Platform One").content_id == 701
