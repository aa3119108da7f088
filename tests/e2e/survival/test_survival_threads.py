"""A plug-in answers from threads of its own: few, many, at odd moments."""

import pytest

from partner_api.calls import Download, DownloadTrack, GetCatalogVersion, GetContentIDsInLibrary
from partner_api.hresult import E_INVALIDARG, S_OK
from partner_api.transaction import TrackState

pytestmark = pytest.mark.anyio


@pytest.mark.requirement("T1-THR-05", "T1-DL-40")
@pytest.mark.long
async def test_five_thousand_threads_that_answer_at_once_are_each_answered(survival):
    async with survival.open("threads:AnswersOnThousandsOfThreads") as stage:
        await stage.activate()
        request = await stage.download()
        codes = stage.codes(DownloadTrack)
        assert (codes.count(S_OK), codes.count(E_INVALIDARG)) == (3, 4_997)
        assert stage.states(request) == [TrackState.COMPLETED] * 3
        assert stage.losses == []


@pytest.mark.requirement("T1-THR-05", "T1-DL-28")
async def test_an_answer_may_come_from_another_thread_before_download_returned(survival):
    async with survival.open("threads:AnswersBeforeItReturns") as stage:
        await stage.activate()
        request = await stage.download()
        (download,) = stage.called(Download)
        assert stage.codes(DownloadTrack) == [S_OK] * 3
        assert stage.end_of(download) > max(map(stage.end_of, stage.called(DownloadTrack)))
        assert stage.states(request) == [TrackState.COMPLETED] * 3


@pytest.mark.requirement("T1-THR-05")
async def test_calls_nest_inside_set_callback(survival):
    async with survival.open("threads:AsksInSetCallback") as stage:
        await stage.activate()
        kinds = [type(entry.call) for entry in stage.called()][1:3]
        assert kinds == [GetCatalogVersion, GetContentIDsInLibrary]
        attached, *nested = stage.called()[:3]
        assert stage.end_of(attached) > max(map(stage.end_of, nested))
        request = await stage.download()
        assert stage.states(request) == [TrackState.COMPLETED] * 3
