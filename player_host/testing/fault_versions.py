"""Faults about which bytes of which version an answer holds: ranges, validators, digests."""

from collections.abc import Callable
from email.utils import format_datetime
from typing import Final

from attrs import evolve

from player_host.testing.fault_drafts import (
    Answer,
    Case,
    Draft,
    Ending,
    digest_value,
    unsatisfied,
)
from player_host.testing.fault_kinds import FaultKind

NONSENSE: Final = {
    "words": "bytes some of it",
    "reversed": "bytes {last}-{first}/{size}",
    "unknown-total": "bytes {first}-{last}/*",
    "other-unit": "frames {first}-{last}/{size}",
}


def _range_shifted(case: Case) -> Answer:
    body, first, by = case.file.body, case.sound.first, max(case.fault.by, 1)
    shifted = max(first - by, 0) if first else min(by, len(body) - 1)
    return case.part(body, shifted).faulty()


def _range_wrong_total(case: Case) -> Answer:
    told = case.sound.headers["Content-Range"].rpartition("/")[0]
    total = len(case.file.body) + max(case.fault.by, 1)
    return case.sound.having(Content_Range=f"{told}/{total}").faulty()


def _range_nonsense(case: Case) -> Answer:
    if case.fault.shape == "missing":
        return case.sound.lacking("Content-Range").faulty()
    first, size = case.sound.first, len(case.file.body)
    told = NONSENSE[case.fault.shape].format(first=first, last=size - 1, size=size)
    if told == case.sound.headers["Content-Range"]:
        told = NONSENSE["words"]  # the last byte alone is the same range backwards
    return case.sound.having(Content_Range=told).faulty()


def _range_spliced(case: Case) -> Answer:
    draft = case.part(case.file.next_body, case.sound.first)
    return draft.lacking("ETag", "Last-Modified", "Repr-Digest").faulty()


def _range_forged(case: Case) -> Answer:
    return case.part(case.file.next_body, case.sound.first).faulty()


def _range_ignored(case: Case) -> Answer:
    headers = {k: v for k, v in case.sound.headers.items() if k != "Content-Range"}
    body = case.file.body
    return Draft(200, {**headers, "Content-Length": str(len(body))}, body).faulty()


def _if_range_ignored(case: Case) -> Answer:
    modified = format_datetime(case.file.next_modified, usegmt=True)
    draft = _next_version(case).having(Last_Modified=modified)
    return evolve(draft.faulty(), changes_file=True)


def _if_range_ignored_same_time(case: Case) -> Answer:
    return evolve(_next_version(case).faulty(), changes_file=True)


def _next_version(case: Case) -> Draft:
    draft = case.part(case.file.next_body, case.sound.first, ETag=case.file.next_etag)
    return draft.lacking("Repr-Digest")


def _unasked(case: Case) -> Answer:
    return case.part(case.file.body, case.sound.first).faulty()


def _validators(change: Callable[[Draft], Draft]) -> Callable[[Case], Answer]:
    def make(case: Case) -> Answer:
        cut = change(case.sound).ended(case.fault.at, Ending.CLOSE)
        return evolve(cut, provoked=True)

    return make


def _file_changes(case: Case) -> Answer:
    cut = case.sound.ended(case.fault.at, Ending.CLOSE)
    return evolve(cut, changes_file=True, provoked=True)


def _body_spliced(case: Case) -> Answer:
    sound, at = case.sound, case.fault.at
    rest = case.file.next_body[sound.first + at : sound.first + len(sound.body)]
    spliced = evolve(sound, body=sound.body[:at] + rest)
    return evolve(spliced.faulty(), changes_file=True, provoked=bool(rest))


def _wrong_digest(case: Case) -> Answer:
    name = case.fault.shape
    wrong = digest_value(name, case.file.next_body)
    return evolve(case.sound, headers={**case.sound.headers, name: wrong}).faulty()


def _range_refused(case: Case) -> Answer:
    return unsatisfied(case.sound, len(case.file.body)).faulty()


VERSION_MAKERS: Final[dict[FaultKind, Callable[[Case], Answer]]] = {
    FaultKind.RANGE_SHIFTED: _range_shifted,
    FaultKind.RANGE_WRONG_TOTAL: _range_wrong_total,
    FaultKind.RANGE_NONSENSE: _range_nonsense,
    FaultKind.RANGE_SPLICED: _range_spliced,
    FaultKind.RANGE_FORGED: _range_forged,
    FaultKind.RANGE_IGNORED: _range_ignored,
    FaultKind.RANGE_REFUSED: _range_refused,
    FaultKind.RANGE_UNASKED: _unasked,
    FaultKind.IF_RANGE_IGNORED: _if_range_ignored,
    FaultKind.IF_RANGE_IGNORED_SAME_TIME: _if_range_ignored_same_time,
    FaultKind.ETAG_WEAK: _validators(lambda draft: draft.having(ETag=f"W/{draft.headers['ETag']}")),
    FaultKind.ETAG_CHANGED: _validators(lambda draft: draft.having(ETag='"another"')),
    FaultKind.ETAG_MISSING: _validators(lambda draft: draft.lacking("ETag", "Last-Modified")),
    FaultKind.LAST_MODIFIED_ONLY: _validators(lambda draft: draft.lacking("ETag")),
    FaultKind.FILE_CHANGES: _file_changes,
    FaultKind.BODY_SPLICED: _body_spliced,
    FaultKind.WRONG_DIGEST: _wrong_digest,
}
