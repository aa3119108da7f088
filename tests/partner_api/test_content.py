import pickle
import sys
from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_api.content import (
    CONTAINER_TYPES,
    ContentContainer,
    ContentContainerList,
    ContentItem,
)
from partner_api.enums import NO_ID, LibraryLocation, PriceMarker, TransactionType
from partner_api.hresult import E_INVALIDARG, ComError

ITEMS = (ContentItem(800, "0.99"), ContentItem(801, PriceMarker.FREE), ContentItem(802))
ALBUM = ContentContainer(LibraryLocation.ALBUM, 250, "9.99", ITEMS)
LOOSE = ContentContainer.loose([ContentItem(7)])
DOWNLOAD = ContentContainerList(TransactionType.DOWNLOAD, (ALBUM, LOOSE))

ids = st.integers(0, 2**32 - 1)
items = st.builds(ContentItem, ids, st.text() | st.sampled_from(PriceMarker))
bad_for_three = st.integers(max_value=-1) | st.integers(min_value=3)


class Misuses(list[tuple[str, int, int]]):
    def note(self, getter: str, index: int, count: int) -> None:
        self.append((getter, index, count))


@pytest.mark.requirement("T1-CON-04")
def test_get_id_gives_the_id_of_an_album() -> None:
    assert ALBUM.GetID() == 250


@pytest.mark.requirement("T1-CON-04")
def test_get_id_of_loose_tracks_is_the_highest_number() -> None:
    assert LOOSE.GetID() == 0xFFFFFFFF


@pytest.mark.requirement("T1-PRC-02", "T1-PRC-05")
def test_get_price_gives_the_price_of_the_whole() -> None:
    assert ALBUM.GetPrice() == "9.99"


@pytest.mark.requirement("T1-PRC-04")
def test_get_price_of_loose_tracks_is_unknown() -> None:
    assert LOOSE.GetPrice() == "PriceUnknown"


@pytest.mark.requirement("T1-CON-03")
@pytest.mark.parametrize("location", LibraryLocation)
def test_only_albums_lists_and_loose_tracks_are_containers(location: LibraryLocation) -> None:
    documented = {"CPAlbumID", "CPListID", "UnknownLocation"}
    assert {str(kind) for kind in CONTAINER_TYPES} == documented
    if str(location) in documented:
        assert ContentContainer(location, NO_ID, PriceMarker.UNKNOWN, ()).GetType() == location
    else:
        with pytest.raises(ValueError, match="no type of container"):
            ContentContainer(location, NO_ID, PriceMarker.UNKNOWN, ())


def test_a_type_may_be_given_by_its_text() -> None:
    container = ContentContainer("CPListID", 4, "5.00", ITEMS)  # type: ignore[arg-type]
    assert container.GetType() is LibraryLocation.LIST


def test_a_type_that_is_no_location_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid LibraryLocation"):
        ContentContainer("Sideways", 4, "5.00", ITEMS)  # type: ignore[arg-type]


@pytest.mark.requirement("T1-CON-05", "T1-CON-06", "T1-CON-07", "T1-PRC-03")
@given(st.lists(items, max_size=20))
def test_the_getters_address_every_item_below_the_count(given_items: list[ContentItem]) -> None:
    container = ContentContainer.loose(given_items)
    indexes = range(container.GetContentCount())
    assert [container.GetContentID(index) for index in indexes] == [one.id for one in given_items]
    assert [container.GetContentPrice(i) for i in indexes] == [one.price for one in given_items]


@pytest.mark.requirement("T1-CON-11")
@given(bad_for_three)
def test_an_item_index_out_of_range_is_an_invalid_argument(index: int) -> None:
    for getter in (ALBUM.GetContentID, ALBUM.GetContentPrice):
        with pytest.raises(ComError) as caught:
            getter(index)
        assert caught.value.hr == E_INVALIDARG


@pytest.mark.requirement("T1-CON-11")
@pytest.mark.parametrize("index", [True, 0.0, "0", None])
def test_an_index_that_is_no_integer_is_an_invalid_argument(index: int) -> None:
    for getter in (ALBUM.GetContentID, ALBUM.GetContentPrice, DOWNLOAD.GetContainer):
        with pytest.raises(ComError) as caught:
            getter(index)
        assert caught.value.hr == E_INVALIDARG


