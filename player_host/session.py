"""A session: the time between a partner's activation and its `SetCallback(None)`."""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup, TaskStatus
from attrs import frozen

from partner_api.calls import GetContentPartnerInfo, GetItemInfo, InfoReturned
from partner_api.enums import ItemInfo, PartnerInfo
from partner_api.hresult import HRESULT
from partner_api.variant import Variant
from player_host.catalog.store import Catalogs
from player_host.catalog_refresh import CatalogNews, CatalogRefresh
from player_host.downloads.driver import Downloads
from player_host.downloads.ledger import Ledger
from player_host.downloads.rooms import Rooms
from player_host.errors import PlayerHostError
from player_host.licensing.store import MAX_NAME_LENGTH
from player_host.log import get_logger
from player_host.plugins.active import NOT_STARTED, ActivePartner, Recorder
from player_host.plugins.discovery import Loading
from player_host.plugins.instance import Instance
from player_host.settings import PartnerSettings, file_name_of
from player_host.switchboard import Switchboard
from player_host.transcript import Entry, TranscriptWriter

MAX_EXPLANATION_CHARACTERS: Final = 500
NEWS_PAUSE_SECONDS: Final = 0.5
"""Between catalogues: a partner that announces one at every question must not be asked always."""

_log = get_logger(__name__)


class SessionTasks:
    """The tasks of one session, in a task of their own, so that it can end before the player."""

    def __init__(self, group: TaskGroup, ended: anyio.Event) -> None:
        self.group = group
        self._ended = ended

    @classmethod
    async def begin(cls, root: TaskGroup) -> "SessionTasks":
        """Open the group below the player's."""
        tasks: SessionTasks = await root.start(cls._hold)
        return tasks

    async def end(self) -> None:
        """Cancel every task and wait for their ends."""
        self.group.cancel_scope.cancel()
        await self._ended.wait()

    @classmethod
    async def _hold(cls, *, task_status: TaskStatus["SessionTasks"]) -> None:
        ended = anyio.Event()
        try:
            async with anyio.create_task_group() as group:
                task_status.started(cls(group, ended))
                try:
                    await anyio.sleep_forever()
                finally:
                    group.cancel_scope.cancel()
        finally:
            # Also if a task failed, or everything was cancelled: `end` must not wait for ever.
            ended.set()


@frozen
class Session:
    """What belongs to the active partner; made by `SessionOpening.open_session`."""

    id: int
    ledger: Ledger
    partner: ActivePartner
    downloads: Downloads
    switchboard: Switchboard
    catalog: CatalogRefresh
    transcript: TranscriptWriter
    recorder: Recorder
    tasks: SessionTasks

    async def begin_work(self, *, transfers: int) -> None:
        """Learn the account, then let tracks move and catalogues be followed."""
        account = self.switchboard.account or await self._user_name()
        # Calls into the plug-in are shielded: here a cancellation meanwhile is noticed.
        await anyio.lowlevel.checkpoint()
        self.switchboard.account = account
        group = self.tasks.group
        self.downloads.start(group, self.partner, account=account, transfers=transfers)
        group.start_soon(self._follow_catalog)

    async def close(self) -> None:
        """Suspend transfers, call `SetCallback(None)`, then close the books, come what may."""
        with anyio.CancelScope(shield=True):
            await self.tasks.end()
            with ExitStack() as closing:
                closing.callback(self.recorder.close)
                closing.callback(self.ledger.close_session, self.id)
                closing.callback(self.switchboard.close)
                await self.partner.stop()

    async def explain(self, hr: HRESULT) -> str:
        """Return the partner's own words for a code that it gave, "" if it has none (T1-HR-04)."""
        question = GetItemInfo(ItemInfo.ERROR_DESCRIPTION, Variant.error(hr))
        returned = await self.partner.call(question)
        if isinstance(returned, InfoReturned) and isinstance(returned.data.value, str):
            return returned.data.value[:MAX_EXPLANATION_CHARACTERS]
        return ""

    async def refresh_catalog(self) -> None:
        """Fetch the catalogue; a failure is logged, for the installed one stays."""
        try:
            await self.catalog.refresh()
        except PlayerHostError as error:
            _log.warning("catalog.refresh_failed", partner=self.partner.name, error=str(error))

    async def _user_name(self) -> str:
        """Return the signed-in user, whose licences these are where no setting says it."""
        returned = await self.partner.call(GetContentPartnerInfo(PartnerInfo.USER_NAME))
        name = returned.data.value if isinstance(returned, InfoReturned) else None
        if not name:
            return ""
        # Half a surrogate pair is not printable: what is has an encoding.
        if isinstance(name, str) and len(name) <= MAX_NAME_LENGTH and name.isprintable():
            return name
        _log.warning("partner.user_name_unusable", partner=self.partner.name)
        return ""

    async def _follow_catalog(self) -> None:
        """Fetch a catalogue whenever the partner says that there is a new one (T1-CAT-11)."""
        while True:
            await self.catalog.news.wait()
            await self.refresh_catalog()
            await anyio.sleep(NEWS_PAUSE_SECONDS)


