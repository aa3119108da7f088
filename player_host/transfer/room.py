"""The transfer room: one URL to one verified partial file, several at a time."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import anyio

from player_host.batches import Batches
from player_host.clock import Clock
from player_host.database import Database
from player_host.errors import AnotherFile, TransferError
from player_host.log import get_logger
from player_host.transfer import faults
from player_host.transfer.attempt import Transfer
from player_host.transfer.client import HttpClient
from player_host.transfer.partial import remove, size_of, sync_all
from player_host.transfer.policy import TransferPolicy
from player_host.transfer.quarantine import quarantined
from player_host.transfer.request import Progress, Retry, TransferRequest, VerifiedPartial
from player_host.transfer.retries import Retries
from player_host.transfer.state import PartialStates
from player_host.transfer.stores import Stores
from player_host.transfer.urls import check_url, redact_url
from player_host.transfer.validators import retry_after
from player_host.units import ByteCount, Seconds

DEFAULT_CONNECTIONS: Final = 8
SYNCS_AT_ONCE: Final = 4
"""Disks bring several files down together faster than one after the other."""

log = get_logger(__name__)


class TransferRoom:
    """Brings URLs to verified partial files; an async context manager, one per Player.

    Lives on the event loop; none of its methods is for other threads.

    Args:
        database: where the state of partial files is kept.
        clock: for the dates of Retry-After and of rows.
        connections: how many transfers are under way at the same time, and how many
            connections are kept open for each network class.
        per_store: how many of them may be from one store; None for as many as there are.
        jitter: gives a number from 0 to 1 for each wait before a further attempt.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        connections: int = DEFAULT_CONNECTIONS,
        per_store: int | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._states = PartialStates(database, clock)
        self._clock = clock
        self._connections = connections
        self._jitter = jitter
        self._busy: set[Path] = set()
        self._client: HttpClient | None = None
        self._slots: anyio.Semaphore | None = None
        self._stores = Stores(clock, per_store or connections)
        self._syncs = Batches(sync_all, at_once=SYNCS_AT_ONCE)

    async def __aenter__(self) -> Self:
        self._states.prune()
        self._slots = anyio.Semaphore(self._connections)
        self._client = HttpClient(self._connections)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            if self._client is not None:
                await self._client.aclose()
        self._client = self._slots = None

    async def fetch(
        self,
        request: TransferRequest,
        policy: TransferPolicy,
        on_progress: Callable[[Progress], None] | None = None,
        on_retry: Callable[[Retry], None] | None = None,
    ) -> VerifiedPartial:
        """Bring a URL to a whole, verified file under its partial name, synced as the policy says.

        Called on the event loop for each accepted track (T1-DL-16) and each catalogue file.
        What an earlier call or process left is continued where the server's validators allow
        it. Transient errors are tried again as the policy says. Cancelling keeps the partial
        and its state for a later call. Every digest that the URL's fragment declares or the
        server announces has to agree; bytes that do not are put into quarantine, and asked for
        once more from the beginning.

        Args:
            request: URL, partial path, network class.
            policy: limits and patience.
            on_progress: called on the event loop with every chunk that was written; has to
                return at once.
            on_retry: called on the event loop after each attempt that failed and is followed by
                another one; has to return at once.

        Returns:
            the file, and what is known of it. It is the caller's from then on; `forget` is called
            once it is published or given up.

        Raises:
            TransferError: the URL breaks a rule (T1-DL-48), or did not become a whole, sound
                file; `hr` is what the plug-in is told, 0x80190000 + n for an HTTP status n
                (HR-04). `AnotherFile` where a request that continues led to another file.
            StorageError: the disk is full, or partial or database cannot be written.
        """
        check_url(request.url)
        with self._exclusive(request):
            transfer = Transfer(request, policy, self._states, self._syncs, on_progress)
            try:
                return await self._run(transfer, policy, on_retry or _ignore)
            finally:
                transfer.suspend()

    def forget(self, partial: Path) -> None:
        """Remove a partial file, what is known about it, and what was put into quarantine.

        What is gone already is no error.

        Called once the file is published under its final name, or given up.

        Raises:
            StorageError: file or row cannot be removed.
            TransferError: a transfer is still writing it.
        """
        if _key(partial) in self._busy:
            raise faults.BUSY.at(str(partial))
        self._states.drop(partial)
        remove(partial)
        remove(quarantined(partial))

    def knows(self, partial: Path) -> bool:
        """Say whether a row vouches for the bytes of a partial file: it can be continued."""
        return self._states.find(partial) is not None

    def kept(self, partial: Path) -> ByteCount:
        """Return how many bytes of a partial file a later call may go on with."""
        return (size_of(partial) if self.knows(partial) else None) or ByteCount(0)

    async def _run(
        self, transfer: Transfer, policy: TransferPolicy, on_retry: Callable[[Retry], None]
    ) -> VerifiedPartial:
        await transfer.reopen()
        retries = Retries(policy, self._jitter, transfer.kept)
        done = None
        await self._let_be(transfer, policy)
        while done is None:
            try:
                done = await self._try_once(transfer)
            except TransferError as error:
                final = retries.is_final(error.hr, transfer.kept)
                final = self._has_spent(transfer, policy, error, retries) or final
                final = final or isinstance(error, AnotherFile)
                _log_failure(transfer, error, final=final)
                if final:
                    raise
                wait = self._wait(transfer, policy, retries)
                on_retry(Retry(error, transfer.kept, wait))
                await anyio.sleep(wait)
        self._stores.served(transfer.url)
        log.info(
            "transfer.finished",
            url=transfer.where,
            policy=policy.name,
            size=done.size,
            media=done.media,
        )
        return done

    async def _let_be(self, transfer: Transfer, policy: TransferPolicy) -> None:
        """Wait where the store has asked another transfer to come back later."""
        wait = self._stores.wait(transfer.url, policy.longest_backoff)
        if wait and not transfer.is_whole:
            log.info("transfer.store_busy", url=transfer.where, wait=round(wait, 3))
            await anyio.sleep(wait)

    def _wait(self, transfer: Transfer, policy: TransferPolicy, retries: Retries) -> Seconds:
        """Return how long to wait after a failure: as drawn, or as the store asks."""
        asked = retry_after(transfer.retry_after, self._clock.now()) or 0.0
        self._stores.asked(transfer.url, asked, policy.longest_backoff)
        return max(retries.wait(asked), self._stores.wait(transfer.url, policy.longest_backoff))

    def _has_spent(
        self, transfer: Transfer, policy: TransferPolicy, error: TransferError, retries: Retries
    ) -> bool:
        """Count what may be the store's failure; say whether it has had all that it may have."""
        if retries.has_progressed or not faults.is_transient(error.hr):
            self._stores.served(transfer.url)
            return False
        return self._stores.failed(transfer.url, policy.store_budget)

    async def _try_once(self, transfer: Transfer) -> VerifiedPartial:
        if self._client is None or self._slots is None:
            raise RuntimeError("the transfer room is used outside of its `async with` block")
        if not transfer.is_whole:
            async with self._stores.slots(transfer.url), self._slots:
                await transfer.attempt(self._client)
        return await transfer.finish()

    @contextmanager
    def _exclusive(self, request: TransferRequest) -> Iterator[None]:
        key = _key(request.partial)
        if key in self._busy:
            raise faults.BUSY.at(redact_url(request.url))
        self._busy.add(key)
        try:
            yield
        finally:
            self._busy.discard(key)


def _ignore(_retry: Retry) -> None:
    """Tell nobody; the log has it."""


def _key(partial: Path) -> Path:
    return partial.absolute()


def _log_failure(transfer: Transfer, error: TransferError, *, final: bool) -> None:
    event = "transfer.failed" if final else "transfer.retried"
    log.warning(event, url=transfer.where, reason=error.what, hr=error.hr.name, kept=transfer.kept)
