"""Cancelling reports E_ABORT for exactly the accepted tracks, also across a kill."""

import pytest

pytestmark = pytest.mark.long

ALBUM = "album:1"
TRACKS = set(range(101, 109))
ABORTED = 0x80004004


def aborted(kill_home):
    """The keys that were completed, all of them with E_ABORT and once."""
    completions = kill_home.completions()
    assert {e.args["hr"] for seen in completions.values() for e in seen} <= {"E_ABORT"}
    return set(completions)


def accepted_by_partner(kill_home):
    return {e.key for e in kill_home.journal.entries("DownloadTrack") if e.result == "S_OK"}


def finds_nothing_brought(kill_home, judge):
    assert kill_home.count("library_items") == 0
    assert kill_home.request_states() == ["cancelled"]
    judge.finds_nothing_left(kill_home)


@pytest.mark.requirement("T1-DL-53")
def test_cancelling_during_the_transfers_completes_each_with_e_abort(kill_home, kill_store, judge):
    kill_store.set_fault("slow", value=4_000)
    kill_home.run("cancel", "accepted", "8", ALBUM)
    assert aborted(kill_home) == accepted_by_partner(kill_home)
    assert len(aborted(kill_home)) == 8
    finds_nothing_brought(kill_home, judge)


@pytest.mark.requirement("T1-DL-53", "T1-DL-34")
def test_cancelling_before_an_answer_completes_nothing(kill_home, judge):
    kill_home.run("cancel", "unanswered", "8", ALBUM)
    assert aborted(kill_home) == set()
    finds_nothing_brought(kill_home, judge)


@pytest.mark.requirement("T1-DL-53")
def test_cancelling_after_the_end_changes_nothing(kill_home, judge):
    kill_home.run("cancel", "completed", "8", ALBUM)
    judge.finds_all_in_order(kill_home, TRACKS)


@pytest.mark.requirement("T1-DL-53")
@pytest.mark.parametrize("point", ["cancelling noted:1", "cancelling stepped:1"])
def test_a_cancelling_that_was_cut_short_is_carried_out_by_the_next_start(
    kill_home, kill_store, judge, point
):
    kill_store.set_fault("slow", value=4_000)
    kill_home.run_until_cut(point, "cancel", "accepted", "8", ALBUM)
    assert kill_home.request_states() == ["cancelling"]
    # The kill may come between the commit of an answer and its way back to the plug-in.
    accepted = {t.key for t in kill_home.tracks() if t.state in {"accepted", "finished"}}
    assert len(accepted) == 8
    assert accepted_by_partner(kill_home) <= accepted
    kill_home.run("activate-and-wait")
    assert aborted(kill_home) == accepted
    assert {t.hr for t in kill_home.tracks()} == {ABORTED}
    finds_nothing_brought(kill_home, judge)


@pytest.mark.requirement("T1-DL-53")
def test_a_cancelled_request_that_nobody_answered_is_not_asked_for_again(kill_home, judge):
    kill_home.run_until_cut("in Download:1", "download", ALBUM)
    kill_home.mark_cancelling()
    kill_home.run("activate-and-wait")
    assert kill_home.journal.entries("Download") == []
    finds_nothing_brought(kill_home, judge)
