"""What became of a request: every track in words, with its code and its file.

The JSON keys of a request, wherever a verb shows one: `id`, `partner`, `items`, `made_at`,
`state` (open, cancelling, cancelled, done), `tracks` (`id`, `title`, `outcome`, `hr`, `code`,
`file`, the last four null where there is none; `asked_again`: whether the track's URL expired,
so that the store was asked again) and `left_out` (`id`, `title`, `reason`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from partner_api.hresult import E_ABORT, E_FAIL, E_OUTOFMEMORY, E_UNEXPECTED, HRESULT
from partner_api.transaction import TrackState
from player_host.catalog.containers import LeftOut
from player_host.catalog.queries import CatalogQueries
from player_host.cli.outcome import ExitStatus, hr_to_json
from player_host.clock import SystemClock
from player_host.database import Database
from player_host.downloads.ledger import Ledger, RequestRow, TrackRow


class Outcome(StrEnum):
    """What became of a track, in the words in which it is shown."""

    DOWNLOADED = "downloaded"
    REFUSED = "refused"
    STORE_FAILED = "store failed"
    NO_LICENSE = "no licence"
    FAILED = "failed"
    UNDELIVERABLE = "not reported"
    VOID = "void"
    EXPIRED = "no answer"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    ACCEPTED = "accepted"


ASKED_AGAIN: Final = "expired; asked the store again"
"""What is said of a track whose URL was no longer good while bytes of it lay there."""

_FAILURES: Final = frozenset(
    {
        Outcome.STORE_FAILED,
        Outcome.NO_LICENSE,
        Outcome.FAILED,
        Outcome.UNDELIVERABLE,
        Outcome.VOID,
        Outcome.EXPIRED,
    }
)
_UNDONE: Final = frozenset({Outcome.CANCELLED, Outcome.WAITING, Outcome.ACCEPTED})

_PLAIN_OUTCOMES: Final = {
    TrackState.UNANSWERED: Outcome.WAITING,
    TrackState.ABANDONED: Outcome.WAITING,
    TrackState.ACCEPTED: Outcome.ACCEPTED,
    TrackState.FINISHED: Outcome.ACCEPTED,
    TrackState.COMPLETING: Outcome.ACCEPTED,
    TrackState.UNLICENSED: Outcome.NO_LICENSE,
    TrackState.UNDELIVERABLE: Outcome.UNDELIVERABLE,
    TrackState.VOID: Outcome.VOID,
    TrackState.EXPIRED: Outcome.EXPIRED,
    TrackState.CANCELLED: Outcome.CANCELLED,
}

_STORE_FAILURES: Final = frozenset(
    {
        E_FAIL,
        E_UNEXPECTED,
        E_OUTOFMEMORY,
        HRESULT.named("NS_E_WMP_SERVER_UNAVAILABLE"),
        HRESULT.named("NS_E_SUBSCRIPTIONSERVICE_DOWNLOAD_TIMEOUT"),
        HRESULT.named("NS_E_SUBSCRIPTIONSERVICE_LOGIN_FAILED"),
    }
)
"""Codes of a refusal that speak of the store's trouble, not of the account's rights."""


@frozen
class TrackReport:
    """One track of a request."""

    id: int
    title: str
    outcome: Outcome
    hr: HRESULT | None
    file: str | None
    """Relative to the Music folder."""
    asked_again: bool = False
    """Whether the track's URL expired, so that the store was asked again."""


@frozen
class RequestReport:
    """One request, as `download` and `downloads show` tell it."""

    request: RequestRow
    tracks: tuple[TrackReport, ...]
    left_out: tuple[tuple[LeftOut, str], ...] = field(default=())
    """Tracks that were not asked for, with their titles."""
    explanations: Mapping[HRESULT, str] = field(factory=dict)
    """What the partner says about the codes of its refusals (T1-DL-29)."""

    @property
    def counts(self) -> Counter[Outcome]:
        """How many tracks have each outcome."""
        return Counter(track.outcome for track in self.tracks)

    @property
    def status(self) -> ExitStatus:
        """The exit status that this request leads to."""
        outcomes = set(self.counts)
        if outcomes & _FAILURES:
            return ExitStatus.FAILED
        return ExitStatus.PARTIAL if outcomes & _UNDONE else ExitStatus.DONE

    @property
    def refusal_codes(self) -> tuple[HRESULT, ...]:
        """The codes with which the partner refused tracks, each once."""
        refused = {Outcome.REFUSED, Outcome.STORE_FAILED}
        codes = (t.hr for t in self.tracks if t.outcome in refused and t.hr is not None)
        return tuple(dict.fromkeys(codes))

    def to_json(self) -> dict[str, Any]:
        """Return the documented keys."""
        return request_to_json(self.request) | {
            "tracks": [_track_to_json(track) for track in self.tracks],
            "left_out": [
                {"id": one.track_id, "title": title, "reason": one.reason}
                for one, title in self.left_out
            ],
            "explanations": {hr.name: text for hr, text in self.explanations.items()},
        }


