"""The plug-in whose conversation reference/wire.md shows; example.py installs it."""

from attrs import frozen

from partner_api import (
    HRESULT,
    S_OK,
    Capability,
    ContentContainerList,
    ContentPartner,
    License,
    Right,
    Secret,
    ServiceInfo,
)

NOT_BOUGHT = HRESULT.named("NS_E_TRACK_DOWNLOAD_REQUIRES_PURCHASE")


class Contoso(ContentPartner["Contoso.Settings"]):
    """Sells track 70. Answers within `Download`, so that the order of the lines is certain."""

    service_info = ServiceInfo("Contoso", "Contoso Tunes", Capability.CONTENT_PARTNER)

    @frozen
    class Settings:
        """Where the store is, and the password for it."""

        store_url: str
        password: Secret

    def Download(self, container_list: ContentContainerList, cookie: int) -> HRESULT:  # noqa: N802
        """Grant what is sold, refuse the rest."""
        assert self.callback is not None
        for track_id in (item.id for container in container_list for item in container):
            if track_id != 70:
                self.context.log.warning("track %s was not bought", track_id)
                self.callback.DownloadTrack(cookie, None, track_id, None, NOT_BOUGHT)
                continue
            self.context.licenses.Predeliver(License(track_id, None, frozenset({Right.PLAY})))
            url = f"{self.context.settings.store_url}/{track_id}.mp3"
            self.callback.DownloadTrack(cookie, url, track_id, "shelf 7", S_OK)
        return S_OK

    def DownloadTrackComplete(  # noqa: N802
        self, hr: HRESULT, track_id: int, params: str | None
    ) -> HRESULT:
        """Note how it ended."""
        self.context.log.info("track %s of %s: %s", track_id, params, hr)
        return S_OK
