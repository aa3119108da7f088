"""Defines a plug-in with a key of 256 characters."""

from partner_api import Capability, ServiceInfo
from sample_partners.miniatures.miniature import Miniature


class Shop(Miniature):
    """Cannot be defined: ServiceInfo refuses the key."""

    service_info = ServiceInfo("K" * 256, "Shop", Capability.CONTENT_PARTNER)
