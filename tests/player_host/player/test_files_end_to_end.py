"""Files as stores send them, and the names under which they end up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from partner_api import S_OK
from player_host.clock import ManualClock
from player_host.library.nodes import ALL_MUSIC, PURCHASED_MUSIC, library_tree
from player_host.library.verify import verify_library

pytestmark = pytest.mark.anyio

MEDIA = Path(__file__).parents[1] / "library" / "media"


async def _bring(bench, shop, *contents):
    """Let the store sell these files as tracks 1, 2, ... and return what Music holds then."""
    for number, content in enumerate(contents, start=1):
        bench.server.files[f"/{number}.mp3"] = content
    words = "track:" + ";".join(str(number) for number in range(1, len(contents) + 1))
    async with bench.playing(shop) as player:
        await bench.download(player, words)
        assert sorted(bench.library(player).values()) == sorted(bench.files())
    return bench.files()


@pytest.mark.requirement("T1-DL-25", "T1-DL-26")
@pytest.mark.parametrize("name", ["tone.mp3", "tone.wma", "tone.m4a", "tone.flac", "tone.ogg"])
async def test_a_file_without_tags_is_filed_under_its_track_number(bench, shop, name):
    content = (MEDIA / name).read_bytes()
    files = await _bring(bench, shop, content)
    assert [Path(path).stem for path in files] == ["Track 1"]
    assert list(files.values()) == [content]
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-DL-25")
async def test_broken_tags_do_not_keep_a_sound_file_out(bench, shop, make_song):
    broken = bytearray(make_song())
    broken[20:60] = b"\xff" * 40
    files = await _bring(bench, shop, bytes(broken))
    assert list(files.values()) == [bytes(broken)]
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-DL-20")
@pytest.mark.parametrize(
    "content", [b"ID3" + bytes(500), b"ID3\x04\0\0\x7f\x7f\x7f\x7f", b"fLaC" + b"\xff" * 400]
)
async def test_a_file_that_only_begins_like_media_is_filed_whole_or_not_at_all(
    bench, shop, content
):
    files = await _bring(bench, shop, content)
    ((_, hr, _),) = shop.completions
    assert list(files.values()) == ([content] if hr.succeeded else [])


HOSTILE = {
    "parent folders": "../../../../escaped",
    "an absolute path": "/etc/passwd",
    "a Windows path": "C:\\Windows\\System32\\evil",
    "a device": "CON",
    "a device with an ending": "NUL.mp3",
    "a port": "com1",
    "only dots": "...",
    "one dot": ".",
    "a hidden name": ".incoming",
    "a NUL": "a\0b",
    "an end of line": "a\r\nb",
    "a trailing blank and dot": "name. ",
    "characters that Windows refuses": '<>:"/\\|?*',
    "right to left": "abc\u202egpj.exe",
    "300 characters": "x" * 300,
    "300 characters of four bytes": "\U0001f3b5" * 300,
    "combining marks without end": "a" + "\u0301" * 300,
    "blanks": "   ",
}
RESERVED = {"CON", "NUL", "COM1"}


@pytest.mark.requirement("T1-DL-25")
@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_tags_lead_to_a_safe_name_inside_music(bench, shop, make_song, case):
    text = HOSTILE[case]
    content = make_song(text, artist=text, album=text)
    before = set(bench.home.path.parent.rglob("*"))
    files = await _bring(bench, shop, content)
    ((path, filed),) = files.items()
    outside = {
        found for found in bench.home.path.parent.rglob("*") if bench.home.path not in found.parents
    }
    assert filed == content
    assert outside - before <= {bench.home.path}
    for part in Path(path).parts:
        assert part not in {"", ".", ".."}
        assert not part.startswith(".")
        assert part.split(".")[0].upper() not in RESERVED
        assert not set(part) & set('<>:"/\\|?*\0\r\n\u202e')
        assert part == part.strip(". ")
        assert len(part.encode()) <= 200
    assert len(Path(path).parts) == 3
    assert len(path) <= 180


@pytest.mark.requirement("T1-DL-25")
async def test_tracks_of_one_name_get_names_of_their_own(bench, shop, make_song):
    contents = [make_song("Same") + bytes([number]) for number in range(3)]
    contents.append(make_song("SAME"))
    files = await _bring(bench, shop, *contents)
    assert len(files) == 4
    assert sorted(files.values()) == sorted(contents)
    assert len({path.casefold() for path in files}) == 4


@pytest.mark.requirement("T1-DL-25")
async def test_a_foreign_file_is_never_overwritten(bench, shop, make_song):
    foreign = bench.home.music / "Band" / "Album" / "01 Song.mp3"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"the user's own")
    bench.server.files["/1.mp3"] = make_song()
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
    assert foreign.read_bytes() == b"the user's own"
    assert len(bench.files()) == 2
    assert shop.completions == [(1, S_OK, None)]


@pytest.mark.requirement("T1-DL-26")
async def test_what_was_filed_is_what_the_library_says(bench, shop, make_song):
    bench.server.files |= {f"/{n}.mp3": make_song(f"Song {n}") for n in range(1, 6)}
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1;2;3;4;5")
        found = verify_library(player.database, bench.home.music, digests=True)
        assert not found.findings


@pytest.mark.requirement("LIB-01", "LIB-03", "LIB-09", "LIB-10", "LIB-11", "LIB-13", "LIB-23")
@pytest.mark.requirement("LIB-24", "LIB-27", "T1-DL-25", "T1-DL-26")
async def test_a_sold_song_is_in_its_purchased_node_with_what_its_tags_say(bench, shop, make_song):
    bench.server.files["/1.mp3"] = make_song("Sold", artist="Band", album="Album", number=4)
    bench.server.files["/2.mp3"] = (MEDIA / "tone.mp3").read_bytes()
    bench.server.gate.clear()
    bought = datetime(2026, 11, 20, 12, tzinfo=UTC)
    clock = ManualClock(bought - timedelta(hours=1))
    async with bench.playing(shop, options={"clock": clock}) as player:
        request = await player.download(["track:1;2"])
        clock.advance(timedelta(hours=1))
        bench.server.gate.set()
        await player.wait([request.id])
        tree = library_tree(player.database)
    (sold,) = tree.child(ALL_MUSIC, PURCHASED_MUSIC, "Shop").items
    songs = tree.child(ALL_MUSIC, "Songs").items
    assert (sold.tags.title, sold.tags.track_number) == ("Sold", 4)
    assert (sold.tags.artist, sold.tags.album_title) == ("Band", "Album")
    assert (sold.tags.media_type, sold.tags.file_type) == ("audio", "mp3")
    assert 0 < sold.tags.duration < 5
    assert sold.acquisition_time == bought
    assert len(songs) == 2
    assert [node.name for node in tree.child(ALL_MUSIC, PURCHASED_MUSIC).children] == ["Shop"]


@pytest.mark.requirement("LIB-27", "T1-DL-26")
async def test_a_track_that_is_bought_again_is_in_the_library_once(bench, shop, make_song):
    bench.server.files["/1.mp3"] = make_song()
    async with bench.playing(shop) as player:
        await bench.download(player, "track:1")
        await bench.download(player, "track:1")
        assert len(bench.library(player)) == 1
    assert shop.completions == [(1, S_OK, None)] * 2
    assert list(bench.files()) == ["Band/Album/01 Song.mp3"]
