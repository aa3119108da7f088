"""The verbs that look: partners, catalog, library, transcript; the demo; messages and statuses."""

import os
from pathlib import Path

import pytest

ESCAPE = "\x1b"
PROSEWARE_CLASS = "sample_partners.proseware:Proseware"


def test_partners_are_listed_with_status_and_service_info(stocked):
    (proseware,) = [p for p in stocked.json("partners") if p["name"] == "proseware"]
    assert proseware["status"] == "ready"
    assert proseware["service_info"] == {
        "key": "Proseware",
        "friendly_name": "Proseware Music",
        "capabilities": ["BACKGROUND_PROCESSING", "CONTENT_PARTNER"],
        "threading_model": "Apartment",
        "contract_version": 1,
    }
    assert "Proseware Music" in stocked.run("partners").out


def test_a_partner_that_cannot_be_used_is_listed_with_the_reason(empty_home):
    empty_home.home.mkdir()
    settings = '[proseware.host]\nenabled = false\n["no.such:Plugin".host]\n'
    (empty_home.home / "partners.toml").write_text(settings)
    listed = {p["name"]: p for p in empty_home.json("partners")}
    assert listed["proseware"]["status"] == "disabled"
    assert listed["no.such:Plugin"]["status"] == "broken"
    assert "no.such" in listed["no.such:Plugin"]["reason"]
    assert empty_home.run("partners").status == 0


def test_a_catalogue_is_fetched_once_and_then_unchanged(program):
    first = program.json("catalog", "refresh", "proseware")
    second = program.json("catalog", "refresh", "proseware")
    assert set(first) == {"partner", "changed", "version", "schema_version", "lcid", "expires"}
    assert (first["changed"], first["version"]) == (True, 210)
    assert second["changed"] is False


@pytest.mark.parametrize(
    ("what", "name", "expected"),
    [
        ("albums", "albums", 7),
        ("lists", "lists", 3),
        ("album:7", "tracks", 701),
        ("list:3", "tracks", 1002),
        ("list:0", "items", 5),
    ],
)
def test_a_catalogue_shows_albums_lists_and_what_is_in_them(stocked, what, name, expected):
    document = stocked.json("catalog", "show", "proseware", what)
    assert expected in [row["id"] for row in document[name]]
    assert document["total"] == len(document[name])


def test_a_catalogue_is_searched_by_titles_whatever_their_case(stocked):
    found = stocked.json("catalog", "find", "proseware", "WINDOW")
    assert {row["id"] for row in found["tracks"]} == {303, 703}
    assert stocked.run("catalog", "find", "proseware", "zzz").status == 5


@pytest.mark.parametrize("what", ["album:99", "list:99", "track:701", "songs", "album:1;2"])
def test_a_catalogue_cannot_show_what_it_does_not_have(stocked, what):
    assert stocked.run("catalog", "show", "proseware", what).status == 3


def test_a_catalogue_that_was_never_fetched_is_asked_for_with_the_way_to_it(program):
    ended = program.run("catalog", "show", "proseware")
    assert ended.status == 3
    assert "player-host catalog refresh proseware" in ended.err


@pytest.mark.requirement("LIB-01")
def test_the_tree_shows_purchased_music_by_distributor_in_ascii(stocked):
    drawn = stocked.run("library", "tree", "--store", "proseware").out
    assert drawn.isascii() is False  # titles are what they are
    assert "|       `-- Proseware (15)" in drawn
    assert "+-- 01 Platform One" in drawn
    assert "`-- Proseware Music" in drawn
    assert "+-- Mixed Bag" in drawn
    assert ESCAPE not in drawn


def test_the_tree_is_nested_nodes_for_programs(stocked):
    root = stocked.json("library", "tree")
    music = next(node for node in root["children"] if node["name"] == "All Music")
    purchased = next(node for node in music["children"] if node["name"] == "Purchased Music")
    (store,) = purchased["children"]
    assert store["name"] == "Proseware"
    assert len(store["items"]) == 15
    assert set(store["items"][0]) == {"id", "path"}


