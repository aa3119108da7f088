"""Prove that tests notice: each recorded mutation is applied to a copy, its test has to fail.

    python tests/mutations/run.py            every mutation of mutations.toml
    python tests/mutations/run.py T1-DL-22   only those of one row

For each mutation the test is run on the unchanged copy first (it has to pass), then on the
changed one (it has to fail, by an assertion or by missing its deadline, not by a syntax error).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RECORD = Path(__file__).with_name("mutations.toml")
COPIED = ("partner_api", "player_host", "sample_partners", "tests", "docs", "pyproject.toml")
DEADLINE_SECONDS = 120


def recorded() -> list[dict[str, str]]:
    mutations: list[dict[str, str]] = tomllib.loads(RECORD.read_text("utf-8"))["mutation"]
    return mutations


def run_test(tree: Path, test: str) -> int:
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test]
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1
    return done.returncode


def mutate(tree: Path, mutation: dict[str, str]) -> None:
    path = tree / mutation["file"]
    source = path.read_text("utf-8")
    places = source.count(mutation["before"])
    if places != 1:
        raise SystemExit(f"{mutation['row']}: {mutation['file']} has {places} such places, not one")
    changed = source.replace(mutation["before"], mutation["after"])
    compile(changed, str(path), "exec")
    path.write_text(changed, "utf-8")


def judge(mutation: dict[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tree / name)  # type: ignore[operator]
        if run_test(tree, mutation["test"]) != 0:
            return "the test fails without the mutation"
        mutate(tree, mutation)
        return "noticed" if run_test(tree, mutation["test"]) == 1 else "NOT NOTICED"


def main() -> int:
    chosen = set(sys.argv[1:])
    outcomes = []
    for mutation in recorded():
        if chosen and mutation["row"] not in chosen:
            continue
        outcome = judge(mutation)
        outcomes.append(outcome)
        print(f"{mutation['row']:12} {outcome:12} {mutation['why']}", flush=True)
    noticed = outcomes.count("noticed")
    print(f"{noticed} of {len(outcomes)} mutations noticed")
    return 0 if outcomes and noticed == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
