"""What the Player knows of one running plug-in, in whichever process it is."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import field, frozen

from partner_api.calls import PartnerCall, Return
from partner_api.hresult import (
    HRESULT,
    RPC_E_INVALID_DATAPACKET,
    RPC_E_SERVER_DIED,
    RPC_E_SERVER_DIED_DNE,
    RPC_E_TIMEOUT,
)
from partner_api.service_info import ServiceInfo
from partner_api.surrogate.findings import Finding
from player_host.plugins.output import Scrubber
from player_host.plugins.port import InstancePort
from player_host.units import Seconds

LOST: Final = frozenset(
    {RPC_E_SERVER_DIED, RPC_E_SERVER_DIED_DNE, RPC_E_TIMEOUT, RPC_E_INVALID_DATAPACKET}
)
"""The codes of calls whose instance was lost; only after them a call may be repeated."""


@frozen
class Loss:
    """How an instance was lost: the code for the calls concerned, and what happened."""

    hr: HRESULT
    reason: str


@frozen
class Description:
    """What a plug-in says of itself when it was loaded."""

    reference: str
    service_info: ServiceInfo
    distribution: str = ""
    version: str = ""
    methods: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@frozen
class Making:
    """What a plug-in object is made of.

    Attributes:
        table: its settings, with what the environment says; secrets are among it.
        where: file and table, for messages.
        data_dir: its folder, which exists.
        port: answers its calls.
        scrubber: learns which settings are secret.
        log_level: of the standard library's logging.
        on_lost: told, on the event loop, when the instance is lost while it is not being closed.
    """

    table: Mapping[str, Any] = field(repr=False)
    where: str
    data_dir: Path
    port: InstancePort
    scrubber: Scrubber
    log_level: int
    on_lost: Callable[[Loss], None]


class Witness(Protocol):
    """Sees one call where its order among all others is known."""

    def begun(self) -> None:
        """See that the call is being made, on any thread; one for which this fails is not made.

        Not called for a call that was never made, because the instance was lost before its turn.
        """
        ...

    def ended(self, returned: Return) -> None:
        """See how it ended, once, on any thread, before whatever the plug-in does next.

        Never raises.
        """
        ...


class Unseen:
    """A witness for calls whose order matters to nobody."""

    def begun(self) -> None:
        """Do nothing."""

    def ended(self, returned: Return) -> None:
        """Do nothing."""


UNSEEN: Final = Unseen()


class Instance(Protocol):
    """A plug-in that was loaded; used on the event loop alone.

    Attributes:
        description: what it says of itself.
    """

    description: Description

    @property
    def loss(self) -> Loss | None:
        """How it was lost; None while it is there."""
        ...

    async def create(self, making: Making, deadline: Seconds) -> None:
        """Make the plug-in object.

        Raises:
            SettingsError: its settings are wrong.
            PartnerUnavailable: its constructor failed, or missed the deadline.
        """
        ...

    async def call(self, call: PartnerCall, deadline: Seconds, witness: Witness = UNSEEN) -> Return:
        """Make one call and return how it ended; cancellation waits for the call's end.

        The deadline runs from the moment at which the plug-in takes the call. One that is missed
        gives the instance up. RPC_E_SERVER_DIED_DNE says that it was not made.
        """
        ...

    def give_up(self, loss: Loss) -> None:
        """End the instance, and its calls with it, at once. Repeats are harmless."""
        ...

    async def close(self) -> None:
        """End an instance that has no calls under way, after `SetCallback(None)`."""
        ...
