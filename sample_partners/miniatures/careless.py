"""A partner that grants tracks without delivering their licences first (breaks T1-DL-17)."""

from attrs import evolve

from partner_api import HRESULT, S_OK, License
from sample_partners.proseware import Proseware


class Careless(Proseware):
    """Proseware, but licences stay at the store."""

    service_info = evolve(Proseware.service_info, key="Careless", friendly_name="Careless Music")

    def deliver(self, license: License) -> HRESULT:
        """Claim that the licence was delivered."""
        return S_OK
