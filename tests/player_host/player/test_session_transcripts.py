"""The transcript that every session leaves: whole, readable, without secrets."""

import hashlib
import json

import pytest
from attrs import frozen

from partner_api import S_OK, PartnerInfo, Secret, Variant
from partner_api.calls import (
    CALLS,
    DownloadTrack,
    DownloadTrackComplete,
    GetContentPartnerInfo,
    SetCallback,
)
from player_host.transcript import Called, Returned

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("T1-LIFE-01", "T1-LIFE-02")
async def test_every_session_has_a_transcript_with_header_numbered_lines_and_footer(bench, shop):
    bench.offer(1, 2)
    for words in ("track:1", "track:2"):
        async with bench.playing(shop) as player:
            await bench.download(player, words)
    paths = sorted(bench.home.transcripts.iterdir())
    for session, path in enumerate(paths, start=1):
        lines = path.read_bytes().splitlines(keepends=True)
        header, *entries, footer = (json.loads(line) for line in lines)
        digest = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
        assert header["header"]["session"] == session
        assert header["header"]["partner"] == "partners_under_test:Shop"
        assert [entry["n"] for entry in entries] == list(range(1, len(entries) + 1))
        assert footer == {"footer": {"entries": len(entries), "sha256": digest}}
    assert len(paths) == 2


@pytest.mark.requirement("T1-DL-22")
async def test_a_transcript_reads_back_into_the_records_that_were_made(bench, shop):
    seen = []

    class Partner(shop):
        def Download(self, container_list, cookie):
            for track_id in self.tracks(container_list):
                self.grant(cookie, track_id, params=f"\ud83c{track_id}\0", url=self._url(track_id))

        def _url(self, track_id):
            return f"{self.store}/{track_id}.mp3?signature=s3cr3t-{track_id}"

    bench.offer(1, 2, 3)
    async with bench.playing(Partner, options={"observer": seen.append}) as player:
        await bench.download(player, "track:1;2;3")
    (transcript,) = bench.transcripts()
    assert transcript.complete
    assert list(transcript.entries) == seen
    assert len(seen) > 15


async def test_the_ledger_knows_the_transcript_by_the_name_of_its_file(bench, shop):
    for _ in range(2):
        async with bench.playing(shop) as player:
            rows = player.database.rows("SELECT transcript FROM sessions ORDER BY id")
    names = [row["transcript"] for row in rows]
    assert names == sorted(path.name for path in bench.home.transcripts.iterdir())


async def test_every_call_has_one_return_after_it(bench, shop):
    bench.offer(*range(1, 11))
    async with bench.playing(shop) as player:
        await bench.download(player, "track:" + ";".join(map(str, range(1, 11))))
    entries = bench.transcripts()[0].entries
    calls = {entry.number for entry in entries if isinstance(entry, Called)}
    ends = [entry.of for entry in entries if isinstance(entry, Returned)]
    assert sorted(ends) == sorted(calls)
    assert all(entry.of < entry.number for entry in entries if isinstance(entry, Returned))


async def test_calls_of_a_transaction_are_chained(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        first = await player.download(["track:1"])
        second = await player.download(["track:1"])
        await player.wait([first.id, second.id])
    entries = [e for e in bench.transcripts()[0].entries if isinstance(e, Called)]
    chains = {}
    for entry in entries:
        chains.setdefault(entry.chain, []).append(type(entry.call).__name__)
    conversation = ["Download", "DownloadTrack", "DownloadTrackComplete"]
    assert [sorted(chains[chain]) for chain in chains if chain is not None] == [conversation] * 2
    assert "SetCallback" in chains[None]


@frozen
class _Settings:
    account: str
    password: Secret


async def test_no_secret_reaches_transcript_or_log(bench, shop, respond, secret, log):
    class Partner(shop):
        Settings = _Settings

        def GetContentPartnerInfo(self, info_name):
            if info_name == PartnerInfo.USER_NAME:
                return Variant.bstr(self.context.settings.account)
            raise ValueError(f"GET {self.store}/info?token=s3cr3t-token failed")

        def Download(self, container_list, cookie):
            for track_id in self.tracks(container_list):
                url = f"{self.store}/{track_id}.mp3?signature=s3cr3t-url".replace(
                    "//", "//u:s3cr3t@"
                )
                self.grant(
                    cookie, track_id, url=url if track_id == 3 else url.replace("u:s3cr3t@", "")
                )
            raise ValueError(f"{self.store}/order?signature=s3cr3t-reason: {self.context.settings}")

    bench.offer(1)
    bench.server.files["/2.mp3"] = respond(b"s3cr3t page", status="404 Not Found")
    settings = f"account = 'ann'\npassword = '{secret}'"
    async with bench.playing(Partner, settings=settings) as player:
        await bench.download(player, "track:1;2;3")
        await player._session.partner.call(GetContentPartnerInfo(PartnerInfo.ACCOUNT_BALANCE))
    outcomes = {t: hr for t, hr, _ in shop.completions}
    assert outcomes[1] == S_OK
    assert outcomes[2].failed
    assert "partner.call_faulted" in log.text
    (path,) = bench.home.transcripts.iterdir()
    for text in (path.read_text(), log.text):
        assert secret not in text
        assert "s3cr3t" not in text
    assert "order?~" in path.read_text()


async def test_equal_urls_are_equal_in_a_transcript_and_unequal_ones_are_not(bench, shop):
    class Partner(shop):
        def Download(self, container_list, cookie):
            for track_id, query in ((1, "a"), (2, "a"), (3, "b")):
                self.grant(cookie, track_id, url=f"{self.store}/x.mp3?{query}")

    bench.offer()
    async with bench.playing(Partner) as player:
        await bench.download(player, "track:1;2;3")
    first, second, third = (call.url for call in bench.calls(DownloadTrack))
    assert first == second
    assert first != third
    assert first.startswith(f"{bench.server.url}/x.mp3?~")


async def test_a_session_that_died_leaves_a_transcript_that_reads_as_far_as_it_goes(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
        (path,) = bench.home.transcripts.iterdir()
        (bench.home.path / "copy").write_bytes(path.read_bytes()[:-7])
    path.write_bytes((bench.home.path / "copy").read_bytes())
    (transcript,) = bench.transcripts()
    assert not transcript.complete
    assert bench.calls(DownloadTrackComplete) == [DownloadTrackComplete(S_OK, 1, None)]
    assert bench.calls(SetCallback) == [SetCallback(attached=True)]


async def test_the_alphabet_names_every_call_of_a_session(bench, shop):
    bench.offer(1)
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    assert {type(call) for call in bench.calls()} <= set(CALLS.values())
