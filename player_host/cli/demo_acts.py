"""The acts of the demo: what is asked of which partner, and what has to come of it."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from partner_api.calls import Download, DownloadTrack, DownloadTrackComplete, Predeliver
from player_host.cli.reports import Outcome, RequestReport, TrackReport
from player_host.conformance.reports.calls import call_text, caller, return_text
from player_host.conformance.reports.lines import Line
from player_host.transcript import Called, Entry, Returned

PROSEWARE: Final = "proseware"
CARELESS: Final = "sample_partners.miniatures.careless:Careless"

Expected = Mapping[int, tuple[Outcome, str]]

_DOWNLOADED: Final = (Outcome.DOWNLOADED, "S_OK")
_TO_BE_BOUGHT: Final = (Outcome.REFUSED, "NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")
_ALBUM_TO_BE_BOUGHT: Final = (Outcome.REFUSED, "NS_E_TRACK_DOWNLOAD_REQUIRES_ALBUM_PURCHASE")
_NO_LICENSE: Final = (Outcome.NO_LICENSE, "NS_E_WMP_DRM_LICENSE_NOTACQUIRED")


@frozen
class Act:
    """One act.

    Attributes:
        title: what it shows.
        partner: who is asked.
        item: what for.
        expected: the outcome and the code of every track that is asked for.
        left_out: tracks that are not asked for.
        shown: the tracks whose conversation is shown.
        remark: what to look at.
    """

    title: str
    partner: str
    item: str
    expected: Expected
    shown: tuple[int, ...]
    remark: str
    left_out: frozenset[int] = field(default=frozenset())


ACTS: Final = (
    Act(
        title="An album that the account owns",
        partner=PROSEWARE,
        item="album:7",
        expected=dict.fromkeys(range(701, 713), _DOWNLOADED),
        shown=tuple(range(701, 713)),
        remark="Each track: a licence first, then the answer with a URL; when the file is in\n"
        "the library, the partner is told, with its own params. Numbers are the order of events.",
    ),
    Act(
        title="A list of which the store refuses a part",
        partner=PROSEWARE,
        item="list:3",
        expected={
            203: _DOWNLOADED,
            301: _DOWNLOADED,
            302: _DOWNLOADED,
            701: _DOWNLOADED,
            601: _ALBUM_TO_BE_BOUGHT,
            802: _TO_BE_BOUGHT,
            804: _TO_BE_BOUGHT,
        },
        left_out=frozenset({1002}),
        shown=(203, 301, 302, 701, 601, 802, 804),
        remark="A failure code settles a track: nothing is transferred, no completion follows.",
    ),
    Act(
        title="A careless partner: a URL, but no licence",
        partner=CARELESS,
        item="track:703",
        expected={703: _NO_LICENSE},
        shown=(703,),
        remark="The partner says S_OK without a licence. The Player answers with the licence\n"
        "code and transfers nothing (T1-DL-17).",
    ),
)


def deviations(act: Act, report: RequestReport) -> list[str]:
    """Return what came out otherwise than it has to, one sentence each."""
    found = {track.id: (track.outcome, _code(track)) for track in report.tracks}
    wrong = [
        f"track {track_id}: expected {_words(act.expected.get(track_id))},"
        f" found {_words(found.get(track_id))}"
        for track_id in sorted(act.expected.keys() | found.keys())
        if act.expected.get(track_id) != found.get(track_id)
    ]
    left_out = frozenset(one.track_id for one, _ in report.left_out)
    if left_out != act.left_out:
        wrong.append(f"left out: expected {sorted(act.left_out)}, found {sorted(left_out)}")
    wrong += [
        f"track {track.id}: it is downloaded and has no file"
        for track in report.tracks
        if track.outcome is Outcome.DOWNLOADED and track.file is None
    ]
    return wrong


def excerpts(entries: list[Entry], track_ids: tuple[int, ...]) -> tuple[Line, ...]:
    """Return the calls that opened a download, or that are about these tracks, with their ends.

    Args:
        entries: of one session, in order.
        track_ids: in the order in which they are shown.
    """
    ends = {entry.of: entry.returned for entry in entries if isinstance(entry, Returned)}
    lines = []
    for wanted in (None, *track_ids):
        for entry in entries:
            if isinstance(entry, Called) and _subject(entry) == (True, wanted):
                answer = return_text(ends[entry.number]) if entry.number in ends else ""
                text = call_text(entry.call)
                lines.append(Line(entry.number, entry.at, caller(entry.call), text, answer))
    return tuple(lines)


def _subject(entry: Called) -> tuple[bool, int | None]:
    """Return whether a call belongs to a download, and its track, if it is about one."""
    match entry.call:
        case Download():
            return True, None
        case DownloadTrack() as call:
            return True, call.track_id
        case DownloadTrackComplete() as call:
            return True, call.track_id
        case Predeliver() as call:
            return True, call.license.content_id
        case _:
            return False, None


def _code(track: TrackReport) -> str:
    return "" if track.hr is None else track.hr.name


def _words(outcome: tuple[Outcome, str] | None) -> str:
    return "nothing" if outcome is None else f"{outcome[0]} ({outcome[1]})"
