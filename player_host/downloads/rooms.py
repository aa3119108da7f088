"""What a track passes on its way, handed down by the player."""

from attrs import frozen

from player_host.clock import Clock
from player_host.database import Database
from player_host.library.publishing import Publisher
from player_host.licensing.store import Licenses
from player_host.settings import Home
from player_host.transfer.room import TransferRoom


@frozen
class Rooms:
    """What a track passes on its way."""

    database: Database
    clock: Clock
    home: Home
    transfer: TransferRoom
    publisher: Publisher
    licenses: Licenses
