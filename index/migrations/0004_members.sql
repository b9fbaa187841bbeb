-- Who belongs to the network. Numbered files are never edited after a release.
--
-- In `meta`: 'charter', the id of the charter that the node was given. Without it the set is open to all.

-- The charters that were adopted, for good: place 0 is the one that the node was given, those before it
-- have negative places. Kept here because the entry that carried one may lose its slot.
CREATE TABLE adopted_charters (
    place INTEGER PRIMARY KEY,
    charter BLOB NOT NULL UNIQUE CHECK (length(charter) = 32),
    body BLOB NOT NULL
) STRICT;

-- The members, as they follow from `core`: changed in the transaction that changes it.
CREATE TABLE members (
    key BLOB PRIMARY KEY CHECK (length(key) = 32)
) STRICT, WITHOUT ROWID;

-- Entries by keys that are no members, submitted here or left over from when they were. They join the set
-- when their author becomes a member. In this file, so that both happen at once.
CREATE TABLE inbox (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    author BLOB NOT NULL CHECK (length(author) = 32),
    head BLOB NOT NULL,
    body BLOB,
    -- Seconds since 1970.
    arrived_at_secs INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_by_author ON inbox (author);
CREATE INDEX inbox_by_arrival ON inbox (arrived_at_secs);
