import json
import os
import struct
import zipfile

import pytest

from partner_api.hresult import HRESULT
from player_host.catalog import package as catalog_package
from player_host.catalog.format import TRACK
from player_host.catalog.manifest import Manifest, UpdateRefusedError
from player_host.catalog.package import Package
from player_host.errors import CatalogError

MANIFEST = {"kind": "full", "version": 3, "schema_version": 1, "locale": 1033}


@pytest.fixture
def entries(sample):
    def build(manifest=MANIFEST):
        text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        return {"manifest.json": text} | {n: t.encode() for n, t in sample().items()}

    return build


@pytest.fixture
def packed(tmp_path, entries, zipped):
    def write(manifest=MANIFEST, *, without=(), **more):
        content = {n: b for n, b in entries(manifest).items() if n not in without}
        return zipped(tmp_path / "package", content | more)

    return write


def read(path):
    """Read a package as an installation does, to the last byte."""
    with Package.open(path) as package:
        for table in catalog_package.TABLES:
            for _ in package.chunks(table):
                pass


def refuse(path):
    with pytest.raises(CatalogError) as caught:
        read(path)
    return caught.value


@pytest.mark.requirement("T1-CAT-19", "T1-CAT-17")
@pytest.mark.parametrize(
    ("method", "is_compressed"), [(zipfile.ZIP_DEFLATED, True), (zipfile.ZIP_STORED, False)]
)
def test_both_forms_are_read_and_told_by_their_content(package, method, is_compressed):
    with Package.open(package(method=method)) as opened:
        assert opened.is_compressed is is_compressed
        assert b"".join(opened.chunks(TRACK)).decode("utf-16").startswith("70\tDawn")


def test_the_manifest_says_version_schema_and_locale(package):
    with Package.open(package(version=9, locale=1031)) as opened:
        assert opened.manifest == Manifest(9, 1, 1031)


def test_a_table_comes_in_bounded_pieces(packed):
    path = packed(**{"track.csv": os.urandom(200_000)})
    with Package.open(path) as opened:
        sizes = [len(piece) for piece in opened.chunks(TRACK)]
    assert max(sizes) == catalog_package.CHUNK_BYTES
    assert sum(sizes) == 200_000


@pytest.mark.requirement("T1-CAT-19", "T1-CAT-20")
def test_an_update_is_told_by_its_kind(packed):
    update = MANIFEST | {"kind": "update", "base_version": 2}
    with pytest.raises(UpdateRefusedError):
        Package.open(packed(update))


@pytest.mark.requirement("T1-CAT-22")
def test_version_0_is_refused(packed):
    error = refuse(packed(MANIFEST | {"version": 0}))
    assert error.where == "manifest.json"
    assert "version 0 says that there is no catalogue (T1-CAT-22)" in error.what


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "partial"}, "kind must be full or update"),
        ({"kind": None}, "kind must be full or update"),
        ({"version": "3"}, "version must be a whole number"),
        ({"version": True}, "version must be a whole number"),
        ({"version": 3.0}, "version must be a whole number"),
        ({"version": -1}, "version must be a whole number"),
        ({"version": 2**32}, "version must be a whole number"),
        ({"schema_version": 2}, "schema_version must be 1, not 2"),
        ({"schema_version": None}, "schema_version must be a whole number"),
        ({"locale": "en"}, "locale must be a whole number"),
        ({"locale": None}, "locale must be a whole number"),
    ],
)
def test_every_member_of_the_manifest_has_its_form(packed, change, words):
    error = refuse(packed(MANIFEST | change))
    assert error.where == "manifest.json"
    assert words in error.what


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff\xfe{}",
        b"9" * 5_000,
        b"[" * 60_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
    ],
    ids=["empty", "cut", "a list", "no UTF-8", "a number", "deep", "a long number"],
)
def test_a_manifest_is_a_json_object_in_utf8(packed, manifest):
    error = refuse(packed(manifest))
    assert error.where == "manifest.json"
    assert "it must be" in error.what


@pytest.mark.requirement("T1-TSV-01", "T1-TSV-02")
@pytest.mark.parametrize("name", ["track.csv", "radio.csv", "manifest.json"])
def test_every_file_must_be_there(packed, name):
    error = refuse(packed(without=[name]))
    assert "must hold exactly manifest.json and genre.csv" in error.what


@pytest.mark.requirement("T1-TSV-01")
@pytest.mark.parametrize("name", ["readme.txt", "../track.csv", "/track.csv", "catalog/track.csv"])
def test_no_other_file_may_be_there(packed, name):
    assert "must hold exactly" in refuse(packed(**{name: b""})).what


@pytest.mark.requirement("T1-TSV-01")
@pytest.mark.parametrize("name", ["Track.csv", "track.csv/", "./track.csv"])
def test_the_names_are_exact(packed, name):
    assert "must hold exactly" in refuse(packed(without=["track.csv"], **{name: b""})).what


@pytest.mark.requirement("T1-TSV-01")
def test_a_name_is_not_cut_at_nul(packed):
    path = packed(without=["track.csv"], **{"track.csv_.csv": b""})
    path.write_bytes(path.read_bytes().replace(b"track.csv_.csv", b"track.csv\x00.csv"))
    assert "must hold exactly" in refuse(path).what


