"""Defines a plug-in with an empty key."""

from partner_api import Capability, ServiceInfo
from sample_partners.miniatures.miniature import Miniature


class Shop(Miniature):
    """Cannot be defined: ServiceInfo refuses the key."""

    service_info = ServiceInfo("", "Shop", Capability.CONTENT_PARTNER)
