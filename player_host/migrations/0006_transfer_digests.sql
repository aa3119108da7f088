-- The digests that the server announced for the version that a partial file holds, one a line:
-- algorithm, hexadecimal digits, source.
ALTER TABLE transfer_partials ADD COLUMN digests TEXT NOT NULL DEFAULT '';
