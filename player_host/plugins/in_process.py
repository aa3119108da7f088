"""A plug-in in the Player's own process, for debugging: a breakpoint in it works.

Nothing protects the Player from it: what it prints goes where the Player's output goes, and a
thread of it that hangs stays until the process ends.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from partner_api.calls import PartnerCall, Return
from partner_api.hresult import RPC_E_SERVER_DIED
from partner_api.partner import ContentPartner, PartnerContext
from partner_api.proxy import CallbackProxy, LicenseStoreProxy
from partner_api.structuring import SettingsProblems, secret_fields, secret_names
from partner_api.surrogate.loading import (
    LoadingFailed,
    import_plugin,
    judge_class,
    methods_of,
)
from partner_api.surrogate.process import make_settings
from player_host.errors import PartnerUnavailable
from player_host.plugins.apartment import Apartment
from player_host.plugins.instance import UNSEEN, Description, Loss, Making, Witness
from player_host.plugins.output import texts_at
from player_host.settings import settings_error
from player_host.units import Seconds

_NOT_MADE: Final = Loss(RPC_E_SERVER_DIED, "it was not made")


class InProcess:
    """One plug-in in this process; see `Instance`. Made by `load_in_process`."""

    def __init__(
        self, name: str, partner_class: type[ContentPartner[Any]], description: Description
    ) -> None:
        self.description = description
        self._name = name
        self._partner_class = partner_class
        self._apartment: Apartment | None = None
        self._given_up: Loss | None = None
        self._on_lost: Callable[[Loss], None] = lambda _loss: None

    @property
    def loss(self) -> Loss | None:
        """How it was lost; see `Instance`."""
        if self._given_up is None and self._apartment is not None and self._apartment.dead:
            self._lose(Loss(RPC_E_SERVER_DIED, "the instance was given up"))
        return self._given_up

    async def create(self, making: Making, deadline: Seconds) -> None:
        """Make the plug-in object; see `Instance`."""
        self._on_lost = making.on_lost
        callback = CallbackProxy(making.port)
        make = partial(self._make, making, callback)
        model = self.description.service_info.threading_model
        self._apartment = Apartment(self._name, make, model, callback)
        try:
            await self._apartment.start(deadline)
        except BaseException:
            self.give_up(_NOT_MADE)
            raise

    async def call(self, call: PartnerCall, deadline: Seconds, witness: Witness = UNSEEN) -> Return:
        """Make one call; see `Instance`."""
        assert self._apartment is not None
        returned = await self._apartment.call(call, deadline, witness)
        _ = self.loss
        return returned

    def give_up(self, loss: Loss) -> None:
        """Leave the instance to itself; see `Instance`."""
        self._lose(loss)
        if self._apartment is not None:
            self._apartment.give_up()

    async def close(self) -> None:
        """Let its threads end; see `Instance`."""
        if self._apartment is not None:
            self._apartment.callback.disconnect()
            self._apartment.close()

    def _lose(self, loss: Loss) -> None:
        if self._given_up is None:
            self._given_up = loss
            self._on_lost(loss)

    def _make(self, making: Making, callback: CallbackProxy) -> ContentPartner[Any]:
        """Make the plug-in object, on its own thread: its settings class runs code of its own."""
        try:
            settings = make_settings(self._partner_class, dict(making.table))
        except SettingsProblems as error:
            raise settings_error(error.problems, where=making.where) from error
        kind = getattr(self._partner_class, "Settings", None)
        for name in (*secret_names(kind), *secret_fields(settings)):
            making.scrubber.learn(texts_at(making.table, name))
        return self._partner_class(
            PartnerContext(
                settings=settings,
                licenses=LicenseStoreProxy(callback),
                data_dir=making.data_dir,
                log=logging.getLogger(f"partner.{self._name}"),
            )
        )


def load_in_process(name: str, reference: str | None) -> InProcess:
    """Import a plug-in into this process.

    Args:
        name: of its entry point.
        reference: its class as `module:attribute`; None for the entry point.

    Raises:
        PartnerUnavailable: there is none, its import fails, or it is no partner.
    """
    try:
        imported = import_plugin(name, reference)
        partner_class = judge_class(imported.found, imported.reference)
    except LoadingFailed as error:
        raise PartnerUnavailable(
            error.problem, where=f"partner {name}", remedy=error.advice
        ) from error
    description = Description(
        imported.reference,
        partner_class.service_info,
        imported.distribution,
        imported.version,
        methods_of(partner_class),
    )
    return InProcess(name, partner_class, description)
