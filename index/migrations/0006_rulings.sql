-- What the operators decided, as it follows from `core`. Numbered files are never edited after a release.
--
-- All three are made anew where the projections are.

-- What falls. `kind` says what `subject` is: 0 an MBID or the id of an entry (16 or 32 bytes), 1 the key of
-- an author, 2 an infohash (20 or 32 bytes).
CREATE TABLE fallen (
    kind INTEGER NOT NULL CHECK (kind IN (0, 1, 2)),
    subject BLOB NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- Entries that have no row in their projection because of a ruling, each with one that is in the way: what
-- has to be looked at again when that is withdrawn.
CREATE TABLE hidden_entries (
    seq INTEGER PRIMARY KEY REFERENCES entries (seq) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    subject BLOB NOT NULL
) STRICT;
CREATE INDEX hidden_entries_by_ruling ON hidden_entries (kind, subject);

-- Members whose votes do not count.
CREATE TABLE weightless (
    author_no INTEGER PRIMARY KEY
) STRICT;
