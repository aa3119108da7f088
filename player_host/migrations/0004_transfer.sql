-- Partial files that may be continued: which bytes they hold, by the server's own validators.
-- A row is committed after the bytes that it speaks of began to be written, and removed before
-- other bytes take their place.
CREATE TABLE transfer_partials (
    path          TEXT NOT NULL PRIMARY KEY,
    url_digest    TEXT NOT NULL,
    etag          TEXT,
    last_modified TEXT,
    total         INTEGER CHECK (total IS NULL OR total > 0),
    sha256        TEXT,
    updated_at    TEXT NOT NULL,
    CHECK (etag IS NOT NULL OR last_modified IS NOT NULL)
) STRICT, WITHOUT ROWID;
