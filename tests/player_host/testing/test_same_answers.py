"""The kit without a host answers as the Player does: one conversation, held with both."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from attrs import frozen

from partner_api import (
    E_FAIL,
    HRESULT,
    CallbackNotification,
    Capability,
    CatalogVersion,
    ComError,
    ContentPartner,
    License,
    Right,
    ServiceInfo,
    Variant,
)
from partner_api.calls import CALLBACK_CALLS, Call, DownloadTrackComplete
from partner_api.testing import album, for_download, loose_tracks, rehearse
from player_host.testing import PlayerHome

pytestmark = pytest.mark.anyio

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
URL = "http://127.0.0.1:9/a.mp3"
WANTED = for_download(
    album(7, tracks=range(1, 31), price="$9.99"), album(8, tracks=[5, 6]), loose_tracks(5)
)

Saying = Callable[["Talker"], Any]
Named = Callable[[type[ContentPartner[Any]]], str]


@frozen
class Script:
    """What a partner says: in `Download`, when it has returned, and after `SetCallback(None)`."""

    during: list[Saying]
    later: list[Saying]
    after: list[Saying]
    result: int | None = None


class Talker(ContentPartner[Any]):
    """Follows its script, and notes what it is answered."""

    service_info = ServiceInfo("Talker", "Talker", Capability.CONTENT_PARTNER)
    script: ClassVar[Script]
    latest: ClassVar["Talker"]

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.heard: list[Any] = []
        type(self).latest = self

    def SetCallback(self, callback: Any) -> None:
        if callback is not None:
            self.callback = callback

    def Download(self, container_list: Any, cookie: int) -> int | None:
        self.cookie, self.container_list = cookie, container_list
        self.say(self.script.during)
        return self.script.result

    def DownloadTrackComplete(self, hr: HRESULT, track_id: int, params: str | None) -> None:
        pass

    def say(self, sayings: list[Saying]) -> None:
        for saying in sayings:
            try:
                self.heard.append(saying(self))
            except ComError as error:
                self.heard.append(error.hr)

    def track(
        self, track_id: Any, hr: Any = 0, url: Any = URL, params: Any = None, cookie: Any = ...
    ) -> HRESULT:
        asked = self.cookie if cookie is ... else cookie
        return self.callback.DownloadTrack(asked, url, track_id, params, hr)

    def license(
        self, track_id: int, key_id: str | None = None, right: Right = Right.PLAY, **terms: Any
    ) -> HRESULT:
        return self.context.licenses.Predeliver(License(track_id, key_id, {right}, **terms))


def following(script: Script) -> type[Talker]:
    return type("Talking", (Talker,), {"script": script})


async def heard_from_the_player(script: Script, home: PlayerHome, named: Named) -> list[Any]:
    partner_class = following(script)
    name = named(partner_class)
    home.configure(name)
    async with home.player(in_process=True) as player:
        await player.activate(name)
        # Past the catalogue, which could not list a track so often.
        await player._current().downloads.request("a test", WANTED)
        partner_class.latest.say(script.later)
    partner_class.latest.say(script.after)
    return partner_class.latest.heard


def heard_from_the_kit(script: Script) -> tuple[list[Any], list[Call]]:
    with rehearse(following(script), forgiving=True) as rehearsal:
        rehearsal.download(WANTED)
        rehearsal.partner.say(script.later)
    rehearsal.partner.say(script.after)
    return rehearsal.partner.heard, rehearsal.calls


AFTERWARDS: list[Saying] = [
    lambda p: p.track(30),
    lambda p: p.track(30, "malformed"),
    lambda p: p.license(30),
    lambda p: p.callback.ChangeView(1, 2, 3),
    lambda p: p.callback.GetCatalogVersion(),
    lambda p: p.callback.GetContentIDsInLibrary(),
]

ANSWERS: dict[str, list[Saying]] = {
    "a success code with a licence": [lambda p: p.license(1), lambda p: p.track(1)],
    "another success code": [lambda p: p.license(2), lambda p: p.track(2, 0x400D0FA0)],
    "a failure code": [lambda p: p.track(3, E_FAIL, None)],
    "a failure code of the store, below zero": [lambda p: p.track(4, -2147467259)],
    "a success code without a URL": [lambda p: p.license(7), lambda p: p.track(7, url=None)],
    "a URL that is not absolute": [lambda p: p.license(8), lambda p: p.track(8, url="a.mp3")],
    "a URL that is too long": [
        lambda p: p.license(9),
        lambda p: p.track(9, url="http://127.0.0.1/" + "a" * 40_000),
    ],
    "no licence": [lambda p: p.track(10)],
    "no licence and no URL": [lambda p: p.track(11, url="")],
    "an expired licence": [lambda p: p.license(12, expires=LONG_AGO), lambda p: p.track(12)],
    "no right to play": [lambda p: p.license(13, right=Right.SYNC), lambda p: p.track(13)],
    "the licence of another track": [lambda p: p.license(14), lambda p: p.track(15)],
    "a licence for a protected file": [lambda p: p.license(16, "key"), lambda p: p.track(16)],
    "a key that cannot be shown": [lambda p: p.license(17, "\n"), lambda p: p.track(17)],
    "what is no licence": [lambda p: p.context.licenses.Predeliver("free")],
    "params over the bound": [lambda p: p.track(18, params="\U0001f3b5" * 262_145)],
    "params far over the bound": [lambda p: p.track(19, params="x" * 1_000_000)],
    "params that are no text": [lambda p: p.track(20, params=b"")],
    "an hr of more than 32 bits": [lambda p: p.track(21, 2**40)],
    "an hr that is no number": [lambda p: p.track(22, "S_OK")],
    "an unknown cookie": [lambda p: p.track(23, cookie=(p.cookie + 1) % 2**32)],
    "a cookie that is no number": [lambda p: p.track(23, cookie="1")],
    "a foreign track": [lambda p: p.track(99)],
    "a track that is no number": [lambda p: p.track("24")],
    "more answers than occurrences": [lambda p: p.track(24, E_FAIL)] * 3,
    "a malformed answer, then a sound one": [lambda p: p.track(25, ""), lambda p: p.track(25)],
    "a track that is listed three times": [
        lambda p: p.license(5),
        *[lambda p: p.track(5)] * 4,
        lambda p: p.track(5, "malformed"),
    ],
    "a track that is listed twice, first malformed": [
        lambda p: p.track(6, None),
        *[lambda p: p.track(6, E_FAIL)] * 2,
    ],
}


@pytest.mark.requirement("T1-DL-17", "T1-DL-35", "T1-DL-38", "T1-DL-39", "T1-DL-48", "T1-LIFE-04")
@pytest.mark.parametrize("result", [None, E_FAIL], ids=["Download succeeds", "Download fails"])
@pytest.mark.parametrize("early", [True, False], ids=["before its return", "after its return"])
async def test_each_answer_to_download_track_is_that_of_the_player(
    player_home, named, early, result
):
    said = [saying for sayings in ANSWERS.values() for saying in sayings]
    script = Script(said, [], AFTERWARDS, result) if early else Script([], said, AFTERWARDS, result)
    from_the_player = await heard_from_the_player(script, player_home, named)
    from_the_kit, _ = heard_from_the_kit(script)
    assert from_the_kit == from_the_player
    assert len(set(map(int, from_the_kit))) >= 4


@pytest.mark.parametrize("seed", range(3))
async def test_conversations_drawn_at_random_go_alike(player_home, named, seed):
    draw = random.Random(seed)

    def a_license() -> Saying:
        track_id, right = draw.randint(1, 31), draw.choice(list(Right))
        expires = draw.choice([None, None, LONG_AGO])
        return lambda p: p.license(track_id, None, right, expires=expires)

    def an_answer() -> Saying:
        track_id, hr = draw.randint(0, 31), draw.choice([0, 0, 1, 0x80004005, "x"])
        url, params = draw.choice([URL, URL, "", None, "a"]), draw.choice([None, "p", 5])
        shift = draw.choice([0] * 9 + [1])
        return lambda p: p.track(track_id, hr, url, params, (p.cookie + shift) % 2**32)

    said = [draw.choice([a_license, an_answer])() for _ in range(300)]
    script = Script(said[:150], said[150:], AFTERWARDS)
    from_the_player = await heard_from_the_player(script, player_home, named)
    from_the_kit, _ = heard_from_the_kit(script)
    assert from_the_kit == from_the_player


def other_callbacks() -> list[Saying]:
    """Every other method of the callback, and misuse of the container list."""
    empty = Variant.empty()
    notified = [
        (lambda p, kind=kind: p.callback.Notify(kind, Variant.empty()))
        for kind in CallbackNotification
    ]
    return [
        *notified,
        lambda p: p.callback.BuyComplete(0, 1),
        lambda p: p.callback.GetCatalogVersion(),
        lambda p: p.callback.UpdateDeviceComplete("device"),
        lambda p: p.callback.ChangeView("CPAlbumID", "7", ""),
        lambda p: p.callback.AddListContents(1, [1, 2]),
        lambda p: p.callback.ListContentsComplete(1, 0),
        lambda p: p.callback.SendMessageComplete("m", "p", "r"),
        lambda p: p.callback.GetContentIDsInLibrary(),
        lambda p: p.callback.RefreshLicenseComplete(1, 2, 0),
        lambda p: p.callback.ShowPopup(0, ""),
        lambda p: p.callback.VerifyPermissionComplete("sync", empty, 0),
        lambda p: p.callback.ChangeView(1, 2, 3),
        lambda p: p.container_list[0].GetContentID(30),
        lambda p: p.container_list.GetContainer(-1),
        lambda p: p.license(1),
        lambda p: p.track(1, E_FAIL),
        lambda p: p.track(1, "malformed"),
    ]


async def test_every_other_call_of_a_plug_in_is_answered_as_by_the_player(player_home, named):
    script = Script(other_callbacks(), [], [])
    from_the_player = await heard_from_the_player(script, player_home, named)
    from_the_kit, calls = heard_from_the_kit(script)
    assert from_the_kit == from_the_player
    assert CatalogVersion(0, 0, 0x409) in from_the_kit
    assert {type(call) for call in calls} >= set(CALLBACK_CALLS)


@pytest.mark.requirement("T1-DL-48")
async def test_a_track_without_a_usable_url_is_completed_with_the_players_code(player_home, named):
    said: list[Saying] = [
        lambda p: p.license(7),
        lambda p: p.track(7, url="a.mp3", params="kept"),
        *[lambda p, t=t: p.track(t, E_FAIL) for t in range(1, 31) if t != 7],
    ]
    partner_class = following(Script(said, [], []))
    name = named(partner_class)
    player_home.configure(name)
    async with player_home.player(in_process=True) as player:
        await player.activate(name)
        await player.wait([await player._current().downloads.request("a test", WANTED)])
    with rehearse(partner_class, forgiving=True) as rehearsal:
        rehearsal.download(WANTED).complete(7)
    shown = player_home.transcript().should_show(DownloadTrackComplete).times(1)
    assert rehearsal.callback.of(DownloadTrackComplete) == list(shown.calls)