@pytest.mark.requirement("T1-CON-01", "T1-CON-02", "T1-CON-10")
def test_get_container_addresses_every_container_from_zero() -> None:
    count = DOWNLOAD.GetContainerCount()
    assert [DOWNLOAD.GetContainer(index) for index in range(count)] == [ALBUM, LOOSE]


@pytest.mark.requirement("T1-CON-11")
@pytest.mark.parametrize("index", [-1, 2, 2**32])
def test_a_container_index_out_of_range_is_an_invalid_argument(index: int) -> None:
    with pytest.raises(ComError) as caught:
        DOWNLOAD.GetContainer(index)
    assert caught.value.hr == E_INVALIDARG


@pytest.mark.requirement("T1-DL-05", "T1-BUY-17")
@pytest.mark.parametrize("kind", TransactionType)
def test_a_list_reports_what_it_was_made_for(kind: TransactionType) -> None:
    assert ContentContainerList(kind, (ALBUM,)).GetTransactionType() is kind


def test_an_unknown_transaction_type_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid TransactionType"):
        ContentContainerList(3, (ALBUM,))  # type: ignore[arg-type]


def test_lists_and_containers_are_python_sequences() -> None:
    assert isinstance(DOWNLOAD, Sequence)
    assert [[item.id for item in container] for container in DOWNLOAD] == [[800, 801, 802], [7]]
    assert len(ALBUM) == 3
    assert ALBUM[-1] == ITEMS[2]
    assert ALBUM[1:] == ITEMS[1:]
    assert ITEMS[1] in ALBUM
    assert DOWNLOAD[0] is ALBUM
    assert DOWNLOAD[1:] == (LOOSE,)
    assert len(DOWNLOAD) == 2
    assert list(reversed(ALBUM)) == list(reversed(ITEMS))


def test_python_indexes_behave_like_python_indexes() -> None:
    with pytest.raises(IndexError):
        ALBUM[3]
    with pytest.raises(IndexError):
        DOWNLOAD[2]


@pytest.mark.requirement("T1-CON-08")
def test_the_observer_hears_of_every_index_out_of_range() -> None:
    misuses = Misuses()
    watched = DOWNLOAD.observed(misuses.note)
    for getter, index in (
        (watched.GetContainer, 2),
        (watched.GetContainer(0).GetContentID, 3),
        (watched.GetContainer(1).GetContentPrice, -1),
    ):
        with pytest.raises(ComError):
            getter(index)
    assert misuses == [("GetContainer", 2, 2), ("GetContentID", 3, 3), ("GetContentPrice", -1, 1)]


def test_the_observer_hears_nothing_of_proper_use() -> None:
    misuses = Misuses()
    for container in DOWNLOAD.observed(misuses.note):
        for index in range(container.GetContentCount()):
            container.GetContentID(index)
            container.GetContentPrice(index)
    assert misuses == []


def test_observers_can_be_given_one_by_one() -> None:
    misuses = Misuses()
    container = ContentContainer(LibraryLocation.LIST, 4, "1", ITEMS, on_misuse=misuses.note)
    container_list = ContentContainerList(TransactionType.BUY, (container,), on_misuse=misuses.note)
    with pytest.raises(ComError):
        container_list.GetContainer(9)
    with pytest.raises(ComError):
        container.GetContentID(9)
    assert misuses == [("GetContainer", 9, 1), ("GetContentID", 9, 3)]


def test_an_observer_is_no_part_of_the_value() -> None:
    watched = DOWNLOAD.observed(Misuses().note)
    assert watched == DOWNLOAD
    assert hash(watched) == hash(DOWNLOAD)
    assert repr(watched) == repr(DOWNLOAD)
    assert "on_misuse" not in repr(watched)


def test_an_observer_can_be_taken_off_again() -> None:
    misuses = Misuses()
    unwatched = DOWNLOAD.observed(misuses.note).observed(None)
    with pytest.raises(ComError):
        unwatched.GetContainer(9)
    assert misuses == []


