"""The store's web application: login, catalogue, licences, files.

    POST /login {account, password}          -> {token}
    GET  /catalog/current                    -> {version, schema_version, locale, url, expires}
    GET  /Catalogs/<version>/catalog.wmdb.lz    the package, deflated (catalog.wmdb: stored)
    POST /licenses {track_ids}               -> {tracks: [...]}, with `Authorization: Bearer`
    GET  /media/<track>.<ext>?expires&signature the file, with ranges
    GET  /art/<kind>/<id>.png                   a picture
    GET  /help/<topic>                          a page
    POST /admin/<key>/faults {fault}            a fault of `faults` is switched on; DELETE: all off

A track in the answer to /licenses is granted (`content_id`, `key_id`, `rights`, `expires`, a
signed `url`) or refused (`reason`). An error is a JSON object with `error`.
"""

import hmac
import time
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from attrs import define, field
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sample_partners.proseware.access_log import AccessLog, Served
from sample_partners.proseware.accounts import Account, Grant, Refusal, account_of, decide
from sample_partners.proseware.catalog import Catalog, Track
from sample_partners.proseware.delivery import PICTURE, prepare, spoil
from sample_partners.proseware.faults import BadFault, Faults
from sample_partners.proseware.requests import json_object, text_field, track_ids_field
from sample_partners.proseware.shelf import Shelf, key_id_of
from sample_partners.proseware.signing import Signer, UrlVerdict
from sample_partners.proseware.tables import LOCALE_ID, SCHEMA_VERSION, full_package

CATALOG_LIFETIME = timedelta(days=1)
_PACKAGES = {"catalog.wmdb.lz": True, "catalog.wmdb": False}


@define
class Store:
    """What the endpoints share; used on the server's one thread.

    Args:
        catalog: what is sold.
        accounts: the customers.
        shelf: where the files come from.
        signer: signs tokens and URLs.
        faults: what goes wrong.
        log: what was served.
        url_lifetime_s: how long a file's URL is good, in seconds; 0 for not at all.
        admin_key: opens /admin; None leaves it shut.
    """

    catalog: Catalog
    accounts: tuple[Account, ...]
    shelf: Shelf
    signer: Signer
    faults: Faults
    log: AccessLog
    url_lifetime_s: int
    admin_key: str | None = None
    _packages: dict[str, bytes] = field(init=False, factory=dict)

    def application(self) -> Starlette:
        """Return the ASGI application."""
        routes = [
            Route("/login", self._login, methods=["POST"]),
            Route("/catalog/current", self._current_catalog),
            Route("/Catalogs/{version:int}/{name}", self._package),
            Route("/licenses", self._licenses, methods=["POST"]),
            Route("/media/{name}", self._media),
            Route("/art/{kind}/{item:int}.png", self._art),
            Route("/help/{topic}", self._help),
            Route("/admin/{key}/faults", self._switch_on, methods=["POST"]),
            Route("/admin/{key}/faults", self._switch_all_off, methods=["DELETE"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _as_json})

    async def _login(self, request: Request) -> Response:
        content = await json_object(request)
        name, password = text_field(content, "account"), text_field(content, "password")
        account = account_of(self.accounts, name, password)
        if account is None:
            raise HTTPException(401, "no such account, or another password")
        return JSONResponse({"token": self.signer.token_of(account.name)})

    async def _current_catalog(self, request: Request) -> Response:
        version = self.catalog.version
        expires = datetime.now(UTC) + CATALOG_LIFETIME
        return JSONResponse(
            {
                "version": version,
                "schema_version": SCHEMA_VERSION,
                "locale": LOCALE_ID,
                "url": f"{request.base_url}Catalogs/{version}/catalog.wmdb.lz",
                "expires": expires.isoformat(),
            }
        )

    async def _package(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _PACKAGES or request.path_params["version"] != self.catalog.version:
            raise HTTPException(404, "there is no such catalogue")
        if name not in self._packages:
            self._packages[name] = full_package(self.catalog, compressed=_PACKAGES[name])
        return Response(self._packages[name], media_type="application/octet-stream")

    async def _licenses(self, request: Request) -> Response:
        account = self._account(request)
        track_ids = track_ids_field(await json_object(request))
        now = datetime.now(UTC)
        base_url = str(request.base_url)
        answers = [self._answer(account, track_id, now, base_url) for track_id in track_ids]
        return JSONResponse({"tracks": answers})

    def _account(self, request: Request) -> Account:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        name = self.signer.account_of(token) if scheme.lower() == "bearer" else None
        for account in self.accounts:
            if account.name == name:
                return account
        raise HTTPException(401, "log in first")

    def _answer(
        self, account: Account, track_id: int, now: datetime, base_url: str
    ) -> dict[str, Any]:
        decision = decide(self.catalog, account, track_id, now)
        if isinstance(decision, Refusal):
            return {"track_id": track_id, "granted": False, "reason": decision}
        return _granted(decision) | {"url": base_url + self._signed_path(decision.track)}

    def _signed_path(self, track: Track) -> str:
        expires = int(time.time()) + self.url_lifetime_s
        return f"media/{track.file_name}?{self.signer.query_of(track.file_name, expires)}"

    async def _media(self, request: Request) -> ASGIApp:
        track = self._track(request.path_params["name"])
        self._check_signature(request, track)
        delivery = prepare(request, self.shelf.file_of(track))
        fault = self.faults.take(track.id)
        answer = delivery.as_response() if fault is None else spoil(delivery, fault)
        return Served(answer, track.id, self.log)

    def _track(self, file_name: str) -> Track:
        stem = file_name.partition(".")[0]
        track = self.catalog.track_by_id.get(int(stem)) if _is_number(stem) else None
        if track is None or track.file_name != file_name:
            raise HTTPException(404, "there is no such file")
        return track

    def _check_signature(self, request: Request, track: Track) -> None:
        expires = request.query_params.get("expires", "")
        signature = request.query_params.get("signature", "")
        verdict = self.signer.check_url(track.file_name, expires, signature, int(time.time()))
        if verdict is UrlVerdict.FORGED:
            raise HTTPException(403, "the URL is not signed by this store")
        if verdict is UrlVerdict.EXPIRED:
            raise HTTPException(410, "the URL has expired")

    async def _art(self, _request: Request) -> Response:
        return Response(PICTURE, media_type="image/png")

    async def _help(self, request: Request) -> Response:
        topic = escape(request.path_params["topic"])
        return HTMLResponse(f"<!doctype html><title>Help</title><h1>About {topic}</h1>")

    async def _switch_on(self, request: Request) -> Response:
        self._check_admin(request)
        try:
            self.faults.add(text_field(await json_object(request), "fault"))
        except BadFault as error:
            raise HTTPException(400, str(error)) from error
        return Response(status_code=204)

    async def _switch_all_off(self, request: Request) -> Response:
        self._check_admin(request)
        self.faults.clear()
        return Response(status_code=204)

    def _check_admin(self, request: Request) -> None:
        key = request.path_params["key"]
        if self.admin_key is None or not hmac.compare_digest(key.encode(), self.admin_key.encode()):
            raise HTTPException(404, "there is nothing here")


def _granted(grant: Grant) -> dict[str, Any]:
    return {
        "track_id": grant.track.id,
        "granted": True,
        "content_id": grant.track.id,
        "key_id": key_id_of(grant.track),
        "rights": grant.rights,
        "expires": grant.expires.isoformat() if grant.expires else None,
    }


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 10


async def _as_json(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({"error": str(getattr(error, "detail", error))}, status)
