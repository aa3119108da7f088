"""What becomes of a plug-in's arguments before the player sees them."""

import pytest

from partner_api import E_INVALIDARG, S_OK, CallbackNotification, Variant
from partner_api.calls import (
    CallbackNotify,
    ChangeView,
    DownloadTrack,
    Malformed,
    MalformedAnswer,
    Return,
    SendMessageComplete,
)
from partner_api.proxy import CallbackProxy
from partner_api.transaction import MAX_PARAMS_BYTES

HUGE = 10**5000
LONGEST = MAX_PARAMS_BYTES // 2
AUTH_RESULT = CallbackNotification.AUTH_RESULT


class Port:
    """Keeps what it receives; answers as the player does."""

    def __init__(self):
        self.received = []

    def receive(self, call):
        self.received.append(call)
        malformed = isinstance(call, Malformed | MalformedAnswer)
        return Return(E_INVALIDARG if malformed else S_OK)


class Unspeakable:
    """An object that raises whatever is done with it."""

    def __repr__(self):
        raise ZeroDivisionError

    __str__ = __len__ = __iter__ = __repr__


class Number(int):
    """A number that cannot be shown or compared."""

    def __repr__(self):
        raise ZeroDivisionError

    def __le__(self, other):
        raise ZeroDivisionError

    __str__ = __repr__
    __ge__ = __lt__ = __gt__ = __le__

    def __format__(self, spec):
        raise ZeroDivisionError


@pytest.fixture
def port():
    return Port()


@pytest.fixture
def callback(port):
    return CallbackProxy(port)


@pytest.mark.requirement("T1-DL-22")
@pytest.mark.parametrize(
    "odd", [HUGE, -HUGE, Unspeakable(), Number(2**40), 2**32, None], ids=lambda o: type(o).__name__
)
@pytest.mark.parametrize("position", [0, 2, 4])
def test_an_answer_with_a_number_that_is_none_is_malformed_whatever_it_is(
    callback, port, odd, position
):
    arguments = [1, "http://127.0.0.1/1.mp3", 2, None, 0]
    arguments[position] = odd
    assert callback.DownloadTrack(*arguments) == E_INVALIDARG
    (received,) = port.received
    assert isinstance(received, MalformedAnswer)
    assert received.cookie == (None if position == 0 else 1)
    assert received.track_id == (None if position == 2 else 2)
    assert len(received.problem) <= 1_000


def test_a_small_number_out_of_range_is_shown_in_the_problem(callback, port):
    callback.DownloadTrack(2**32, None, 7, None, 0)
    assert "4294967296" in port.received[0].problem
    assert "track 7" in port.received[0].problem


def test_a_number_of_a_class_of_its_own_counts_as_the_number_it_is(callback, port):
    assert callback.DownloadTrack(Number(1), None, Number(2), None, Number(0)) == S_OK
    (received,) = port.received
    assert isinstance(received, DownloadTrack)
    assert [type(received.cookie), type(received.track_id)] == [int, int]


def test_arguments_that_raise_when_looked_at_are_malformed_in_every_method(callback, port):
    answered = [
        callback.AddListContents(1, Unspeakable()),
        callback.AddListContents(HUGE, [1]),
        callback.AddListContents(1, [HUGE]),
        callback.ShowPopup(HUGE, ""),
        callback.ShowPopup(Number(2**40), ""),
        callback.BuyComplete(HUGE, 1),
        callback.Notify(Unspeakable(), Variant.empty()),
    ]
    assert answered == [E_INVALIDARG] * 7
    assert all(isinstance(call, Malformed) for call in port.received)


TOO_LONG = {
    "a message": lambda c, text: c.SendMessageComplete(text, "", ""),
    "its result": lambda c, text: c.SendMessageComplete("", "", text),
    "a view": lambda c, text: c.ChangeView("type", "id", text),
    "a device": lambda c, text: c.UpdateDeviceComplete(text),
    "a popup": lambda c, text: c.ShowPopup(1, text),
    "a permission": lambda c, text: c.VerifyPermissionComplete(text, Variant.empty(), 0),
    "a context": lambda c, text: c.VerifyPermissionComplete("", Variant.bstr(text), 0),
    "a notification": lambda c, text: c.Notify(AUTH_RESULT, Variant.bstr(text)),
    "params": lambda c, text: c.DownloadTrack(1, None, 2, text, 0),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_text_over_the_bound_reaches_no_record(callback, port, case):
    assert TOO_LONG[case](callback, "x" * (LONGEST + 1)) == E_INVALIDARG
    (received,) = port.received
    assert isinstance(received, Malformed | MalformedAnswer)
    assert "1 MiB" in received.problem


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_text_at_the_bound_is_passed_on(callback, port, case):
    assert TOO_LONG[case](callback, "x" * LONGEST) == S_OK
    (received,) = port.received
    assert not isinstance(received, Malformed | MalformedAnswer)


def test_texts_arrive_as_they_were_given(callback, port):
    callback.SendMessageComplete("m", "p", "r")
    callback.ChangeView("t", "i", "f")
    callback.Notify(AUTH_RESULT, Variant.bstr("yes"))
    assert port.received == [
        SendMessageComplete("m", "p", "r"),
        ChangeView("t", "i", "f"),
        CallbackNotify(AUTH_RESULT, Variant.bstr("yes")),
    ]
