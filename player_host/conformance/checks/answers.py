"""Clauses about `Download` and the answers that it owes (T1-DL)."""

from collections import Counter

from partner_api.calls import (
    Download,
    DownloadTrack,
    Faulted,
    GetItemInfo,
    InfoReturned,
    Predeliver,
)
from partner_api.enums import ItemInfo
from partner_api.transaction import TrackState, is_usable_url
from player_host.conformance.clauses import (
    Findings,
    broken,
    clause,
    judged,
    kept,
    listed,
    still_open,
)
from player_host.conformance.conversation import Answer, Conversation, DownloadTalk


@clause("T1-DL-07")
def every_track_is_answered_once(talk: Conversation) -> Findings:
    """None is left out, and none is answered more often than it is listed."""
    for answer in talk.answers:
        violation = answer.said.violation
        if violation is not None and violation.clause == "T1-DL-07":
            yield broken(answer, f"{violation.what}")
        elif answer.before is TrackState.UNANSWERED:
            yield kept(answer)
    for download in _owing(talk):
        yield from _omitted(talk, download, download.unanswered)


@clause("T1-DL-08")
def a_track_that_is_not_to_be_downloaded_is_answered_too(talk: Conversation) -> Findings:
    """With a failure code, as one whose licence the licence store did not take."""
    refused = talk.numbers("refused")
    for answer in talk.answers:
        call = answer.exchange.call
        if not isinstance(call, DownloadTrack) or answer.before is not TrackState.UNANSWERED:
            continue
        if call.track_id in refused:
            what = f"track {call.track_id} is not to be downloaded, and got a success code"
            yield judged(answer, call.hr.failed, what)
        elif call.hr.failed:
            yield kept(answer)
    for download in _owing(talk):
        denied = refused | _unlicensed(talk, download) if download.unanswered else refused
        yield from _omitted(talk, download, [t for t in download.unanswered if t in denied])


@clause("T1-DL-09")
def an_answer_carries_the_cookie_of_its_download(talk: Conversation) -> Findings:
    """Unchanged."""
    for answer in talk.answers:
        violation = answer.said.violation
        stale = violation is not None and violation.clause == "T1-DL-09"
        if answer.talk is None and not talk_is_over(answer):
            yield broken(answer, f"no download of this session has the cookie {answer.cookie}")
        elif stale:
            yield broken(answer, f"the cookie {answer.cookie} was known to an earlier instance")
        elif (owner := _owner(talk, answer)) is not None:
            yield broken(answer, f"it is the download {owner.cookie} that waits for this track")
        elif answer.talk is not None:
            yield kept(answer)


@clause("T1-DL-10")
def an_answer_names_a_track_of_the_list(talk: Conversation) -> Findings:
    """By the content ID that the container reported."""
    for answer in talk.answers:
        if answer.talk is not None:
            what = f"track {answer.track_id} is not in the list of cookie {answer.cookie}"
            yield judged(answer, answer.before is not None, what)


@clause("T1-DL-11")
def a_grant_has_the_url_of_the_file(talk: Conversation) -> Findings:
    """An absolute http or https URL (T1-DL-48)."""
    for answer in talk.answers:
        grant = answer.grant
        if grant is not None:
            found = "no URL" if not grant.url else "a URL that is not absolute http or https"
            what = f"track {grant.track_id} got a success code with {found}"
            yield judged(answer, is_usable_url(grant.url), what)


@clause("T1-DL-17")
def a_licence_comes_before_the_grant(talk: Conversation) -> Findings:
    """Delivered to the licence store, before the answer (T1-DL-33)."""
    for answer in talk.answers:
        grant = answer.grant
        if grant is not None and answer.before is TrackState.UNANSWERED:
            what = f"track {grant.track_id} got a success code before its licence was delivered"
            yield judged(answer, answer.licensed, what)


@clause("T1-DL-29")
def the_partner_has_words_for_its_failure_codes(talk: Conversation) -> Findings:
    """It answers `GetItemInfo` with the description of a code that it gave."""
    given = {
        answer.exchange.call.hr
        for answer in talk.answers
        if isinstance(answer.exchange.call, DownloadTrack) and answer.exchange.call.hr.failed
    }
    for exchange in talk.of(GetItemInfo):
        call, returned = exchange.call, exchange.returned
        assert isinstance(call, GetItemInfo)
        if call.info_name != ItemInfo.ERROR_DESCRIPTION or call.context.value not in given:
            continue
        if returned is None or exchange.was_lost:
            continue
        said = isinstance(returned, InfoReturned) and bool(returned.data.value)
        yield judged(exchange, said, f"it has no description of its own code {call.context.value}")


@clause("T1-DL-35")
def a_failed_download_is_void(talk: Conversation) -> Findings:
    """No answer comes after `Download` returned a failure code."""
    for download in talk.downloads:
        if not _failed(download) or isinstance(download.exchange.returned, Faulted):
            continue
        ended = download.exchange.ended_line or 0
        late = [one for one in download.answers if one.exchange.number > ended]
        for answer in late:
            yield broken(answer, "an answer came although `Download` had failed")
        if not late:
            yield kept(download)


