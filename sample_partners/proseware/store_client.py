"""The plug-in's side of the store's web interface.

Synchronous, with a deadline on every step; a request that fails on its way or at the server is
sent once more. Whatever goes wrong leaves here as `StoreFailure` with the code for the Player.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx
from attrs import field, frozen
from cattrs import BaseValidationError
from cattrs.preconf.json import make_converter

from partner_api import HRESULT, License, Right
from sample_partners.proseware.failures import (
    LOGIN_FAILED,
    STORE_SILENT,
    STORE_UNAVAILABLE,
    StoreFailure,
    failure_of,
)

TRACKS_PER_REQUEST = 200
_STEP_DEADLINE_S = 4.0
_QUICK_DEADLINE_S = 1.5
_UNAUTHORIZED = 401
_SERVER_ERROR = 500

_converter = make_converter()
Answer = TypeVar("Answer")


@frozen
class Decision:
    """The store's word on one track: granted with a licence and a URL, or refused.

    Attributes:
        track_id: the track.
        granted: whether it may be downloaded.
        reason: why not; empty if granted.
        key_id: the key that the file is protected with, or None.
        rights: the words for what the licence allows.
        expires: when the licence ends, or None.
        url: where the file is; good for a while.
    """

    track_id: int
    granted: bool
    reason: str = ""
    key_id: str | None = None
    rights: tuple[Right, ...] = ()
    expires: datetime | None = None
    url: str = ""

    @property
    def license(self) -> License:
        """Return the licence of a granted track."""
        return License(self.track_id, self.key_id, frozenset(self.rights), self.expires)

    @property
    def failure(self) -> HRESULT:
        """Return the failure code of a refused track."""
        return failure_of(self.reason)


@frozen
class CurrentCatalog:
    """The catalogue that the store offers now."""

    version: int
    url: str
    expires: datetime


@frozen
class _Decisions:
    tracks: tuple[Decision, ...]


@frozen
class _Login:
    token: str = field(repr=False)


class StoreClient:
    """Talks to the store's server for one account; may be used from several threads.

    Args:
        store_url: where the store is, with or without a final slash.
        account: the customer's name.
        password: the customer's password, in the clear.
        on_login: told True after a login, False after an attempt that failed; called on the
            thread that needed the login.
    """

    def __init__(
        self, store_url: str, account: str, password: str, on_login: Callable[[bool], None]
    ) -> None:
        # The store's machine is named by the settings; the proxies of the environment are for
        # the Player's own traffic.
        self._http = httpx.Client(base_url=store_url, timeout=_STEP_DEADLINE_S, trust_env=False)
        self._credentials = {"account": account, "password": password}
        self._on_login = on_login
        self._token: str | None = None
        self._login_lock = threading.Lock()

    @property
    def is_logged_in(self) -> bool:
        """Return whether the store accepted the account since the start."""
        return self._token is not None

    def decisions(self, track_ids: Sequence[int]) -> dict[int, Decision]:
        """Ask for licences and URLs.

        Args:
            track_ids: at most `TRACKS_PER_REQUEST` of them.

        Returns:
            The store's decisions by track id; a track that it passed over is missing.

        Raises:
            StoreFailure: the login was refused, or the store cannot be asked.
        """
        token = self._token or self._log_in()
        response = self._licenses(track_ids, token)
        if response.status_code == _UNAUTHORIZED:
            # The store has forgotten its tokens; a second refusal is final.
            response = self._licenses(track_ids, self._log_in())
        answer = _parsed(response, _Decisions)
        return {decision.track_id: decision for decision in answer.tracks}

    def current_catalog(self) -> CurrentCatalog:
        """Ask which catalogue is current; quick, because the Player waits.

        Raises:
            StoreFailure: the store cannot be asked.
        """
        response = self._send("GET", "/catalog/current", tries=1, timeout=_QUICK_DEADLINE_S)
        return _parsed(response, CurrentCatalog)

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._http.close()

    def _log_in(self) -> str:
        with self._login_lock:
            response = self._send("POST", "/login", json=self._credentials)
            if response.status_code == _UNAUTHORIZED:
                self._token = None
                self._on_login(False)
                raise StoreFailure(LOGIN_FAILED, "the store refused account or password")
            self._token = _parsed(response, _Login).token
            self._on_login(True)
            return self._token

    def _licenses(self, track_ids: Sequence[int], token: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"}
        content = {"track_ids": list(track_ids)}
        return self._send("POST", "/licenses", json=content, headers=headers)

    def _send(self, method: str, path: str, tries: int = 2, **content: Any) -> httpx.Response:
        for _ in range(tries - 1):
            try:
                response = self._http.request(method, path, **content)
            except httpx.TransportError:
                continue
            if response.status_code < _SERVER_ERROR:
                return response
        return self._send_finally(method, path, **content)

    def _send_finally(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **content)
        except httpx.TimeoutException as error:
            raise StoreFailure(STORE_SILENT, f"{path}: no answer in time") from error
        except httpx.HTTPError as error:
            raise StoreFailure(STORE_UNAVAILABLE, f"{path}: {error}") from error


def _parsed(response: httpx.Response, kind: type[Answer]) -> Answer:
    path = response.url.path
    if response.status_code == _UNAUTHORIZED:
        raise StoreFailure(LOGIN_FAILED, f"{path}: the store does not know the token")
    if not response.is_success:
        raise StoreFailure(STORE_UNAVAILABLE, f"{path}: status {response.status_code}")
    try:
        return _converter.structure(response.json(), kind)
    except (ValueError, BaseValidationError) as error:
        raise StoreFailure(STORE_UNAVAILABLE, f"{path}: an answer of another form") from error
