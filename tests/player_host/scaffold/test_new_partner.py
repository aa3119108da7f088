"""`new-partner`: names, refusals, all or nothing, and what it writes."""

import ast
import builtins
import errno
import gc
import importlib.util
import itertools
import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player_host.catalog.checks import CatalogChecker
from player_host.catalog.findings import Warnings
from player_host.catalog.format import TABLES
from player_host.catalog.package import Package
from player_host.cli import main
from player_host.cli.new_partner import STORE_PORT
from player_host.errors import StorageError, UsageError
from player_host.library.tags import read_tags
from player_host.scaffold.names import partner_names
from player_host.scaffold.writing import write_package
from player_host.settings import NetworkClass, load_partner_settings

NAME = "contoso-tunes"
MODULE = "contoso_tunes"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package as it was written; for tests that change nothing."""
    folder = tmp_path_factory.mktemp("written") / NAME
    write_package(partner_names(NAME), folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the program is run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def import_file(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- names --------------------------------------------------------------------------------------


def test_one_name_gives_all_the_others():
    names = partner_names("contoso-tunes-2")
    assert names.module == "contoso_tunes_2"
    assert names.class_name == "ContosoTunes2"
    assert names.entry_point == "contoso_tunes_2:ContosoTunes2"
    assert names.friendly_name == "Contoso Tunes 2"


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("Contoso", "contoso"),
        ("contoso_tunes", "contoso-tunes"),
        ("contoso tunes", "contoso-tunes"),
        ("contoso--tunes", "contoso-tunes"),
        ("-contoso", "contoso"),
        ("7digital", "digital"),
        ("../contoso", "contoso"),
        ("contoso\n", "contoso"),
        ("c" * 41, "c" * 40),
        ("músíca", "m-s-ca"),
        ("音楽", "contoso-tunes"),
        ("", "contoso-tunes"),
    ],
)
def test_a_name_of_another_form_is_refused_and_a_better_one_suggested(name, suggested):
    with pytest.raises(UsageError) as refused:
        partner_names(name)
    assert refused.value.remedy == f"Call it {suggested}, for example"
    assert partner_names(suggested).name == suggested


@pytest.mark.parametrize(
    "name",
    ["json", "class", "aux", "pytest", "tests", "proseware", "content-partner", "partner-api"],
)
def test_a_package_may_not_stand_in_the_way_of_another(name):
    with pytest.raises(UsageError, match="would stand in the way"):
        partner_names(name)


@pytest.mark.parametrize("name", ["license", "content-partner-callback", "settings", "exception"])
def test_the_class_may_not_hide_a_name_that_it_needs(name):
    with pytest.raises(UsageError, match="would hide another") as refused:
        partner_names(name)
    assert refused.value.remedy == f"Call it {name}-store, for example"


def test_every_name_in_the_module_of_the_plug_in_is_one_that_the_class_may_not_have(package: Path):
    tree = ast.parse((package / "src" / MODULE / "partner.py").read_text("utf-8"))
    bound = set(_bound_names(tree)) - {"ContosoTunes"}
    capitalised = {name for name in bound if name[0].isupper() and not name.isupper()}
    assert "StoreClient" in capitalised
    for name in capitalised:
        words = "".join(f"-{c.lower()}" if c.isupper() else c for c in name).strip("-")
        with pytest.raises(UsageError):
            partner_names(words)


def _bound_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name


@given(st.text(alphabet=st.sampled_from("abz09-_ A.é/\\\n"), max_size=50))
def test_a_name_is_refused_or_fit_for_a_module_and_a_class(name):
    try:
        names = partner_names(name)
    except UsageError:
        return
    assert names.module.isidentifier()
    assert names.class_name.isidentifier()
    assert names.class_name not in dir(builtins)
    assert names.module.replace("_", "-") == name


@pytest.mark.parametrize("name", ["", " padded ", "two\nlines", "bell\a", "x" * 256, "\ud800"])
def test_a_friendly_name_has_to_suit_the_registration(name):
    with pytest.raises(UsageError) as refused:
        partner_names("contoso", name)
    assert refused.value.where == "--friendly-name"


# --- refusals -----------------------------------------------------------------------------------


def test_a_folder_that_is_not_empty_is_left_as_it_is(here: Path, capsys):
    (here / "contoso").mkdir()
    (here / "contoso" / "notes.txt").write_text("mine")
    assert main(["new-partner", "contoso"]) == 3
    told = capsys.readouterr().err
    assert "nothing in it is overwritten" in told
    assert "what to do: Empty it, or name another folder with --folder" in told
    assert everything_below(here) == ["contoso", "contoso/notes.txt"]


def test_a_file_or_a_missing_parent_is_no_place_for_a_package(here: Path):
    (here / "file").touch()
    assert main(["new-partner", "contoso", "--folder", "file"]) == 3
    assert main(["new-partner", "contoso", "--folder", "file/below"]) == 3
    assert main(["new-partner", "contoso", "--folder", "missing/below"]) == 3
    assert everything_below(here) == ["file"]


def test_a_refused_name_writes_nothing(here: Path, capsys):
    assert main(["new-partner", "Contoso", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["error"]["where"] == "Contoso"
    assert everything_below(here) == []


# --- all or nothing -----------------------------------------------------------------------------


TROUBLES = [
    pytest.param(lambda: OSError(errno.ENOSPC, "no space"), StorageError, id="full disk"),
    pytest.param(KeyboardInterrupt, KeyboardInterrupt, id="Ctrl-C"),
]


def failing_at_call(number: int, original: Callable[..., Any], trouble: Callable[[], Any]):
    """Return the function, but its n-th call raises."""
    calls = itertools.count(1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            raise trouble()
        return original(*args, **kwargs)

    return wrapped


@pytest.mark.filterwarnings("ignore:unclosed scandir:ResourceWarning")  # copier's, on its way out
@pytest.mark.parametrize(("trouble", "told"), TROUBLES)
def test_a_package_that_was_not_written_to_its_end_leaves_nothing(
    here: Path, monkeypatch, trouble, told
):
    monkeypatch.setattr(Path, "write_bytes", failing_at_call(4, Path.write_bytes, trouble))
    with pytest.raises(told):
        write_package(partner_names("contoso"), Path("contoso"))
    monkeypatch.undo()
    gc.collect()
    assert everything_below(here) == []


@pytest.mark.parametrize(("trouble", "told"), TROUBLES)
def test_a_package_that_was_not_moved_to_its_end_leaves_the_folder_empty(
    here: Path, monkeypatch, trouble, told
):
    (here / "contoso").mkdir()
    monkeypatch.setattr(Path, "rename", failing_at_call(3, Path.rename, trouble))
    with pytest.raises(told):
        write_package(partner_names("contoso"), here / "contoso")
    monkeypatch.undo()
    assert everything_below(here) == ["contoso"]


def test_an_empty_folder_stays_the_one_that_it_is(here: Path):
    before = here.stat().st_ino
    write_package(partner_names("contoso"), Path())
    assert here.stat().st_ino == before
    assert (here / "pyproject.toml").is_file()
    assert [path for path in here.iterdir() if path.name.startswith(".new-partner")] == []


# --- what is written ----------------------------------------------------------------------------


def test_the_package_is_written_and_the_next_commands_are_told(here: Path, capsys):
    assert main(["new-partner", NAME]) == 0
    told = capsys.readouterr().out
    files = [path for path in everything_below(here / NAME) if (here / NAME / path).is_file()]
    assert f"{len(files)} files in {here / NAME}\n" in told
    assert f"  cd {NAME}\n" in told
    assert f"-m {MODULE}.double --port {STORE_PORT}\n" in told
    assert f"download {NAME} album:1 --home my-player\n" in told


def test_the_document_names_every_file(here: Path, capsys):
    assert main(["new-partner", "contoso", "--folder", "elsewhere", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["entry_point"] == "contoso:Contoso"
    assert document["folder"] == str(here / "elsewhere")
    written = {path for path in everything_below(here) if (here / path).is_file()}
    assert {f"elsewhere/{path}" for path in document["files"]} == written
    assert document["install"][0] == "cd elsewhere"
    assert any("contoso.double" in command for command in document["try_out"])


def test_the_commands_name_this_python_where_the_shell_would_find_another(
    here: Path, capsys, monkeypatch
):
    monkeypatch.setenv("PATH", str(here))
    assert main(["new-partner", "contoso", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["install"][1].startswith(sys.executable)
    assert document["try_out"][1].startswith(f"{sys.executable} -m player_host ")


def test_nothing_is_asked_where_nobody_could_answer(here: Path):
    ended = subprocess.run(
        [sys.executable, "-m", "player_host", "new-partner", "contoso"],
        cwd=here,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (here / "contoso" / "pyproject.toml").is_file()


def test_neither_git_nor_the_users_settings_of_copier_are_needed(here: Path, monkeypatch):
    settings = here / "settings.yml"
    settings.write_text("defaults: [no mapping")
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    monkeypatch.setenv("PATH", "")
    write_package(partner_names("contoso"), here / "contoso")
    assert (here / "contoso" / "pyproject.toml").is_file()


def test_a_friendly_name_arrives_as_it_was_given(here: Path):
    friendly = 'Conto\'so "Tunes" \\ {{ 6 * 7 }} {% raw %} 音楽 #'
    write_package(partner_names("contoso", friendly), here / "contoso")
    project = tomllib.loads((here / "contoso" / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["description"] == friendly
    tree = ast.parse((here / "contoso" / "src" / "contoso" / "partner.py").read_text("utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    assert friendly in texts


def test_no_mark_of_the_template_is_left(package: Path):
    for path in package.rglob("*"):
        assert ".jinja" not in path.name
        assert "{{" not in path.name
        if path.is_file():
            assert not {"{{", "{%"} & set(path.read_text("utf-8").split())


def test_the_project_names_its_entry_point_and_needs_the_contract_alone(package: Path):
    project = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["entry-points"]["partner_api.partners"] == {NAME: f"{MODULE}:ContosoTunes"}
    assert project["dependencies"] == ["content-partner"]
    assert (package / "src" / MODULE / "py.typed").is_file()


def test_the_home_to_try_it_out_in_names_the_store_double(package: Path):
    settings = load_partner_settings(package / "my-player" / "partners.toml")[NAME]
    assert settings.host.network is NetworkClass.LOOPBACK
    assert settings.plugin["store_url"] == f"http://127.0.0.1:{STORE_PORT}"


@pytest.mark.parametrize(
    "words",
    [
        ("ruff", "check", "--isolated"),
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy", "--strict"),
    ],
    ids=" ".join,
)
def test_the_package_is_clean(package: Path, tmp_path: Path, words):
    cache = ["--cache-dir", str(tmp_path)]
    paths = ["."] if words[0] == "ruff" else []
    ended = subprocess.run(
        [sys.executable, "-m", *words, *cache, *paths],
        cwd=package,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


# --- the store double ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stock(package: Path) -> ModuleType:
    """What the double of the package sells."""
    return import_file(package / "src" / MODULE / "double_stock.py", "stock_under_test")


def test_the_catalogue_of_the_double_keeps_every_rule_and_recommendation(
    stock: ModuleType, tmp_path: Path
):
    path = tmp_path / "catalog.wmdb.lz"
    path.write_bytes(stock.catalog_package())
    warnings = Warnings()
    checker = CatalogChecker(warnings)
    with Package.open(path) as opened:
        assert opened.is_compressed
        assert opened.manifest.version == stock.CATALOG_VERSION
        rows = {t.file: list(checker.rows(t, opened.chunks(t))) for t in TABLES}
    assert [row.id for row in rows["track.csv"]] == list(stock.TITLES)
    assert list(warnings.kept) == []


def test_the_files_of_the_double_are_music_of_its_store(stock: ModuleType, tmp_path: Path):
    for number, (track_id, title) in enumerate(stock.TITLES.items(), start=1):
        path = tmp_path / f"{track_id}.mp3"
        path.write_bytes(stock.mp3_file(track_id))
        tags = read_tags(path)
        assert (tags.title, tags.track_number) == (title, number)
        assert tags.authors == (stock.ARTIST,)
        assert (tags.album_artist, tags.album_title) == (stock.ARTIST, stock.ALBUM)
        assert tags.content_distributor == partner_names(NAME).class_name
        assert tags.duration == pytest.approx(stock.SECONDS, abs=0.1)
