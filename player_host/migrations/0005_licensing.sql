-- Licences that partners delivered, one per partner, account and content.
CREATE TABLE licenses (
    partner      TEXT NOT NULL,
    account      TEXT NOT NULL,
    content_id   INTEGER NOT NULL CHECK (content_id BETWEEN 0 AND 4294967295),
    key_id       TEXT,
    rights       TEXT NOT NULL,
    expires      TEXT,
    PRIMARY KEY (partner, account, content_id)
) STRICT, WITHOUT ROWID;
