"""The page of the wire and its schema are what the records make of them, and say what is so."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from partner_api.calls import CALLS, RETURNS
from partner_api.hresult import HRESULT
from partner_api.service_info import CONTRACT_VERSION
from partner_api.stub import FREE_THREADS
from partner_api.surrogate.wire import KINDS, MAX_MESSAGE_BYTES, WIRE_VERSION
from partner_api.variant import VarType
from player_host.plugins.surrogate import EXIT_GRACE
from player_host.settings import HostSettings

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = DOCS / "reference"
SCRIPT = DOCS / "generate_wire.py"
PAGE = (REFERENCE / "wire.md").read_text("utf-8")
SCHEMA = json.loads((REFERENCE / "wire.schema.json").read_text("utf-8"))
BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
CONVERSATION = re.findall(
    r"^\*\*(player|surrogate)\*\*.*\n\n```json\n(.*)\n```", PAGE, re.MULTILINE
)


def reader_of(definition: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{definition}"}]})


READERS = {"player": reader_of("PlayerMessage"), "surrogate": reader_of("SurrogateMessage")}


# --- the script --------------------------------------------------------------------------------


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(DOCS))
    spec = importlib.util.spec_from_file_location("generate_wire", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "wire_pages"]:
        del sys.modules[name]


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    for name in ("wire.md", "wire.schema.json"):
        (tmp_path / name).write_bytes((REFERENCE / name).read_bytes())
    return tmp_path


def test_page_and_schema_are_current() -> None:
    checked = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_what_is_stale_is_named_and_left_alone_until_it_is_written(
    script: ModuleType, copies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = copies / "wire.md"
    page.write_text(PAGE.replace("| `SetCallback` |", "| `SetRecall` |"), "utf-8", newline="\n")
    page.write_text(page.read_text("utf-8").replace("`Return`", "`Rturn`"), "utf-8", newline="\n")
    (copies / "wire.schema.json").unlink()
    arguments = ["--folder", str(copies)]
    assert script.main(["--check", *arguments]) == 1
    complaint = capsys.readouterr().err
    assert "wire.md is stale" in complaint
    assert "wire.schema.json is stale" in complaint
    assert not (copies / "wire.schema.json").exists()
    assert script.main(arguments) == 0
    assert script.main(["--check", *arguments]) == 0
    schema = (copies / "wire.schema.json").read_bytes()
    assert schema == (REFERENCE / "wire.schema.json").read_bytes()


def test_a_page_that_lacks_a_part_is_refused(script: ModuleType) -> None:
    less = re.sub(r"<!-- begin bounds -->.*<!-- end bounds -->\n", "", PAGE, flags=re.DOTALL)
    with pytest.raises(ValueError, match="bounds"):
        script.renewed(less)


def test_what_is_written_by_hand_stays(script: ModuleType, copies: Path) -> None:
    page = copies / "wire.md"
    page.write_text("A word before it.\n\n" + PAGE, "utf-8", newline="\n")
    script.main(["--folder", str(copies)])
    assert page.read_text("utf-8") == "A word before it.\n\n" + PAGE


# --- what the page shows -----------------------------------------------------------------------


def test_every_line_that_the_page_shows_is_a_message() -> None:
    assert len(LINES) > 20
    for line in LINES:
        assert any(reader.is_valid(json.loads(line)) for reader in READERS.values()), line


def test_the_conversation_is_one_download_from_hello_to_goodbye() -> None:
    for sender, line in CONVERSATION:
        READERS[sender].validate(json.loads(line))
    kinds = [next(iter(json.loads(line))) for _, line in CONVERSATION]
    assert kinds[:5] == ["hello", "load", "loaded", "create", "created"]
    assert kinds[-1] == "goodbye"
    assert {"call", "return", "log"} < set(kinds)


def test_every_call_of_the_conversation_is_ended_by_the_other_side() -> None:
    for caller, other in (("player", "surrogate"), ("surrogate", "player")):
        called = {c["id"]: c["name"] for c in bodies(caller, "call")}
        ended = {r["id"]: r for r in bodies(other, "return")}
        assert called.keys() == ended.keys()
        assert sorted(called) == list(range(1, len(called) + 1))
        for number, name in called.items():
            reader_of(f"answer.{name}").validate(ended[number])


def test_the_conversation_shows_nothing_of_the_machine_that_it_was_run_on() -> None:
    text = "\n".join(line for _, line in CONVERSATION)
    assert "127.0.0.1" not in text
    assert set(re.findall(r'"(/[^"]*)"', text)) == {
        "/home/user/.local/share/player-host/plugins/contoso"
    }


def bodies(sender: str, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for who, line in CONVERSATION if who == sender]
    return [line[kind] for line in lines if kind in line]


# --- what the page says ------------------------------------------------------------------------


def test_every_message_call_and_return_is_on_the_page() -> None:
    tables = [line for line in PAGE.splitlines() if line.startswith("|")]
    for name in (*CALLS, *RETURNS):
        assert any(re.match(rf"\| \[?`{name}`", line) for line in tables), name
    headings = re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE)
    assert sorted(headings) == sorted([*KINDS, "call", "return", "goodbye"])


def test_every_type_of_a_variant_is_on_the_page() -> None:
    named = re.findall(r'^\| `"([A-Z0-9]+)"` \|', PAGE, re.MULTILINE)
    assert sorted(named) == sorted(kind.name for kind in VarType)


def test_every_code_that_the_page_names_exists_and_has_the_value_beside_it() -> None:
    named = set(re.findall(r"`((?:RPC_)?[SE]_[A-Z_]+)`", PAGE))
    assert named
    for name in named:
        HRESULT.named(name)
    pairs = re.findall(r'`"(0x[0-9A-F]{8})"`[\s,]*\(?`((?:RPC_)?[SE]_[A-Z_]+)`', PAGE)
    assert len(pairs) >= 4
    assert [int(value, 16) for value, _ in pairs] == [HRESULT.named(name) for _, name in pairs]


@pytest.mark.parametrize(
    "words",
    [
        f"at most 16 MiB ({MAX_MESSAGE_BYTES:,} bytes)",
        f"within {EXIT_GRACE:g} seconds",
        f"`load_deadline` each ({HostSettings().load_deadline:g} s",
        f"session ({HostSettings().restarts})",
        f"version {WIRE_VERSION} of the wire",
        f"version {CONTRACT_VERSION}\nof the contract",
        {4: "up to four of its calls"}[FREE_THREADS],
    ],
)
def test_the_numbers_in_the_prose_are_those_of_the_code(words: str) -> None:
    assert words in PAGE


def test_every_link_leads_somewhere() -> None:
    targets = set(re.findall(r"\]\(([^)#\s]*)(#[^)\s]+)?\)", PAGE))
    assert len(targets) > 20
    for file, anchor in targets:
        path = REFERENCE / (file or "wire.md")
        assert path.is_file(), file
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor[1:] in {slug(heading) for heading in headings}, (file, anchor)


def slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