@clause("T1-DL-39")
def a_track_that_is_listed_again_is_answered_again_at_most(talk: Conversation) -> Findings:
    """Once at least, and at most once for each occurrence."""
    for download in talk.downloads:
        for track in download.machine:
            if track.occurrences > 1 and track.answers:
                what = (
                    f"track {track.track_id} is listed {track.occurrences} times and was answered"
                    f" {track.answers} times"
                )
                if track.answers <= track.occurrences:
                    yield kept(download, track.track_id)
                else:
                    yield broken(download.answers[-1], what, track.track_id)


@clause("T1-DL-47")
def no_list_is_a_bad_argument_and_an_empty_one_is_none(talk: Conversation) -> Findings:
    """`Download` answers a failure code to no list, a success code to a list without tracks."""
    for exchange in talk.of(Download):
        call, hr = exchange.call, exchange.hr
        assert isinstance(call, Download)
        if hr is None or isinstance(exchange.returned, Faulted):
            continue
        if call.container_list is None:
            yield judged(exchange, hr.failed, f"`Download` without a list returned {hr.name}")
        elif not any(True for container in call.container_list for _ in container):
            yield judged(exchange, hr.succeeded, f"a list without tracks was answered {hr.name}")


@clause("T1-DL-54")
def without_a_login_every_track_is_refused(talk: Conversation) -> Findings:
    """Where nobody is signed in."""
    if talk.facts.get("signed_in") is not False:
        return
    for answer in talk.answers:
        call = answer.exchange.call
        if isinstance(call, DownloadTrack):
            what = f"track {call.track_id} got a success code though nobody is signed in"
            yield judged(answer, call.hr.failed, what)


@clause("T1-DL-55")
def what_the_player_refused_is_not_repeated(talk: Conversation) -> Findings:
    """A failure code from `DownloadTrack` settles the track for the partner too."""
    for download in talk.downloads:
        refused: set[int | None] = set()
        for answer in download.answers:
            if answer.track_id in refused:
                yield broken(answer, f"track {answer.track_id} was answered again after a failure")
            elif answer.exchange.hr is not None and answer.exchange.hr.failed:
                refused.add(answer.track_id)
                yield kept(answer)


def talk_is_over(answer: Answer) -> bool:
    """Whether an answer came after the callback was taken away: another clause's business."""
    violation = answer.said.violation
    return violation is not None and violation.clause == "T1-LIFE-04"


def _owner(talk: Conversation, answer: Answer) -> DownloadTalk | None:
    """Return the other download that lacks an answer which is wrong for the one it names.

    A repeated answer is another download's only where that one had its time and never got it.
    """
    violation = answer.said.violation
    if violation is None or violation.clause not in {"T1-DL-07", "T1-DL-10"}:
        return None
    others = (
        download
        for download in talk.downloads
        if download is not answer.talk
        and download.exchange.life == answer.exchange.life
        and download.exchange.number < answer.exchange.number
        and answer.track_id in download.unanswered
        and (violation.clause == "T1-DL-10" or _had_its_time(talk, download))
    )
    return next(others, None)


def _owing(talk: Conversation) -> list[DownloadTalk]:
    """Return the downloads that owe answers: those that did not fail."""
    return [d for d in talk.downloads if not _failed(d)]


def _failed(download: DownloadTalk) -> bool:
    hr = download.exchange.hr
    return hr is not None and hr.failed and not download.exchange.was_lost


def _unlicensed(talk: Conversation, download: DownloadTalk) -> set[int]:
    """Return the tracks whose licences were not taken since a download began.

    A delivery does not say for which download it is: one that was taken counts for another
    download that has granted the track meanwhile.
    """
    refused: set[int] = set()
    taken: Counter[int] = Counter()
    begun = download.exchange.number
    for exchange in talk.of(Predeliver):
        call, hr = exchange.call, exchange.hr
        assert isinstance(call, Predeliver)
        if exchange.number < begun or exchange.life != download.exchange.life or hr is None:
            continue
        if hr.failed:
            refused.add(call.license.content_id)
        else:
            taken[call.license.content_id] += 1
    for answer in talk.answers:
        if answer.grant is not None and answer.exchange.number > begun:
            taken[answer.grant.track_id] -= 1
    return {track_id for track_id in refused if taken[track_id] <= 0}


def _had_its_time(talk: Conversation, download: DownloadTalk) -> bool:
    """Whether what a download never got is the plug-in's omission."""
    return download.died or talk.is_overdue(download)


def _omitted(talk: Conversation, download: DownloadTalk, tracks: list[int]) -> Findings:
    """Yield what is to be said of tracks that never got an answer."""
    if not tracks:
        return
    count = f"{len(tracks)} of {len(download.machine)} tracks were never answered"
    if _had_its_time(talk, download):
        for track_id in tracks:
            yield broken(download, f"{count}: {listed(tracks)}", track_id)
        return
    if not talk.complete:
        why = f"{count} before the conversation ended: {listed(tracks)}"
        yield still_open(download, why, tracks[0])
