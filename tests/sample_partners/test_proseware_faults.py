"""How faults are written, and which of several is shown."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_partners.proseware.faults import MAX_FAULTS, BadFault, Fault, Faults


@pytest.fixture
def faults():
    return Faults()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("404", Fault("404", 0)),
        ("503=4", Fault("503", 4)),
        ("701:html", Fault("html", 0, 701)),
        ("0:short", Fault("short", 1, 0)),
        ("long=12", Fault("long", 12)),
        ("drop-after=1000", Fault("drop-after", 1_000)),
        ("slow=50*1", Fault("slow", 50)),
    ],
)
def test_a_text_gives_its_fault(faults, text, fault):
    faults.add(text)

    assert faults.take(fault.track_id or 0) == fault


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "200", "302", "404=", "404*", "x:404", "slow", "drop-after", "404 ", "-1:404"],
)
def test_what_is_no_fault_is_refused(faults, text):
    with pytest.raises(BadFault):
        faults.add(text)


@given(st.text(max_size=40))
def test_no_text_does_worse_than_being_refused(text):
    faults = Faults()
    with suppress(BadFault):
        faults.add(text)

    shown = faults.take(701)
    assert shown is None or shown.track_id in {None, 701}


def test_a_track_without_a_fault_shows_none(faults):
    faults.add("702:404")

    assert faults.take(701) is None


def test_a_fault_shows_as_often_as_it_says_and_then_no_more(faults):
    faults.add("404*2")

    assert [faults.take(701) is not None for _ in range(4)] == [True, True, False, False]


def test_a_tracks_own_fault_goes_before_one_of_all(faults):
    faults.add("500")
    faults.add("701:404")

    assert faults.take(701).kind == "404"
    assert faults.take(702).kind == "500"


def test_faults_that_are_used_up_make_way_for_later_ones(faults):
    faults.add("701:404*1")
    faults.add("701:500*1")

    assert [faults.take(701).kind for _ in range(2)] == ["404", "500"]


def test_clearing_switches_all_off(faults):
    faults.add("404")
    faults.clear()

    assert faults.take(701) is None


def test_the_number_of_faults_is_bounded(faults):
    for _ in range(MAX_FAULTS):
        faults.add("404")

    with pytest.raises(BadFault, match="no more than"):
        faults.add("404")


def test_only_a_status_is_one():
    assert Fault("404", 0).status == 404
    assert Fault("html", 0).status is None
