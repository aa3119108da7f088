"""The fixtures under test, and a partner's module for tests to fill."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from partner_api import ContentPartner
from player_host.testing import _proseware_process, player_home, proseware_store

__all__ = ["_proseware_process", "player_home", "proseware_store"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[ContentPartner[Any]]], str]:
    """Makes a class of the test known to this process as `module:attribute`."""
    module = ModuleType("partners_of_this_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def name(partner: type[ContentPartner[Any]]) -> str:
        setattr(module, partner.__name__, partner)
        return f"{module.__name__}:{partner.__name__}"

    return name
