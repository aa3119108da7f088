"""For plug-in authors without a host: a rehearsal in the author's own test, on its own thread.

    with rehearse(Contoso, settings={"store_url": "https://contoso.example"}) as rehearsal:
        download = rehearsal.download(album(7, tracks=[701, 702]))
        download.wait_until_answered()
        assert download.granted == [701]
        assert download.refused == {702: E_ACCESSDENIED}
        download.complete(701)

The plug-in gets the context and the callback that it would get from the Player, and the callback
gives the Player's answers: the checks of its arguments and the steps of the download are those
that the Player uses. What is missing is everything behind them: nothing is fetched, nothing is
filed. `player_host.testing` has that.

Needs attrs and the standard library; cattrs is loaded where settings are given as a table. Any
test runner will do.
"""

from partner_api.testing.containers import (
    album,
    for_download,
    for_purchase,
    loose_tracks,
    purchased_list,
)
from partner_api.testing.downloads import RehearsedDownload
from partner_api.testing.licenses import FakeLicenseStore
from partner_api.testing.recording import RecordingCallback
from partner_api.testing.rehearsal import Rehearsal, rehearse

__all__ = [
    "FakeLicenseStore",
    "RecordingCallback",
    "Rehearsal",
    "RehearsedDownload",
    "album",
    "for_download",
    "for_purchase",
    "loose_tracks",
    "purchased_list",
    "rehearse",
]
