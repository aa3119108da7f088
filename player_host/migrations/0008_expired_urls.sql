-- The transaction in which a track's partial file was begun, whose number the file's name bears;
-- NULL where that is the row's own, or nothing is kept. A row that names itself had a URL that
-- expired: once that was completed, the track is asked for anew, in `reopened_in`.
ALTER TABLE tracks ADD COLUMN begun_in INTEGER REFERENCES transactions (id);

-- The state as far as the user's request is concerned: one that is to be asked for anew lacks an
-- answer, as an abandoned one does.
ALTER TABLE tracks ADD COLUMN standing TEXT GENERATED ALWAYS AS (
    CASE WHEN begun_in = transaction_id AND reopened_in IS NULL AND state = 'completed'
    THEN 'abandoned' ELSE state END
) VIRTUAL;

CREATE INDEX tracks_begun ON tracks (begun_in, track_id) WHERE begun_in IS NOT NULL;
