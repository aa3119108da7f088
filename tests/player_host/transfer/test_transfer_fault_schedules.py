"""Whatever a store does wrong: the exact bytes or a named error, after few requests.

`FAULT_SCHEDULES` says how many schedules the long test draws; without it, it is left out:

    FAULT_SCHEDULES=5000 pytest -m long tests/player_host/transfer/test_transfer_fault_schedules.py
"""

import hashlib
import itertools
import os
from contextlib import contextmanager
from datetime import UTC, datetime

import anyio
import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from player_host.clock import ManualClock
from player_host.errors import TransferError
from player_host.settings import NetworkClass
from player_host.testing.fault_store import (
    KINDS,
    Ending,
    Fault,
    FaultKind,
    FaultSchedule,
    SentAnswer,
    fault_store,
)
from player_host.transfer import (
    TRACK_POLICY,
    TransferRequest,
    TransferRoom,
    VerifiedPartial,
    native,
)
from player_host.transfer.policy import COUNTED_PROGRESS
from player_host.units import ByteCount, Seconds

ROUNDS = int(os.environ.get("FAULT_SCHEDULES", "0"))
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HANG_S = 120.0
SIZE = ByteCount(100_000)
IMPATIENT = evolve(
    TRACK_POLICY,
    connect_timeout=Seconds(5),
    read_timeout=Seconds(0.15),
    patience=Seconds(0.3),
    max_size=ByteCount(1024 * 1024),
    backoff=Seconds(0.001),
    longest_backoff=Seconds(0.004),
)
PATIENT = evolve(IMPATIENT, read_timeout=Seconds(30), patience=Seconds(60))
WAYS = ["sockets", "threads", "httpx"]
"""The fast transport on the event loop, the same on threads, and what takes its place."""

QUIET = {FaultKind.STALL, FaultKind.TRICKLE, FaultKind.SILENCE}


@frozen
class Ended:
    """How one fetch ended, what had been sent by then, and which bodies are right."""

    result: VerifiedPartial | TransferError
    answers: tuple[SentAnswer, ...]
    versions: tuple[bytes, ...]

    def should_be_right(self, requests):
        """The exact bytes, or an error that has a name; never more requests than the policy has."""
        assert len(self.answers) <= requests
        if isinstance(self.result, TransferError):
            assert self.result.hr.failed
            assert self.result.what
            return
        body = self.result.path.read_bytes()
        assert body in self.versions
        assert self.result.sha256 == hashlib.sha256(body).hexdigest()
        assert self.result.size == len(body)


@pytest.fixture
def fetching(database, tmp_path):
    """Fetches from a store with a schedule, as often as told, into the same partial file."""
    paths = (tmp_path / f"{number}.partial" for number in itertools.count())

    async def fetched(request, policy, clock):
        async with TransferRoom(database, clock) as room:
            with anyio.fail_after(HANG_S):
                try:
                    return await room.fetch(request, policy)
                except TransferError as error:
                    return error

    def fetch(schedule, policy=IMPATIENT, times=1, way="sockets"):
        partial, clock = next(paths), ManualClock(NOW)
        with fault_store(schedule, clock=clock) as store, going(way):
            request = TransferRequest(store.url(), partial, NetworkClass.LOOPBACK, True)
            for _ in range(times):
                result = anyio.run(fetched, request, policy, clock)
                if isinstance(result, VerifiedPartial):
                    break
            return Ended(result, store.answers(), store.versions)

    return fetch


@contextmanager
def going(way):
    """Have what is fetched meanwhile come in one of the ways."""
    with pytest.MonkeyPatch.context() as patch:
        if way == "threads":
            patch.setattr(native, "ON_A_THREAD_FROM", 2_000)
        if way == "httpx":
            patch.setattr(native, "is_possible", lambda: False)
        yield


@st.composite
def schedules(draw):
    digests = draw(st.booleans())
    return FaultSchedule.chosen(lambda low, high: draw(st.integers(low, high)), digests=digests)


def most_requests(size, times=1):
    """What the policy permits: progress gives new attempts, redirects are followed."""
    rounds = 1 + size // COUNTED_PROGRESS
    # A digest that does not match is fetched once more from the first byte.
    return times * ((rounds + 1) * IMPATIENT.attempts + IMPATIENT.redirects)


