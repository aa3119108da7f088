-- The durable ledger of Type 1 downloads: what the user asked for, each transaction with a
-- partner, each distinct track of it. States are those of partner_api/transaction.py.

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    partner TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    transcript TEXT NOT NULL
) STRICT;

CREATE TABLE requests (
    id INTEGER PRIMARY KEY,
    partner TEXT NOT NULL,
    items TEXT NOT NULL,
    made_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'cancelling', 'cancelled', 'done'))
) STRICT;

CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    request_id INTEGER NOT NULL REFERENCES requests (id),
    session_id INTEGER NOT NULL REFERENCES sessions (id),
    cookie INTEGER NOT NULL CHECK (cookie BETWEEN 0 AND 4294967295),
    state TEXT NOT NULL,
    hr INTEGER,
    container_list TEXT NOT NULL,
    UNIQUE (session_id, cookie)
) STRICT;

CREATE INDEX transactions_by_request ON transactions (request_id);

-- params holds UTF-16 code units as they came, little-endian; lone surrogates and NUL included.
CREATE TABLE tracks (
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    track_id INTEGER NOT NULL CHECK (track_id BETWEEN 0 AND 4294967295),
    occurrences INTEGER NOT NULL CHECK (occurrences > 0),
    state TEXT NOT NULL DEFAULT 'unanswered',
    answers INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    hr INTEGER,
    url TEXT,
    params BLOB,
    library_id INTEGER,
    reopened_in INTEGER REFERENCES transactions (id),
    PRIMARY KEY (transaction_id, track_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX tracks_unsettled ON tracks (transaction_id, track_id)
    WHERE state IN ('unanswered', 'accepted', 'finished', 'completing');

CREATE INDEX tracks_abandoned ON tracks (transaction_id, track_id)
    WHERE state = 'abandoned' AND reopened_in IS NULL;
