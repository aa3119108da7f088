"""Whether an offer could be used at all: a partner that grants nothing shows nothing either."""

from attrs import Factory, define

from partner_api.calls import DownloadTrack, Predeliver
from partner_api.hresult import HRESULT
from player_host.conformance.conversation import Conversation
from player_host.conformance.offers import Offer


@define(eq=False)
class OfferUse:
    """Which tracks of an offer were granted, and which refused, in sound conversations.

    Attributes:
        offer: what the partner has on offer.
        granted: the tracks that were answered with a success code.
        refused: those that were answered with a failure code, and the last code.
    """

    offer: Offer
    granted: set[int] = Factory(set)
    refused: dict[int, HRESULT] = Factory(dict)

    def note(self, talk: Conversation) -> None:
        """Note what a conversation shows; one in which the store was up and somebody signed in."""
        if any(one.hr is not None and one.hr.failed for one in talk.of(Predeliver)):
            return  # without licences nothing can be granted
        offered = frozenset(self.offer.tracks)
        for answer in talk.answers:
            call = answer.exchange.call
            if not isinstance(call, DownloadTrack) or call.track_id not in offered:
                continue
            if call.hr.succeeded:
                self.granted.add(call.track_id)
            else:
                self.refused[call.track_id] = call.hr

    @property
    def problem(self) -> str:
        """Why the conversations say nothing; "" where a track was granted, or none refused."""
        if self.granted or not self.refused:
            return ""
        track, hr = next(iter(self.refused.items()))
        asked = len(self.refused)
        return (
            f"none of {asked} tracks of {self.offer.source or 'the offer'} was granted:"
            f" {track} was refused with {hr.name}; see to tracks that the account may download"
        )
