from collections.abc import Callable
from pathlib import Path

import pytest

from partner_api.content import ContentContainer
from partner_api.enums import NO_ID, LibraryLocation, TransactionType
from player_host.catalog import containers, expansion
from player_host.catalog.containers import ContainerSelection, build_container_list, price_marker
from player_host.catalog.items import parse_items
from player_host.catalog.store import Catalogs
from player_host.errors import NothingSelected, UnknownItem, UsageError


def select(
    catalogs: Catalogs, *words: str, kind: TransactionType = TransactionType.DOWNLOAD
) -> ContainerSelection:
    return build_container_list(catalogs, "Proseware", parse_items(words), kind)


def shape(container: ContentContainer) -> tuple[object, ...]:
    return container.type, container.id, [item.id for item in container]


@pytest.mark.requirement("T1-DL-52", "T1-CON-03", "T1-CON-04")
def test_an_album_becomes_one_album_container_with_its_tracks_by_number(installed):
    chosen = select(installed, "album:8")
    assert [shape(c) for c in chosen.container_list] == [(LibraryLocation.ALBUM, 8, [81, 80])]


@pytest.mark.requirement("T1-DL-52")
def test_several_albums_become_one_container_each_in_the_order_of_the_request(installed):
    chosen = select(installed, "album:8;7")
    assert [c.id for c in chosen.container_list] == [8, 7]


@pytest.mark.requirement("T1-DL-52", "T1-CON-03")
def test_a_list_becomes_one_list_container_with_its_tracks_by_position(installed):
    chosen = select(installed, "list:3")
    assert [shape(c) for c in chosen.container_list] == [(LibraryLocation.LIST, 3, [80, 71])]


@pytest.mark.requirement("T1-DL-52", "T1-CON-04", "T1-PRC-04")
def test_all_loose_tracks_become_one_container_without_id_and_price(installed):
    (container,) = select(installed, "track:80", "track:70;71").container_list
    assert shape(container) == (LibraryLocation.UNKNOWN, NO_ID, [80, 70, 71])
    assert container.GetPrice() == "PriceUnknown"


@pytest.mark.requirement("T1-DL-52")
def test_loose_tracks_come_after_albums_and_lists(installed):
    chosen = select(installed, "track:70", "list:3", "album:7")
    kinds = [container.type for container in chosen.container_list]
    assert kinds == [LibraryLocation.LIST, LibraryLocation.ALBUM, LibraryLocation.UNKNOWN]


@pytest.mark.requirement("T1-DL-52")
@pytest.mark.parametrize(
    ("word", "tracks"),
    [
        ("list:0", [81, 80, 70, 71]),
        ("list:20", [71, 81, 80]),
        ("list:21", [71, 81, 80]),
        ("list:22", [81, 80]),
        ("list:23", [70, 71]),
    ],
    ids=["albums", "performers", "lists", "genres", "subgenres"],
)
def test_a_list_of_other_items_is_expanded_to_their_tracks_each_once(installed, word, tracks):
    (container,) = select(installed, word).container_list
    assert container.type is LibraryLocation.LIST
    assert [item.id for item in container] == tracks


@pytest.mark.requirement("T1-DL-51")
def test_a_track_that_cannot_be_downloaded_is_left_out_with_a_reason(installed):
    chosen = select(installed, "album:7")
    assert [item.id for item in chosen.container_list[0]] == [70, 71]
    assert [left.track_id for left in chosen.left_out] == [72]
    assert "CanDownload" in chosen.left_out[0].reason


@pytest.mark.requirement("T1-DL-51")
def test_a_purchase_leaves_no_track_out(installed):
    chosen = select(installed, "album:7", kind=TransactionType.BUY)
    assert [item.id for item in chosen.container_list[0]] == [70, 71, 72]
    assert chosen.left_out == ()
    assert chosen.container_list.GetTransactionType() is TransactionType.BUY


def test_a_track_left_out_of_two_containers_is_reported_once(installed):
    chosen = select(installed, "album:7", "track:72;70")
    assert [left.track_id for left in chosen.left_out] == [72]


@pytest.mark.requirement("T1-CON-12")
def test_an_album_of_which_nothing_is_left_becomes_no_container(installed):
    chosen = select(installed, "album:9", "album:8")
    assert [container.id for container in chosen.container_list] == [8]
    assert [left.track_id for left in chosen.left_out] == [90]


@pytest.mark.requirement("T1-CON-01", "T1-CON-12")
def test_a_request_of_which_nothing_is_left_selects_nothing(installed):
    with pytest.raises(NothingSelected, match="no track that can be downloaded") as caught:
        select(installed, "album:9", "track:72")
    assert caught.value.where == "2 tracks left out"


@pytest.mark.requirement("T1-PRC-08", "T1-PRC-02")
@pytest.mark.parametrize(
    ("price", "shown"),
    [
        ("", "PriceUnknown"),
        ("0", "PriceFree"),
        ("-", "PriceCannotBuy"),
        ("$0.00", "$0.00"),
        (" 0", " 0"),
        ("- ", "- "),
        ("0,99 €", "0,99 €"),
    ],
)
def test_three_prices_are_special_and_all_others_are_passed_on_unchanged(price, shown):
    assert price_marker(price) == shown


