"""The port of one instance: what passes, and what does not."""

import threading

from partner_api import calls
from partner_api.calls import Return
from partner_api.hresult import RPC_E_CALL_REJECTED, RPC_E_DISCONNECTED, S_OK
from player_host.plugins.output import MASK, Scrubber
from player_host.plugins.port import (
    CALLS_PER_TRACK,
    FIRST_ALLOWANCE,
    MOST_REJECTED,
    InstancePort,
)

CALL = calls.GetCatalogVersion()
MANY = FIRST_ALLOWANCE + 20_000


class Session:
    """What stands behind the port."""

    def __init__(self):
        self.received, self.rejections, self.floods = [], [], []
        self.port = InstancePort(
            "shop",
            self,
            Scrubber(["correct horse"]),
            on_flood=lambda: self.floods.append(True),
            note_rejection=lambda call, returned: self.rejections.append((call, returned)),
        )

    def receive(self, call):
        self.received.append(call)
        return Return(S_OK)


def test_a_call_passes_and_its_answer_comes_back():
    session = Session()
    assert session.port.receive(CALL) == Return(S_OK)
    assert session.received == [CALL]


def test_after_the_release_nothing_passes():
    session = Session()
    session.port.disconnect()
    assert session.port.receive(CALL) == Return(RPC_E_DISCONNECTED)
    assert session.received == []


def test_a_plug_in_that_calls_in_a_circle_is_rejected_and_that_is_noted_once():
    session = Session()
    answers = [session.port.receive(CALL).hr for _ in range(MANY)]
    rejected = answers.count(RPC_E_CALL_REJECTED)
    assert answers[:FIRST_ALLOWANCE] == [S_OK] * FIRST_ALLOWANCE
    assert rejected > 10_000
    assert len(session.received) == MANY - rejected
    assert 1 <= len(session.rejections) <= MANY - FIRST_ALLOWANCE - rejected + 1


def test_every_requested_track_allows_more_calls():
    session = Session()
    session.port.grant_tracks(100_000)
    answers = {session.port.receive(CALL).hr for _ in range(FIRST_ALLOWANCE + 100_000)}
    assert answers == {S_OK}
    assert CALLS_PER_TRACK >= 2  # a licence and an answer


def test_one_that_does_not_stop_is_given_up_once():
    session = Session()

    def flood():
        for _ in range(FIRST_ALLOWANCE + MOST_REJECTED):
            session.port.receive(CALL)

    threads = [threading.Thread(target=flood) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert session.floods == [True]


def test_the_words_of_a_malformed_call_hold_no_secret():
    session = Session()
    session.port.receive(calls.Malformed("Notify", "ValueError: correct horse"))
    session.port.receive(calls.MalformedAnswer(1, 2, "ValueError: correct horse"))
    assert [call.problem for call in session.received] == [f"ValueError: {MASK}"] * 2
