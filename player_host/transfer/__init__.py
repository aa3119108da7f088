"""Transfers: one URL to one verified partial file; publishing it is another room's."""

from player_host.transfer.media import MediaKind
from player_host.transfer.policy import (
    CATALOG_POLICY,
    TRACK_POLICY,
    FullResponse,
    TransferPolicy,
)
from player_host.transfer.request import Progress, TransferRequest, VerifiedPartial
from player_host.transfer.room import TransferRoom
from player_host.transfer.urls import check_url, redact_url

__all__ = [
    "CATALOG_POLICY",
    "TRACK_POLICY",
    "FullResponse",
    "MediaKind",
    "Progress",
    "TransferPolicy",
    "TransferRequest",
    "TransferRoom",
    "VerifiedPartial",
    "check_url",
    "redact_url",
]
