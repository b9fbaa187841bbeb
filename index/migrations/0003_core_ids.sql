-- The ids of `core`: a small part of the set, and an index of its own finds it in ranges of ids. What else is
-- in a range is `main`.
CREATE INDEX core_ids ON entries (id) WHERE scope = 0;
