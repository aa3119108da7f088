"""Sets the stage for schedules: a folder, settings and a way to the store for each of them."""

import shutil
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from player_host.clock import Clock
from player_host.conformance.offers import Offer
from player_host.conformance.relay import relay_to
from player_host.conformance.schedule import Schedule
from player_host.conformance.stage import Setting, play
from player_host.errors import NothingSelected
from player_host.settings import PartnerSettings
from player_host.transcript import Transcript
from player_host.units import Seconds


@frozen
class Cast:
    """Who plays, and with what.

    Attributes:
        partner: the plug-in and how the host treats it.
        table: its settings.
        offer: what it has on offer.
    """

    partner: PartnerSettings
    table: Mapping[str, Any] = field(repr=False)
    offer: Offer


class Staging:
    """Plays schedules, each to a fresh process; used on one event loop.

    Args:
        cast: who plays.
        folder: where transcripts are kept, and a folder for the plug-in is made while it plays.
        clock: says what time it is.
        patience: how long the plug-in may be silent while it owes answers.
    """

    def __init__(self, cast: Cast, folder: Path, clock: Clock, patience: Seconds) -> None:
        self._cast = cast
        self._patience = patience
        self._folder = folder
        self._clock = clock
        self._plays = 0

    async def play(self, schedule: Schedule) -> Transcript:
        """Play a schedule.

        Returns:
            The conversation; its header has the name of its `file`.

        Raises:
            NothingSelected: nobody said how to come by what the schedule needs.
            PartnerError: the plug-in cannot be started, or its settings are wrong.
            StorageError: the transcript cannot be written.
        """
        self._check_needs(schedule)
        self._plays += 1
        name = f"{self._plays:04}"
        data_dir, file = self._folder / f"{name}-data", self._folder / f"{name}.jsonl"
        data_dir.mkdir()
        try:
            transcript = await self._played(schedule, data_dir, file)
        finally:
            shutil.rmtree(data_dir, ignore_errors=True)
        return evolve(transcript, header=transcript.header | {"file": file.name})

    async def _played(self, schedule: Schedule, data_dir: Path, file: Path) -> Transcript:
        cast, needs = self._cast, schedule.needs
        table = dict(cast.table)
        if needs.signed_out:
            table |= cast.offer.signed_out
        async with AsyncExitStack() as stack:
            relay = None
            if needs.store:
                name = cast.offer.store_setting
                relay = await stack.enter_async_context(relay_to(str(table.get(name, ""))))
                table[name] = relay.url
            stage = Setting(cast.partner, table, data_dir, self._clock, self._patience, relay)
            return await play(schedule, stage, file)

    def _check_needs(self, schedule: Schedule) -> None:
        offer, name = self._cast.offer, self._cast.partner.name
        if schedule.needs.signed_out and not offer.signed_out:
            raise _missing(f"[{name}.signed_out]: settings with which nobody is signed in")
        if schedule.needs.store and not offer.store_setting:
            raise _missing(f"[{name}.store]: the setting that holds the URL of its store")


def _missing(what: str) -> NothingSelected:
    return NothingSelected(
        "the schedule needs what nothing says", remedy=f"Add to conformance.toml {what}"
    )
