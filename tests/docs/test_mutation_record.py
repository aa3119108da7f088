"""The record of mutations fits the source and the tests that it names."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECORD = tomllib.loads((ROOT / "tests" / "mutations" / "mutations.toml").read_text("utf-8"))
MUTATIONS = RECORD["mutation"]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m["row"])
def test_a_recorded_mutation_has_one_place_in_the_source_and_a_test(
    mutation: dict[str, str],
) -> None:
    source = (ROOT / mutation["file"]).read_text("utf-8")
    assert source.count(mutation["before"]) == 1
    path, _, name = mutation["test"].partition("::")
    assert not name or name in functions_of(ROOT / path)
    assert (ROOT / path).exists()


def test_ten_rows_at_least_have_a_mutation() -> None:
    assert len({mutation["row"] for mutation in MUTATIONS}) >= 10
