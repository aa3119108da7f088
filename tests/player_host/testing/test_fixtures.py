"""The fixtures as an author gets them: in a test run of its own, by naming the module."""

import json
import subprocess
import sys
from pathlib import Path

CONFTEST = 'pytest_plugins = ["player_host.testing"]\n'

TESTS = """
def test_the_home_is_the_tests_own_and_empty(player_home, tmp_path):
    assert player_home.path.parent == tmp_path
    player_home.should_have_filed_nothing()

def test_the_store_is_spoiled(proseware_store):
    proseware_store.set_fault("404")
    test_the_store_is_spoiled.url = proseware_store.url

def test_the_same_store_is_sound_again(player_home, proseware_store):
    assert proseware_store.url == test_the_store_is_spoiled.url
    player_home.configure("proseware", settings=proseware_store.settings)
    run = player_home.run("download", "proseware", "track:701")
    assert run.status == 0, run
"""


def run_tests(folder: Path, conftest: str, *, tests: str = TESTS) -> str:
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_contoso.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-v", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def python(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_an_author_names_the_module_and_has_the_fixtures(tmp_path: Path) -> None:
    assert "3 passed" in run_tests(tmp_path, CONFTEST)


def test_a_test_run_that_does_not_name_the_module_is_left_alone(tmp_path: Path) -> None:
    script = "import sys\n\ndef test_it():\n    assert 'player_host' not in sys.modules\n"
    assert "1 passed" in run_tests(tmp_path, "", tests=script)


def test_a_failed_sentence_ends_with_its_words_and_not_in_the_kit(tmp_path: Path) -> None:
    script = "def test_it(player_home):\n    player_home.should_have_filed('Song')\n"
    shown = run_tests(tmp_path, CONFTEST, tests=script)
    assert "AssertionError: 'Song' was not filed; the library is empty" in shown
    assert "1 failed" in shown


def test_without_pytest_it_is_said_what_to_install() -> None:
    shown = python("import sys; sys.modules['pytest'] = None; import player_host.testing")
    assert shown.splitlines()[-1] == (
        "ImportError: player_host.testing is made of pytest fixtures, and pytest is not"
        " installed: pip install pytest"
    )


def test_importing_the_module_loads_neither_the_player_nor_the_command_line() -> None:
    names = json.loads(
        python(
            "import json, sys, pytest; import player_host.testing;"
            "print(json.dumps(sorted(sys.modules)))"
        )
    )
    heavy = ("player_host.player", "player_host.cli", "httpx", "tomlkit", "sample_partners")
    assert [name for name in names if name.startswith(heavy)] == []