@frozen
class SessionOpening:
    """What every session of a player is made of."""

    rooms: Rooms
    ledger: Ledger
    catalogs: Catalogs
    lcid: int
    observer: Callable[[Entry], None] | None

    async def open_session(
        self, instance: Instance, loading: Loading, tasks: SessionTasks
    ) -> Session:
        """Open the books of a session and start its partner.

        Args:
            instance: the plug-in, loaded; it is given up if this fails.
            loading: how it is loaded anew.
            tasks: of the session.

        Raises:
            SettingsError: the plug-in's settings are wrong.
            PartnerUnavailable: the plug-in cannot be made, or `SetCallback` failed.
            StorageError: the transcript or the ledger cannot be written.
        """
        try:
            session = self._wire(instance, loading, tasks)
        except BaseException:
            instance.give_up(NOT_STARTED)
            raise
        try:
            await session.partner.start()
        except BaseException:
            with ExitStack() as closing:
                closing.callback(self.ledger.close_session, session.id)
                closing.callback(session.recorder.close)
                closing.callback(session.switchboard.close)
            raise
        return session

    def _wire(self, instance: Instance, loading: Loading, tasks: SessionTasks) -> Session:
        """Join the rooms for one partner: calls upwards go through what is handed down here."""
        name, rooms = loading.settings.name, self.rooms
        account = _configured_account(loading.settings)
        session_id, transcript = self._open_books(name, _facts(instance, loading))
        recorder = Recorder(rooms.database, transcript)
        downloads = Downloads(rooms, self.ledger, recorder, partner=name, session_id=session_id)
        news = CatalogNews()
        switchboard = Switchboard(
            database=rooms.database,
            recorder=recorder,
            downloads=downloads,
            licenses=rooms.licenses,
            catalogs=self.catalogs,
            partner=name,
            account=account,
            key=instance.description.service_info.key,
            lcid=self.lcid,
            on_new_catalog=news.announce,
        )
        partner = ActivePartner(
            instance, loading, rooms.home, switchboard, recorder, downloads.partner_replaced
        )
        catalog = CatalogRefresh(
            partner,
            self.catalogs,
            rooms.transfer,
            news,
            folder=rooms.home.incoming,
            lcid=self.lcid,
        )
        return Session(
            id=session_id,
            ledger=self.ledger,
            partner=partner,
            downloads=downloads,
            switchboard=switchboard,
            catalog=catalog,
            transcript=transcript,
            recorder=recorder,
            tasks=tasks,
        )

    def _open_books(self, partner: str, facts: Mapping[str, Any]) -> tuple[int, TranscriptWriter]:
        """Write the session into the ledger and begin its transcript."""
        started = f"{self.rooms.clock.now():%Y%m%dT%H%M%SZ}"
        with self.rooms.database.transaction():
            session_id = self.ledger.open_session(partner, "")
            # The file's name has the session's number, which is known only now.
            name = f"{session_id:06}-{file_name_of(partner)}-{started}.jsonl"
            self.ledger.name_transcript(session_id, name)
        transcript = TranscriptWriter(
            self.rooms.home.transcripts / name,
            partner=partner,
            session_id=session_id,
            clock=self.rooms.clock,
            observer=self.observer,
            facts=facts,
        )
        return session_id, transcript


def _facts(instance: Instance, loading: Loading) -> dict[str, Any]:
    """Return what a transcript's header says, for whoever judges the conversation."""
    info = instance.description.service_info
    facts: dict[str, Any] = {
        "threading": info.threading_model.value,
        "capabilities": int(info.capabilities),
    }
    if math.isfinite(loading.answer_deadline):
        facts["answer_deadline"] = loading.answer_deadline
    return facts


def _configured_account(settings: PartnerSettings) -> str:
    """Return the account that `partners.toml` names, "" if it names none."""
    chosen = settings.plugin.get("account")
    return chosen if isinstance(chosen, str) else ""
