"""One download of a rehearsal: what the plug-in answered, and how the Player would go on."""

from collections.abc import Callable
from typing import Final

from partner_api.calls import DownloadTrack, DownloadTrackComplete, PartnerCall, Return
from partner_api.hresult import E_UNEXPECTED, HRESULT, S_OK
from partner_api.testing.port import Booking, RecordingPort
from partner_api.transaction import Track, TrackEvent, TrackState, is_usable_url

PATIENCE_S: Final = 5.0
"""How long a rehearsal waits for the plug-in's threads where the test says nothing."""


class RehearsedDownload:
    """What became of one `Download`; made by `Rehearsal.download` and `RecordingCallback.begin`.

    Its properties show the present state, tracks in the order of the container list, each once.
    Its methods are for the test's own thread.

    Attributes:
        returned: what `Download` returned.
    """

    def __init__(
        self, port: RecordingPort, booking: Booking, make: Callable[[PartnerCall], Return]
    ) -> None:
        self.returned: HRESULT = E_UNEXPECTED
        self._port = port
        self._booking = booking
        self._make = make

    @property
    def cookie(self) -> int:
        """The cookie that `Download` got."""
        return self._booking.machine.cookie

    @property
    def granted(self) -> list[int]:
        """The tracks that the Player would fetch, or would have fetched by now."""
        return [order.track_id for order in self._orders() if is_usable_url(order.url)]

    @property
    def without_url(self) -> list[int]:
        """The tracks that were granted without a usable URL: they can only fail (T1-DL-48)."""
        return [order.track_id for order in self._orders() if not is_usable_url(order.url)]

    @property
    def refused(self) -> dict[int, HRESULT]:
        """The plug-in's failure code for each track that it refused.

        E_INVALIDARG also stands for an answer with arguments that no call can carry.
        """
        return self._codes(TrackState.REFUSED)

    @property
    def unlicensed(self) -> dict[int, HRESULT]:
        """The licence code for each track that was granted without its licence (T1-DL-17)."""
        return self._codes(TrackState.UNLICENSED)

    @property
    def unanswered(self) -> list[int]:
        """The tracks that the plug-in still owes an answer for."""
        with self._port.changed:
            return [t.track_id for t in self._tracks() if t.state is TrackState.UNANSWERED]

    @property
    def urls(self) -> dict[int, str | None]:
        """The URL of each track that was granted."""
        return {order.track_id: order.url for order in self._orders()}

    @property
    def params(self) -> dict[int, str | None]:
        """The plug-in's params for each track that was granted (T1-DL-13)."""
        return {order.track_id: order.params for order in self._orders()}

    def answers_to(self, track_id: int) -> list[HRESULT]:
        """Return what each `DownloadTrack` for a track was answered with, in order."""
        with self._port.changed:
            return list(self._booking.answered.get(track_id, ()))

    def wait_until_answered(self, deadline_s: float = PATIENCE_S) -> None:
        """Wait until no track is owed an answer any more.

        Args:
            deadline_s: how long, in seconds.

        Raises:
            AssertionError: tracks are unanswered at the deadline; the message names them.
        """
        machine = self._booking.machine
        if self._port.wait_until(lambda: not machine.counts[TrackState.UNANSWERED], deadline_s):
            return
        owed, total = self.unanswered, len(machine)
        raise AssertionError(
            f"{len(owed)} of {total} tracks are unanswered after {deadline_s:g} s:"
            f" {_listed(owed)}. The plug-in owes DownloadTrack for each track of the list,"
            " also for those that it refuses (T1-DL-07)"
        )

    def complete(self, track_id: int, hr: int | None = None) -> HRESULT:
        """Call `DownloadTrackComplete`, as the Player does once the transfer has ended.

        Args:
            track_id: a track that was granted.
            hr: how the transfer ended; by default S_OK, or for a track without a usable URL
                the code that the Player gives.

        Returns:
            What the plug-in returned; whatever it is, the track is done (T1-DL-42).

        Raises:
            AssertionError: the Player would not make this call: the track was not granted, was
                completed before, or cannot succeed.
        """
        with self._port.changed:
            track = self._completable(track_id)
            if track.state is TrackState.ACCEPTED:
                self._step(track, TrackEvent.TRANSFER_ENDED, S_OK if hr is None else HRESULT(hr))
            elif hr is not None and hr != track.hr:
                raise AssertionError(
                    f"track {track_id} has no usable URL; the Player completes it with {track.hr}"
                )
            self._step(track, TrackEvent.COMPLETION_CALLED)
            outcome = E_UNEXPECTED if track.hr is None else track.hr
            call = DownloadTrackComplete(outcome, track_id, self.params[track_id])
        returned = self._make(call)
        with self._port.changed:
            self._step(track, TrackEvent.COMPLETION_RETURNED)
        return returned.hr

    def complete_all(self, hr: int | None = None) -> None:
        """Complete every track that was granted and is not completed; `complete` says more."""
        for order in self._orders():
            track = self._booking.machine.track(order.track_id)
            if track is not None and not track.state.settled:
                self.complete(order.track_id, None if order.track_id in self.without_url else hr)

    def _completable(self, track_id: int) -> Track:
        track = self._booking.machine.track(track_id)
        if track is None:
            raise AssertionError(f"track {track_id} is not in the list of this download")
        if track.state not in {TrackState.ACCEPTED, TrackState.FINISHED}:
            code = "" if track.hr is None else f" ({track.hr.name})"
            raise AssertionError(
                f"track {track_id} is {track.state.value}{code};"
                " the Player completes each granted track once, and no other (T1-DL-34, T1-DL-42)"
            )
        return track

    def _step(self, track: Track, event: TrackEvent, hr: HRESULT | None = None) -> None:
        self._booking.machine.happened(track.track_id, event, hr)

    def _tracks(self) -> list[Track]:
        return list(self._booking.machine)

    def _orders(self) -> list[DownloadTrack]:
        with self._port.changed:
            orders = self._booking.orders
            return [orders[t.track_id] for t in self._tracks() if t.track_id in orders]

    def _codes(self, state: TrackState) -> dict[int, HRESULT]:
        with self._port.changed:
            settled = ((t.track_id, t.hr) for t in self._tracks() if t.state is state)
            return {track_id: hr for track_id, hr in settled if hr is not None}


def _listed(track_ids: list[int]) -> str:
    shown = ", ".join(map(str, track_ids[:20]))
    return shown if len(track_ids) <= 20 else f"{shown} and {len(track_ids) - 20} more"
