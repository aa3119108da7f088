"""Writes the package of a new plug-in: all of it or nothing.

It is rendered into a folder beside its place, which vanishes whatever happens, and moved from
there when it is whole.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import asdict, frozen

from player_host.errors import StorageError, UsageError
from player_host.scaffold.names import PartnerNames

TEMPLATE: Final = Path(__file__).parent
"""The folder of copier.yml."""

_ANOTHER: Final = "name another folder with --folder"


@frozen
class WrittenPackage:
    """A package that was written.

    Attributes:
        folder: absolute, without symbolic links.
        files: their paths relative to the folder, with slashes, sorted.
    """

    folder: Path
    files: tuple[str, ...]


def write_package(names: PartnerNames, folder: Path) -> WrittenPackage:
    """Write the package.

    Called by the verb `new-partner`. Asks nothing, uses no network and runs nothing of the
    template's.

    Args:
        names: what everything is called.
        folder: of the package; it is new or empty, and its parent exists.

    Raises:
        UsageError: something is there already, or the parent is not.
        StorageError: it cannot be written. Nothing was left.
    """
    with _as_storage_error(folder):
        target = folder.resolve()
        _check_free(target)
        with TemporaryDirectory(prefix=".new-partner-", dir=target.parent) as near:
            package = Path(near) / "package"
            _render(names, package)
            files = tuple(_files_below(package))
            _move(package, target)
    return WrittenPackage(target, files)


@contextmanager
def _as_storage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the package cannot be written ({error.strerror or error})",
            where=str(error.filename or folder),
            remedy=f"Mend the permissions or free some space, or {_ANOTHER}",
        ) from error


def _check_free(target: Path) -> None:
    if not target.parent.is_dir():
        what, place, remedy = "there is no such folder", target.parent, f"Make it, or {_ANOTHER}"
    elif not target.exists():
        return
    elif not target.is_dir():
        what, place, remedy = "this is no folder", target, f"Remove it, or {_ANOTHER}"
    elif any(target.iterdir()):
        what = "the folder is not empty, and nothing in it is overwritten"
        place, remedy = target, f"Empty it, or {_ANOTHER}"
    else:
        return
    raise UsageError(what, where=str(place), remedy=remedy)


def _render(names: PartnerNames, package: Path) -> None:
    from copier import Settings, run_copy  # noqa: PLC0415 - slow to load, and needed only here

    # JSON text is a text of Python and of TOML too: only quotes and backslashes are escaped.
    literal = json.dumps(names.friendly_name, ensure_ascii=False)
    run_copy(
        str(TEMPLATE),
        package,
        data=asdict(names) | {"friendly_name_literal": literal},
        defaults=True,
        quiet=True,
        settings=Settings(),  # not those that the user has for copier
        skip_tasks=True,
    )


def _files_below(package: Path) -> list[str]:
    found = (path for path in package.rglob("*") if path.is_file())
    return sorted(path.relative_to(package).as_posix() for path in found)


def _move(package: Path, target: Path) -> None:
    """Put the package in its place at once; an empty folder stays the one it is."""
    if not target.exists():
        package.rename(target)
        return
    names = [entry.name for entry in package.iterdir()]
    try:
        for name in names:
            (package / name).rename(target / name)
    except BaseException:
        for name in names:
            with suppress(OSError):
                (target / name).rename(package / name)
        raise
