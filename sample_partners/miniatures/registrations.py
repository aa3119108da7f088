"""What entry points lead to that is no plug-in, or none for this Player."""

from partner_api import Capability, ContentPartner, ServiceInfo
from sample_partners.miniatures.miniature import Miniature

NOT_A_CLASS = Miniature.service_info


class LacksMethods(ContentPartner[None]):
    """Implements nothing."""

    service_info = ServiceInfo("LacksMethods", "Lacks Methods", Capability.CONTENT_PARTNER)


class LacksCompletion(Miniature):
    """Takes the base's `DownloadTrackComplete`, which is none."""

    DownloadTrackComplete = ContentPartner.DownloadTrackComplete


class LacksServiceInfo:
    """Is no partner at all."""


class HasNoServiceInfo(Miniature):
    """Says about itself what is no ServiceInfo."""

    service_info = "HasNoServiceInfo"  # type: ignore[assignment]


class OfAnotherContract(Miniature):
    """Is written for a contract that does not exist yet."""

    service_info = ServiceInfo(
        "OfAnotherContract", "Another", Capability.CONTENT_PARTNER, contract_version=2
    )


class OfType2(Miniature):
    """Lacks the capability of a Type 1 plug-in (breaks T1-REG-03)."""

    service_info = ServiceInfo("OfType2", "Type 2", Capability.ALT_LOGIN)


class SharesItsKey(Miniature):
    """Has the key of another plug-in (breaks T1-REG-01)."""

    service_info = Miniature.service_info


def _forged(key: str) -> ServiceInfo:
    """Return a ServiceInfo with a key that its class refuses."""
    info = ServiceInfo("Forged", "Forged", Capability.CONTENT_PARTNER)
    object.__setattr__(info, "key", key)
    return info


class HasAnEmptyKey(Miniature):
    """Has no key, past the check of ServiceInfo."""

    service_info = _forged("")


class HasALongKey(Miniature):
    """Has a key of 256 characters, past the check of ServiceInfo."""

    service_info = _forged("K" * 256)
