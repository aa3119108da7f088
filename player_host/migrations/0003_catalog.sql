-- The installed catalogue of each store, one row per entry of its eight tables.

CREATE TABLE catalog (
    partner TEXT NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
    schema_version INTEGER NOT NULL,
    lcid INTEGER NOT NULL,
    expires TEXT,
    installed TEXT NOT NULL,
    full_wanted INTEGER NOT NULL DEFAULT 0 CHECK (full_wanted IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_genre (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    has_feeds INTEGER NOT NULL,
    has_composer INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_subgenre (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    subtitle TEXT NOT NULL,
    has_feeds INTEGER NOT NULL,
    genre_id INTEGER NOT NULL,
    sort_rank INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_artist (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    genre_id INTEGER NOT NULL,
    popularity REAL NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_album (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    artist_id INTEGER NOT NULL,
    release_date TEXT NOT NULL,
    price TEXT NOT NULL,
    genre_id INTEGER NOT NULL,
    subgenre_ids TEXT NOT NULL,
    popularity REAL NOT NULL,
    is_recently_added INTEGER NOT NULL,
    is_featured INTEGER NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalog_album_by_genre ON catalog_album (partner, genre_id);

CREATE TABLE catalog_album_subgenre (
    partner TEXT NOT NULL,
    subgenre_id INTEGER NOT NULL,
    album_id INTEGER NOT NULL,
    PRIMARY KEY (partner, subgenre_id, album_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_track (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    duration_s INTEGER NOT NULL,
    number INTEGER NOT NULL,
    price TEXT NOT NULL,
    can_stream INTEGER NOT NULL,
    can_download INTEGER NOT NULL,
    has_preview INTEGER NOT NULL,
    has_video INTEGER NOT NULL,
    parental_rating TEXT NOT NULL,
    album_id INTEGER NOT NULL,
    artist_ids TEXT NOT NULL,
    composer TEXT NOT NULL,
    popularity REAL NOT NULL,
    star_rating REAL,
    folded TEXT NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalog_track_by_album ON catalog_track (partner, album_id, number);

CREATE TABLE catalog_track_artist (
    partner TEXT NOT NULL,
    artist_id INTEGER NOT NULL,
    track_id INTEGER NOT NULL,
    PRIMARY KEY (partner, artist_id, track_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_list (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    subtitle TEXT NOT NULL,
    description TEXT NOT NULL,
    item_type TEXT NOT NULL,
    price TEXT NOT NULL,
    popularity REAL NOT NULL,
    is_recently_added INTEGER NOT NULL,
    is_featured INTEGER NOT NULL,
    view_type TEXT NOT NULL,
    image_size INTEGER NOT NULL,
    group_by TEXT NOT NULL,
    is_dynamic INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE catalog_list_item (
    partner TEXT NOT NULL,
    list_id INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (partner, list_id, position)
) STRICT;

CREATE TABLE catalog_radio (
    partner TEXT NOT NULL,
    id INTEGER NOT NULL,
    title TEXT NOT NULL,
    subtitle TEXT NOT NULL,
    programmer TEXT NOT NULL,
    genre_id INTEGER NOT NULL,
    mood TEXT NOT NULL,
    description TEXT NOT NULL,
    popularity REAL NOT NULL,
    star_rating REAL,
    is_subscription_only INTEGER NOT NULL,
    is_recently_added INTEGER NOT NULL,
    is_featured INTEGER NOT NULL,
    sort_rank INTEGER NOT NULL,
    PRIMARY KEY (partner, id)
) STRICT, WITHOUT ROWID;
