-- The digest that a licence declares of the whole file, as it was written; NULL where it does not.
ALTER TABLE licenses ADD COLUMN digest TEXT;
