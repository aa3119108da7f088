"""What a plug-in prints: into the log under its name, bounded, without its secrets."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from player_host.plugins.output import BURST_LINES, MASK, OutputLog, Scrubber


def printed(caplog) -> list[str]:
    return [r.text for r in caplog.records if r.getMessage() == "partner.printed"]


def test_what_is_printed_is_logged_under_the_plug_ins_name(caplog):
    OutputLog("shop", Scrubber()).printed("stdout", "hello")
    (record,) = caplog.records
    assert (record.name, record.text, record.stream) == ("partner.shop", "hello", "stdout")


def test_what_is_logged_keeps_its_level(caplog):
    caplog.set_level(logging.DEBUG, logger="partner.shop")
    output = OutputLog("shop", Scrubber())
    output.logged(logging.DEBUG, "a detail")
    output.logged(logging.ERROR, "a mishap")
    assert [r.levelno for r in caplog.records] == [logging.DEBUG, logging.ERROR]


def test_empty_lines_are_not_logged(caplog):
    OutputLog("shop", Scrubber()).printed("stderr", "  ")
    assert caplog.records == []


def test_a_flood_is_cut_and_what_is_left_out_is_counted(caplog):
    output = OutputLog("shop", Scrubber())
    for number in range(10 * BURST_LINES):
        output.printed("stdout", f"line {number}")
    output.close()
    left_out = [r.lines for r in caplog.records if r.getMessage() == "partner.output_suppressed"]
    assert len(printed(caplog)) < 5 * BURST_LINES
    assert len(printed(caplog)) + sum(left_out) == 10 * BURST_LINES


def test_a_long_line_is_cut(caplog):
    OutputLog("shop", Scrubber()).printed("stdout", "x" * 1_000_000)
    assert len(printed(caplog)[0]) == 8_000


def test_secrets_are_masked_in_the_log_and_in_the_last_words(caplog):
    output = OutputLog("shop", Scrubber(["correct horse"]))
    output.printed("stderr", "login as demo:correct horse")
    assert "correct horse" not in caplog.text
    assert output.last_words() == f"login as demo:{MASK}"


def test_a_short_secret_is_no_secret():
    assert Scrubber(["demo"]).scrub("the demo album") == "the demo album"


TEXT = st.characters(exclude_characters="*\x00")


@given(st.lists(st.text(TEXT, min_size=6), min_size=1), st.text(TEXT), st.text(TEXT))
def test_no_known_secret_is_left(secrets, before, after):
    scrubber = Scrubber(secrets)
    scrubbed = scrubber.scrub(before + secrets[0] + after)
    assert MASK in scrubbed
    leftovers = scrubbed.replace(MASK, "\x00")
    assert not any(secret in leftovers for secret in secrets)
