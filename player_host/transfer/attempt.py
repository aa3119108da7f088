"""One transfer: its partial file across attempts, and what each answer means for it.

Rules, in the order in which they are applied:

* the rest is asked for only with a strong validator, and only a 206 whose range and validators
  fit what lies in the partial is appended to it; anything else begins anew;
* a full body takes the place of what was there, or is an error, as the policy says;
* at a new URL of a file that was begun at another one, `continuing` says what is the same file;
  anything else gives up what was there, and is an error;
* the body has to be as long as announced, neither shorter nor longer;
* every digest that was declared or announced has to agree, that of a part at the part's end, the
  others when the file is whole; what does not agree goes to quarantine.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
from attrs import evolve

from player_host.batches import Batches
from player_host.errors import AnotherFile, StorageError, TransferError
from player_host.log import get_logger
from player_host.transfer import faults
from player_host.transfer.admission import check_bound, check_media
from player_host.transfer.agreement import check_digests, declared_digests, digests_with
from player_host.transfer.client import Answer, HttpClient
from player_host.transfer.continuing import continued, is_same_file, range_headers
from player_host.transfer.digests import Algorithm, Digest, conflict, united
from player_host.transfer.media import HEAD_LENGTH, media_kind
from player_host.transfer.partial import PartialFile, remove, size_of
from player_host.transfer.policy import (
    COUNTED_PROGRESS,
    FullResponse,
    TransferPolicy,
)
from player_host.transfer.quarantine import put_away
from player_host.transfer.request import Progress, TransferRequest, VerifiedPartial
from player_host.transfer.state import PartialState, PartialStates
from player_host.transfer.structure import proves_end
from player_host.transfer.urls import digest_url, redact_url
from player_host.transfer.validators import content_length, content_range, strong_validators
from player_host.units import ByteCount

REMEMBERED_FROM: Final = 256 * 1024
"""How long a file has to be, or become, to be worth a row while its transfer is under way."""

log = get_logger(__name__)


class Transfer:
    """The partial file of one request, and the attempts to fill it.

    Made by `TransferRoom.fetch`, used by one task, closed by `suspend`.

    Raises:
        TransferError: the digest in the URL's fragment cannot be read, or contradicts another one.
    """

    def __init__(
        self,
        request: TransferRequest,
        policy: TransferPolicy,
        states: PartialStates,
        syncs: Batches[PartialFile, None],
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.url = request.url
        self.where = redact_url(request.url)
        self.kept = ByteCount(0)
        self.retry_after = ""
        self._declared = declared_digests(request)
        self._announced: tuple[Digest, ...] = ()
        self._part: tuple[Digest, ...] = ()
        self._request = request
        self._policy = policy
        self._states = states
        self._syncs = syncs
        self._on_progress = on_progress
        self._file: PartialFile | None = None
        self._state: PartialState | None = None
        self._saved = False
        self._disposition: str | None = None
        self._total: ByteCount | None = None
        self._length_proven = False
        self._judged = False
        self._finished = False
        asked = (one.algorithm for one in self._declared)
        self._is_hashed = policy.is_hashed or Algorithm.SHA_256 in asked

    async def reopen(self) -> None:
        """Take up what an earlier process left; it may be the whole file.

        Bytes for which no row vouches are left to be overwritten.
        """
        path = self._request.partial
        state, size = self._states.find(path), size_of(path)
        if state is None:
            return
        self._saved = True
        if not size or not self._fits(state, size):
            self._forget()
            return
        self._is_hashed = self._is_hashed or state.sha256 is not None
        reopen = partial(PartialFile.reopen, path, is_hashed=self._is_hashed)
        self._file = await anyio.to_thread.run_sync(reopen)
        self._state, self._total, self.kept = state, state.total, self._file.size
        self._announced = state.digests
        if not self._fits(state, self._file.size) or self._was_altered():
            self._begin_anew()
            return
        self._report()
        log.info("transfer.resumed", url=self.where, received=self.kept, total=state.total)

    @property
    def is_whole(self) -> bool:
        """Whether the partial holds every byte of a body of known length."""
        total = self._total
        return self._file is not None and total is not None and self._file.size == total

    async def attempt(self, client: HttpClient) -> None:
        """Ask for the file, or for the rest of it, and take in what comes.

        Raises:
            TransferError: the attempt ended before the file was whole; the bytes that may be
                continued from are kept.
            StorageError: they cannot be written.
        """
        request = self._request
        headers = self._range_headers()
        self.retry_after = ""
        try:
            async with client.get(request.url, headers, request.network, self._policy) as answer:
                with self._dropping():
                    self._admit(answer, ranged=bool(headers))
                    await self._receive(answer)
        finally:
            self._settle()

    async def finish(self) -> VerifiedPartial:
        """Check the whole file once more, bring it to the disk, and describe it.

        Raises:
            TransferError: it is empty, no media, or not provably whole; its bytes are dropped.
                Or a digest does not agree; they are in quarantine.
            StorageError: it cannot be synced.
        """
        file = self._opened()
        with self._dropping():
            await self._check_whole(file)
        if self._policy.is_synced:
            await self._syncs.do(file)
        if self._saved and self._state is not None:
            self._save(evolve(self._state, total=file.size, sha256=file.sha256))
        self._finished = True
        return VerifiedPartial(
            path=self._request.partial,
            size=file.size,
            sha256=file.sha256,
            media=media_kind(file.head),
            disposition=self._disposition,
        )

    def suspend(self) -> None:
        """Close the partial and keep its state, where it may be continued from later."""
        if self._file is None:
            return
        try:
            if not self._finished and self._state is not None and self._file.size:
                self._save(self._state)
        except StorageError as error:
            log.warning("transfer.state_lost", url=self.where, reason=error.what)
        finally:
            self._file.close()

    @contextmanager
    def _dropping(self) -> Iterator[None]:
        """Give up the partial and its state on an error that says that its bytes are of no use."""
        try:
            yield
        except TransferError as error:
            if isinstance(error, AnotherFile) or faults.spoils_bytes(error.hr):
                self._give_up(remove)
            elif error.hr == faults.DIGEST_MISMATCH.hr:
                self._give_up(put_away)
            raise

    def _give_up(self, dispose: Callable[[Path], None]) -> None:
        self._forget()
        self.kept = ByteCount(0)
        if self._file is not None:
            self._file.close()
            self._file = None
            dispose(self._request.partial)

    def _opened(self) -> PartialFile:
        if self._file is None:
            self._file = self._created()
        return self._file

    def _created(self) -> PartialFile:
        return PartialFile.create(self._request.partial, is_hashed=self._is_hashed)

    def _fits(self, state: PartialState, size: ByteCount) -> bool:
        expected = self._request.continues or not self._is_of_another_url(state)
        return expected and (state.total is None or size <= state.total)

    def _is_of_another_url(self, state: PartialState) -> bool:
        return state.url_digest != digest_url(self._request.url)

    def _takes_any_version(self, state: PartialState) -> bool:
        """Whether a digest, and not a validator, says that the rest is of the same file."""
        return self._is_of_another_url(state) and bool(self._declared or self._announced)

    def _was_altered(self) -> bool:
        """Whether somebody wrote into a file that was whole already."""
        if self._state is None or self._state.sha256 is None:
            return False
        return not self.is_whole or self._opened().sha256 != self._state.sha256

    def _range_headers(self) -> dict[str, str]:
        if self._file is None or self._state is None or not self._file.size:
            return {}
        any_version = self._takes_any_version(self._state)
        return range_headers(self._state, self._file.size, any_version=any_version)

    def _admit(self, answer: Answer, *, ranged: bool) -> None:
        """Decide what the answer's body is to the partial, or raise."""
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise faults.ENCODED.at(answer.where)
        if answer.status == 206 and ranged:
            self._admit_rest(answer)
        elif answer.status == 200:
            self._admit_whole(answer, ranged=ranged)
        elif answer.status == 416 and ranged:
            raise self._changed(answer)
        else:
            self.retry_after = answer.headers.get("retry-after", "")
            raise faults.http_status(answer.status, answer.where)
        self._disposition = answer.headers.get("content-disposition")

    def _admit_rest(self, answer: Answer) -> None:
        before, told = self._state, digests_with(answer)
        state = None if before is None else self._continued(before, answer)
        if before is None or state is None or self._is_contradicted(before, told.whole):
            raise self._changed(answer)
        assert state.total is not None
        check_bound(state.total, self._policy.max_size, answer.where)
        self._part, self._announced = told.part, united(self._announced, told.whole)
        self._state, self._total = evolve(state, digests=self._announced), state.total
        self._length_proven = True

    def _continued(self, state: PartialState, answer: Answer) -> PartialState | None:
        named, size = digest_url(self._request.url), self._opened().size
        any_version = self._takes_any_version(state)
        return continued(state, size, answer.headers, named, any_version=any_version)

    def _is_contradicted(self, state: PartialState, told: Iterable[Digest]) -> bool:
        """Whether an answer tells another digest of the whole file than was known before."""
        if self._is_of_another_url(state) and conflict(self._declared, told):
            return True
        return conflict(self._announced, told)

    def _changed(self, answer: Answer) -> TransferError:
        """Begin anew, and return the error for a file that is not the one that was begun."""
        state = self._state
        if state is not None and self._is_of_another_url(state):
            return faults.another_file(answer.where)
        self._begin_anew()
        return faults.FILE_CHANGED.at(answer.where)

    def _check_same_file(self, answer: Answer) -> None:
        """Refuse a full body at a new URL where it is another file than the one that was begun."""
        state = self._state
        if state is None or not self._is_of_another_url(state):
            return
        any_version = self._takes_any_version(state)
        same = is_same_file(state, answer.headers, any_version=any_version)
        if not same or self._is_contradicted(state, digests_with(answer).whole):
            raise faults.another_file(answer.where)

    def _admit_whole(self, answer: Answer, *, ranged: bool) -> None:
        if ranged and self._policy.full_response is FullResponse.FAIL:
            raise faults.NO_RANGE.at(answer.where)
        chunked = "transfer-encoding" in answer.headers
        total = None if chunked else content_length(answer.headers)
        if ranged:
            self._check_same_file(answer)
        if total == 0:
            raise faults.EMPTY.at(answer.where)
        check_bound(total or ByteCount(0), self._policy.max_size, answer.where)
        self._begin_anew()
        if ranged:
            log.info("transfer.restarted", url=self.where)
        self._announced = digests_with(answer).whole
        validators = strong_validators(answer.headers)
        if validators is not None:
            named = digest_url(self._request.url)
            told = united(self._declared, self._announced)
            self._state = PartialState(named, validators, total, digests=told)
        self._total, self._length_proven = total, chunked or total is not None

    async def _receive(self, answer: Answer) -> None:
        file = self._opened()
        if self._total is not None:
            file.reserve(self._total)
        announced, before = content_length(answer.headers), file.size
        try:
            await self._take_in(answer, file)
        except TimeoutError:
            raise faults.NO_PROGRESS.at(answer.where) from None
        if announced is not None and await answer.sent_more_than(file.size - before):
            raise faults.TOO_LONG.at(answer.where, f"more than {announced} bytes")
        await self._check_part(answer, file, before)
        # A 206 may rightly hold less than the rest; what is missing is asked for again.
        if self._total is not None and file.size < self._total:
            raise faults.TRUNCATED.at(answer.where, f"{file.size} of {self._total} bytes")

    async def _check_part(self, answer: Answer, file: PartialFile, first: ByteCount) -> None:
        """Check the digest of what a 206 carried, if it has one and all of it came."""
        part = content_range(answer.headers) if answer.status == 206 else None
        if part is None or file.size != part.last + 1:
            return
        await check_digests(file.path, self._part, answer.where, first=first)

    async def _take_in(self, answer: Answer, file: PartialFile) -> None:
        """Write what arrives; a trickle that takes too long ends in a `TimeoutError`."""
        limit = self._policy.max_size if self._total is None else self._total
        patience, counted = self._policy.patience, file.size
        where = answer.where

        def take(view: memoryview) -> None:
            check_bound(ByteCount(file.size + len(view)), limit, where)
            file.write(view)

        with anyio.fail_after(patience) as scope:
            async with aclosing(answer.drain(take)) as steps:
                async for _ in steps:
                    self._after_write(file)
                    if file.size - counted >= COUNTED_PROGRESS:
                        scope.deadline, counted = anyio.current_time() + patience, file.size

    def _after_write(self, file: PartialFile) -> None:
        if not self._judged and file.size >= HEAD_LENGTH:
            self._judge(file)
        if not self._saved and self._state is not None and self._is_worth_a_row(file):
            self._save(self._state)
        self._report()

    def _is_worth_a_row(self, file: PartialFile) -> bool:
        expected = file.size if self._total is None else self._total
        return expected >= REMEMBERED_FROM and file.size != self._total

    def _judge(self, file: PartialFile) -> None:
        """Refuse what is no media as soon as enough of it is there."""
        self._judged = True
        if self._request.expects_media:
            takes_unknown = self._request.takes_unknown
            check_media(file.head, self.where, takes_unknown=takes_unknown)

    async def _check_whole(self, file: PartialFile) -> None:
        if not file.size:
            raise faults.EMPTY.at(self.where)
        self._judge(file)
        expected = (*self._declared, *self._announced)
        await check_digests(file.path, expected, self.where, sha256=file.sha256)
        if expected or self._length_proven or self.is_whole:
            return
        kind = media_kind(file.head)
        if not await anyio.to_thread.run_sync(proves_end, self._request.partial, kind):
            raise faults.LENGTH_UNPROVEN.at(self.where)

    def _begin_anew(self) -> None:
        """Make the partial empty; the row goes first, so that it never speaks of other bytes."""
        self._forget()
        if self._file is not None:
            self._file.close()
        self._file = self._created()
        self._total, self._length_proven, self._judged = None, False, False
        self._announced = self._part = ()

    def _settle(self) -> None:
        """Count what may be continued from after an attempt."""
        resumable = self._file is not None and self._state is not None
        self.kept = self._file.size if resumable and self._file is not None else ByteCount(0)

    def _save(self, state: PartialState) -> None:
        self._states.save(self._request.partial, state)
        self._state, self._saved = state, True

    def _forget(self) -> None:
        self._state = None
        if self._saved:
            self._states.drop(self._request.partial)
            self._saved = False

    def _report(self) -> None:
        if self._on_progress is not None and self._file is not None:
            self._on_progress(Progress(self._file.size, self._total))
