"""Every command of docs/tutorial.md works, and shows what the page says."""

import re
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")


def help_a_reader_without_a_registry(walk, command: str) -> None:
    """Do what the page leaves to the reader's machine."""
    if command.endswith("venv .venv"):
        lend_packages(walk.folder / ".venv")
    elif ".double" in command:
        walk.use_port(walk.folder / "my-player" / "partners.toml")


def lend_packages(environment: Path) -> None:
    """Let the new environment find the dependencies that this one has, of the same versions."""
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")


@pytest.fixture
def reader(walkthrough):
    """A reader with a checkout of the project, and all that pip needs to install it."""
    (walkthrough.root / "content-partner").symlink_to(ROOT)
    walkthrough.after = help_a_reader_without_a_registry
    # "0" is pip's way to say that its isolation is off.
    walkthrough.variables.update(PIP_NO_INDEX="1", PIP_NO_BUILD_ISOLATION="0")
    return walkthrough


@pytest.mark.skipif(sys.platform == "win32", reason="the page speaks to a POSIX shell")
def test_a_reader_who_types_everything_sees_what_the_page_shows(reader) -> None:
    reader.walk(PAGE)
    assert len(reader.done) == len(re.findall(r"^\$ ", PAGE, re.MULTILINE))
    home = reader.root / "my-store" / "contoso" / "my-player"
    assert len(list(home.glob("Music/*/*/*.mp3"))) == 3