def policy_for(kind):
    """Waiting is what some faults are about; the others are not to be taken for those."""
    return IMPATIENT if kind in QUIET else PATIENT


def met(kind, fault):
    """A schedule in which a request meets a fault, with what makes it ask for the rest."""
    before = (Fault(FaultKind.CUT, at=ByteCount(3_000)),) if KINDS[kind].needs_range else ()
    return FaultSchedule((*before, fault), size=SIZE, digests=KINDS[kind].needs_digest)


def every_fault():
    return [
        pytest.param(
            Fault(kind, at=ByteCount(2_000), by=by, word=word), id=f"{kind}{word and '-'}{word}"
        )
        for kind in KINDS
        for by in [KINDS[kind].by[0] if KINDS[kind].by else 0]
        for word in KINDS[kind].words or ("",)
    ]


def judged(fetching, schedule, way):
    note(schedule.to_json())
    ended = fetching(schedule, times=2, way=way)
    ended.should_be_right(most_requests(schedule.size, times=2))


@given(schedule=schedules(), way=st.sampled_from(WAYS))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_schedule_of_faults_ends_with_the_exact_bytes_or_a_named_error(
    fetching, schedule, way
):
    judged(fetching, schedule, way)


@pytest.mark.long
@pytest.mark.skipif(not ROUNDS, reason="FAULT_SCHEDULES says how many")
@given(schedule=schedules(), way=st.sampled_from(WAYS))
@settings(
    max_examples=max(ROUNDS, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_thousands_of_schedules_end_with_the_exact_bytes_or_a_named_error(fetching, schedule, way):
    judged(fetching, schedule, way)


@pytest.mark.parametrize("fault", every_fault())
@pytest.mark.parametrize(
    "way", ["sockets", *(pytest.param(way, marks=pytest.mark.long) for way in WAYS[1:])]
)
def test_a_fault_is_met_and_ends_with_the_exact_bytes_or_a_named_error(fetching, fault, way):
    ended = fetching(met(fault.kind, fault), policy_for(fault.kind), way=way)
    assert [answer.fault for answer in ended.answers if answer.provoked][-1] == fault
    ended.should_be_right(most_requests(SIZE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_never_gets_sound_is_given_up_after_a_bounded_number_of_requests(
    fetching, kind
):
    fault = met(kind, Fault(kind, at=ByteCount(2_000), by=5))
    ended = fetching(evolve(fault, again=True))
    ended.should_be_right(most_requests(SIZE))


@pytest.mark.parametrize("size", [64, 5_000, 300_000])
def test_a_sound_store_is_asked_once(fetching, size):
    ended = fetching(FaultSchedule(size=ByteCount(size)), PATIENT)
    assert ended.result.path.read_bytes() == ended.versions[0]
    assert [(sent.fault, sent.ending) for sent in ended.answers] == [(None, Ending.KEEP)]


@pytest.mark.parametrize("kind", ["cut", "reset", "half-close", "chunked-cut"])
def test_the_bytes_before_a_broken_connection_are_not_asked_for_again(fetching, kind):
    ended = fetching(met(kind, Fault(FaultKind(kind), at=ByteCount(2_000))), PATIENT)
    assert ended.answers[1].request.headers["range"] == "bytes=2000-"
    assert ended.result.path.read_bytes() == ended.versions[0]


def test_a_file_that_changes_is_fetched_whole_in_its_new_version(fetching):
    changes = FaultSchedule((Fault(FaultKind.FILE_CHANGES, at=ByteCount(2_000)),), size=SIZE)
    ended = fetching(changes, PATIENT)
    assert ended.result.path.read_bytes() == ended.versions[1] != ended.versions[0]


def test_a_part_whose_tag_differs_from_that_of_the_part_before_is_not_appended(fetching):
    stamped = Fault(FaultKind.LAST_MODIFIED_ONLY, at=ByteCount(1_000))
    tagged = Fault(FaultKind.CUT, at=ByteCount(1_000))
    changed = Fault(FaultKind.IF_RANGE_IGNORED_SAME_TIME)
    ended = fetching(FaultSchedule((stamped, tagged, changed), size=SIZE), PATIENT)
    ended.should_be_right(most_requests(SIZE))
