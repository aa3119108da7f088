"""A library in a temporary home, and media files with tags."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from player_host.clock import ManualClock
from player_host.database import Database
from player_host.library.publishing import Publication, Publisher
from player_host.library.records import LibraryItem, MediaTags, Origin

MEDIA = Path(__file__).with_name("media")
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@define
class Home:
    """Everything that a test of the library touches."""

    root: Path
    database: Database
    clock: ManualClock
    publisher: Publisher

    @classmethod
    def at(cls, root: Path) -> "Home":
        (root / "Music" / ".incoming").mkdir(parents=True, exist_ok=True)
        database = Database.open(root / "player.db")
        clock = ManualClock(START)
        return cls(root, database, clock, Publisher(database, root / "Music", clock))

    @property
    def music(self) -> Path:
        return self.root / "Music"

    def partial(self, content: bytes, name: str = "1.part") -> Path:
        path = self.music / ".incoming" / name
        path.write_bytes(content)
        return path

    def publication(self, content: bytes = b"music", **changes: Any) -> Publication:
        """A publication of these bytes; `title`, `content_id` and `step` are what varies."""
        content_id = changes.pop("content_id", 1)
        tags = {"file_type": "mp3", "title": "Song", "content_distributor": "Proseware"}
        tags |= changes.pop("tags", {})
        given = {
            "partial": self.partial(content, f"{content_id}.part"),
            "tags": MediaTags(**tags),
            "origin": Origin(changes.pop("partner", "Proseware"), content_id),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "step": lambda connection, item: None,
        }
        return Publication(**(given | changes))

    def publish(self, content: bytes = b"music", **changes: Any) -> LibraryItem:
        (result,) = self.publisher.publish_many([self.publication(content, **changes)])
        if isinstance(result, Exception):
            raise result
        return result

    def files(self) -> dict[str, bytes]:
        """Every file below Music, by its path."""
        found = (path for path in self.music.rglob("*") if path.is_file())
        return {path.relative_to(self.music).as_posix(): path.read_bytes() for path in found}

    def count(self, table: str) -> int:
        row = self.database.row(f"SELECT count(*) FROM {table}")
        return row[0] if row else 0

    def unended(self) -> int:
        return self.count("library_intents") + self.count("library_sweeps")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home.at(tmp_path / "home")
    yield made
    made.database.close()


@pytest.fixture
def homes() -> type[Home]:
    """For tests that open a home more than once."""
    return Home


@pytest.fixture
def media(tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the tone files, so that a test can tag it."""

    def copy(name: str) -> Path:
        return Path(shutil.copy(MEDIA / name, tmp_path / name))

    return copy


@pytest.fixture
def kept(log: Any) -> Callable[[], list[str]]:
    """The paths of the altered files that were left where they are, as the log says."""

    def paths() -> list[str]:
        kept = (event for event in log.events if event["event"] == "library.altered_file_kept")
        return [event["path"] for event in kept if event["level"] == "warning"]

    return paths
