import copy
import json
import logging
import pickle
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_api.secret import Secret

PASSWORD = "correct horse battery staple"


def test_a_secret_is_revealed_only_on_request() -> None:
    assert Secret(PASSWORD).reveal() == PASSWORD


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(PASSWORD)),
        str(Secret(PASSWORD)),
        f"{Secret(PASSWORD)}",
        f"{Secret(PASSWORD):>40}",
        f"{Secret(PASSWORD)!r}",
        "%s" % Secret(PASSWORD),  # noqa: UP031
        repr([Secret(PASSWORD)]),
        repr({"password": Secret(PASSWORD)}),
    ],
)
def test_no_way_of_printing_shows_the_text(shown: str) -> None:
    assert PASSWORD not in shown
    assert "**********" in shown


@given(st.text())
def test_the_mask_does_not_tell_the_length(text: str) -> None:
    assert str(Secret(text)) == str(Secret(""))


def test_settings_show_the_mask_and_their_dictionary_keeps_the_secret() -> None:
    @attrs.frozen
    class Settings:
        password: Secret

    settings = Settings(Secret(PASSWORD))
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in repr(attrs.asdict(settings))


def test_a_log_line_shows_the_mask(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("store").warning("signing in with %s", Secret(PASSWORD))
    assert caplog.messages == ["signing in with **********"]


def test_json_refuses_a_secret() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(Secret(PASSWORD))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(PASSWORD), protocol)


def test_copies_are_the_secret_itself() -> None:
    secret = Secret(PASSWORD)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"password": secret})["password"] is secret


def test_secrets_with_one_text_are_equal_and_hash_alike() -> None:
    assert Secret(PASSWORD) == Secret(PASSWORD)
    assert len({Secret(PASSWORD), Secret(PASSWORD), Secret("other")}) == 2


def test_a_secret_equals_no_text() -> None:
    assert Secret(PASSWORD) != PASSWORD


def test_a_secret_cannot_be_changed_or_extended() -> None:
    secret = Secret(PASSWORD)
    with pytest.raises(AttributeError, match="cannot be changed"):
        secret._text = "other"
    with pytest.raises(AttributeError, match="cannot be changed"):
        del secret._text
    with pytest.raises(AttributeError, match="cannot be changed"):
        secret.note = PASSWORD  # type: ignore[attr-defined]
    assert secret.reveal() == PASSWORD


@pytest.mark.parametrize("value", [PASSWORD.encode(), [PASSWORD], None])
def test_the_error_about_a_wrong_type_does_not_contain_the_value(value: object) -> None:
    with pytest.raises(TypeError, match=type(value).__name__) as caught:
        Secret(value)  # type: ignore[arg-type]
    assert PASSWORD not in "".join(traceback.format_exception_only(caught.value))