@pytest.mark.requirement("T1-PRC-08", "T1-PRC-03")
def test_containers_and_items_carry_the_prices_of_the_catalogue(installed):
    first, second, third = select(installed, "album:7;8", "list:3").container_list
    assert (first.price, second.price, third.price) == ("$9.99", "PriceFree", "$4.99")
    assert [item.price for item in first] == ["$0.99", "PriceUnknown"]


@pytest.mark.parametrize("word", ["album:70", "list:7", "track:7"])
def test_an_item_that_the_catalogue_does_not_have_is_unknown(installed, word):
    with pytest.raises(UnknownItem, match="has no such") as caught:
        select(installed, word)
    assert caught.value.where == word


def test_tracks_need_no_catalogue_and_then_have_an_unknown_price(catalogs):
    (container,) = select(catalogs, "track:5;6").container_list
    assert [(item.id, item.price) for item in container] == [
        (5, "PriceUnknown"),
        (6, "PriceUnknown"),
    ]


@pytest.mark.parametrize("word", ["album:7", "list:3"])
def test_albums_and_lists_need_a_catalogue(catalogs, word):
    with pytest.raises(UnknownItem, match="no catalogue of this store") as caught:
        select(catalogs, word)
    assert "Fetch the store's catalogue" in caught.value.remedy


def test_the_items_of_a_dynamic_list_are_not_known(installed):
    with pytest.raises(UsageError, match="dynamic") as caught:
        select(installed, "list:4")
    assert caught.value.where == "list:4"


def test_a_list_of_radio_feeds_cannot_be_downloaded(installed):
    with pytest.raises(UsageError, match="radio feeds"):
        select(installed, "list:24")


def test_a_list_that_leads_to_a_dynamic_one_is_refused(
    catalogs: Catalogs, package: Callable[..., Path], sample: Callable[[], dict[str, str]]
):
    outer = sample()["listitem.csv"] + "21\t4\t2\r\n"
    catalogs.install(
        "Proseware", package({"listitem.csv": outer}), announced_version=3, expires=None
    )
    with pytest.raises(UsageError, match="dynamic") as caught:
        select(catalogs, "list:21")
    assert caught.value.where == "list:4"


def test_lists_that_share_lists_are_expanded_without_repeating_work(
    catalogs: Catalogs, package: Callable[..., Path]
):
    depth = 60
    rows = "".join(f"{n}|||deep|L|0|0|0|0|0|I|0|-|0\n" for n in range(depth))
    rows += f"{depth}|||end|T|0|0|0|0|0|I|0|-|0\n"
    items = "".join(f"{n}|{n + 1}|0\n{n}|{n + 1}|1\n" for n in range(depth)) + f"{depth}|70|0\n"
    changes = {"list.csv": rows.replace("|", "\t"), "listitem.csv": items.replace("|", "\t")}
    catalogs.install("Proseware", package(changes), announced_version=3, expires=None)
    (container,) = select(catalogs, "list:0").container_list
    assert [item.id for item in container] == [70]


def test_a_request_for_too_many_tracks_is_refused(installed, monkeypatch):
    monkeypatch.setattr(containers, "MAX_TRACKS", 3)
    with pytest.raises(UsageError, match="at most 3 tracks"):
        select(installed, "album:7", "album:8")


def test_an_expanded_list_of_too_many_tracks_is_refused(installed, monkeypatch):
    monkeypatch.setattr(containers, "MAX_TRACKS", 2)
    with pytest.raises(UsageError, match="at most 2 tracks"):
        select(installed, "list:0")


def test_a_list_of_too_many_tracks_is_refused(installed, monkeypatch):
    monkeypatch.setattr(containers, "MAX_TRACKS", 2)
    with pytest.raises(UsageError, match="at most 2 tracks"):
        select(installed, "list:3")


def test_a_list_whose_items_share_their_tracks_too_often_is_refused(
    catalogs: Catalogs, package: Callable[..., Path], append, monkeypatch
):
    path = package(append("listitem.csv", "23|10|1"))
    catalogs.install("Proseware", path, announced_version=3, expires=None)
    (container,) = select(catalogs, "list:23").container_list
    assert [item.id for item in container] == [70, 71]
    monkeypatch.setattr(expansion, "MAX_EXAMINED", 6)
    with pytest.raises(UsageError, match="again and again"):
        select(catalogs, "list:23")


def test_an_item_that_a_list_names_again_is_expanded_once(
    catalogs: Catalogs, package: Callable[..., Path], append, monkeypatch
):
    monkeypatch.setattr(expansion, "MAX_EXAMINED", 5)
    path = package(append("listitem.csv", "0|8|2", "0|8|3", "0|7|4"))
    catalogs.install("Proseware", path, announced_version=3, expires=None)
    (container,) = select(catalogs, "list:0").container_list
    assert [item.id for item in container] == [81, 80, 70, 71]


def test_a_request_that_would_pass_the_bound_of_the_wire_is_refused(installed, monkeypatch):
    monkeypatch.setattr(containers, "MAX_LIST_BYTES", 200)
    with pytest.raises(UsageError, match="at most 200 bytes"):
        select(installed, "album:7", "album:8")


def test_a_partner_sees_only_its_own_catalogue(installed):
    with pytest.raises(UnknownItem, match="no catalogue"):
        build_container_list(installed, "Careless", parse_items(["album:7"]))
