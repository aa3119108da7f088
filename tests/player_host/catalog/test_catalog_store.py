import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from partner_api.hresult import HRESULT
from player_host.catalog.package import Package
from player_host.catalog.staging import COLUMNS, staged
from player_host.catalog.store import Catalogs, InstalledCatalog
from player_host.errors import CatalogError, StorageError

LATER = datetime(2026, 4, 1, tzinfo=UTC)
PARTNER = "Proseware"


def put(catalogs, package, *, partner=PARTNER, expires=None, **manifest):
    version = manifest.get("version", 3)
    return catalogs.install(
        partner, package(**manifest), announced_version=version, expires=expires
    )


@pytest.mark.requirement("T1-CAT-02")
def test_without_a_catalogue_nothing_is_installed_and_version_0_is_reported(catalogs):
    assert catalogs.installed(PARTNER) is None
    assert catalogs.version_to_report(PARTNER) == 0


@pytest.mark.requirement("T1-CAT-14", "T1-CAT-15", "T1-CAT-25")
def test_an_installed_catalogue_is_reported_with_version_schema_and_locale(catalogs, package):
    report = put(catalogs, package, version=12, locale=1031, expires=LATER)
    assert catalogs.installed(PARTNER) == InstalledCatalog(12, 1, 1031, LATER)
    assert report.installed == catalogs.installed(PARTNER)
    assert catalogs.version_to_report(PARTNER) == 12


def test_a_report_counts_the_rows_of_each_table(catalogs, package):
    assert put(catalogs, package).counts == {
        "genres": 2,
        "subgenres": 3,
        "artists": 2,
        "albums": 3,
        "tracks": 6,
        "lists": 8,
        "radios": 1,
        "list items": 11,
    }


@pytest.mark.requirement("T1-CAT-17")
def test_a_report_says_whether_the_file_was_compressed(catalogs, package):
    assert put(catalogs, package).is_compressed is True
    path = package(method=0)
    report = catalogs.install(PARTNER, path, announced_version=3, expires=None)
    assert report.is_compressed is False


@pytest.mark.requirement("T1-TSV-14")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "utf-8-sig"])
def test_a_catalogue_reads_the_same_in_every_encoding(install, catalogs, encoding):
    install(encoding=encoding)
    assert catalogs.artist(PARTNER, 1).name == "Émilie"
    assert catalogs.artist(PARTNER, 2).name == "音楽"


def test_an_installation_outlives_the_program(installed, database, clock):
    assert Catalogs(database, clock).track(PARTNER, 70).title == "Dawn"


def test_a_new_catalogue_takes_the_place_of_the_old_one(installed, package, edit, append):
    changes = edit("track.csv", 1, TrackTitle="Sunrise")
    installed.install(PARTNER, package(changes, version=4), announced_version=4, expires=None)
    assert installed.installed(PARTNER).version == 4
    assert installed.track(PARTNER, 70).title == "Sunrise"
    assert len(installed.albums(PARTNER)) == 3


def test_no_row_of_a_replaced_catalogue_stays(installed, package, sample, database):
    empty = package(dict.fromkeys(sample(), ""))
    installed.install(PARTNER, empty, announced_version=3, expires=None)
    rows = {table: database.row(f"SELECT count(*) FROM {table}")[0] for table in COLUMNS}
    assert set(rows.values()) == {0}


@pytest.mark.requirement("T1-CAT-21")
def test_a_lower_version_is_taken_in(catalogs, package):
    put(catalogs, package, version=9)
    put(catalogs, package, version=8)
    assert catalogs.installed(PARTNER).version == 8


def test_partners_have_catalogues_of_their_own(installed, package):
    put(installed, package, partner="Careless", version=5)
    put(installed, package, partner="Careless", version=6)
    assert installed.installed(PARTNER).version == 3
    assert len(installed.tracks(PARTNER, 7)) == 3
    assert len(installed.tracks("Careless", 7)) == 3
    assert installed.albums("Nobody") == ()


@pytest.mark.requirement("T1-CAT-03")
def test_another_version_than_announced_is_refused(catalogs, package):
    with pytest.raises(CatalogError, match="has version 3; 4 was announced") as caught:
        catalogs.install(PARTNER, package(), announced_version=4, expires=None)
    assert caught.value.hr == HRESULT.from_win32(1306)
    assert catalogs.installed(PARTNER) is None


@pytest.mark.requirement("T1-CAT-22")
def test_version_0_is_refused_also_if_it_was_announced(catalogs, package):
    with pytest.raises(CatalogError, match="T1-CAT-22"):
        catalogs.install(PARTNER, package(version=0), announced_version=0, expires=None)


@pytest.mark.requirement("T1-CAT-13", "T1-CAT-20")
def test_after_a_broken_catalogue_the_installed_one_stays(installed, package, edit):
    broken = package(edit("listitem.csv", 11, ItemPositionInList="x"), version=4)
    with pytest.raises(CatalogError) as caught:
        installed.install(PARTNER, broken, announced_version=4, expires=LATER)
    assert caught.value.hr.failed
    assert installed.installed(PARTNER) == InstalledCatalog(3, 1, 1033, None)
    assert installed.track(PARTNER, 70).title == "Dawn"


