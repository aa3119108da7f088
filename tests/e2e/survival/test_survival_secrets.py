"""A plug-in tells its password: `Survival.open` looks for it in every log and transcript."""

import pytest

from partner_api.calls import Download, DownloadTrack, GetContentPartnerInfo
from partner_api.hresult import E_UNEXPECTED, RPC_E_SERVER_DIED
from partner_api.transaction import TrackState
from player_host.errors import PartnerUnavailable

pytestmark = pytest.mark.anyio

MASK = "**********"
STARTING = ["constructor", "SetCallback"]
PLACES = ["Download", "DownloadTrackComplete", "GetContentPartnerInfo", "release"]


@pytest.mark.parametrize("place", PLACES)
async def test_a_password_that_is_printed_logged_and_raised_is_masked(survival, caplog, place):
    async with survival.open("secrets:TellsItsPassword", place=place) as stage:
        await stage.activate()
        await stage.download()
        await stage.player.deactivate()
        (fault,) = stage.faults()
        assert (fault.hr, f"login with {MASK} failed" in fault.reason) == (E_UNEXPECTED, True)
    texts = {getattr(record, "text", "") for record in caplog.records}
    assert {f"the password is {MASK}", f"was it {MASK}?", f"logging in with {MASK}"} <= texts


@pytest.mark.parametrize("place", STARTING)
async def test_a_password_told_while_the_plug_in_is_started_is_masked(
    survival, password, caplog, place
):
    async with survival.open("secrets:TellsItsPassword", place=place) as stage:
        with pytest.raises(PartnerUnavailable) as caught:
            await stage.activate()
        assert password not in str(caught.value)
        assert f"login with {MASK} failed" in str(caught.value)
    texts = {getattr(record, "text", "") for record in caplog.records}
    assert f"the password is {MASK}" in texts


@pytest.mark.parametrize("place", ["Download", *STARTING])
async def test_a_password_among_the_last_words_is_masked(survival, password, place):
    async with survival.open("secrets:DiesWithItsPassword", place=place) as stage:
        if place == "Download":
            await stage.activate()
            await stage.download()
            assert stage.codes(Download) == [RPC_E_SERVER_DIED]
            await stage.loses(f"its last words: cannot log in with {MASK}")
            return
        with pytest.raises(PartnerUnavailable) as caught:
            await stage.activate()
        assert password not in str(caught.value)
        assert MASK in str(caught.value)


async def test_no_half_of_a_password_is_left_where_long_texts_are_cut(survival, log, password):
    async with survival.open("secrets:RepeatsItsPassword") as stage:
        await stage.activate()
        await stage.download()
        (returned,) = stage.returns(Download)
        assert password[:6] not in returned.reason
    assert password[:6] not in log.text
    assert password[-6:] not in log.text


async def test_a_password_that_is_sent_as_params_is_in_no_transcript(survival, password):
    async with survival.open("secrets:SendsItsPassword") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert not [c for c in stage.called(DownloadTrack) if password in c.call.params]


async def test_a_password_that_is_given_as_a_name_is_in_no_transcript(survival, password):
    async with survival.open("secrets:IsCalledLikeItsPassword") as stage:
        await stage.activate()
        (answer,) = stage.returns(GetContentPartnerInfo)
        assert password not in str(answer)
