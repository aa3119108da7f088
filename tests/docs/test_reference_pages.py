"""The reference has a page for every method, says what it has to say, and is current."""

import importlib
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import partner_api
from partner_api import calls
from partner_api.hresult import HRESULT

DOCS = Path(__file__).parents[2] / "docs"
PAGES = DOCS / "reference"

METHODS = {
    partner_api.ContentPartner: 23,
    partner_api.ContentPartnerCallback: 13,
    partner_api.LicenseStore: 1,
    partner_api.ContentContainerList: 4,
    partner_api.ContentContainer: 7,
}
RECORDED = {
    partner_api.ContentPartner: "Partner",
    partner_api.ContentPartnerCallback: "Callback",
    partner_api.LicenseStore: "LicenseStore",
}
ROW = re.compile(r"(?<![\w-])(?:T1-[A-Z]+|HR|LIB)-\d\d(?![\w-])")


def public_methods(kind: type) -> list[str]:
    return [
        name
        for name, found in vars(kind).items()
        if not name.startswith("_") and callable(getattr(kind, name)) and not inspect.isclass(found)
    ]


def text_of(page: str) -> str:
    return (PAGES / page).read_text("utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def generated_in(folder: Path) -> dict[str, bytes]:
    mark = b"<!-- Written by docs/generate_reference.py "
    return {name: text for name, text in bytes_in(folder).items() if text.startswith(mark)}


ALL_METHODS = [(kind, name) for kind in METHODS for name in public_methods(kind)]
EVERY_METHOD = pytest.mark.parametrize(
    ("kind", "method"), ALL_METHODS, ids=lambda one: getattr(one, "__name__", one)
)


# --- Complete ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "count"), METHODS.items(), ids=str)
def test_every_method_that_there_is_is_looked_for(kind: type, count: int) -> None:
    assert len(public_methods(kind)) == count


@EVERY_METHOD
def test_every_method_has_a_page_with_its_signature(kind: type, method: str) -> None:
    page = text_of(f"{kind.__name__}.{method}.md")
    signature = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert signature is not None
    assert f"def {method}(" in signature[1]
    names = [n for n in inspect.signature(getattr(kind, method)).parameters if n != "self"]
    assert re.findall(r"(\w+): ", signature[1]) == names


@EVERY_METHOD
def test_every_page_says_who_calls_and_on_which_thread(kind: type, method: str) -> None:
    called = section(text_of(f"{kind.__name__}.{method}.md"), "Caller, moment and thread")
    assert "**Caller.**" in called
    assert "**Thread.**" in called


@EVERY_METHOD
def test_every_parameter_is_described_with_its_type(kind: type, method: str) -> None:
    names = [n for n in inspect.signature(getattr(kind, method)).parameters if n != "self"]
    if names:
        described = section(text_of(f"{kind.__name__}.{method}.md"), "Parameters")
        assert re.findall(r"^- `(\w+)` \(.+?\): \S", described, re.MULTILINE) == names


@EVERY_METHOD
def test_every_page_tells_the_result_and_the_failure_codes(kind: type, method: str) -> None:
    outcome = section(text_of(f"{kind.__name__}.{method}.md"), "Result and errors")
    assert re.match(r"\n\[?`.+`(\]\(.+\))?: \S", outcome)
    assert "**Failure codes.**" in outcome


@EVERY_METHOD
def test_every_page_shows_the_requirements_that_it_cites(kind: type, method: str) -> None:
    assert re.findall(
        r"^- \[[A-Z0-9-]+\] \S",
        section(text_of(f"{kind.__name__}.{method}.md"), "Requirements"),
        re.MULTILINE,
    )


MISTAKES = {calls.IndexOutOfRange, calls.Malformed, calls.MalformedAnswer}
SIDES = {side: kind for kind, side in RECORDED.items()}


@pytest.mark.parametrize(
    "record", [r for r in calls.CALLS.values() if r not in MISTAKES], ids=lambda r: r.__name__
)
def test_every_record_of_a_call_stands_on_the_page_of_its_method(record: type[calls.Call]) -> None:
    kind = SIDES[record.interface]
    method = record.__name__.removeprefix(record.interface)
    told = section(text_of(f"{kind.__name__}.{method}.md"), "Record")
    written = told.partition("```python\n")[2]
    assert written.startswith(f"{record.__name__}(")
    for field in attrs.fields(record):
        assert f"{field.name}: " in written
    assert f"`{calls.RETURN_OF.get(record, calls.Return).__name__}(hr: HRESULT" in told


def test_every_public_name_is_in_the_index() -> None:
    listed = section(text_of("index.md"), "Every name of partner_api")
    assert re.findall(r"\[`(\w+)`\]", listed) == partner_api.__all__


def test_every_class_that_is_passed_or_raised_has_a_page() -> None:
    named = [getattr(partner_api, name) for name in partner_api.__all__]
    classes = [one for one in named if isinstance(one, type) and not issubclass(one, Enum)]
    assert [one for one in classes if not (PAGES / f"{one.__name__}.md").is_file()] == []


@pytest.mark.parametrize("name", ["License", "ServiceInfo", "PartnerContext", "ContextMenuInfo"])
def test_every_field_of_a_value_is_described(name: str) -> None:
    fields = [field.name for field in attrs.fields(getattr(partner_api, name))]
    described = section(text_of(f"{name}.md"), "Attributes")
    assert re.findall(r"^- `(\w+)` \(.+?\): \S", described, re.MULTILINE) == fields


def test_every_member_of_every_enumeration_is_listed() -> None:
    page = text_of("enumerations.md")
    named = [getattr(partner_api, name) for name in partner_api.__all__]
    for kind in [one for one in named if isinstance(one, type) and issubclass(one, Enum)]:
        listed = section(page, kind.__name__)
        assert re.findall(r"^\| `(\w+)` \|", listed, re.MULTILINE) == [m.name for m in kind]


def test_every_named_result_code_is_listed_with_its_value_and_meaning() -> None:
    page = text_of("result-codes.md")
    _, _, by_facility = page.partition("## Facility ")
    listed = re.findall(r"^\| `(.+?)` \| `0x([0-9A-F]{8})` \| \S", by_facility, re.MULTILINE)
    table = Path(inspect.getfile(HRESULT)).with_name("hresult.tsv").read_text("utf-8")
    names = [line.partition("\t")[0] for line in table.splitlines()[1:]]
    assert sorted(name for name, _ in listed) == sorted(names)
    assert all(HRESULT.named(name) == int(value, 16) for name, value in listed)


# --- Requirement rows --------------------------------------------------------------------------


def rows_of(name: str) -> dict[str, str]:
    lines = (DOCS / name).read_text("utf-8").splitlines()[1:]
    return {line.split("\t")[0]: line.split("\t")[1] for line in lines}


def cited_rows() -> set[str]:
    pages = {n: t for n, t in generated_in(PAGES).items() if n != "requirements.md"}
    return {row for text in pages.values() for row in ROW.findall(text.decode())}


def test_every_requirement_that_a_page_cites_exists() -> None:
    assert cited_rows() <= rows_of("requirements.tsv").keys() | rows_of("clauses.tsv").keys()


def test_every_requirement_that_a_page_cites_is_shown_with_its_text() -> None:
    page = text_of("requirements.md")
    rows = rows_of("requirements.tsv") | rows_of("clauses.tsv")
    for row in cited_rows():
        shown = re.sub(r"[\[\]]", "", section(page, row))
        assert shown.startswith(f"\n{rows[row]}\n")


def test_a_requirement_row_stands_in_one_list_only() -> None:
    assert rows_of("requirements.tsv").keys() & rows_of("clauses.tsv").keys() == set()


def test_no_row_of_the_second_list_is_there_for_nothing() -> None:
    assert rows_of("clauses.tsv").keys() <= cited_rows()


def test_the_rows_of_the_second_list_are_whole_and_in_order() -> None:
    lines = (DOCS / "clauses.tsv").read_text("utf-8").splitlines()
    ids = [line.split("\t")[0] for line in lines[1:]]
    assert lines[0] == "id\trequirement"
    assert all(re.fullmatch(rf"{ROW.pattern}\t\S.*\.", line) for line in lines[1:])
    assert ids == sorted(set(ids))


# --- Current -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS))
        yield importlib.import_module("generate_reference")


def test_the_pages_are_current_and_written_byte_for_byte_the_same_everywhere(
    script: ModuleType, tmp_path: Path
) -> None:
    assert script.main(["--folder", str(tmp_path)]) == 0
    assert bytes_in(tmp_path) == generated_in(PAGES)


def test_a_generated_page_of_a_method_that_is_gone_is_taken_away(
    script: ModuleType, tmp_path: Path
) -> None:
    script.main(["--folder", str(tmp_path)])
    page = (tmp_path / "License.md").rename(tmp_path / "ContentPartner.Gone.md")
    script.main(["--folder", str(tmp_path)])
    assert not page.exists()


def test_what_others_wrote_into_the_folder_stays_and_is_not_stale(
    script: ModuleType, tmp_path: Path
) -> None:
    others = {"wire.md": b"# The wire\n", "wire.schema.json": b"{}\n"}
    for name, text in others.items():
        (tmp_path / name).write_bytes(text)
    script.main(["--folder", str(tmp_path)])
    assert script.main(["--check", "--folder", str(tmp_path)]) == 0
    assert others.items() <= bytes_in(tmp_path).items()


@pytest.mark.parametrize("damage", ["changed", "missing", "too many"])
def test_stale_pages_are_named_and_left_alone(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    script.main(["--folder", str(tmp_path)])
    text = (tmp_path / "License.md").read_bytes()
    page = tmp_path / ("Extra.md" if damage == "too many" else "License.md")
    if damage == "missing":
        page.unlink()
    else:
        page.write_bytes(text + b"more\n")
    before = bytes_in(tmp_path)
    assert script.main(["--check", "--folder", str(tmp_path)]) == 1
    assert f"stale: {page.name}\n" in capsys.readouterr().err
    assert bytes_in(tmp_path) == before


class Thin:
    """A class whose docstrings leave something out."""

    def takes(self, told: int, untold: int) -> int:
        """Take two numbers.

        Args:
            told: the first.

        Returns:
            Their sum.
        """
        return told + untold

    def gives(self) -> int:
        """Give a number."""
        return 0

    def silent(self) -> None:
        pass


@pytest.mark.parametrize(
    ("method", "gap"), [("takes", "untold"), ("gives", "the result"), ("silent", "the first line")]
)
def test_a_docstring_that_leaves_something_out_makes_no_page(
    script: ModuleType, method: str, gap: str
) -> None:
    source: Any = importlib.import_module("reference_pages.source")
    with pytest.raises(source.Undescribed, match=rf"Thin\.{method}.*{gap}"):
        source.read_method(Thin, method)


def test_a_requirement_that_no_list_has_makes_no_page(script: ModuleType) -> None:
    text: Any = importlib.import_module("reference_pages.text")
    links = text.Links(targets={}, rows={"T1-DL-01": "One."})
    with pytest.raises(text.UnknownRow, match="T1-DL-99"):
        links.page("Both T1-DL-01 and T1-DL-99.\n")


def test_a_range_of_requirements_stands_for_all_of_them(script: ModuleType) -> None:
    text: Any = importlib.import_module("reference_pages.text")
    assert text.cited_in("(T1-INFO-02 to\n    T1-INFO-04, HR-01)") == [
        "HR-01",
        "T1-INFO-02",
        "T1-INFO-03",
        "T1-INFO-04",
    ]


# --- Links -------------------------------------------------------------------------------------

EVERY_PAGE = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]


@cache
def inline_tokens(page: Path) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    return [child for token in tokens for child in token.children or ()]


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    tokens = MarkdownIt("commonmark").parse(page.read_text("utf-8"))
    titles = [
        "".join(part.content for part in tokens[place + 1].children or ())
        for place, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    found: set[str] = set()
    for title in titles:
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = sum(one == slug or one.startswith(f"{slug}-") for one in found)
        found.add(f"{slug}-{count}" if slug in found else slug)
    return frozenset(found)


@pytest.mark.parametrize(
    "page", EVERY_PAGE, ids=lambda page: page.relative_to(DOCS.parent).as_posix()
)
def test_every_relative_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    links = [str(t.attrs["href"]) for t in inline_tokens(page) if t.type == "link_open"]
    for link in [one for one in links if not re.match(r"[a-z]+:", one)]:
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", sorted(generated_in(PAGES)))
def test_no_link_of_the_reference_lacks_its_end(page: str) -> None:
    texts = [token.content for token in inline_tokens(PAGES / page) if token.type == "text"]
    assert [text for text in texts if "[" in text] == []
