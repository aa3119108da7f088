"""A plug-in raises, returns nonsense, logs oddly: its fault, and nothing is lost."""

import pytest

from partner_api.calls import Download, DownloadTrackComplete, Faulted, GetContentPartnerInfo
from partner_api.hresult import E_UNEXPECTED, S_OK
from partner_api.transaction import TrackState

pytestmark = pytest.mark.anyio


async def test_a_plug_in_that_raises_everywhere_stays_and_can_be_called(survival):
    async with survival.open("faults:RaisesEverywhere") as stage:
        await stage.activate()
        for _ in range(2):
            request = await stage.download()
            assert stage.states(request) == [TrackState.VOID] * 3
        faulted = Faulted(E_UNEXPECTED, "Download raised RuntimeError: no download today")
        assert stage.returns(Download) == [faulted, faulted]
        assert stage.codes(GetContentPartnerInfo) == [E_UNEXPECTED]
        assert (stage.attachments, stage.losses) == ([True], [])


@pytest.mark.parametrize("place", ["Download", "DownloadTrackComplete", "GetContentPartnerInfo"])
async def test_an_exception_that_cannot_be_shown_is_named(survival, place):
    async with survival.open("faults:RaisesWhatCannotBeShown", place=place) as stage:
        await stage.activate()
        await stage.download()
        faults = [
            e.returned for e in stage.entries if isinstance(getattr(e, "returned", 0), Faulted)
        ]
        assert faults == [Faulted(E_UNEXPECTED, f"{place} raised Unspeakable")]
        assert stage.losses == []


async def test_nonsense_is_no_result_and_a_completion_with_it_was_delivered(survival):
    async with survival.open("faults:ReturnsNonsense") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [E_UNEXPECTED]
        assert stage.codes(GetContentPartnerInfo) == [E_UNEXPECTED]
        assert stage.codes(DownloadTrackComplete) == [E_UNEXPECTED] * 3
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


async def test_a_value_that_lies_about_its_class_is_nonsense(survival):
    async with survival.open("faults:ReturnsAnImpostor") as stage:
        await stage.activate()
        assert stage.codes(GetContentPartnerInfo) == [E_UNEXPECTED]
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


async def test_log_levels_that_nobody_knows_are_logged_all_the_same(survival, caplog):
    async with survival.open("faults:LogsAtLevelsOfItsOwn") as stage:
        await stage.activate()
        request = await stage.download()
        assert stage.codes(Download) == [S_OK]
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []
    texts = {getattr(record, "text", "") for record in caplog.records}
    assert {"at level 31", "at level 55", f"at level {2**70}"} <= texts
