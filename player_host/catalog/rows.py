"""One entry of each of the eight tables, as a value.

The attributes stand in the order of the table's fields, without those that the format keeps
unused. Prices are the store's texts, unchanged (T1-PRC-01).
"""

import math

from attrs import frozen


def quarter_stars(rating: float | None) -> float | None:
    """Return a star rating as it is displayed: the nearest quarter (T1-TRK-11, T1-RFD-08)."""
    if rating is None:
        return None
    return math.floor(rating * 4 + 0.5) / 4


@frozen
class Genre:
    """A row of `genre.csv`."""

    id: int
    title: str
    has_feeds: bool
    has_composer: bool


@frozen
class Subgenre:
    """A row of `subgenre.csv`."""

    id: int
    title: str
    subtitle: str
    has_feeds: bool
    genre_id: int
    sort_rank: int


@frozen
class Artist:
    """A row of `artist.csv`."""

    id: int
    name: str
    genre_id: int
    popularity: float


@frozen
class Album:
    """A row of `album.csv`.

    Attributes:
        release_date: `YYYY-MM-DD`; month and day may be 00.
        popularity: a lower number is more popular.
    """

    id: int
    title: str
    artist_id: int
    release_date: str
    price: str
    genre_id: int
    subgenre_ids: tuple[int, ...]
    popularity: float
    is_recently_added: bool
    is_featured: bool


@frozen
class Track:
    """A row of `track.csv`.

    Attributes:
        number: 1 to 255, rising across the discs of a set.
        parental_rating: `N` normal, `E` explicit, `C` clean.
        composer: empty unless the genre of the album keeps composers (T1-TRK-09).
        popularity: a lower number is more popular (T1-TRK-10).
        star_rating: 0 to 5 as the store gave it; `displayed_stars` is what is shown.
    """

    id: int
    title: str
    duration_s: int
    number: int
    price: str
    can_stream: bool
    can_download: bool
    has_preview: bool
    has_video: bool
    parental_rating: str
    album_id: int
    artist_ids: tuple[int, ...]
    composer: str
    popularity: float
    star_rating: float | None

    @property
    def displayed_stars(self) -> float | None:
        """The star rating to the nearest quarter (T1-TRK-11)."""
        return quarter_stars(self.star_rating)


@frozen
class CatalogList:
    """A row of `list.csv`.

    Attributes:
        item_type: `T` track, `P` performer, `A` album, `L` list, `G` genre, `S` subgenre,
            `R` radio: the kind of all its items.
        is_dynamic: the partner supplies the items; the catalogue has none (T1-LST-07).
    """

    id: int
    title: str
    subtitle: str
    description: str
    item_type: str
    price: str
    popularity: float
    is_recently_added: bool
    is_featured: bool
    view_type: str
    image_size: int
    group_by: str
    is_dynamic: bool

    @property
    def displayed_title(self) -> str:
        """The title, or the description where there is none (T1-LST-13)."""
        return self.title or self.description


@frozen
class ListItem:
    """A row of `listitem.csv`; the kind of the item follows from the list."""

    list_id: int
    item_id: int
    position: int


@frozen
class Radio:
    """A row of `radio.csv`."""

    id: int
    title: str
    subtitle: str
    programmer: str
    genre_id: int
    mood: str
    description: str
    popularity: float
    star_rating: float | None
    is_subscription_only: bool
    is_recently_added: bool
    is_featured: bool
    sort_rank: int

    @property
    def displayed_stars(self) -> float | None:
        """The star rating to the nearest quarter (T1-RFD-08)."""
        return quarter_stars(self.star_rating)


Row = Genre | Subgenre | Artist | Album | Track | CatalogList | ListItem | Radio
