import json
import subprocess
import sys

import pytest

import partner_api

LOADED = """
import json, sys
before = set(sys.modules)
import partner_api
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    command = [sys.executable, "-c", LOADED]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names: list[str] = json.loads(printed)
    return names


def test_the_contract_loads_attrs_and_the_standard_library_alone(loaded: list[str]) -> None:
    tops = {name.partition(".")[0] for name in loaded}
    assert tops - sys.stdlib_module_names == {"attr", "attrs", "partner_api"}


@pytest.mark.parametrize("name", ["calls", "transaction", "encoding", "surrogate", "testing"])
def test_the_contract_does_not_load_what_only_a_host_needs(loaded: list[str], name: str) -> None:
    assert f"partner_api.{name}" not in loaded


@pytest.mark.parametrize(
    "name", ["asyncio", "importlib.resources", "multiprocessing", "sqlite3", "unittest"]
)
def test_the_contract_does_not_load_heavy_parts_of_the_library(
    loaded: list[str], name: str
) -> None:
    assert name not in loaded


def test_every_exported_name_exists_and_is_exported_once() -> None:
    assert len(set(partner_api.__all__)) == len(partner_api.__all__)
    assert all(hasattr(partner_api, name) for name in partner_api.__all__)


@pytest.mark.parametrize(
    "name",
    [
        "ContentPartner",
        "PartnerContext",
        "ContentPartnerCallback",
        "HRESULT",
        "ComError",
        "S_OK",
        "E_FAIL",
        "ServiceInfo",
        "Capability",
        "ThreadingModel",
        "License",
        "Right",
        "LicenseStore",
        "ContentContainer",
        "ContentContainerList",
        "ContentItem",
        "TransactionType",
        "Variant",
        "VarType",
        "Secret",
    ],
)
def test_what_an_author_needs_is_exported(name: str) -> None:
    assert name in partner_api.__all__