@pytest.mark.requirement("T1-CON-04")
@pytest.mark.parametrize("container_id", [0, 250, NO_ID - 1])
def test_loose_tracks_with_an_id_of_their_own_are_refused(container_id: int) -> None:
    with pytest.raises(ValueError, match="T1-CON-04"):
        ContentContainer(LibraryLocation.UNKNOWN, container_id, PriceMarker.UNKNOWN, ITEMS)


@pytest.mark.requirement("T1-PRC-04")
@pytest.mark.parametrize("price", ["9.99", "", PriceMarker.FREE, PriceMarker.CANNOT_BUY])
def test_loose_tracks_with_a_price_of_their_own_are_refused(price: str) -> None:
    with pytest.raises(ValueError, match="T1-PRC-04"):
        ContentContainer(LibraryLocation.UNKNOWN, NO_ID, price, ITEMS)


@given(ids)
def test_every_unsigned_32_bit_number_is_an_id(number: int) -> None:
    assert ContentItem(number).id == number
    assert ContentContainer(LibraryLocation.ALBUM, number, "1", ()).GetID() == number


@pytest.mark.parametrize("number", [-1, 2**32])
def test_an_id_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        ContentItem(number)
    with pytest.raises(ValueError, match="32 bits"):
        ContentContainer(LibraryLocation.ALBUM, number, "1", ())


@pytest.mark.parametrize("number", [True, 1.0, "1", None])
def test_an_id_that_is_no_integer_is_refused(number: int) -> None:
    with pytest.raises(TypeError, match="id is an int"):
        ContentItem(number)
    with pytest.raises(TypeError, match="id is an int"):
        ContentContainer(LibraryLocation.ALBUM, number, "1", ())


@pytest.mark.parametrize("price", [None, 0.99, b"0.99"])
def test_a_price_that_is_no_text_is_refused(price: str) -> None:
    with pytest.raises(TypeError, match="price is a str"):
        ContentItem(1, price)
    with pytest.raises(TypeError, match="price is a str"):
        ContentContainer(LibraryLocation.ALBUM, 1, price, ())


def test_what_is_no_item_or_container_is_refused() -> None:
    with pytest.raises(TypeError, match="ContentItem"):
        ContentContainer.loose([800])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="ContentContainer"):
        ContentContainerList(TransactionType.BUY, [ITEMS[0]])  # type: ignore[arg-type]


@pytest.mark.requirement("T1-CON-09")
def test_a_container_does_not_follow_the_list_it_was_made_from() -> None:
    source = list(ITEMS)
    container = ContentContainer(LibraryLocation.ALBUM, 250, "9.99", source)  # type: ignore[arg-type]
    source.clear()
    assert container == ALBUM


@pytest.mark.requirement("T1-CON-09")
def test_items_containers_and_lists_cannot_be_changed() -> None:
    for value, name in ((ITEMS[0], "id"), (ALBUM, "price"), (DOWNLOAD, "containers")):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(value, name, 1)


@pytest.mark.requirement("T1-CON-12", "T1-DL-47")
def test_an_empty_container_and_an_empty_list_can_be_made() -> None:
    assert ContentContainer.loose([]).GetContentCount() == 0
    assert ContentContainerList(TransactionType.DOWNLOAD, ()).GetContainerCount() == 0


def test_lists_with_one_content_are_equal_and_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(DOWNLOAD)) == DOWNLOAD
    assert hash(pickle.loads(pickle.dumps(DOWNLOAD))) == hash(DOWNLOAD)
    assert attrs.evolve(DOWNLOAD, transaction_type=TransactionType.BUY) != DOWNLOAD


def test_an_item_needs_little_memory_so_that_100_000_of_them_stay_cheap() -> None:
    many = ContentContainer.loose(ContentItem(number) for number in range(100_000))
    assert many.GetContentID(99_999) == 99_999
    assert not hasattr(many[0], "__dict__")
    assert sys.getsizeof(many[0]) <= 64
