"""What a package says of itself, in `manifest.json`.

    {"kind": "full", "version": 3, "schema_version": 1, "locale": 1033}

An update has the kind `update` and also names `base_version`. Members that are not known are
ignored.
"""

import json
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from player_host.catalog.findings import refusal
from player_host.errors import CatalogError

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1
MAX_NUMBER = 0xFFFFFFFF
ERROR_NOT_SUPPORTED = 50


@frozen
class Manifest:
    """What a package says of itself.

    Attributes:
        version: the store's number, 1 or more (T1-CAT-22).
        schema_version: the generation of the format.
        lcid: the locale of the texts.
    """

    version: int
    schema_version: int
    lcid: int


class UpdateRefusedError(Exception):
    """The package is an update; `store.py` notes that a full catalogue is needed."""


def parse_manifest(text: bytes) -> Manifest:
    """Return the manifest of a full catalogue.

    Args:
        text: the bytes of `manifest.json`; the caller has bounded their number.

    Raises:
        CatalogError: it is no manifest, or a member has another form.
        UpdateRefusedError: it is the manifest of an update (T1-CAT-20).
    """
    members = _members(text)
    kind = members.get("kind")
    if kind == "update":
        raise UpdateRefusedError
    if kind != "full":
        raise _bad_manifest("kind must be full or update", "T1-CAT-19")
    version = _number(members, "version", "T1-CAT-03")
    if version == 0:
        raise _bad_manifest("version 0 says that there is no catalogue", "T1-CAT-22")
    schema_version = _number(members, "schema_version", "T1-CAT-01")
    if schema_version != SCHEMA_VERSION:
        what = f"schema_version must be {SCHEMA_VERSION}, not {schema_version}"
        raise _bad_manifest(what, "T1-CAT-01")
    return Manifest(version, schema_version, _number(members, "locale", "T1-CAT-01"))


def _members(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _bad_manifest("it must be JSON in UTF-8", "T1-CAT-19") from error
    if not isinstance(found, dict):
        raise _bad_manifest("it must be a JSON object", "T1-CAT-19")
    return found


def _number(members: Mapping[str, Any], name: str, requirement: str) -> int:
    value = members.get(name)
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise _bad_manifest(f"{name} must be a whole number from 0 to {MAX_NUMBER}", requirement)
    return value


def _bad_manifest(what: str, requirement: str) -> CatalogError:
    return refusal(what, requirement, where=MANIFEST)


def update_refusal(where: str) -> CatalogError:
    """Return the error for an update, which the Player cannot apply."""
    what = "the file is an update; only full catalogues are taken in, and one is asked for next"
    return refusal(what, "T1-CAT-20", where=where, win32=ERROR_NOT_SUPPORTED)
