"""What a partner offers by its own catalogue, fetched as the Player does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio
from attrs import frozen

from partner_api.calls import CatalogURLReturned, Faulted, GetCatalogURL, Return
from partner_api.hresult import E_NOTIMPL
from player_host.catalog.store import Catalogs
from player_host.clock import Clock
from player_host.conformance.offers import NO_TRACK, Offer
from player_host.conformance.schedule import Ask, Attach, Detach, Schedule
from player_host.conformance.simulated_player import LOCALE
from player_host.conformance.stage import Setting, play
from player_host.database import Database
from player_host.errors import CatalogError, NothingSelected, PartnerCallFailed, TransferError
from player_host.transcript import Lost
from player_host.transfer.policy import CATALOG_POLICY
from player_host.transfer.request import TransferRequest
from player_host.transfer.room import TransferRoom

MOST_ALBUMS: Final = 40
MOST_TRACKS: Final = 400
MOST_LISTS: Final = 8

_REMEDY: Final = (
    "Without a catalogue, say in conformance.toml what to ask for;"
    " `player-host conformance run --help`"
)


@frozen
class Shopped:
    """What was found.

    Attributes:
        offer: what scenarios may ask for.
        package: the catalogue's file.
        announced_version: what the partner said of its version.
    """

    offer: Offer
    package: Path
    announced_version: int


async def shop(setting: Setting, clock: Clock, folder: Path) -> Shopped:
    """Ask a partner for its catalogue, fetch it, and see what it has.

    Args:
        setting: where and how the plug-in is played to.
        clock: says what time it is.
        folder: where files are made; it exists.

    Raises:
        NothingSelected: it has no catalogue; the message says what to do.
        PartnerCallFailed: it was asked for one and failed.
        PartnerUnavailable: the plug-in cannot be started.
        TransferError: its catalogue cannot be fetched.
    """
    answer = await _asked(setting, folder)
    database = Database.open(folder / "catalogue.db")
    try:
        package = await _fetched(answer.url, setting, database, clock, folder)
        return await anyio.to_thread.run_sync(
            _read, Catalogs(database, clock), setting.partner.name, package, answer.new_version
        )
    except TransferError as error:
        raise TransferError(
            f"its catalogue cannot be fetched: {error.what}",
            where=f"partner {setting.partner.name}",
            remedy=error.remedy or _REMEDY,
        ) from error
    finally:
        database.close()


async def _asked(setting: Setting, folder: Path) -> CatalogURLReturned:
    """Ask a partner where its catalogue is."""
    heard: list[Return] = []
    question = Ask(GetCatalogURL(0, 0, LOCALE))
    schedule = Schedule("catalogue", (Attach(), question, Detach()))
    transcript = await play(schedule, setting, folder / "catalogue.jsonl", heard.append)
    answer = next(iter(heard), None)
    if isinstance(answer, CatalogURLReturned) and answer.url:
        return answer
    if answer is None or answer.hr.succeeded or answer.hr == E_NOTIMPL:
        lost = next((one.reason for one in transcript.entries if isinstance(one, Lost)), "")
        if lost:
            raise _failed(setting, lost)
        raise NothingSelected(
            "the partner offers no catalogue",
            where=f"partner {setting.partner.name}",
            remedy=_REMEDY,
        )
    reason = f" ({answer.reason})" if isinstance(answer, Faulted) and answer.reason else ""
    raise _failed(setting, f"{answer.hr.name}{reason}")


def _failed(setting: Setting, why: str) -> PartnerCallFailed:
    return PartnerCallFailed(
        f"it was asked for its catalogue: {why}",
        where=f"partner {setting.partner.name}",
        remedy=f"See whether its store is up. {_REMEDY}",
    )


def _read(catalogs: Catalogs, name: str, package: Path, version: int) -> Shopped:
    try:
        catalogs.install(name, package, announced_version=version, expires=None)
    except CatalogError as error:
        source = f"nothing: the catalogue of {name} cannot be installed ({error.what})"
        return Shopped(Offer((), source=source), package, version)
    return Shopped(_offer(catalogs, name), package, version)


async def _fetched(
    url: str, setting: Setting, database: Database, clock: Clock, folder: Path
) -> Path:
    partial = folder / "catalogue.part"
    request = TransferRequest(
        url=url, partial=partial, network=setting.partner.host.network, expects_media=False
    )
    async with TransferRoom(database, clock) as room:
        file = await room.fetch(request, CATALOG_POLICY)
    return file.path


def _offer(catalogs: Catalogs, name: str) -> Offer:
    albums: dict[int, tuple[int, ...]] = {}
    for album in catalogs.albums(name)[:MOST_ALBUMS]:
        tracks = tuple(track.id for track in catalogs.tracks(name, album.id) if track.can_download)
        if tracks:
            albums[album.id] = tracks[:MOST_TRACKS]
    lists = {
        one.id: tracks
        for one in catalogs.lists(name)[:MOST_LISTS]
        if one.item_type == "T" and (tracks := catalogs.items(name, one.id)[:MOST_TRACKS])
    }
    tracks = _taken_in_turns(list(albums.values()))
    source = f"the catalogue of {name}"
    return Offer(tracks=tracks, albums=albums, lists=lists, unknown=NO_TRACK, source=source)


def _taken_in_turns(albums: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the first tracks of all albums, then the second ones: some may be refused."""
    longest = max(map(len, albums), default=0)
    turns = (album[n] for n in range(longest) for album in albums if n < len(album))
    return tuple(dict.fromkeys(turns))[:MOST_TRACKS]