@pytest.mark.requirement("T1-CAT-20")
def test_an_update_is_refused_and_a_full_catalogue_is_asked_for_next(installed, package):
    update = package(kind="update", version=4, base_version=3)
    with pytest.raises(CatalogError, match="only full catalogues") as caught:
        installed.install(PARTNER, update, announced_version=4, expires=LATER)
    assert caught.value.hr == HRESULT.from_win32(50)
    assert installed.installed(PARTNER).version == 3
    assert installed.version_to_report(PARTNER) == 0


@pytest.mark.requirement("T1-CAT-20")
def test_a_full_catalogue_ends_the_wish_for_one(installed, package):
    with pytest.raises(CatalogError):
        put(installed, package, kind="update", version=4)
    put(installed, package, version=4)
    assert installed.version_to_report(PARTNER) == 4


@pytest.mark.requirement("T1-CAT-20")
def test_an_update_without_a_catalogue_is_refused(catalogs, package):
    with pytest.raises(CatalogError, match="T1-CAT-20"):
        put(catalogs, package, kind="update")
    assert catalogs.version_to_report(PARTNER) == 0


def test_a_refused_catalogue_leaves_the_package_free(installed, package, edit):
    path = package(edit("track.csv", 6, TrackID="x"))
    with pytest.raises(CatalogError):
        installed.install(PARTNER, path, announced_version=3, expires=None)
    path.rename(path.with_name("moved"))
    assert not path.exists()


def test_a_copy_that_fails_half_way_changes_nothing(installed, package, database, sample):
    path = package(dict.fromkeys(sample(), ""))
    with Package.open(path) as opened, staged(opened) as catalog:
        catalog.database.execute("DROP TABLE catalog_radio")
        with pytest.raises(StorageError), database.transaction() as connection:
            catalog.copy(connection, PARTNER)
    assert len(installed.tracks(PARTNER, 7)) == 3


def test_the_database_is_free_while_a_catalogue_is_checked(package, database):
    path = package()
    with Package.open(path) as opened, staged(opened):
        other = sqlite3.connect(database.path, timeout=0)
        other.execute("BEGIN IMMEDIATE")
        other.rollback()
        other.close()


def test_a_catalogue_can_be_installed_from_another_thread(catalogs, package):
    thread = threading.Thread(target=put, args=(catalogs, package))
    thread.start()
    thread.join()
    assert catalogs.installed(PARTNER).version == 3


@pytest.mark.requirement("T1-CAT-05")
def test_a_partner_is_asked_without_a_catalogue_and_when_the_date_has_come(
    catalogs, package, clock
):
    assert catalogs.due(PARTNER, clock.now())
    put(catalogs, package, expires=clock.now() + timedelta(hours=1))
    assert not catalogs.due(PARTNER, clock.now())
    clock.advance(timedelta(hours=1))
    assert catalogs.due(PARTNER, clock.now())


@pytest.mark.requirement("T1-CAT-05")
def test_a_catalogue_without_a_date_never_expires(catalogs, package, clock):
    put(catalogs, package, expires=None)
    clock.advance(timedelta(days=36_500))
    assert not catalogs.due(PARTNER, clock.now())


@pytest.mark.requirement("T1-CAT-18")
def test_the_unchanged_version_only_renews_the_date(installed, clock):
    installed.renew_expiry(PARTNER, LATER)
    assert installed.installed(PARTNER) == InstalledCatalog(3, 1, 1033, LATER)
    assert not installed.due(PARTNER, clock.now())
    assert installed.due(PARTNER, LATER)


@pytest.mark.requirement("T1-CAT-23")
@pytest.mark.parametrize("how", ["install", "renew"])
def test_a_date_in_the_past_means_the_next_start_not_a_loop(
    catalogs, package, database, clock, how
):
    past = clock.now() - timedelta(days=1)
    put(catalogs, package, expires=past)
    if how == "renew":
        catalogs.renew_expiry(PARTNER, past)
    assert not catalogs.due(PARTNER, clock.now())
    assert Catalogs(database, clock).due(PARTNER, clock.now())


@pytest.mark.requirement("T1-CAT-23")
def test_a_date_in_the_future_ends_the_silence_after_one_in_the_past(catalogs, package, clock):
    put(catalogs, package, expires=clock.now() - timedelta(days=1))
    catalogs.renew_expiry(PARTNER, clock.now() + timedelta(days=1))
    clock.advance(timedelta(days=1))
    assert catalogs.due(PARTNER, clock.now())


@pytest.mark.requirement("T1-CAT-18", "T1-CAT-23")
def test_a_partner_that_has_nothing_for_a_player_without_catalogue_is_asked_at_the_next_start(
    catalogs, database, clock
):
    catalogs.renew_expiry(PARTNER, LATER)
    assert not catalogs.due(PARTNER, clock.now())
    assert Catalogs(database, clock).due(PARTNER, clock.now())


@pytest.mark.requirement("T1-CAT-23")
def test_dates_are_kept_in_utc(catalogs, package):
    east = datetime(2026, 4, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    put(catalogs, package, expires=east)
    assert catalogs.installed(PARTNER).expires == LATER
    assert catalogs.installed(PARTNER).expires.tzinfo is UTC