def test_a_file_that_is_there_twice_is_refused(packed):
    path = packed(without=["radio.csv"])
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as archive,
    ):
        archive.writestr("track.csv", "")
    assert "once each" in refuse(path).what


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"<html>", b"\x00" * 100, b"PK\x05\x06" + b"\x00" * 18]
)
def test_a_file_that_is_no_package_is_refused(tmp_path, content):
    path = tmp_path / "package"
    path.write_bytes(content)
    assert refuse(path).where == "package"


def test_a_missing_file_is_refused(tmp_path):
    assert "the package is damaged" in refuse(tmp_path / "none").what


def test_a_package_that_is_cut_is_refused(packed):
    path = packed()
    path.write_bytes(path.read_bytes()[:-1])
    assert "no catalogue package, or it is cut" in refuse(path).what


def test_damaged_content_is_refused(tmp_path, entries, zipped):
    path = zipped(tmp_path / "package", entries(), zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"Dawn", b"Down"))
    error = refuse(path)
    assert error.where == "track.csv"
    assert "Bad CRC-32" in error.what


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_of_packing_are_refused(tmp_path, entries, zipped, method):
    path = zipped(tmp_path / "package", entries(), method)
    assert "another method than deflate or none" in refuse(path).what


def patched(path, signature, offset, layout, value):
    """Write a number into every record of a zip that begins with a signature."""
    content = bytearray(path.read_bytes())
    at = content.find(signature)
    while at >= 0:
        struct.pack_into(layout, content, at + offset, value)
        at = content.find(signature, at + 4)
    path.write_bytes(content)
    return path


DIRECTORY_ENTRY = b"PK\x01\x02"
END = b"PK\x05\x06"


def test_an_encrypted_package_is_refused(packed):
    assert "is encrypted" in refuse(patched(packed(), DIRECTORY_ENTRY, 8, "<H", 1)).what


def test_more_entries_than_files_are_refused_before_they_are_listed(tmp_path, zipped):
    path = zipped(tmp_path / "package", {f"{n}.csv": b"" for n in range(1_000)})
    assert "must hold exactly" in refuse(path).what


def test_a_large_directory_is_refused_before_it_is_listed(packed):
    assert "must hold exactly" in refuse(patched(packed(), END, 12, "<L", 1_000_000)).what


@pytest.mark.parametrize(
    ("offset", "value"), [(4, 1), (6, 1), (8, 3)], ids=["part", "directory's part", "count"]
)
def test_a_package_in_several_parts_is_refused(packed, offset, value):
    path = patched(packed(), END, offset, "<H", value)
    assert "a plain zip in one part" in refuse(path).what


def test_a_package_with_a_comment_is_refused(packed):
    path = packed()
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"x"
    assert refuse(path).where == "package"


def test_a_package_has_a_bounded_size(packed, monkeypatch):
    monkeypatch.setattr(catalog_package, "MAX_PACKAGE_BYTES", 100)
    error = refuse(packed())
    assert "at most 100 are read" in error.what
    assert error.hr == HRESULT.from_win32(223)


def test_a_manifest_has_a_bounded_size(packed):
    error = refuse(packed(b" " * 70_000))
    assert "'manifest.json' has 70000 bytes; at most 65536 are read" in error.what


def test_a_table_has_a_bounded_size(packed, monkeypatch):
    monkeypatch.setattr(catalog_package, "MAX_TABLE_BYTES", 1_000)
    error = refuse(packed(**{"track.csv": os.urandom(1_001)}))
    assert "'track.csv' has 1001 bytes; at most 1000 are read" in error.what


def test_all_tables_together_have_a_bounded_size(packed, monkeypatch):
    monkeypatch.setattr(catalog_package, "MAX_UNPACKED_BYTES", 1_000)
    assert "the package unpacks to" in refuse(packed()).what


def test_a_bomb_is_refused_by_its_ratio_before_it_is_unpacked(packed):
    error = refuse(packed(**{"track.csv": b"0" * 20_000_000}))
    assert "more than 250 times its size" in error.what
    assert error.hr == HRESULT.from_win32(223)


def test_a_bomb_that_announces_little_is_not_unpacked_beyond_that(packed):
    path = packed(**{"track.csv": b"0" * 20_000_000})
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<L", 20_000_000), struct.pack("<L", 1_000)))
    error = refuse(path)
    assert error.where == "track.csv"
    assert "the package is damaged" in error.what


@pytest.mark.parametrize(
    ("announced", "where"), [(1_000_000, "track.csv"), (100_000_000, "package")]
)
def test_an_entry_that_announces_more_than_there_is_is_refused(
    tmp_path, entries, zipped, announced, where
):
    path = zipped(tmp_path / "package", entries(), zipfile.ZIP_STORED)
    size = len(entries()["track.csv"])
    real, false = struct.pack("<LL", size, size), struct.pack("<LL", announced, announced)
    path.write_bytes(path.read_bytes().replace(real, false))
    assert refuse(path).where == where


def test_small_tables_of_few_words_are_no_bomb(packed):
    read(packed(**{"track.csv": b"0" * 1_000_000}))


@pytest.mark.requirement("T1-CAT-13")
def test_every_refusal_has_a_failure_code_for_the_partner(tmp_path):
    error = refuse(tmp_path / "none")
    assert error.hr == HRESULT.from_win32(13)
    assert error.hr.failed


def test_the_file_is_free_after_a_refusal(packed):
    path = packed(MANIFEST | {"version": 0})
    refuse(path)
    path.unlink()
    assert not path.exists()
