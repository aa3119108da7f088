-- The library: one row for each file below the Music folder that a download brought.
-- Paths are relative to the Music folder, with "/"; path_key is the caseless, normalised form.
-- Multi-valued tags are JSON arrays of text. Times are ISO 8601 in UTC, durations seconds.

CREATE TABLE library_items (
    id INTEGER PRIMARY KEY,
    source_path TEXT NOT NULL UNIQUE,
    path_key TEXT NOT NULL UNIQUE,
    partner TEXT NOT NULL,
    content_id INTEGER NOT NULL,
    distributor TEXT NOT NULL,
    distributor_is_partner INTEGER NOT NULL CHECK (distributor_is_partner IN (0, 1)),
    file_size INTEGER NOT NULL CHECK (file_size >= 0),
    sha256 TEXT NOT NULL,
    acquisition_time TEXT NOT NULL,
    tracking_id TEXT NOT NULL UNIQUE,
    user_rating INTEGER NOT NULL CHECK (user_rating BETWEEN 0 AND 99),
    file_type TEXT NOT NULL,
    media_type TEXT NOT NULL
        CHECK (media_type IN ('audio', 'other', 'photo', 'playlist', 'radio', 'video')),
    duration REAL NOT NULL,
    title TEXT NOT NULL,
    authors TEXT NOT NULL,
    album_artist TEXT NOT NULL,
    album_title TEXT NOT NULL,
    genres TEXT NOT NULL,
    track_number INTEGER,
    part_of_set TEXT NOT NULL,
    composers TEXT NOT NULL,
    publisher TEXT NOT NULL,
    parental_rating TEXT NOT NULL,
    year INTEGER,
    release_date TEXT NOT NULL,
    copyright TEXT NOT NULL,
    content_distributor TEXT NOT NULL,
    content_distributor_type TEXT NOT NULL,
    content_distributor_duration REAL NOT NULL,
    provider TEXT NOT NULL,
    provider_rating TEXT NOT NULL,
    provider_style TEXT NOT NULL,
    subscription_content_id TEXT NOT NULL,
    unique_file_identifier TEXT NOT NULL,
    collection_id TEXT NOT NULL,
    collection_group_id TEXT NOT NULL,
    wm_content_id TEXT NOT NULL,
    media_class_primary_id TEXT NOT NULL,
    media_class_secondary_id TEXT NOT NULL,
    protection_type TEXT NOT NULL,
    is_protected INTEGER NOT NULL CHECK (is_protected IN (0, 1)),
    drm_key_id TEXT NOT NULL,
    UNIQUE (partner, content_id, distributor, distributor_is_partner)
) STRICT;

-- A file that is about to get its final name; the row is gone once the library has the file.
CREATE TABLE library_intents (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    path_key TEXT NOT NULL UNIQUE,
    partial TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    partner TEXT NOT NULL,
    content_id INTEGER NOT NULL,
    tags TEXT NOT NULL,
    replaces TEXT
) STRICT;

-- Files that no row needs any longer, to be removed; written together with what replaced them.
CREATE TABLE library_sweeps (
    path TEXT PRIMARY KEY
) STRICT;