def test_the_library_is_listed_page_by_page(stocked):
    page = stocked.json("library", "list", "--limit", "2", "--offset", "1")
    assert (page["total"], page["offset"], len(page["items"])) == (15, 1, 2)
    assert {"title", "path", "sha256", "content_id", "distributor"} <= set(page["items"][0])
    assert (
        "go on with --offset 3"
        in stocked.run("library", "list", "--limit", "2", "--offset", "1").err
    )
    assert stocked.run("library", "list", "--limit", "0").status == 3


def test_a_page_without_entries_says_why(stocked):
    assert stocked.run("library", "list", "--offset", "1000").err == (
        "nothing from entry 1001 on (15 entries)\n"
    )
    nobody = stocked.run("library", "list", "--partner", "nobody")
    assert (nobody.status, nobody.err) == (0, "no entries of partner nobody\n")
    beyond = stocked.run("library", "find", "platform", "--offset", "5")
    assert beyond.err == "nothing from entry 6 on (1 entry)\n"


@pytest.mark.parametrize("name", ["Proseware", "proseware", "PROSEWARE", PROSEWARE_CLASS])
def test_a_partner_of_the_library_is_named_by_its_key_or_its_plugin(stocked, name):
    assert stocked.json("library", "list", "--partner", name)["total"] == 15


def test_the_library_is_searched_by_text_and_by_attribute(stocked):
    assert stocked.json("library", "find", "platform")["total"] == 1
    assert stocked.json("library", "find", "Album=Morning Trains")["total"] == 12
    assert stocked.run("library", "find", "zzz").status == 5


def test_a_damaged_file_is_found_by_its_digest(program):
    (track,) = program.json("download", "proseware", "track:701")["tracks"]
    file = program.home / "Music" / track["file"]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert program.run("library", "verify").status == 0
    ended = program.run("library", "verify", "--digest", "--json")
    assert ended.status == 1
    assert ended.document["findings"][0]["problem"] == "the file has another content"


def test_a_transcript_is_shown_as_numbered_calls_with_codes_by_name(stocked):
    name = sorted(path.name for path in (stocked.home / "transcripts").iterdir())[1]
    shown = stocked.run("transcript", "show", name).out
    assert "NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE) = S_OK" in shown
    assert "    1  player   SetCallback(TRUE) = S_OK" in shown
    assert shown.rstrip().endswith("complete")
    document = stocked.json("transcript", "show", name)
    assert set(document) == {"header", "complete", "entries"}
    assert document["complete"] is True
    assert document["entries"][0]["by"] == "player"


@pytest.mark.parametrize("content", ["", "no transcript", '{"header": {}}\n'])
def test_a_file_that_is_no_transcript_is_bad_input(empty_home, tmp_path: Path, content):
    file = tmp_path / "file.jsonl"
    file.write_text(content)
    assert empty_home.run("transcript", "show", str(file)).status == 3
    assert empty_home.run("transcript", "show", str(tmp_path / "missing")).status == 3


def test_the_demo_plays_three_acts_that_come_out_as_they_have_to(empty_home):
    ended = empty_home.run("demo", "--home", str(empty_home.home), "--json")
    assert ended.status == 0, ended.err
    document = ended.document
    assert document["sound"] is True
    assert [act["deviations"] for act in document["acts"]] == [[], [], []]
    outcomes = [{t["outcome"] for t in act["download"]["tracks"]} for act in document["acts"]]
    assert outcomes == [{"downloaded"}, {"downloaded", "refused"}, {"no licence"}]
    assert (empty_home.home / "partners.toml").is_file()
    again = empty_home.run("demo", "--home", str(empty_home.home))
    assert again.status == 3
    assert "not empty" in again.err


def test_the_demo_shows_the_conversation_the_tree_and_the_places(empty_home, tmp_path: Path):
    ended = empty_home.run("demo", "--no-keep", TMPDIR=str(tmp_path))
    assert ended.status == 0, ended.err
    assert "= NS_E_WMP_DRM_LICENSE_NOTACQUIRED" in ended.out
    assert "`-- Proseware (15)" in ended.out
    assert "3 acts, each as it has to be" in ended.out
    assert ESCAPE not in ended.out
    assert list(tmp_path.glob("player-host-demo-*")) == []


