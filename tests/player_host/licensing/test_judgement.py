"""Which HRESULT a licence earns, before the transfer and after it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_api.hresult import HRESULT, S_OK
from partner_api.licensing import License, Right
from player_host.licensing import Protection, ProtectionKind, judge_file, judge_grant

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GUID = UUID("12345678-9abc-def0-1234-56789abcdef0")
NOT_ACQUIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_NOTACQUIRED")
EXPIRED = HRESULT.named("NS_E_WMP_DRM_LICENSE_EXPIRED")
UNUSABLE = HRESULT.named("NS_E_WMP_DRM_LICENSE_UNUSABLE")


def granted(key_id="key", rights=(Right.PLAY,), expires=None):
    return License(content_id=7, key_id=key_id, rights=frozenset(rights), expires=expires)


def protected(key_id="key", kind=ProtectionKind.CONTENT_ENCRYPTION):
    return Protection(key_id, kind)


@pytest.mark.requirement("T1-DL-17")
def test_without_a_licence_a_track_is_not_granted():
    assert judge_grant(None, NOW) == NOT_ACQUIRED


@pytest.mark.requirement("T1-DL-32")
@pytest.mark.parametrize("key_id", ["key", None])
def test_a_licence_grants_protected_and_unprotected_content(key_id):
    assert judge_grant(granted(key_id), NOW) == S_OK


@pytest.mark.parametrize(
    ("expires", "verdict"),
    [(NOW + SECOND, S_OK), (NOW, EXPIRED), (NOW - SECOND, EXPIRED), (None, S_OK)],
)
def test_a_licence_ends_at_the_moment_of_its_expiry(expires, verdict):
    assert judge_grant(granted(expires=expires), NOW) == verdict


@pytest.mark.parametrize("rights", [(), (Right.BURN, Right.SYNC)])
def test_a_licence_that_lacks_play_is_unusable(rights):
    assert judge_grant(granted(rights=rights), NOW) == UNUSABLE


def test_an_expired_licence_is_called_expired_whatever_else_it_lacks():
    assert judge_grant(granted(rights=(), expires=NOW), NOW) == EXPIRED


@pytest.mark.parametrize("key_id", ["key", None])
def test_an_unprotected_file_is_fine_with_any_good_licence(key_id):
    assert judge_file(granted(key_id), None, NOW) == S_OK


@pytest.mark.parametrize(
    ("key_id", "in_file", "verdict"),
    [
        ("key", "key", S_OK),
        ("key", " key ", S_OK),
        ("key", "KEY", UNUSABLE),
        ("key", "other", UNUSABLE),
        ("key", None, UNUSABLE),
        (None, "key", NOT_ACQUIRED),
        (None, None, NOT_ACQUIRED),
        (f"{{{str(GUID).upper()}}}", str(GUID), S_OK),
        (str(GUID), "eFY0Erya8N4SNFZ4mrze8A==", S_OK),
        (str(GUID), "AAAAAAAAAAAAAAAAAAAAAA==", UNUSABLE),
    ],
)
def test_a_protected_file_needs_a_licence_with_its_own_key(key_id, in_file, verdict):
    assert judge_file(granted(key_id), protected(in_file), NOW) == verdict


@settings(deadline=None)
@given(
    st.one_of(
        st.none(),
        st.builds(
            granted,
            st.one_of(st.none(), st.text(min_size=1, max_size=20)),
            st.frozensets(st.sampled_from(Right)),
            st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        ),
    ),
    st.one_of(st.none(), st.builds(protected, st.one_of(st.none(), st.text(max_size=20)))),
)
def test_what_was_not_granted_is_not_good_for_any_file(held, protection):
    before, after = judge_grant(held, NOW), judge_file(held, protection, NOW)
    assert after == before if before.failed else after in {S_OK, NOT_ACQUIRED, UNUSABLE}
