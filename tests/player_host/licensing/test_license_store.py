"""Licences are kept by partner, account and content, across sessions."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api.licensing import DIGEST_FORM, License, Right
from player_host.database import Database
from player_host.errors import LicensingError
from player_host.licensing import Licenses

PLAY = frozenset({Right.PLAY})
MOMENT = datetime(2027, 1, 1, tzinfo=UTC)


DIGESTS = st.from_regex(DIGEST_FORM, fullmatch=True, alphabet=st.characters(codec="ascii"))


def license_for(content_id=7, key_id="key", rights=PLAY, expires=None, digest=None):
    return License(content_id, key_id, rights, expires, digest)


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "player.db")
    yield opened
    opened.close()


@pytest.fixture
def licenses(database):
    return Licenses(database)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    opened = Database.open(tmp_path_factory.mktemp("licences") / "player.db")
    yield Licenses(opened)
    opened.close()


@pytest.mark.requirement("T1-DL-33")
def test_a_delivered_licence_is_found(licenses):
    licenses.deliver("Proseware", "demo", license_for())
    assert licenses.find("Proseware", "demo", 7) == license_for()


@pytest.mark.requirement("T1-DL-32")
def test_a_licence_may_say_that_the_content_is_unprotected(licenses):
    licenses.deliver("Proseware", "demo", license_for(key_id=None))
    assert licenses.find("Proseware", "demo", 7) == license_for(key_id=None)


def test_another_partner_account_or_content_has_none(licenses):
    licenses.deliver("Proseware", "demo", license_for())
    assert licenses.find("Other", "demo", 7) is None
    assert licenses.find("Proseware", "", 7) is None
    assert licenses.find("Proseware", "demo", 8) is None
    assert licenses.find("Proseware", "demo", -1) is None
    assert licenses.find("Proseware", "demo", 2**32) is None
    assert licenses.find("Proseware", "demo", 2**70) is None


def test_delivering_again_changes_nothing_and_a_later_one_replaces(licenses, database):
    first = license_for(digest="md5=" + "0" * 32)
    later = license_for(7, None, frozenset(Right), MOMENT, "md5=" + "1" * 32)
    for one in (first, first, later):
        licenses.deliver("Proseware", "demo", one)
    assert licenses.find("Proseware", "demo", 7) == later
    assert len(database.rows("SELECT * FROM licenses")) == 1


def test_licences_outlive_the_session(licenses, database, tmp_path):
    licenses.deliver("Proseware", "demo", license_for(expires=MOMENT))
    database.close()
    again = Database.open(tmp_path / "player.db")
    assert Licenses(again).find("Proseware", "demo", 7) == license_for(expires=MOMENT)
    again.close()


def test_the_expiry_is_kept_as_utc(licenses, database):
    local = MOMENT.astimezone(timezone(timedelta(hours=9)))
    licenses.deliver("Proseware", "demo", license_for(expires=local))
    assert database.row("SELECT expires FROM licenses")[0] == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("partner", "account", "delivered"),
    [
        ("", "demo", license_for()),
        ("p" * 257, "demo", license_for()),
        ("a\nb", "demo", license_for()),
        ("Proseware", "a" * 257, license_for()),
        ("Proseware", "\x00", license_for()),
        ("Proseware", "\ud800", license_for()),
        ("Proseware", "demo", license_for(key_id="\ud800")),
        ("Proseware", "demo", license_for(key_id="a\x00")),
        (
            "Proseware",
            "demo",
            license_for(expires=datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))),
        ),
    ],
)
def test_what_is_out_of_bounds_is_not_kept(licenses, database, partner, account, delivered):
    with pytest.raises(LicensingError) as caught:
        licenses.deliver(partner, account, delivered)
    assert caught.value.where.isprintable()
    assert database.rows("SELECT * FROM licenses") == []


@settings(deadline=None)
@given(
    content_id=st.integers(0, 2**32 - 1),
    key_id=st.one_of(st.none(), st.text(st.characters(categories=["L", "N", "P"]), min_size=1)),
    rights=st.frozensets(st.sampled_from(Right)),
    expires=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
    digest=st.one_of(st.none(), DIGESTS),
)
def test_what_comes_out_is_what_went_in(shared, content_id, key_id, rights, expires, digest):
    delivered = license_for(content_id, key_id, rights, expires, digest)
    shared.deliver("Proseware", "demo", delivered)
    assert shared.find("Proseware", "demo", content_id) == delivered


def test_a_delivery_inside_of_a_failing_step_is_undone_with_it(licenses, database):
    def step():
        with database.transaction():
            licenses.deliver("Proseware", "demo", license_for())
            raise RuntimeError("step")

    with pytest.raises(RuntimeError, match="step"):
        step()
    assert licenses.find("Proseware", "demo", 7) is None