@pytest.mark.parametrize(
    "words",
    [
        ("bogus",),
        ("download",),
        ("download", "nobody", "album:7"),
        ("download", ":", "album:7"),
        ("download", "module:", "album:7"),
        ("download", "proseware", "song:7"),
        ("download", "proseware", "--bogus"),
        ("downloads", "show", "seven"),
        ("library", "list"),
    ],
)
def test_wrong_usage_ends_with_3_and_a_message_without_a_traceback(empty_home, words):
    ended = empty_home.run(*words)
    assert ended.status == 3
    assert ended.err.startswith("error: ")
    assert "what to do: " in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
@pytest.mark.parametrize(
    "words",
    [("library", "tree"), ("library", "tree", "--json"), ("library", "--help"), ("--help",)],
)
def test_an_output_that_cannot_be_written_is_told_without_a_traceback(stocked, words):
    with Path("/dev/full").open("w") as full:
        ended = stocked.run(*words, out=full)
    assert ended.status == 4
    assert ended.err.startswith("error: the output cannot be written (")
    assert "Traceback" not in ended.err
    assert "Exception ignored" not in ended.err


def test_a_reader_that_goes_away_is_no_fault_to_talk_about(stocked):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ended = stocked.run("library", "list", out=pipe)
    assert (ended.status, ended.err) == (1, "")


def test_the_demo_does_not_take_a_file_for_its_folder(empty_home, tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    ended = empty_home.run("demo", "--home", str(file))
    assert ended.status == 3
    assert "this is no folder" in ended.err


def test_an_error_is_a_document_too(empty_home):
    document = empty_home.run("download", "nobody", "album:7", "--json").document
    assert set(document) == {"error"}
    assert set(document["error"]) == {"status", "what", "where", "remedy"}
    assert document["error"]["status"] == 3


def test_a_wrong_setting_is_named_with_file_and_key(program):
    file = program.home / "partners.toml"
    file.write_text(file.read_text().replace('"loopback"', '"lookback"'))
    ended = program.run("download", "proseware", "album:7")
    assert ended.status == 3
    assert str(file) in ended.err
    assert "network" in ended.err
    assert "'loopback'" in ended.err


def test_a_plugin_that_cannot_be_started_makes_the_status_1(program):
    ended = program.run("download", "no.such.module:Plugin", "album:7")
    assert ended.status == 1
    assert "no.such.module" in ended.err


def test_a_damaged_database_is_a_fault_of_the_host_and_left_as_it_is(program):
    database = program.home / "player.db"
    database.write_bytes(b"no database at all" * 100)
    for words in (("library", "list"), ("download", "proseware", "album:7")):
        ended = program.run(*words)
        assert ended.status == 4
        assert "the database is damaged" in ended.err
    assert database.read_bytes() == b"no database at all" * 100


def test_verbose_shows_events_and_tracebacks_and_nothing_secret(program, store):
    file = program.home / "partners.toml"
    file.write_text(file.read_text().replace('password = "demo"', 'password = "hunter2"'))
    ended = program.run("download", "proseware", "track:701", "--verbose")
    assert ended.status != 0
    assert "hunter2" not in ended.out + ended.err
    file.write_text(file.read_text().replace("hunter2", "demo"))
    ended = program.run("download", "proseware", "track:701", "--verbose")
    assert "track.published" in ended.err
    assert "signature=" not in ended.err
    assert "track.published" not in program.run("download", "proseware", "track:701").err


@pytest.mark.parametrize("words", [("--help",), ("download", "--help"), ("library", "--help")])
def test_help_fits_80_columns_and_teaches(empty_home, words):
    ended = empty_home.run(*words, COLUMNS="80")
    assert ended.status == 0
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "album:7" in ended.out or words[0] == "library"


def test_the_version_and_the_completion_script_are_there(empty_home, tmp_path: Path):
    assert empty_home.run("--version").out.startswith("player-host 0.")
    script = tmp_path / "completion"
    ended = empty_home.run(
        "--install-completion", "--shell", "bash", "--output", str(script), HOME=str(tmp_path)
    )
    assert ended.status == 0, ended.err
    assert "downloads" in script.read_text()