def outcome_of(state: TrackState, hr: HRESULT | None) -> Outcome:
    """Return the word for a track in this state with this code."""
    if state is TrackState.REFUSED:
        return refusal_outcome(hr)
    if state is not TrackState.COMPLETED:
        return _PLAIN_OUTCOMES[state]
    return completion_outcome(hr)


def completion_outcome(hr: HRESULT | None) -> Outcome:
    """Return the word for a track whose completion reports this code."""
    if hr is None or hr.succeeded:
        return Outcome.DOWNLOADED
    return Outcome.CANCELLED if hr == E_ABORT else Outcome.FAILED


def refusal_outcome(hr: HRESULT | None) -> Outcome:
    """Return the word for a track that the partner answered with this failure code."""
    return Outcome.STORE_FAILED if hr in _STORE_FAILURES else Outcome.REFUSED


def worst(statuses: Sequence[ExitStatus]) -> ExitStatus:
    """Return the status for several requests: failed before partly done before done."""
    order = (ExitStatus.FAILED, ExitStatus.PARTIAL)
    return next((status for status in order if status in statuses), ExitStatus.DONE)


def report_request(
    database: Database, request_id: int, left_out: Sequence[LeftOut] = ()
) -> RequestReport:
    """Read what the ledger, the library and the catalogue know of a request.

    Raises:
        UsageError: there is no request with this number.
    """
    ledger = Ledger(database, SystemClock())
    request = ledger.request(request_id)
    rows = ledger.track_rows(request_id)
    files = _files(database, request_id)
    ids = [row.track_id for row in rows] + [one.track_id for one in left_out]
    titles = titles_of(database, request.partner, ids)
    tracks = tuple(_track_report(row, titles, files) for row in rows)
    named = tuple((one, titles.get(one.track_id, "")) for one in left_out)
    return RequestReport(request, tracks, named)


def outcomes_of_requests(database: Database) -> dict[int, Counter[Outcome]]:
    """Return how many tracks have each outcome, for every request that has tracks."""
    rows = database.rows(
        "SELECT x.request_id, t.standing, t.hr, count(*) AS n FROM tracks t"
        " JOIN transactions x ON x.id = t.transaction_id"
        " WHERE t.reopened_in IS NULL GROUP BY x.request_id, t.standing, t.hr"
    )
    counts: dict[int, Counter[Outcome]] = {}
    for row in rows:
        hr = None if row["hr"] is None else HRESULT(row["hr"])
        outcome = outcome_of(TrackState(row["standing"]), hr)
        counts.setdefault(row["request_id"], Counter())[outcome] += row["n"]
    return counts


def counts_text(counts: Counter[Outcome]) -> str:
    """Return how many tracks have which outcome, the most frequent first; "" for none."""
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())


def titles_of(database: Database, partner: str, track_ids: Sequence[int]) -> dict[int, str]:
    """Return the titles of those tracks that the installed catalogue knows."""
    found = CatalogQueries(database).tracks_by_id(partner, track_ids)
    return {track_id: track.title for track_id, track in found.items()}


def request_to_json(request: RequestRow) -> dict[str, Any]:
    """Return the keys that a request has without its tracks."""
    return {
        "id": request.id,
        "partner": request.partner,
        "items": request.items,
        "made_at": request.made_at,
        "state": request.state,
    }


def _track_report(row: TrackRow, titles: dict[int, str], files: dict[int, str]) -> TrackReport:
    outcome = outcome_of(row.state, row.hr)
    title, file = titles.get(row.track_id, ""), files.get(row.track_id)
    return TrackReport(row.track_id, title, outcome, row.hr, file, row.asked_again)


def _track_to_json(track: TrackReport) -> dict[str, Any]:
    return {
        "id": track.id,
        "title": track.title or None,
        "outcome": track.outcome.value,
        **hr_to_json(track.hr),
        "file": track.file,
        "asked_again": track.asked_again,
    }


def _files(database: Database, request_id: int) -> dict[int, str]:
    rows = database.rows(
        "SELECT t.track_id, i.source_path FROM tracks t"
        " JOIN transactions x ON x.id = t.transaction_id"
        " JOIN library_items i ON i.id = t.library_id"
        " WHERE x.request_id = ? AND t.reopened_in IS NULL",
        (request_id,),
    )
    return {row["track_id"]: row["source_path"] for row in rows}
